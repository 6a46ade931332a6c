"""How the server was started, as each of its worker processes is told: through one environment variable."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

PORT = 8431
_VARIABLE = "GPT2_EXCEL_SERVER"
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Settings:
    """`url`: as Excel reaches the server. `port`: where it listens. `token`: what every caller must know; blank where
    only this machine can reach it. `seconds`: how long one call may take."""

    url: str = f"https://localhost:{PORT}"
    port: int = PORT
    token: str = ""
    seconds: float = 300

    @property
    def hosts(self) -> frozenset[str]:
        """What a Host header may say: nothing else is meant for this server. Browsers leave out HTTPS' own port."""
        names = {urlsplit(self.url).netloc.lower(), *(f"{name}:{self.port}" for name in _LOOPBACK_NAMES)}
        return frozenset(names | {name.removesuffix(":443") for name in names})

    @property
    def origins(self) -> frozenset[str]:
        """The origins of our own page."""
        return frozenset(f"https://{host}" for host in self.hosts)

    def to_environment(self) -> None:
        """For this process and those that it starts."""
        os.environ[_VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> Settings:
        """What `to_environment` wrote; the defaults where nothing did."""
        return cls(**json.loads(os.environ.get(_VARIABLE, "{}")))

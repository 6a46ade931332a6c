"""The server's settings, which reach its worker processes through an environment variable."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

PORT = 8431
MAX_BATCH = 100  # calls in one request
_VARIABLE = "GPT2_EXCEL_SERVER"
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Settings:
    """How the server answers.

    url: the server's address for Excel
    port: where it listens
    tokens: every caller must send one of these secrets; none are needed if only this machine can reach the server
    seconds: the most time for one call
    calls_a_minute: the most calls for one token; 0 for no limit
    behind_proxy: whether a reverse proxy speaks HTTPS for this server, and names the caller in X-Forwarded-For
    metrics: whether Prometheus may read /metrics
    """

    url: str = f"https://localhost:{PORT}"
    port: int = PORT
    tokens: tuple[str, ...] = ()
    seconds: float = 300
    calls_a_minute: int = 0
    behind_proxy: bool = False
    metrics: bool = False

    @property
    def hosts(self) -> frozenset[str]:
        """The accepted Host headers. Browsers omit the port 443."""
        names = {urlsplit(self.url).netloc.lower(), *(f"{name}:{self.port}" for name in _LOOPBACK_NAMES)}
        return frozenset(names | {name.removesuffix(":443") for name in names})

    @property
    def origins(self) -> frozenset[str]:
        """The origins of our own page."""
        return frozenset(f"https://{host}" for host in self.hosts)

    def to_environment(self) -> None:
        """Stores the settings for this process and its child processes."""
        os.environ[_VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> Settings:
        """Reads what `to_environment` stored, else the defaults."""
        stored = json.loads(os.environ.get(_VARIABLE, "{}"))
        return cls(**stored | {"tokens": tuple(stored.get("tokens", ()))})

"""Starts uvicorn for the command, after everything that can be wrong has been looked at."""

from __future__ import annotations

import errno
import re
import socket
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn

from addin.commands.problems import Missing, Problem
from addin.office import certificate as certificates
from addin.office.protocol import TimedProtocol
from addin.office.settings import Settings

_MIN_TOKEN = 16  # characters
_MAX_HEADER_BYTES = 16_384
_MAX_CONNECTIONS = 1_000
_URL = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?/?", re.IGNORECASE | re.ASCII)


def check_address(address: str, token: str | None) -> None:
    """Problem for what is no address, and for one that others can reach where no good token is asked of them."""
    try:
        is_loopback = address == "localhost" or ip_address(address).is_loopback
    except ValueError:
        raise Problem(f"--address must be an IP address or localhost, not {address!r}") from None
    if token is None and not is_loopback:
        raise Problem(f"--address {address} can be reached by others: give a --token, or set GPT2_EXCEL_TOKEN")
    if token is not None and (len(token) < _MIN_TOKEN or not token.isascii() or not token.isprintable()):
        raise Problem(
            f"--token must be at least {_MIN_TOKEN} plain characters; python -c 'import secrets; "
            "print(secrets.token_urlsafe())' makes one"
        )


def check_port(address: str, port: int) -> None:
    """Missing where the port is taken, or not this user's to take."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        if sys.platform != "win32":  # where it means something else: that the port may be shared
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken, perhaps by another gpt2-excel serve" if taken else f"cannot be used: {error.strerror}"
            raise Missing(
                f"port {port} of {address} {reason}; choose another with --port, here and in gpt2-excel install"
            ) from None


def check_url(url: str) -> str:
    """The address without a slash at its end. Problem for what is no https address of a server alone."""
    if not _URL.fullmatch(url):
        raise Problem(f"--url must be like https://gpt2.example.org, not {url!r}")
    return url.lower().rstrip("/")


def certificate_files(chain: Path | None, key: Path | None) -> tuple[Path, Path, bool]:
    """The files that were given, or this machine's own, made where there are none; and whether they were made now."""
    if (chain is None) != (key is None):
        raise Problem("--certificate and --key go together")
    if chain is None or key is None:
        own, is_new = certificates.ensure(certificates.own_folder())
        return own.chain, own.key, is_new
    for path in (chain, key):
        if not path.is_file():
            raise Problem(f"there is no file {path}")
    return chain, key, False


def options(settings: Settings, address: str, chain: Path, key: Path) -> dict[str, Any]:
    """How uvicorn is to serve."""
    return {
        "host": address,
        "port": settings.port,
        "ssl_certfile": chain,
        "ssl_keyfile": str(key),
        "http": TimedProtocol,
        "ws": "none",
        "lifespan": "off",
        "access_log": False,  # addresses may hold the token
        "log_level": "warning",
        "proxy_headers": False,
        "server_header": False,
        "h11_max_incomplete_event_size": _MAX_HEADER_BYTES,
        "limit_concurrency": _MAX_CONNECTIONS,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 3,
    }


def start(settings: Settings, address: str, workers: int, chain: Path, key: Path) -> None:
    """Serves until it is stopped."""
    settings.to_environment()
    served = options(settings, address, chain, key)
    uvicorn.run("addin.office.app:create_app", factory=True, workers=workers, **served)

"""Checks the options of `gpt2-excel serve` and starts uvicorn."""

from __future__ import annotations

import errno
import re
import socket
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn

from addin.errors import AddinError, MissingError
from addin.office import certificate as certificates
from addin.office.limits import MAX_BODY_BYTES, MAX_CONNECTIONS, TimedProtocol
from addin.office.settings import Settings

_MIN_TOKEN = 16  # characters
_MAX_HEADER_BYTES = 16_384
_URL = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?/?", re.IGNORECASE | re.ASCII)


def check_address(address: str, tokens: Sequence[str]) -> None:
    """Raises AddinError for a malformed address, a weak token, or an address that others can reach without a token."""
    try:
        is_loopback = address == "localhost" or ip_address(address).is_loopback
    except ValueError:
        raise AddinError(f"--address must be an IP address or localhost, not {address!r}") from None
    if not tokens and not is_loopback:
        raise AddinError(f"--address {address} can be reached by others: give a --token, or set GPT2_EXCEL_TOKEN")
    if any(len(token) < _MIN_TOKEN or not token.isascii() or not token.isprintable() for token in tokens):
        raise AddinError(
            f"--token must be at least {_MIN_TOKEN} plain characters; python -c 'import secrets; "
            "print(secrets.token_urlsafe())' makes one"
        )


def check_hall(settings: Settings, url: str | None) -> None:
    """Checks the options of a server with many users.

    Raises AddinError if an option that they need is missing, and MissingError if a package is.
    """
    if settings.behind_proxy and not url:
        raise AddinError("--behind-proxy needs --url: the proxy's address for Excel")
    if settings.metrics and not settings.tokens:
        raise AddinError("--metrics needs --token, because a web page could read them otherwise")
    wanted = {"prometheus_client": settings.metrics, "limits": settings.calls_a_minute > 0}
    for package, is_wanted in wanted.items():
        if is_wanted and find_spec(package) is None:
            raise MissingError(f"there is no package {package}: pip install 'gpt2-excel[hall]'")


def check_port(address: str, port: int) -> None:
    """Raises MissingError if the port is taken or not allowed for this user."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        if sys.platform != "win32":  # where this option would let two servers share the port
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken, perhaps by another gpt2-excel serve" if taken else f"cannot be used: {error.strerror}"
            raise MissingError(
                f"port {port} of {address} {reason}; choose another with --port, here and in gpt2-excel install"
            ) from None


def check_url(url: str) -> str:
    """The address without a final slash. Raises AddinError unless it is https and has no path."""
    if not _URL.fullmatch(url):
        raise AddinError(f"--url must be like https://gpt2.example.org, not {url!r}")
    return url.lower().rstrip("/")


def certificate_files(chain: Path | None, key: Path | None) -> tuple[Path, Path, bool]:
    """The given files, or else those of this machine's own certificate; and whether that was made just now."""
    if (chain is None) != (key is None):
        raise AddinError("--certificate and --key go together")
    if chain is None or key is None:
        own, is_new = certificates.ensure(certificates.own_folder())
        return own.chain, own.key, is_new
    for option, path in (("--certificate", chain), ("--key", key)):
        if not path.is_file():
            raise AddinError(f"{option}: there is no file {path}")
    return chain, key, False


def options(settings: Settings, address: str, files: tuple[Path, Path] | None) -> dict[str, Any]:
    """The options for uvicorn. `files`: the certificate chain and its key; None for HTTP, behind a proxy."""
    chain, key = files or (None, None)
    return {
        "host": address,
        "port": settings.port,
        "ssl_certfile": chain,
        "ssl_keyfile": None if key is None else str(key),
        "http": TimedProtocol,
        "ws": "websockets-sansio",
        "ws_max_size": MAX_BODY_BYTES,
        "ws_per_message_deflate": False,  # takes longer than it saves on one machine or a local network
        "lifespan": "off",
        "access_log": False,  # it would contain the token
        "log_level": "warning",
        "proxy_headers": False,
        "server_header": False,
        "h11_max_incomplete_event_size": _MAX_HEADER_BYTES,
        "limit_concurrency": MAX_CONNECTIONS,
        "timeout_keep_alive": 75 if settings.behind_proxy else 30,  # longer than proxies keep a connection
        "timeout_graceful_shutdown": 3,
    }


def start(settings: Settings, address: str, workers: int, files: tuple[Path, Path] | None) -> None:
    """Serves until Ctrl-C."""
    settings.to_environment()
    if settings.metrics:
        from addin.office.metrics import prepare

        prepare(workers)
    served = options(settings, address, files)
    uvicorn.run("addin.office.app:create_app", factory=True, workers=workers, **served)

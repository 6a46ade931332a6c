"""Makes this user's system trust a root certificate, and no longer: each system asks its user first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from addin.office.certificate import Certificate

_SECONDS = 300.0  # for a person to answer the system's question
_KEYCHAIN = "Library/Keychains/login.keychain-db"


def trust_command(certificate: Certificate) -> list[str] | None:
    """The command by which the system asks its user to trust the root; None where there is no one way to do it."""
    if sys.platform == "darwin":
        keychain = str(Path.home() / _KEYCHAIN)
        return ["security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k", keychain, str(certificate.root)]
    if sys.platform == "win32":
        return ["certutil", "-user", "-addstore", "Root", str(certificate.root)]
    return None


def distrust_command(certificate: Certificate) -> list[str] | None:
    """The command that undoes it."""
    if sys.platform == "darwin":
        keychain = str(Path.home() / _KEYCHAIN)
        return ["security", "delete-certificate", "-t", "-Z", certificate.fingerprint, keychain]
    if sys.platform == "win32":
        return ["certutil", "-user", "-delstore", "Root", certificate.fingerprint]
    return None


def is_trusted(certificate: Certificate) -> bool | None:
    """Whether the system has the root among those that it trusts; None where it cannot be asked."""
    if sys.platform == "darwin":
        return run(["security", "verify-cert", "-L", "-p", "ssl", "-s", "localhost", "-c", str(certificate.chain)])
    if sys.platform == "win32":
        return run(["certutil", "-user", "-verifystore", "Root", certificate.fingerprint])
    return None


def run(command: list[str]) -> bool:
    """Whether a command of the system did its work."""
    try:
        return subprocess.run(command, capture_output=True, timeout=_SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False

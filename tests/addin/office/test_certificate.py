"""The certificate is for localhost only, readable by its owner only, and renewed in time."""

from __future__ import annotations

import os
import ssl
import stat
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from http.client import HTTPSConnection
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509

from addin.office import certificate
from tests.addin.office.running import Running


def test_it_is_made_once(tmp_path: Path) -> None:
    made, is_new = certificate.ensure(tmp_path / "office")
    again, is_new_again = certificate.ensure(tmp_path / "office")
    assert (is_new, is_new_again, made) == (True, False, again)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made, _ = certificate.ensure(tmp_path / "office")
    finally:
        os.umask(old)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (made.folder, *made.files)] == [0o700, 0o600, 0o600, 0o600]


def test_the_roots_key_is_nowhere(tmp_path: Path) -> None:
    """A system that trusts the root trusts this one certificate."""
    made, _ = certificate.ensure(tmp_path)
    keys = [path.name for path in tmp_path.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    root = x509.load_pem_x509_certificate(made.root.read_bytes())
    leaf = x509.load_pem_x509_certificate(made.chain.read_bytes())
    assert keys == ["localhost-key.pem"]
    assert root.public_key() != leaf.public_key()
    leaf.verify_directly_issued_by(root)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=825)  # Apple's limit


def test_it_is_renewed_before_it_runs_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "_DAYS", 10)
    made, _ = certificate.ensure(tmp_path)
    assert not made.is_good
    monkeypatch.undo()
    _, is_new = certificate.ensure(tmp_path)
    assert is_new
    leaf = x509.load_pem_x509_certificate(made.chain.read_bytes())
    assert leaf.not_valid_after_utc > datetime.now(timezone.utc) + timedelta(days=800)


def test_one_that_was_half_written_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = certificate.ensure(tmp_path)
    made.chain.write_bytes(made.chain.read_bytes()[:300])
    _, is_new = certificate.ensure(tmp_path)
    monkeypatch.setattr(certificate, "_RENEW_DAYS", 10_000)
    monkeypatch.setattr(certificate, "_write", _fail_at(certificate._write, 3))
    with pytest.raises(OSError, match="disk is full"):
        certificate.ensure(tmp_path)
    monkeypatch.undo()
    assert is_new
    assert not made.is_good


def _fail_at(write: Callable[[Path, bytes], None], number: int) -> Callable[[Path, bytes], None]:
    calls = count(1)

    def failing(path: Path, content: bytes) -> None:
        if next(calls) == number:
            raise OSError("disk is full")
        write(path, content)

    return failing


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_client_that_trusts_the_root_trusts_the_server(server: Running, host: str) -> None:
    context = ssl.create_default_context(cafile=server.files.root)
    connection = HTTPSConnection(host, server.settings.port, timeout=120, context=context)
    connection.request("GET", "/taskpane.html")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_client_that_does_not_is_warned(server: Running) -> None:
    connection = HTTPSConnection("localhost", server.settings.port, timeout=120, context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/taskpane.html")

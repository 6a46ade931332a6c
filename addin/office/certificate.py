"""A certificate for localhost, because Office loads pages over HTTPS only, and the system's trust in it.

A root certificate made for this machine signs it. The root's private key is never written and is discarded at once, so
a system that trusts the root trusts this one certificate for localhost and no other.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from platformdirs import user_data_path

from addin import NAME

ROOT_NAME = "GPT-2 in Excel, on this machine only"
_DAYS = 820  # Apple accepts at most 825
_RENEW_DAYS = 14
_QUESTION_SECONDS = 300.0  # for the user to answer the system's question
_KEYCHAIN = "Library/Keychains/login.keychain-db"


@dataclass(frozen=True)
class Certificate:
    """The files: the system trusts `root`; the server uses `chain` and `key`."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    @property
    def chain(self) -> Path:
        return self.folder / "localhost.pem"

    @property
    def key(self) -> Path:
        return self.folder / "localhost-key.pem"

    @property
    def files(self) -> tuple[Path, ...]:
        return self.root, self.chain, self.key

    @property
    def is_good(self) -> bool:
        """Whether the files are complete and the certificate is valid for two more weeks."""
        leaf = _read(self.chain)
        if leaf is None or not self.is_known or not self.key.is_file():
            return False
        return leaf.not_valid_after_utc > datetime.now(timezone.utc) + timedelta(days=_RENEW_DAYS)

    @property
    def is_known(self) -> bool:
        """Whether the root can be read, so that it has a fingerprint."""
        return _read(self.root) is not None

    @property
    def fingerprint(self) -> str:
        """The root's SHA-1, by which systems list the certificates that they trust."""
        return x509.load_pem_x509_certificate(self.root.read_bytes()).fingerprint(hashes.SHA1()).hex().upper()


def _read(file: Path) -> x509.Certificate | None:
    """The first certificate in a file, or None if there is none or it is damaged."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return None


def own_folder() -> Path:
    """The folder of the Office add-in's files, which belongs to this user."""
    return user_data_path(NAME, appauthor=False) / "office"


def ensure(folder: Path) -> tuple[Certificate, bool]:
    """The certificate in a folder, and whether it is new. Makes a new one if there is none or it expires soon."""
    certificate = Certificate(folder)
    if certificate.is_good:
        return certificate, False
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    certificate.chain.unlink(missing_ok=True)  # written last: if it exists, the other files match it
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _root(root_key)
    leaf = _leaf(key, root, root_key)
    _write(certificate.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write(certificate.root, root.public_bytes(Encoding.PEM))
    _write(certificate.chain, leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM))
    return certificate, True


def _root(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ROOT_NAME)])
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    key: ec.EllipticCurvePrivateKey, root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    names = [
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
        x509.IPAddress(ip_address("::1")),
    ]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    return (
        _builder(name, root.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, content: bytes) -> None:
    """Writes a file that nobody but its owner can ever read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def trust_command(certificate: Certificate) -> list[str] | None:
    """The command that makes the system ask its user to trust the root; None if there is no common way, as on Linux."""
    root = str(certificate.root)
    if sys.platform == "darwin":
        return ["security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k", _keychain(), root]
    if sys.platform == "win32":
        return ["certutil", "-user", "-addstore", "Root", root]
    return None


def distrust_command(certificate: Certificate) -> list[str] | None:
    """The command that undoes `trust_command`."""
    if sys.platform == "darwin":
        return ["security", "delete-certificate", "-t", "-Z", certificate.fingerprint, _keychain()]
    if sys.platform == "win32":
        return ["certutil", "-user", "-delstore", "Root", certificate.fingerprint]
    return None


def is_trusted(certificate: Certificate) -> bool | None:
    """Whether the system trusts the root; None if it cannot tell."""
    if sys.platform == "darwin":
        return succeeds(["security", "verify-cert", "-L", "-p", "ssl", "-s", "localhost", "-c", str(certificate.chain)])
    if sys.platform == "win32":
        return succeeds(["certutil", "-user", "-verifystore", "Root", certificate.fingerprint])
    return None


def succeeds(command: list[str]) -> bool:
    """Runs a command of the system. Whether it succeeds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=_QUESTION_SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _keychain() -> str:
    return str(Path.home() / _KEYCHAIN)

"""A certificate for localhost, because Office loads pages over HTTPS only.

A root certificate of this machine's own signs it, and the root's private key is thrown away at once, never written:
whoever trusts the root trusts this one certificate for localhost and can be shown no other.
"""

from __future__ import annotations

import os
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

ROOT_NAME = "GPT-2 in Excel, on this machine only"
_DAYS = 820  # Apple takes no more than 825
_RENEW_DAYS = 14


@dataclass(frozen=True)
class Certificate:
    """Its files: `root` is what a system is asked to trust, `chain` and `key` what the server shows."""

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
        """Whether it is there, whole, and will still be valid in two weeks."""
        leaf = _read(self.chain)
        if leaf is None or not self.is_known or not self.key.is_file():
            return False
        return leaf.not_valid_after_utc > datetime.now(timezone.utc) + timedelta(days=_RENEW_DAYS)

    @property
    def is_known(self) -> bool:
        """Whether the root is there and whole, so that it has a fingerprint."""
        return _read(self.root) is not None

    @property
    def fingerprint(self) -> str:
        """SHA-1 of the root, by which systems list what they trust."""
        return x509.load_pem_x509_certificate(self.root.read_bytes()).fingerprint(hashes.SHA1()).hex().upper()


def _read(file: Path) -> x509.Certificate | None:
    """The first certificate in a file; None where there is none that is whole."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return None


def own_folder() -> Path:
    """Where what belongs to this add-in lies, for this user only."""
    return user_data_path("gpt2-excel", appauthor=False) / "office"


def ensure(folder: Path) -> tuple[Certificate, bool]:
    """The certificate in that folder, and whether it was made now because there was none or it soon runs out."""
    certificate = Certificate(folder)
    if certificate.is_good:
        return certificate, False
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    certificate.chain.unlink(missing_ok=True)  # written last: where it is, the others belong to it
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
    """A file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)

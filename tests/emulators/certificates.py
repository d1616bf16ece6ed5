"""Authorities and server certificates for real TLS in tests (RFC 5280), made by `cryptography`."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LOCAL = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@dataclass(frozen=True)
class Authority:
    """Who signs servers' certificates."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def named(cls, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = _dated(x509.CertificateBuilder().subject_name(subject).issuer_name(subject), days=(-4_000, 4_000))
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
        return cls(key, builder.sign(key, SHA256()))

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def server(self, folder: Path, *names: x509.GeneralName, days: tuple[int, int] = (-1, 30)) -> tuple[Path, Path]:
        """Files of a server's certificate for `names` (127.0.0.1), valid from .. to .. days from now, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateBuilder().subject_name(_name("cloud")).issuer_name(self.certificate.subject)
        builder = _dated(builder, days).public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.add_extension(x509.SubjectAlternativeName(names or (LOCAL,)), critical=False)
        certificate = builder.sign(self.key, SHA256())
        stem = f"{certificate.serial_number:x}"
        (folder / f"{stem}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / f"{stem}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return folder / f"{stem}.pem", folder / f"{stem}.key"


def serving(files: tuple[Path, Path]) -> ssl.SSLContext:
    """What a server presents."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _dated(builder: x509.CertificateBuilder, days: tuple[int, int]) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return builder.not_valid_before(now + timedelta(days[0])).not_valid_after(now + timedelta(days[1]))

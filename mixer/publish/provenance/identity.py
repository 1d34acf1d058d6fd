"""Who signs: a key of this computer, made at its first use, or a key and certificate of one's own.

A certificate that Mixer made does not vouch for a person: it shows that files come from the same
computer, and that a file is as it was signed. One of an authority on C2PA's trust list names its
owner (docs/disclosure.md).
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mixer.errors import Misconfigured
from mixer.files import write_once

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import CertificateBuilder, KeyUsage, Name

OWNER = "Mixer, synthetic speech made on this computer"
VALID = timedelta(days=3_650)
CLOCK_SLACK = timedelta(days=2)
"""A new certificate begins in the past: clocks differ."""


@dataclass(frozen=True, slots=True)
class SigningFiles:
    """Where a key and its certificates are, in PEM; `is_own` if Mixer may make them."""

    key: Path
    certificates: Path
    is_own: bool = True

    @classmethod
    def find(cls, environ: Mapping[str, str]) -> "SigningFiles | None":
        """Find the files by MIXER_SIGNING_KEY and MIXER_SIGNING_CERTIFICATE, or in the XDG folder.

        None where MIXER_SIGNING is `off`. Raises Misconfigured if only one file is named.
        """
        if environ.get("MIXER_SIGNING", "").strip().lower() == "off":
            return None
        key, chain = (environ.get(f"MIXER_SIGNING_{name}", "") for name in ("KEY", "CERTIFICATE"))
        if bool(key) != bool(chain):
            raise Misconfigured(
                "MIXER_SIGNING_KEY and MIXER_SIGNING_CERTIFICATE name files that belong together; "
                "set both, or none."
            )
        if key:
            return cls(Path(key), Path(chain), is_own=False)
        config = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "mixer")
        return cls(config / "signing-key.pem", config / "signing-certificate.pem")


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """Signs with ES256; `sign` returns a DER signature, `certificates` are PEM, the own first."""

    sign: Callable[[bytes], bytes]
    certificates: str


def is_signing_installed() -> bool:
    """Whether c2pa-python is installed."""
    return importlib.util.find_spec("c2pa") is not None


def open_identity(files: SigningFiles, now: datetime | None = None) -> SigningIdentity:
    """Open an identity; a missing, expired or future certificate of Mixer's own is made again.

    Raises:
        Misconfigured: a key or certificate of the user's cannot be read, or is not valid now.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    now = now or datetime.now(UTC)
    key = _load_key(files)
    chain = _load_certificates(files, key, now)
    return SigningIdentity(lambda data: key.sign(data, ECDSA(SHA256())), chain)


def _load_key(files: SigningFiles) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if files.is_own and not files.key.exists():
        write_once(files.key, _encode_key(ec.generate_private_key(ec.SECP256R1())))
    try:
        key = load_pem_private_key(files.key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise Misconfigured(f"The signing key {files.key} cannot be read: {error}.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise Misconfigured(f"The signing key {files.key} must be an EC key on curve P-256.")
    return key


def _load_certificates(files: SigningFiles, key: "EllipticCurvePrivateKey", now: datetime) -> str:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        pem = files.certificates.read_bytes()
        own = load_pem_x509_certificates(pem)[0]
        fits = own.public_key() == key.public_key()
        is_valid = own.not_valid_before_utc <= now <= own.not_valid_after_utc
    except (OSError, ValueError) as error:
        if not files.is_own:
            path = files.certificates
            raise Misconfigured(f"The certificate {path} cannot be read: {error}.") from error
        fits = is_valid = False
        pem = b""
    if fits and is_valid:
        return pem.decode()
    if files.is_own:
        files.certificates.unlink(missing_ok=True)
        chain = _make_certificates(key, now)
        write_once(files.certificates, chain.encode())
        return chain
    reason = "is not valid now" if fits else f"does not belong to the key {files.key}"
    raise Misconfigured(f"The certificate {files.certificates} {reason}; nothing is signed.")


def _encode_key(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _make_certificates(key: "EllipticCurvePrivateKey", now: datetime) -> str:
    """A certificate that meets C2PA's profile, and the root that signs it and nothing else."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _build_certificate(root_key, root_key, now, is_root=True).sign(root_key, SHA256())
    own = _build_certificate(key, root_key, now, is_root=False).sign(root_key, SHA256())
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in (own, root))


def _build_certificate(
    key: "EllipticCurvePrivateKey",
    root_key: "EllipticCurvePrivateKey",
    now: datetime,
    *,
    is_root: bool,
) -> "CertificateBuilder":
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    subject = f"{OWNER} (root)" if is_root else OWNER
    builder = (
        x509.CertificateBuilder()
        .subject_name(_build_name(subject))
        .issuer_name(_build_name(f"{OWNER} (root)"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(_build_usage(is_root), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer, critical=False)
    )
    if is_root:
        return builder
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    return builder.add_extension(usage, critical=False)


def _build_usage(is_root: bool) -> "KeyUsage":
    from cryptography.x509 import KeyUsage

    return KeyUsage(
        digital_signature=not is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )


def _build_name(common_name: str) -> "Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Mixer"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )

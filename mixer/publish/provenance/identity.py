"""Who signs: a key of this computer, made at its first use, one of the user's own, or of a vault.

A certificate that Mixer made does not vouch for a person: it shows that files come from the same
computer or deployment, and that a file is as it was signed. One of an authority on C2PA's trust
list names its owner (docs/disclosure.md).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mixer.errors import Misconfigured
from mixer.files import write_once
from mixer.store import ObjectStore

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )
    from cryptography.x509 import CertificateBuilder, ExtensionType, KeyUsage, Name

ORGANIZATION = "Mixer"
COMPUTER = "Mixer, synthetic speech made on this computer"
DEPLOYMENT = "Mixer, synthetic speech made by this deployment"
CERTIFICATE_OBJECT = "signing/certificate.pem"
"""Key of a deployment's certificates in its store; the user may put others there."""

VALID = timedelta(days=3_650)
KEY_BITS = 256
CLOCK_SLACK = timedelta(days=2)
"""A new certificate begins in the past: clocks differ."""


@dataclass(frozen=True, slots=True)
class SigningFiles:
    """Where a key and its certificates are, in PEM; `is_own` if Mixer may make them."""

    key: Path
    certificates: Path
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """Signs with ES256; `sign` returns a DER signature, `certificates` are PEM, the own first."""

    sign: Callable[[bytes], bytes]
    certificates: str


class SigningKey(Protocol):
    """A key on curve P-256 that does not leave its vault."""

    def read_public_key(self) -> bytes:
        """Read the public key as DER (SubjectPublicKeyInfo)."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign with ECDSA and SHA-256; returns DER."""
        ...


def open_identity(files: SigningFiles, now: datetime | None = None) -> SigningIdentity:
    """Open an identity; a missing, expired or future certificate of Mixer's own is made again.

    Raises:
        Misconfigured: a key or certificate of the user's cannot be read, or is not valid now.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    now = now or datetime.now(UTC)
    key = _load_key(files)
    chain = _load_certificates(files, key.public_key(), now)
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


def open_vault_identity(
    key: SigningKey, store: ObjectStore, now: datetime | None = None
) -> SigningIdentity:
    """Open an identity with the certificates in a store, which are made at the first use.

    Raises:
        Misconfigured: the key has another type, or a certificate of the user's is not valid now.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    public_key = load_der_public_key(key.read_public_key())
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or public_key.key_size != KEY_BITS:
        raise Misconfigured("The signing key must be of the type ECC_NIST_P256; nothing is signed.")
    now = now or datetime.now(UTC)
    return SigningIdentity(key.sign, _load_stored_certificates(store, public_key, now))


def _load_certificates(files: SigningFiles, key: "EllipticCurvePublicKey", now: datetime) -> str:
    try:
        pem = files.certificates.read_bytes()
        flaw = _find_flaw(pem, key, now)
    except (OSError, ValueError) as error:
        if not files.is_own:
            path = files.certificates
            raise Misconfigured(f"The certificate {path} cannot be read: {error}.") from error
        flaw, pem = "is missing", b""
    if not flaw:
        return pem.decode()
    if files.is_own:
        files.certificates.unlink(missing_ok=True)
        chain = _make_certificates(key, now, COMPUTER)
        write_once(files.certificates, chain.encode())
        return chain
    raise Misconfigured(
        f"The certificate {files.certificates} {flaw}; use another one, or set "
        "MIXER_SIGNING=off to sign nothing."
    )


def _load_stored_certificates(
    store: ObjectStore, key: "EllipticCurvePublicKey", now: datetime
) -> str:
    """Load certificates from a store; missing ones, and old ones of Mixer's own, are made."""
    pem = store.get(CERTIFICATE_OBJECT) if store.head(CERTIFICATE_OBJECT) else b""
    try:
        flaw = _find_flaw(pem, key, now) if pem else "is missing"
        is_own = not pem or _is_made_by_mixer(pem)
    except ValueError as error:
        raise Misconfigured(f"The object {CERTIFICATE_OBJECT} is not a certificate.") from error
    if not flaw:
        return pem.decode()
    if not is_own:
        raise Misconfigured(f"The certificate {CERTIFICATE_OBJECT} {flaw}; nothing is signed.")
    chain = _make_certificates(key, now, DEPLOYMENT)
    if pem:
        store.put(CERTIFICATE_OBJECT, chain.encode())
    elif not store.claim(CERTIFICATE_OBJECT, chain.encode()):
        return store.get(CERTIFICATE_OBJECT).decode()
    return chain


def _find_flaw(pem: bytes, key: "EllipticCurvePublicKey", now: datetime) -> str:
    """What is wrong with certificates; empty for nothing. Raises ValueError for another file."""
    from cryptography.x509 import load_pem_x509_certificates

    own = load_pem_x509_certificates(pem)[0]
    if own.public_key() != key:
        return "does not belong to the signing key"
    first, last = own.not_valid_before_utc, own.not_valid_after_utc
    if now > last:
        return f"expired on {last:%Y-%m-%d}"
    if now < first:
        return f"is valid only from {first:%Y-%m-%d}, and the clock shows {now:%Y-%m-%d}"
    return ""


def _is_made_by_mixer(pem: bytes) -> bool:
    from cryptography.x509 import load_pem_x509_certificates
    from cryptography.x509.oid import NameOID

    names = load_pem_x509_certificates(pem)[0].issuer.get_attributes_for_oid(
        NameOID.ORGANIZATION_NAME
    )
    return [each.value for each in names] == [ORGANIZATION]


def _encode_key(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _make_certificates(key: "EllipticCurvePublicKey", now: datetime, owner: str) -> str:
    """A certificate that meets C2PA's profile, and the root that signs it and nothing else."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    root_key = ec.generate_private_key(ec.SECP256R1())
    keys = (root_key.public_key(), root_key.public_key())
    root = _build_certificate(keys, now, owner, is_root=True).sign(root_key, SHA256())
    keys = (key, root_key.public_key())
    own = _build_certificate(keys, now, owner, is_root=False).sign(root_key, SHA256())
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in (own, root))


def _build_certificate(
    keys: "tuple[EllipticCurvePublicKey, EllipticCurvePublicKey]",
    now: datetime,
    owner: str,
    *,
    is_root: bool,
) -> "CertificateBuilder":
    """Build the certificate of the first of two keys, signed by the second."""
    from cryptography import x509

    key, root_key = keys
    builder = (
        x509.CertificateBuilder()
        .subject_name(_build_name(f"{owner} (root)" if is_root else owner))
        .issuer_name(_build_name(f"{owner} (root)"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + VALID)
    )
    for extension, is_critical in _list_extensions(key, root_key, is_root=is_root):
        builder = builder.add_extension(extension, is_critical)
    return builder


def _list_extensions(
    key: "EllipticCurvePublicKey", root_key: "EllipticCurvePublicKey", *, is_root: bool
) -> "Iterator[tuple[ExtensionType, bool]]":
    """What a certificate states of its key, and whether that is critical."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    yield x509.BasicConstraints(is_root, None), True
    yield _build_usage(is_root), True
    yield x509.SubjectKeyIdentifier.from_public_key(key), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key), False
    if not is_root:
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False


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
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )

"""Objects whose content is checked when it is read.

A seal is metadata: a digest of the object's key and of the SHA-256 of its content. An object that
is cut, changed, emptied or swapped with another does not match its seal. Folders compute the
SHA-256 by reading; S3 keeps it with the object and answers it without a further request.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path

from mixer.errors import DamagedObject, NotFound, StoreFailed
from mixer.store.objects import SEAL, ObjectStore, StoredObject

SEAL_HEX_DIGITS = 40
"""160 bits of SHA-256; metadata have little room."""

logger = logging.getLogger(__name__)


def put_sealed(
    store: ObjectStore,
    key: str,
    content: bytes | Path,
    *,
    content_type: str = "application/octet-stream",
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write an object with a seal, which is returned, replacing an existing object.

    At most 5 GB (one request to S3). A folder in its place is set aside.
    """
    seal = compute_seal(key, _hash_content(content))
    about = {**(metadata or {}), SEAL: seal}
    try:
        store.put(key, content, content_type=content_type, metadata=about)
    except StoreFailed as error:
        if not isinstance(error.__cause__, IsADirectoryError):
            raise
        report_damage(store, key)
        store.put(key, content, content_type=content_type, metadata=about)
    return seal


def find_sealed(
    store: ObjectStore, key: str, *, accept_unsealed: bool = False
) -> StoredObject | None:
    """Look up an object and check its content; None if it is missing or damaged.

    A damaged object is set aside and reported, so that it can be made again.

    Args:
        accept_unsealed: return objects without a seal too, unchecked.
    """
    with suppress(DamagedObject):
        found = store.head(key)
        if found is None:
            return None
        if not found.is_sealed:
            return found if accept_unsealed else None
        if found.metadata[SEAL] == compute_seal(key, found.sha256 or store.digest(key)):
            return found
    report_damage(store, key)
    return None


def report_damage(store: ObjectStore, key: str) -> DamagedObject:
    """Set an object aside and log a warning; returns the error to raise where it is needed."""
    logger.warning("The object %s is damaged; it was set aside and will be made again.", key)
    store.set_aside(key)
    return DamagedObject(
        f"The object {key} was damaged and has been set aside; "
        "send the request again to replace it.",
        key=key,
    )


def compute_seal(key: str, content_sha256: str) -> str:
    """The seal of an object; the SHA-256 is in hexadecimal digits."""
    return sha256(f"{key}\n{content_sha256}".encode()).hexdigest()[:SEAL_HEX_DIGITS]


def _hash_content(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return sha256(content).hexdigest()
    try:
        with content.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise NotFound(f"The file {content} does not exist.", key=str(content)) from error

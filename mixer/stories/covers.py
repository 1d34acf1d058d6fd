"""Covers that callers have uploaded, found and looked at before anything is spent."""

from mixer.errors import BadInput, NotFound
from mixer.publish import Picture, encode_cover, require_cover_size
from mixer.store import UPLOADS_PREFIX, ObjectStore, validate_key


def validate_cover_key(key: str) -> str:
    """The key of a cover, if it can be one.

    Raises:
        BadInput: it is none that an upload has.
    """
    try:
        validate_key(key)
    except BadInput as error:
        raise BadInput(f"cover: {error}", field="cover") from error
    if not key.startswith(UPLOADS_PREFIX):
        raise BadInput(
            f"cover: {key[:80]!r} is not a key returned by POST /uploads.", field="cover"
        )
    return key


def require_cover(store: ObjectStore, key: str) -> None:
    """Find out, without fetching it, whether a cover is there and of a fit size.

    Raises:
        BadInput: the key is none.
        NotFound: nothing lies under it.
        UnusablePicture: it is too large.
    """
    head = store.head(validate_cover_key(key))
    if head is None:
        raise NotFound(f"cover: there is no uploaded picture {key}.", field="cover", key=key)
    require_cover_size(head.size_bytes, key)


def fetch_cover(store: ObjectStore, key: str) -> Picture:
    """A cover, ready to go into files.

    Raises:
        BadInput: the key is none.
        NotFound: nothing lies under it.
        UnusablePicture: it is no picture, is broken, or is too large.
    """
    require_cover(store, key)
    return encode_cover(store.get(key), key)

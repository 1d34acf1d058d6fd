"""Checks and fetches the covers that callers upload."""

from mixer.errors import BadInput, NotFound
from mixer.publish import Picture, encode_cover, require_cover_size
from mixer.store import UPLOADS_PREFIX, ObjectStore, validate_key


def validate_cover_key(key: str) -> str:
    """Return the key of an uploaded picture; raises BadInput for any other key."""
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
    """Check, without fetching it, that a cover exists and is not too large.

    Raises:
        BadInput: not a valid key.
        NotFound: the cover does not exist.
        UnusablePicture: too large.
    """
    head = store.head(validate_cover_key(key))
    if head is None:
        raise NotFound(f"cover: there is no uploaded picture {key}.", field="cover", key=key)
    require_cover_size(head.size_bytes, key)


def fetch_cover(store: ObjectStore, key: str) -> Picture:
    """Fetch a cover, ready to be embedded.

    Raises:
        BadInput: not a valid key.
        NotFound: the cover does not exist.
        UnusablePicture: not a picture, broken or too large.
    """
    require_cover(store, key)
    return encode_cover(store.get(key), key)

"""Covers that callers have uploaded, found and looked at before anything is spent."""

from mixer.errors import BadInput, NotFound
from mixer.publish.pictures import Picture, cover_picture, require_size
from mixer.store.objects import ObjectStore, checked_key
from mixer.store.uploads import UPLOADS


def checked_cover(key: str) -> str:
    """The key of a cover, if it can be one.

    Raises:
        BadInput: it is none that an upload has.
    """
    try:
        checked_key(key)
    except BadInput as error:
        raise BadInput(f"cover: {error}", field="cover") from error
    if not key.startswith(UPLOADS):
        raise BadInput(
            f"cover: {key[:80]!r} is no key that POST /uploads has answered.", field="cover"
        )
    return key


def require_cover(store: ObjectStore, key: str) -> None:
    """Find out, without fetching it, whether a cover is there and of a fit size.

    Raises:
        BadInput: the key is none.
        NotFound: nothing lies under it.
        UnusablePicture: it is too large.
    """
    head = store.head(checked_cover(key))
    if head is None:
        raise NotFound(f"cover: there is no uploaded picture {key}.", field="cover", key=key)
    require_size(head.size_bytes, key)


def fetched_cover(store: ObjectStore, key: str) -> Picture:
    """A cover, ready to go into files.

    Raises:
        BadInput: the key is none.
        NotFound: nothing lies under it.
        UnusablePicture: it is no picture, is broken, or is too large.
    """
    require_cover(store, key)
    return cover_picture(store.get(key), key)

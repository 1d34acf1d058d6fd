"""The cover of a story, checked before anything is spent, and the tags of its files."""

import logging
from contextlib import suppress

from mixer.errors import BadInput, DamagedObject, MixerError, NotFound, UnusablePicture
from mixer.publish import Picture, build_tags, encode_cover, read_cover, require_cover_size
from mixer.requests import Options
from mixer.script import Cover, Script
from mixer.sound.formats import COVER_TYPE, AudioTags
from mixer.store import UPLOADS_PREFIX, ObjectStore, put_sealed, validate_key
from mixer.stories.folder import COVER, LOST_COVER, REQUEST, StoryFolder
from mixer.stories.model import StoredRequest
from mixer.stories.source_text import load_book

logger = logging.getLogger(__name__)

MAX_NAME_CHARS = 80
"""Quoted in a warning."""


def validate_cover_key(key: str) -> str:
    """Return the key of an uploaded picture; raises BadInput for any other key."""
    try:
        validate_key(key)
    except BadInput as error:
        raise BadInput(f"cover: {error}", field="cover") from error
    if not key.startswith(UPLOADS_PREFIX):
        raise BadInput(
            f"cover: “{key[:80]}” is not a key returned by POST /uploads.", field="cover"
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
        raise NotFound(
            f"cover: the picture {key} was not uploaded, or has expired.", field="cover", key=key
        )
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


def store_cover(
    folder: StoryFolder, options: Options, text_cover: Cover | None = None, cover_name: str = ""
) -> tuple[str, ...]:
    """Store the story's cover before anything is spent, or warn why the text's own is left out.

    The cover is an upload (by option or `cover_name`), or else `text_cover`.

    Raises:
        NotFound: the upload is missing.
        UnusablePicture: the upload is not a picture, broken or too large.
    """
    if folder.has(COVER):
        return ()
    if wanted := options.cover or (cover_name if cover_name.startswith(UPLOADS_PREFIX) else ""):
        put_cover(folder, fetch_cover(folder.store, wanted))
    elif cover_name:
        quoted = cover_name[:MAX_NAME_CHARS]
        return (f"The cover {quoted} is not available: upload it and send its key as cover.",)
    elif text_cover is not None:
        try:
            put_cover(folder, encode_cover(text_cover.content, "of the book"))
        except UnusablePicture as error:
            return (f"The book's own cover was left out: {error}",)
    return ()


def put_cover(folder: StoryFolder, cover: Picture) -> None:
    """Store a cover."""
    put_sealed(folder.store, folder.key(COVER), cover.content, content_type=COVER_TYPE)


def load_tags(folder: StoryFolder, options: Options, script: Script | None) -> AudioTags:
    """Build the tags without chapters; options override the text's metadata.

    A damaged cover is made again from what the story names, or noted as lost.
    """
    return AudioTags(build_tags(options, script), cover=_load_cover(folder, options))


def _load_cover(folder: StoryFolder, options: Options) -> Picture | None:
    try:
        if not folder.has(COVER):
            return None
        return read_cover(folder.store.get(folder.key(COVER)))
    except (DamagedObject, UnusablePicture) as error:
        logger.warning("The cover of story %s: %s", folder.story_id, error)
    folder.store.set_aside(folder.key(COVER))
    folder.delete(COVER)
    with suppress(MixerError):
        source = load_book(folder, folder.read(REQUEST, StoredRequest), options)
        store_cover(folder, options, source.document.cover if source else None)
    if not folder.has(COVER):
        folder.write(LOST_COVER, {"reason": "damaged"})
        return None
    return read_cover(folder.store.get(folder.key(COVER)))

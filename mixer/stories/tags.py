"""What a story's finished files say of themselves, and the cover that goes with them."""

from mixer.errors import UnusablePicture
from mixer.publish import Picture, build_tags, encode_cover, read_cover
from mixer.requests import Options
from mixer.script import Cover, Script
from mixer.sound.formats import COVER_TYPE, AudioTags
from mixer.store import UPLOADS_PREFIX
from mixer.stories.covers import fetch_cover
from mixer.stories.folder import COVER, StoryFolder

MAX_NAME_CHARS = 80
"""Of what a text says, in a warning."""


def store_cover(
    folder: StoryFolder, options: Options, text_cover: Cover | None = None, cover_name: str = ""
) -> tuple[str, ...]:
    """Have the story's cover in its folder, where it has one; before anything is spent.

    Args:
        folder: of the story.
        options: the key of an upload counts here.
        text_cover: the text's own, taken where no other is asked for.
        cover_name: what the text calls a picture beside it; the key of an upload counts, too.

    Returns:
        What the caller should know: why the text's own was left out.

    Raises:
        NotFound: there is no such upload.
        UnusablePicture: the upload is no picture, is broken, or is too large.
    """
    if folder.has(COVER):
        return ()
    if wanted := options.cover or (cover_name if cover_name.startswith(UPLOADS_PREFIX) else ""):
        put_cover(folder, fetch_cover(folder.store, wanted))
    elif cover_name:
        said = cover_name[:MAX_NAME_CHARS]
        return (f"The cover {said} is not available: upload it and send its key as cover.",)
    elif text_cover is not None:
        try:
            put_cover(folder, encode_cover(text_cover.content, "of the book"))
        except UnusablePicture as error:
            return (f"The book's own cover was left out: {error}",)
    return ()


def put_cover(folder: StoryFolder, cover: Picture) -> None:
    """Keep a cover."""
    folder.store.put(folder.key(COVER), cover.content, content_type=COVER_TYPE)


def load_tags(folder: StoryFolder, options: Options, script: Script | None) -> AudioTags:
    """What the finished file says of itself, but for its chapters.

    Args:
        folder: of the story.
        options: instead of what the text says of itself.
        script: what was said; None where chunks were given.
    """
    cover = read_cover(folder.store.get(folder.key(COVER))) if folder.has(COVER) else None
    return AudioTags(build_tags(options, script), cover=cover)

"""What a story's finished files say of themselves, and the cover that goes with them."""

from mixer.errors import UnusablePicture
from mixer.jobs.covers import fetched_cover
from mixer.jobs.production import tags
from mixer.jobs.story.folder import COVER, StoryFolder
from mixer.publish.pictures import MEDIA_TYPE, Picture, cover_picture, kept_picture
from mixer.publish.tags import Label
from mixer.requests import Options
from mixer.script.document import Cover
from mixer.script.script import Script
from mixer.store.uploads import UPLOADS

NAMED_CHARS = 80
"""Of what a text says, in a warning."""


def keep_cover(
    folder: StoryFolder, asked: Options, own: Cover | None = None, named: str = ""
) -> tuple[str, ...]:
    """Have the story's cover in its folder, where it has one; before anything is spent.

    Args:
        folder: of the story.
        asked: the key of an upload counts here.
        own: the text's own, taken where no other is asked for.
        named: what the text calls a picture beside it; the key of an upload counts, too.

    Returns:
        What the caller should know: why the text's own was left out.

    Raises:
        NotFound: there is no such upload.
        UnusablePicture: the upload is no picture, is broken, or is too large.
    """
    if folder.has(COVER):
        return ()
    if wanted := asked.cover or (named if named.startswith(UPLOADS) else ""):
        put_cover(folder, fetched_cover(folder.store, wanted))
    elif named:
        said = named[:NAMED_CHARS]
        return (f"The cover {said} is not here: upload it, and send its key as the cover.",)
    elif own is not None:
        try:
            put_cover(folder, cover_picture(own.content, "of the book"))
        except UnusablePicture as error:
            return (f"The book's own cover was left out: {error}",)
    return ()


def put_cover(folder: StoryFolder, cover: Picture) -> None:
    """Keep a cover."""
    folder.store.put(folder.key(COVER), cover.content, content_type=MEDIA_TYPE)


def label_of(folder: StoryFolder, asked: Options, script: Script | None) -> Label:
    """What the finished file says of itself, but for its chapters.

    Args:
        folder: of the story.
        asked: instead of what the text says of itself.
        script: what was said; None where chunks were given.
    """
    cover = kept_picture(folder.store.get(folder.key(COVER))) if folder.has(COVER) else None
    return Label(tags(asked, script), cover=cover)

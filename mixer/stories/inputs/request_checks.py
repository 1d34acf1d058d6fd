"""Checks what a request for a story names, before the story starts."""

from mixer.errors import NotFound, UnreadableText
from mixer.publish import require_picture
from mixer.requests import Options
from mixer.script.planning import read_lexicon, resolve_pauses
from mixer.store import ObjectStore
from mixer.stories.inputs.checks import parse_music_key, select_music_store
from mixer.stories.inputs.covers import require_cover
from mixer.stories.request import StoryRequest


def check_request(request: StoryRequest, store: ObjectStore, music: ObjectStore) -> str:
    """Check a request, and return the key of its music.

    Raises:
        NotFound: the text, the music or the cover does not exist.
        UnusablePicture: the cover is not a picture, or is too large.
        BadInput: a key, the pauses or a line of the lexicon is malformed.
        Forbidden: the music is not for callers.
    """
    options = Options.model_validate(dict(request.options))
    _check_lexicon(options.lexicon)
    resolve_pauses(options.pauses)
    if request.source_key and store.head(request.source_key) is None:
        raise NotFound(
            f"source: the text {request.source_key} was not uploaded, or has expired.",
            field="source",
            key=request.source_key,
        )
    if options.cover:
        require_cover(store, options.cover)
        require_picture(store.get(options.cover), options.cover)
    return _check_music(request.music, store, music) if request.music else ""


def _check_lexicon(lexicon: str) -> None:
    try:
        read_lexicon(lexicon)
    except UnreadableText as error:
        raise UnreadableText(f"lexicon: {error}", field="lexicon") from error


def _check_music(name: str, store: ObjectStore, music: ObjectStore) -> str:
    key = parse_music_key(name)
    if select_music_store(key, music, store).head(key) is None:
        raise NotFound(f"music: {key} does not exist.", field="music", key=key)
    return key

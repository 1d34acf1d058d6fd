"""Checks what a request for a story names, before the story starts."""

import re
from collections.abc import Callable

from mixer.errors import NotFound, SpeechFailed, UnreadableText
from mixer.publish import require_picture
from mixer.requests import Options
from mixer.script import Role
from mixer.script.planning import read_lexicon, resolve_pauses
from mixer.script.readers import TextType, read_document
from mixer.speech import Voice, apply_narrator, select_voice
from mixer.store import ObjectStore
from mixer.stories.inputs.checks import parse_music_key, select_music_store
from mixer.stories.inputs.covers import require_cover
from mixer.stories.model import StoryKind
from mixer.stories.request import StoryRequest

FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)")
HEAD_CHARS = 50_000
"""Beginning of a text in which its front matter is looked for."""

VoiceLister = Callable[[], tuple[Voice, ...]]


def check_request(
    request: StoryRequest,
    store: ObjectStore,
    music: ObjectStore,
    list_voices: VoiceLister | None = None,
) -> str:
    """Check a request, and return the key of its music.

    Voices are checked only in a process that can list them.

    Raises:
        UnknownVoice: no such voice, in an option or in the cast.
        UnreadableText: a line of the front matter is malformed.
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
    if list_voices is not None and request.kind is not StoryKind.MIX:
        _check_voices(request.text, options, list_voices)
    return _check_music(request.music, store, music) if request.music else ""


def _check_voices(text: str, options: Options, list_voices: VoiceLister) -> None:
    cast = _read_cast(text, options)
    try:
        voices = list_voices()
    except SpeechFailed:  # the engine is not available now; the story may find it later
        return
    select_voice(voices, apply_narrator(options, cast), cast)


def _read_cast(text: str, options: Options) -> tuple[Role, ...]:
    """Read the cast from the front matter alone, however long the text is."""
    text_type = TextType(options.text_type or TextType.TEXT)
    head = FRONT_MATTER.match(text, 0, HEAD_CHARS)
    if head is None or text_type not in {TextType.TEXT, TextType.MARKDOWN}:
        return ()
    return read_document(f"{head[0].rstrip()}\n\nWords.", text_type).cast


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

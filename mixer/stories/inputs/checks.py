"""Checks what a request names, before a story starts and before anything is fetched.

Nothing is fetched from a URL that a request names; only its path is used, as a key.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from mixer.errors import (
    BadInput,
    Forbidden,
    NotFound,
    ObjectTooLarge,
    SpeechFailed,
    UnplayableAudio,
)
from mixer.parallel import run_in_parallel
from mixer.publish import require_picture
from mixer.requests import Options
from mixer.script import Document, Role
from mixer.script.planning import read_lexicon, resolve_pauses
from mixer.script.readers import TextType, read_document
from mixer.speech import Voice, apply_narrator, select_voice
from mixer.store import UPLOADS_PREFIX, ObjectStore, StoredObject, validate_key
from mixer.stories.inputs.covers import require_cover
from mixer.stories.model import StoryKind
from mixer.stories.request import StoryRequest
from mixer.stories.request_files import PARALLEL_REQUESTS, InputName
from mixer.stories.source_text import name_text, read_source_text

PRIVATE_PREFIXES = (
    *("casting/", "feed_callers/", "feed_keys/", "feeds/", "projects/"),
    *("segments/", "signing/", "speaking/", "spending/", "stories/", "story_index/"),
)
"""Internal objects and stories, whose ids are secret: never mixed."""

MAX_NAMED_KEYS = 20
"""Missing objects that an error names."""


@dataclass(frozen=True, slots=True)
class InputLimits:
    """Size limits of the inputs of one mix.

    Attributes:
        object_bytes: of one chunk or piece of music.
        input_bytes: of all inputs together.
    """

    object_bytes: int
    input_bytes: int


def check_inputs(
    sources: Mapping[InputName, ObjectStore], limits: InputLimits | None, deadline_s: float | None
) -> dict[InputName, StoredObject]:
    """Look up objects in their stores, and return them in the given order.

    Args:
        deadline_s: on the monotonic clock; None for none.

    Raises:
        NotFound: objects are missing; the message names them.
        UnplayableAudio: an object is empty.
        ObjectTooLarge: an object, or all together, exceed the limits.
        OutOfTime: the deadline has passed.
    """
    looked = run_in_parallel(
        sources, lambda name: sources[name].head(name[1]), PARALLEL_REQUESTS, deadline_s=deadline_s
    )
    heads = {name: outcome.result() for name, outcome in looked}
    present = _require_all({name: heads[name] for name in sources})
    if limits is not None:
        _check_sizes(present, limits)
    return present


def check_key(key: str, field: str) -> None:
    """Check that callers may use a key; `field` is where the request named it.

    Raises:
        BadInput: malformed.
        Forbidden: not for callers.
    """
    try:
        validate_key(key)
    except BadInput as error:
        raise BadInput(f"{field}: {error}", field=field, key=key) from error
    if key.startswith(PRIVATE_PREFIXES):
        raise Forbidden(f"{field}: {key} may not be mixed.", field=field, key=key)


def parse_music_key(music: str) -> str:
    """Return the key of a request's `music`, a key or a URL.

    Raises:
        BadInput: neither a key nor a URL.
        Forbidden: not for callers.
    """
    try:
        key = unquote(urlsplit(music).path).removeprefix("/") if "://" in music else music
    except ValueError as error:
        raise BadInput("music: not a key and not a URL.", field="music") from error
    check_key(key, "music")
    return key


def select_music_store(key: str, library: ObjectStore, output: ObjectStore) -> ObjectStore:
    """Select the store of a piece of music: callers' own files are in `output`."""
    return output if key.startswith(UPLOADS_PREFIX) else library


def require_sounds(wanted: Mapping[str, int], library: ObjectStore, uploads: ObjectStore) -> None:
    """Require that music and sounds exist; `wanted` has the line of the text that names each, or 0.

    Raises:
        NotFound: one is missing.
        BadInput, Forbidden: a line names what is not a key, or not for callers.
    """
    for key, line in wanted.items():
        if line:
            check_key(key, f"line {line}")
    looked = run_in_parallel(
        wanted, lambda key: select_music_store(key, library, uploads).head(key), PARALLEL_REQUESTS
    )
    missing = {key for key, head in looked if head.result() is None}
    for key, line in wanted.items():
        if key in missing and line:
            message = f"line {line}: {key} is neither in the library nor among your uploads."
            raise NotFound(message, key=key, line=line)
        if key in missing:
            raise NotFound(f"music: {key} does not exist.", field="music", key=key)


def _require_all(objects: Mapping[InputName, StoredObject | None]) -> dict[InputName, StoredObject]:
    missing = [key for (_, key), head in objects.items() if head is None]
    if missing:
        named = f"{missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        raise NotFound(
            f"These objects do not exist: {named}."
            if len(missing) > 1
            else f"The object {named} does not exist.",
            key=missing[0],
            keys=missing[:MAX_NAMED_KEYS],
        )
    return {name: head for name, head in objects.items() if head is not None}


def _check_sizes(objects: Mapping[InputName, StoredObject], limits: InputLimits) -> None:
    for head in objects.values():
        if head.size_bytes == 0:
            raise UnplayableAudio(f"The object {head.key} is empty.", key=head.key)
        if head.size_bytes > limits.object_bytes:
            raise _size_error(f"The object {head.key}", head.size_bytes, limits.object_bytes)
    total_bytes = sum(head.size_bytes for head in objects.values())
    if total_bytes > limits.input_bytes:
        raise _size_error("All objects together", total_bytes, limits.input_bytes)


def _size_error(what: str, size_bytes: int, limit_bytes: int) -> ObjectTooLarge:
    return ObjectTooLarge(
        f"{what}: {size_bytes:,} bytes exceed the limit of {limit_bytes:,}.",
        size_bytes=size_bytes,
        limit_bytes=limit_bytes,
    )


FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)")
HEAD_CHARS = 50_000
"""Beginning of a text in which its front matter is looked for."""

SHORT_CHARS = 20_000
"""So short a text is read whole before its story starts, which takes up to 50 ms."""

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
        UnreadableText: a line of the front matter, or of a short text, is malformed.
        NotFound: the text, the music, the cover or, as far as it was read, a sound that the text
            names does not exist.
        UnusablePicture: the cover is not a picture, or is too large.
        BadInput: a key, the pauses or a line of the lexicon is malformed.
        Forbidden: the music, or a sound, is not for callers.
    """
    wanted, options = dict[str, int](), Options.model_validate(dict(request.options))
    with name_text("lexicon"):
        read_lexicon(options.lexicon)
    resolve_pauses(options.pauses)
    _require_source(request, store)
    if options.cover:
        require_cover(store, options.cover)
        require_picture(store.get(options.cover), options.cover)
    if request.text and request.kind is not StoryKind.MIX:
        document = _read_beginning(request.text, options)
        if document is not None and list_voices is not None:
            _check_voices(document.cast, options, list_voices)
        if document is not None and request.kind is StoryKind.STORY and not options.chapters:
            wanted = document.find_sound_files()
    key = parse_music_key(request.music) if request.music else ""
    require_sounds({**wanted, key: 0} if key else wanted, music, store)
    return key


def _require_source(request: StoryRequest, store: ObjectStore) -> None:
    if request.source_key and store.head(request.source_key) is None:
        raise NotFound(
            f"source: the text {request.source_key} was not uploaded, or has expired.",
            field="source",
            key=request.source_key,
        )


def _check_voices(cast: tuple[Role, ...], options: Options, list_voices: VoiceLister) -> None:
    try:
        voices = list_voices()
    except SpeechFailed:  # the engine is not available now; the story may find it later
        return
    select_voice(voices, apply_narrator(options, cast), cast)


def _read_beginning(text: str, options: Options) -> Document | None:
    """Read a short text whole, of a long one its front matter alone."""
    if len(text) <= SHORT_CHARS:
        return read_source_text(text, options).document
    text_type = TextType(options.text_type or TextType.TEXT)
    head = FRONT_MATTER.match(text, 0, HEAD_CHARS)
    if head is None or text_type not in {TextType.TEXT, TextType.MARKDOWN}:
        return None
    return read_document(f"{head[0].rstrip()}\n\nWords.", text_type)

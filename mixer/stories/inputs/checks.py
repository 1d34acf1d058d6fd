"""Checks the objects that a request names, before any is fetched: allowed, present, not too large.

Nothing is fetched from a URL that a request names; only its path is used, as a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from mixer.errors import BadInput, Forbidden, NotFound, ObjectTooLarge, UnplayableAudio
from mixer.parallel import run_in_parallel
from mixer.store import UPLOADS_PREFIX, ObjectStore, StoredObject, validate_key
from mixer.stories.request_files import PARALLEL_REQUESTS, InputName

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

"""What a request names, looked at before any of it is fetched: is it for callers, there, how large.

Nothing is ever fetched from an address that a request names; only the path of one counts, as a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from mixer.errors import BadInput, Forbidden, NotFound, ObjectTooLarge, UnplayableAudio
from mixer.parallel import run_in_parallel
from mixer.store import ObjectStore, StoredObject, validate_key
from mixer.stories.workspace import PARALLEL_REQUESTS, InputName

PRIVATE_PREFIXES = ("segments/", "speaking/", "spending/", "stories/", "story_index/")
"""Of the service's own bookkeeping and of stories, whose ids are secrets: nothing to be mixed."""

MAX_NAMED_KEYS = 20
"""Of missing objects, in an error."""


@dataclass(frozen=True, slots=True)
class InputLimits:
    """How much one mix may fetch.

    Attributes:
        object_bytes: of one chunk or piece of music.
        input_bytes: of all of them.
    """

    object_bytes: int
    input_bytes: int


def check_inputs(
    sources: Mapping[InputName, ObjectStore], limits: InputLimits | None, deadline_s: float | None
) -> dict[InputName, StoredObject]:
    """What stores say of some objects, in the order of the objects.

    Args:
        sources: what lies where.
        limits: of their sizes; None for none.
        deadline_s: when to stop waiting, on the monotonic clock.

    Raises:
        NotFound: some are not there; they are named.
        UnplayableAudio: one is empty.
        ObjectTooLarge: one, or all of them, are too large.
        OutOfTime: that moment came.
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
    """Refuse a key that no caller may name.

    Args:
        key: as it was named.
        field: where.

    Raises:
        BadInput: it is none.
        Forbidden: it is not for callers.
    """
    try:
        validate_key(key)
    except BadInput as error:
        raise BadInput(f"{field}: {error}", field=field, key=key) from error
    if key.startswith(PRIVATE_PREFIXES):
        raise Forbidden(f"{field}: {key} may not be mixed.", field=field, key=key)


def parse_music_key(music: str) -> str:
    """The key that a request means by its music.

    Raises:
        BadInput: it is neither a key nor an address.
        Forbidden: it is not for callers.
    """
    try:
        key = unquote(urlsplit(music).path).removeprefix("/") if "://" in music else music
    except ValueError as error:
        raise BadInput("music: not a key and not a URL.", field="music") from error
    check_key(key, "music")
    return key


def _require_all(objects: Mapping[InputName, StoredObject | None]) -> dict[InputName, StoredObject]:
    missing = [key for (_, key), head in objects.items() if head is None]
    if missing:
        named = f"{missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        raise NotFound(
            f"There is no object {named}.", key=missing[0], keys=missing[:MAX_NAMED_KEYS]
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

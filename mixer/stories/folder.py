"""A story's folder in the store, `stories/{id}/`: the only thing that its steps share.

    request.json  text.txt  cover.jpg   what was asked
    attempts/{n}.json                   claimed by whoever starts it, once
    attempts/{n}-cancelled.json         nobody shall go on with it
    script.json  batches/{b}.json  plan.json
    spoken/{b}-{chunks}-{micro-usd}.json    one for each batch that is done
    paid/{b}-{micro-usd}-{random}.json      what batches have paid that did not end
    timeline.json  segments.json  sounds.json  mix.json
    rendered/{g}-{segments}.json        one for each group of segments that is done
    story.mp3  story.vtt  …             the finished files
    result.json                         it has ended
    told/{n}-{place}.json               somebody was told so

Names count, so that a listing tells how far a story is without opening anything.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from mixer.errors import NotFound, StoreFailed
from mixer.store import ObjectStore, StoredObject

PREFIX = "stories/"
REQUEST, TEXT, SCRIPT, PLAN = "request.json", "text.txt", "script.json", "plan.json"
TIMELINE, SEGMENTS, SOUNDS = "timeline.json", "segments.json", "sounds.json"
MUSIC = "music.json"
"""What stood for `sounds.json` when a story had one piece of music."""

FLAWS = "flaws.json"
MIX, RESULT = "mix.json", "result.json"
COVER = "cover.jpg"

JSON = "application/json"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class StoryFolder:
    """One story's objects.

    Attributes:
        store: holds them.
        story_id: whose.
    """

    store: ObjectStore
    story_id: str

    def key(self, name: str) -> str:
        """The object key of something in the folder."""
        return f"{PREFIX}{self.story_id}/{name}"

    def read(self, name: str, kind: type[Value]) -> Value:
        """A value that must be there.

        Raises:
            NotFound: it is not.
            StoreFailed: it is not what this version of the code has written.
        """
        key = self.key(name)
        try:
            value: Value = _get_adapter(kind).validate_json(self.store.get(key))
        except ValidationError as error:
            raise _version_error(key) from error
        wanted = getattr(kind, "__dataclass_fields__", {}).get("format_version")
        if wanted is not None and getattr(value, "format_version", None) != wanted.default:
            raise _version_error(key)
        return value

    def find(self, name: str, kind: type[Value]) -> Value | None:
        """A value that may be there."""
        try:
            return self.read(name, kind)
        except NotFound:
            return None

    def write(self, name: str, value: object) -> None:
        """Keep a value, replacing what was there."""
        self.store.put(self.key(name), to_json(value), content_type=JSON)

    def claim(self, name: str, value: object) -> bool:
        """Keep a value only where there is none; False when somebody else was first."""
        return self.store.claim(self.key(name), to_json(value))

    def has(self, name: str) -> bool:
        """Whether something is there."""
        return self.store.head(self.key(name)) is not None

    def delete(self, name: str) -> None:
        """Remove something; it need not be there."""
        self.store.delete(self.key(name))

    def list_entries(self, prefix: str = "") -> Iterator[StoredObject]:
        """What is in the folder, under names as seen from inside, in their order."""
        whole = self.key("")
        for each in self.store.list(whole + prefix):
            yield StoredObject(each.key.removeprefix(whole), each.size_bytes, each.modified)


def _version_error(key: str) -> StoreFailed:
    return StoreFailed(
        f"The object {key} was written by another version of Mixer; start the story again.",
        key=key,
    )


def to_json(value: object) -> bytes:
    """A value as JSON; silence is -Infinity there, which pydantic itself would write as null."""
    plain = _get_adapter(type(value)).dump_python(value, mode="json")
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def _get_adapter(kind: Any) -> "TypeAdapter[Any]":  # noqa: ANN401 - any type that serialises
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_ADAPTERS: "dict[Any, TypeAdapter[Any]]" = {}
"""Made when first needed: each takes some milliseconds."""

"""The folder of a story in the store, `stories/{id}/`, which is all that its steps share.

    request.json  text.txt  cover.jpg   the request
    attempts/{n}.json                   written once, by the process that starts the attempt
    attempts/{n}-cancelled.json         the attempt is cancelled
    prelude.json  script.json  batches/{b}.json  plan.json  listen.json
    spoken/{b}-{chunks}-{micro-usd}.json    a finished batch
    paid/{b}-{micro-usd}-{random}.json      costs of a batch that failed
    timeline.json  segments.json  sounds.json  mix.json
    rendered/{g}-{segments}.json        a finished group of segments
    story.mp3  story.vtt  …             the finished files
    episodes.json                       what a podcast feed lists of it
    published/{feed}                    a feed names the story
    result.json                         the story has ended
    notified/{n}-{place}.json           a notifier was called

The names hold the counts, so a listing is enough to report the progress.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from mixer.errors import DamagedObject, NotFound
from mixer.store import ObjectStore, StoredObject
from mixer.stories.model import SourceText

PREFIX = "stories/"
REQUEST, TEXT, SCRIPT, PLAN = "request.json", "text.txt", "script.json", "plan.json"
TIMELINE, SEGMENTS, SOUNDS = "timeline.json", "segments.json", "sounds.json"
MUSIC = "music.json"
"""Older form of `sounds.json`, with one piece of music."""

PRELUDE = "prelude.json"
"""The script of the first words of a long text, until the whole is planned."""

FLAWS = "flaws.json"
MIX, RESULT = "mix.json", "result.json"
COVER, EPISODES = "cover.jpg", "episodes.json"
LOST_COVER = "cover-lost.json"
"""There if the cover was damaged and could not be made again."""

JSON = "application/json"

Value = TypeVar("Value")
Derived = TypeVar("Derived")


@dataclass(frozen=True, slots=True)
class StoryFolder:
    """The objects of one story; `source` is its text, if this process has read it."""

    store: ObjectStore
    story_id: str
    source: SourceText | None = None

    def key(self, name: str) -> str:
        """Return the object key of a name in the folder."""
        return f"{PREFIX}{self.story_id}/{name}"

    def read(self, name: str, kind: type[Value]) -> Value:
        """Read a value; raises NotFound, or DamagedObject if it is not what was written."""
        key = self.key(name)
        try:
            value: Value = _get_adapter(kind).validate_json(self.store.get(key))
        except ValidationError as error:
            raise _damage_error(key) from error
        wanted = getattr(kind, "__dataclass_fields__", {}).get("format_version")
        if wanted is not None and getattr(value, "format_version", None) != wanted.default:
            raise _damage_error(key)
        return value

    def find(self, name: str, kind: type[Value]) -> Value | None:
        """Read a value; None if it is missing, or damaged, which is the same: it is made again."""
        try:
            return self.read(name, kind)
        except (NotFound, DamagedObject):
            return None

    def write(self, name: str, value: object) -> None:
        """Write or replace a value."""
        self.store.put(self.key(name), to_json(value), content_type=JSON)

    def claim(self, name: str, value: object) -> bool:
        """Write a value if it does not exist; False if it does."""
        return self.store.claim(self.key(name), to_json(value))

    def derive(self, name: str, build: Callable[[], Derived]) -> Derived:  # noqa: ARG002
        """Build a value from the others; a folder in memory keeps it under this name."""
        return build()

    def has(self, name: str) -> bool:
        """Check whether a name exists."""
        return self.store.head(self.key(name)) is not None

    def delete(self, name: str) -> None:
        """Delete a name, which need not exist."""
        self.store.delete(self.key(name))

    def list_entries(self, prefix: str = "") -> Iterator[StoredObject]:
        """List the objects in order, named relative to the folder."""
        whole = self.key("")
        for each in self.store.list(whole + prefix):
            yield StoredObject(each.key.removeprefix(whole), each.size_bytes, each.modified)


def _damage_error(key: str) -> DamagedObject:
    return DamagedObject(
        f"The object {key} is damaged, or another version of Mixer wrote it; repeat the request "
        "to start the story again.",
        key=key,
    )


def to_json(value: object) -> bytes:
    """Convert a value to JSON, with silence as -Infinity (pydantic would write null)."""
    plain = _get_adapter(type(value)).dump_python(value, mode="json")
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def _get_adapter(kind: Any) -> "TypeAdapter[Any]":  # noqa: ANN401 - any type that serialises
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_ADAPTERS: "dict[Any, TypeAdapter[Any]]" = {}
"""Created on demand: each takes milliseconds."""

"""When a story lives, and which chunks it needs.

The rule that the story service keeps to as well:

- everything under `stories/{id}/` is one folder, and it goes or stays as a whole;
- a story has ended when `stories/{id}/result.json` is there;
- without it the story runs while anything in its folder is younger than `running_days`;
  after that it counts as abandoned;
- a story lives as long as its folder stays. The chunks of a living story are the strings in its
  `script.json` and `timeline.json` that start with `narration_chunks/`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mixer.retention.inventory import ObjectVersion
from mixer.retention.policy import CHUNKS, STORIES

RESULT = "result.json"
SCRIPTS = ("script.json", "timeline.json")
"""What names a story's chunks."""


@dataclass(frozen=True, slots=True)
class Story:
    """What a listing tells of a story's folder.

    Attributes:
        ended: whether it has its result.
        touched: when anything in it was last written.
        guarded: whether an exception holds for any of its keys.
    """

    ended: bool
    touched: datetime
    guarded: bool

    def is_running(self, now: datetime, running_days: float) -> bool:
        """Whether somebody may still be working on it."""
        return not self.ended and now - self.touched <= timedelta(days=running_days)


def story_id(key: str) -> str:
    """The story to which a key belongs; empty for a key outside of story folders."""
    if not key.startswith(STORIES):
        return ""
    identity, slash, _ = key[len(STORIES) :].partition("/")
    return identity if slash else ""


def find_stories(
    versions: Iterable[ObjectVersion], guarded_keys: frozenset[str]
) -> Mapping[str, Story]:
    """Every story folder of a listing."""
    stories: dict[str, Story] = {}
    for version in versions:
        identity = story_id(version.key)
        if identity:
            here = _story_from_version(version, identity, guarded_keys)
            stories[identity] = _merge_stories(stories.get(identity, here), here)
    return stories


def _story_from_version(
    version: ObjectVersion, identity: str, guarded_keys: frozenset[str]
) -> Story:
    is_result = _relative_key(version.key, identity) == RESULT
    return Story(
        ended=is_result and version.is_latest and not version.is_marker,
        touched=version.modified,
        guarded=version.key in guarded_keys,
    )


def _merge_stories(one: Story, other: Story) -> Story:
    return Story(
        ended=one.ended or other.ended,
        touched=max(one.touched, other.touched),
        guarded=one.guarded or other.guarded,
    )


def find_script_keys(versions: Iterable[ObjectVersion], living: frozenset[str]) -> Iterator[str]:
    """The keys of the scripts and timelines that living stories have."""
    for version in versions:
        identity = story_id(version.key)
        readable = version.is_latest and not version.is_marker
        if identity in living and readable and _relative_key(version.key, identity) in SCRIPTS:
            yield version.key


def _relative_key(key: str, identity: str) -> str:
    """A key as seen from inside its story's folder."""
    return key.removeprefix(f"{STORIES}{identity}/")


def parse_chunk_keys(content: bytes) -> frozenset[str] | None:
    """Every string of a JSON document that is a chunk's key; None when it cannot be read.

    Objects are let go as soon as they are read, so that a book's script takes little memory.
    """
    found: set[str] = set()

    def forget(members: list[tuple[str, object]]) -> None:
        for _, value in members:
            found.update(_chunk_keys(value))

    try:
        found.update(_chunk_keys(json.loads(content, object_pairs_hook=forget)))
    except (ValueError, RecursionError):
        return None
    return frozenset(found)


def _chunk_keys(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(CHUNKS):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _chunk_keys(element)

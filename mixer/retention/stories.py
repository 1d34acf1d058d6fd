"""Stories as the clean-up sees them: their folders, and the objects that their files name. Pure.

The rule for stories, shared with the story service:

- everything under `stories/{id}/` is one folder, deleted or kept as a whole;
- a story has ended when `stories/{id}/result.json` exists;
- without it, the story is running while anything in its folder is younger than `running_days`,
  and abandoned after that;
- versions of a story stay and go together, by the last write to any of them: each later one holds
  an empty object `version_of/{first version's story}`;
- a story that a podcast feed names, `stories/{id}/published/{feed}`, stays, however old it is;
- a story is living as long as its folder stays. It needs the chunks and uploads that its files name
  as strings. Projects (`mixer/services/projects.py`) are never deleted, and need what they name.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mixer.retention.inventory import ObjectVersion
from mixer.retention.policy import CHUNKS, INDEX, PROJECTS, STORIES, UPLOADS

NAMED = (CHUNKS, UPLOADS)
"""Folders whose objects stories name."""

RESULT, SCRIPT, TIMELINE = "result.json", "script.json", "timeline.json"
LAYOUT = "segments.json"
VERSION_MARK = "version_of/"
PUBLISHED = "published/"
"""Folder of the marks that feeds leave in a story (`mixer/feeds/records.py`)."""

NAMING_FILES = ("request.json", SCRIPT, TIMELINE, "sounds.json", "mix.json")
"""The files that name a story's chunks and uploads."""

PLANNED_WITHIN = timedelta(days=1)
"""A story that is not planned by then never will be: the step ends after some tries."""


@dataclass(frozen=True, slots=True)
class Story:
    """A listed story's folder; `begun` and `touched` are its first and last write, in UTC.

    Attributes:
        planned: its files name all sounds of its text.
        laid_out: its segments are rendered or joined, unless it has ended.
        guarded: an exception protects it, or another version of it.
        first: the story that is the first version; empty for one without others.
        last_touched: the last write to any version; None without others.
        published: a podcast feed names it.
    """

    begun: datetime
    touched: datetime
    ended: bool = False
    planned: bool = False
    laid_out: bool = False
    guarded: bool = False
    published: bool = False
    first: str = ""
    last_touched: datetime | None = None

    @property
    def last_write(self) -> datetime:
        """The last write to this story or another version of it."""
        return self.last_touched or self.touched

    def is_running(self, now: datetime, running_days: float) -> bool:
        """Whether a worker may still be writing to it."""
        return not self.ended and now - self.touched <= timedelta(days=running_days)

    def is_unplanned(self, now: datetime) -> bool:
        """Whether its text may name uploads that are not known yet."""
        return not (self.ended or self.planned) and now - self.touched <= PLANNED_WITHIN


def story_id(key: str) -> str:
    """Return the story of a key; empty outside of story folders."""
    if not key.startswith(STORIES):
        return ""
    identity, slash, _ = key[len(STORIES) :].partition("/")
    return identity if slash else ""


def find_indexed_story(key: str) -> str:
    """Return the story of an entry in the callers' index; empty for other keys."""
    return key.rpartition("-")[2] if key.startswith(INDEX) else ""


def find_stories(
    versions: Iterable[ObjectVersion], guarded_keys: frozenset[str]
) -> Mapping[str, Story]:
    """Find the story folders of a listing."""
    stories: dict[str, Story] = {}
    for version in versions:
        identity = story_id(version.key)
        if identity:
            here = _story_from_version(version, identity, guarded_keys)
            stories[identity] = _merge_stories(stories.get(identity, here), here)
    return _join_versions(stories)


def _join_versions(stories: Mapping[str, Story]) -> Mapping[str, Story]:
    """Let all versions of a story know of each other's last write and protection."""
    families: dict[str, list[Story]] = {}
    for identity, story in stories.items():
        families.setdefault(story.first or identity, []).append(story)
    joined = {
        first: (max(each.touched for each in family), any(each.guarded for each in family))
        for first, family in families.items()
        if len(family) > 1
    }
    return {
        identity: replace(story, last_touched=joined[first][0], guarded=joined[first][1])
        if (first := story.first or identity) in joined
        else story
        for identity, story in stories.items()
    }


def _story_from_version(
    version: ObjectVersion, identity: str, guarded_keys: frozenset[str]
) -> Story:
    name = _relative_key(version.key, identity)
    is_there = version.is_latest and not version.is_marker
    return Story(
        begun=version.modified,
        touched=version.modified,
        ended=is_there and name == RESULT,
        planned=is_there and name in (SCRIPT, TIMELINE),
        laid_out=is_there and name == LAYOUT,
        guarded=version.key in guarded_keys,
        first=name.removeprefix(VERSION_MARK) if name.startswith(VERSION_MARK) else "",
        published=is_there and name.startswith(PUBLISHED),
    )


def _merge_stories(one: Story, other: Story) -> Story:
    return Story(
        begun=min(one.begun, other.begun),
        touched=max(one.touched, other.touched),
        ended=one.ended or other.ended,
        planned=one.planned or other.planned,
        laid_out=one.laid_out or other.laid_out,
        guarded=one.guarded or other.guarded,
        first=one.first or other.first,
        published=one.published or other.published,
    )


def find_naming_keys(versions: Iterable[ObjectVersion], living: frozenset[str]) -> Iterator[str]:
    """Find the keys of living stories' files that name objects."""
    for version in versions:
        readable = version.is_latest and not version.is_marker
        if readable and story_id(version.key) in living and is_naming_key(version.key):
            yield version.key


def is_naming_key(key: str) -> bool:
    """Whether a key is that of a file that names the objects of a story or project."""
    if key.startswith(PROJECTS):
        return key.endswith(".json")
    return _relative_key(key, story_id(key)) in NAMING_FILES


def _relative_key(key: str, identity: str) -> str:
    return key.removeprefix(f"{STORIES}{identity}/")


def parse_named_keys(content: bytes) -> frozenset[str] | None:
    """Parse the keys that a JSON document names; None when it cannot be read.

    Objects are dropped while parsing, so that a book's script takes little memory.
    """
    found: set[str] = set()

    def drop(members: list[tuple[str, object]]) -> None:
        for name, value in members:
            found.update(_find_named_keys(name))
            found.update(_find_named_keys(value))

    try:
        found.update(_find_named_keys(json.loads(content, object_pairs_hook=drop)))
    except (ValueError, RecursionError):
        return None
    return frozenset(found)


def _find_named_keys(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(NAMED):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _find_named_keys(element)

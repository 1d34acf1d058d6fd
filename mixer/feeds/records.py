"""What a store keeps of a feed, and under which keys.

feeds/{feed}/feed.json               the feed: its caller, title, key, what it takes
feeds/{feed}/feed.xml                as it is served; only while it has a key
feeds/{feed}/artwork-{digest}.jpg
feeds/{feed}/episodes/{story}.json   the episodes made of a story
feed_callers/{caller}/{feed}         empty: the feeds of a caller
feed_keys/{digest}                   the feed that a key opens
stories/{story}/published/{feed}     empty: the story is in a feed, so retention keeps it
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from mixer.errors import DamagedObject
from mixer.publish.feed import Episode, EpisodeMode, FeedChannel, FeedFile, StoryEpisodes, hash_text

FEEDS, CALLERS, KEYS = "feeds/", "feed_callers/", "feed_keys/"
RECORD, XML, EPISODES = "feed.json", "feed.xml", "episodes/"
STORIES, PUBLISHED = "stories/", "published/"
JSON = "application/json"

SEPARATOR = "-"
"""Between a story and its file in the addresses of a store's feed."""

PUBLIC_PATH = "/feed/"
"""Of the routes that need a feed's key instead of a token."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A feed of a caller.

    Attributes:
        name: by which stories ask for it.
        series: of which it takes every story; empty for none.
        takes_all: whether it takes every story of its caller.
        base_url: under which it is served.
        key: opens it to anyone who has it; empty: it is not served.
        warnings: about its artwork.
        is_saved: whether the store has it.
    """

    feed_id: str
    caller: str
    name: str
    channel: FeedChannel
    created_s: float
    series: str = ""
    takes_all: bool = False
    mode: EpisodeMode = "story"
    base_url: str = ""
    key: str = ""
    warnings: tuple[str, ...] = ()
    is_saved: bool = False

    @property
    def address(self) -> str:
        """The address below which its files are; valid while it has a key."""
        return f"{self.base_url.rstrip('/')}{PUBLIC_PATH}{self.key}"

    @property
    def url(self) -> str:
        """The link to subscribe to; empty without a key."""
        return f"{self.address}/{XML}" if self.key else ""

    def path(self, name: str) -> str:
        """Return the object key of a name in its folder."""
        return f"{FEEDS}{self.feed_id}/{name}"

    def accepts(self, content: StoryEpisodes) -> bool:
        """Whether it takes a story that does not ask for it by name."""
        wanted = normalise_name(self.series)
        return self.takes_all or bool(wanted and wanted == normalise_name(content.series))


def derive_feed_id(caller: str, name: str) -> str:
    """Derive the id of a caller's feed from its name, however it is spaced or capitalised."""
    return hash_text("feed", caller, normalise_name(name))


def caller_prefix(caller: str) -> str:
    """Start the keys of a caller's feeds; its name may hold what keys must not."""
    return f"{CALLERS}{hash_text('caller', caller)[:16]}/"


def key_path(key: str) -> str:
    """Return the object key of what a feed's key opens."""
    return f"{KEYS}{hash_text('key', key)}"


def mark_path(story_id: str, feed_id: str) -> str:
    """Return the object key of the mark that a feed names a story."""
    return f"{STORIES}{story_id}/{PUBLISHED}{feed_id}"


def normalise_name(name: str) -> str:
    """Reduce a name to what distinguishes it."""
    return " ".join(name.casefold().split())


def move_files(content: StoryEpisodes, prefix: str, names: Iterable[str] = ()) -> StoryEpisodes:
    """Put a prefix, such as a folder, before the names of the files of a story's episodes.

    `names` are prefixes of their new names, one per episode; by default they keep their names.
    """
    stems = list(names) or [""] * len(content.episodes)
    moved = [
        _move_episode(episode, prefix, stem)
        for episode, stem in zip(content.episodes, stems, strict=True)
    ]
    return replace(content, episodes=tuple(moved))


def _move_episode(episode: Episode, prefix: str, stem: str) -> Episode:
    def move(file: FeedFile) -> FeedFile:
        name = rename_file(file.path, stem) if stem else file.path
        return replace(file, path=prefix + name)

    return replace(
        episode,
        audio=move(episode.audio),
        chapters=move(episode.chapters) if episode.chapters else None,
        artwork=move(episode.artwork) if episode.artwork else None,
        transcripts=tuple(map(move, episode.transcripts)),
    )


def rename_file(name: str, stem: str) -> str:
    """Give a file of an episode another stem, keeping what distinguishes it."""
    suffix = f".{name.rpartition('.')[2]}"
    return f"{stem}.chapters{suffix}" if suffix == ".json" else f"{stem}{suffix}"


def to_json(value: object) -> bytes:
    """Convert a value to JSON."""
    plain = TypeAdapter[Any](type(value)).dump_python(value, mode="json")
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def from_json(content: bytes, kind: type[Value], key: str) -> Value:
    """Parse a value; raises DamagedObject, naming its key."""
    try:
        return _get_adapter(kind).validate_json(content)
    except ValidationError as error:
        raise DamagedObject(
            f"The object {key} is damaged, or another version of Mixer wrote it.", key=key
        ) from error


def _get_adapter(kind: type[Value]) -> "TypeAdapter[Value]":
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_ADAPTERS: dict[type, "TypeAdapter[Any]"] = {}
"""Created on demand: each takes milliseconds."""

"""A feed as a folder that any web server can serve: `feed.xml`, its picture, a folder per story.

    feed.xml  feed.json  artwork.jpg
    the-lighthouse/episode.json  the-lighthouse.mp3  .vtt  .srt  .chapters.json

A story's folder can be deleted: the next run leaves it out of the feed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import regex

from mixer.errors import BadInput, DamagedObject, StoreFailed
from mixer.feeds.records import XML, from_json, move_files, rename_file, to_json
from mixer.files import write_atomic
from mixer.publish.feed import (
    Episode,
    EpisodeMode,
    FeedChannel,
    FeedFile,
    PublishedStory,
    StoryEpisodes,
    derive_guid,
    fit_artwork,
    format_feed,
    list_items,
)

STATE, EPISODE, ARTWORK = "feed.json", "episode.json", "artwork.jpg"
MAX_SLUG_CHARS = 60

_NO_WORD = regex.compile(r"[^\p{L}\p{M}\p{N}]+")

FileCopier = Callable[[str, Path], None]
"""Copies a file of a finished story, by its name, to a path."""


@dataclass(frozen=True, slots=True)
class FolderState:
    """What `feed.json` keeps; `url` is where the folder is published, without closing slash."""

    channel: FeedChannel
    url: str = ""
    mode: EpisodeMode = "story"


@dataclass(frozen=True, slots=True)
class FolderEpisode:
    """A finished story for a folder: its episodes, and how to copy their files.

    `feed_name` is that of the text or its series; `cover` is a JPEG, or empty.
    """

    content: StoryEpisodes
    copy: FileCopier
    feed_name: str = ""
    cover: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class FeedFolder:
    """A feed in a folder; `url` is where the folder is published, if that is new."""

    path: Path
    url: str = ""

    @property
    def xml(self) -> Path:
        """The feed's file."""
        return self.path / XML

    @property
    def mode(self) -> EpisodeMode:
        """Whether its stories are one episode each, or one per chapter."""
        state = self.load_state()
        return state.mode if state else "story"

    def load_state(self) -> FolderState | None:
        """Load what the folder keeps; None for a new one. Raises BadInput if it is damaged."""
        path = self.path / STATE
        try:
            return from_json(path.read_bytes(), FolderState, str(path))
        except FileNotFoundError:
            return None
        except DamagedObject as error:
            raise BadInput(
                f"{path} is damaged; delete it, and name the feed and its address again."
            ) from error
        except OSError as error:
            raise StoreFailed(f"{path} cannot be read: {error.strerror}.") from error

    def configure(self, mode: EpisodeMode | None = None, **channel: object) -> FolderState | None:
        """Change what was given of the feed's settings; None if the folder has no feed yet."""
        state = self.load_state()
        if state is None:
            return None
        given: dict[str, Any] = {name: each for name, each in channel.items() if each is not None}
        changed = replace(
            state,
            url=self.url.rstrip("/") or state.url,
            mode=mode or state.mode,
            channel=replace(state.channel, **given),
        )
        write_atomic(self.path / STATE, to_json(changed))
        return changed

    def publish(
        self, story: FolderEpisode, now_s: float, mode: EpisodeMode | None = None
    ) -> tuple[str, ...]:
        """Add a story, or its new version, and write the feed; returns warnings.

        Raises StoreFailed if a file cannot be written.
        """
        state = self.configure(mode) or self._begin(story, mode)
        state, warnings = self._ensure_artwork(state, story)
        write_atomic(self.path / STATE, to_json(state))
        self._store_story(story, now_s)
        return (*warnings, *self.write())

    def write(self) -> tuple[str, ...]:
        """Write `feed.xml` from what the folder holds; returns warnings."""
        state = self.load_state()
        if state is None:
            raise BadInput(f"{self.path} is not the folder of a feed: it has no {STATE}.")
        items, warnings = list_items(state.channel.guid, self.list_stories().values())
        address = state.url or self.path.resolve().as_uri()
        write_atomic(self.xml, format_feed(state.channel, items, address))
        damaged = [path for path, story in self._read_stories() if story is None]
        return (*_describe_gaps(state), *warnings, *map(_describe_damage, damaged))

    def list_stories(self) -> Mapping[str, PublishedStory]:
        """List the stories by their folders; what is damaged is left out."""
        return {path.parent.name: story for path, story in self._read_stories() if story}

    def _read_stories(self) -> Iterator[tuple[Path, PublishedStory | None]]:
        for path in sorted(self.path.glob(f"*/{EPISODE}")):
            story = None
            with suppress(DamagedObject, OSError):
                story = from_json(path.read_bytes(), PublishedStory, str(path))
            yield path, story

    def _begin(self, story: FolderEpisode, mode: EpisodeMode | None) -> FolderState:
        content = story.content
        title = story.feed_name or content.series or self.path.resolve().name or content.title
        channel = FeedChannel(
            guid=derive_guid(self.url or title),
            title=title,
            author=content.author,
            language=content.language or "en",
            is_listed=True,
            is_serial=mode == "chapter" or bool(content.series),
        )
        return FolderState(channel, self.url.rstrip("/"), mode or "story")

    def _ensure_artwork(
        self, state: FolderState, story: FolderEpisode
    ) -> tuple[FolderState, tuple[str, ...]]:
        """Take the picture of the feed's first story that has one."""
        if state.channel.artwork or not story.cover:
            return state, ()
        picture, warnings = fit_artwork(story.cover, story.content.title)
        write_atomic(self.path / ARTWORK, picture.content)
        artwork = FeedFile(ARTWORK, "image/jpeg", len(picture.content))
        return replace(state, channel=replace(state.channel, artwork=artwork)), warnings

    def _store_story(self, story: FolderEpisode, now_s: float) -> None:
        identity = story.content.identity
        slug, former = self._find_place(story.content.title, identity)
        stems = _list_stems(slug, len(story.content.episodes))
        content = move_files(story.content, f"{slug}/", stems)
        for episode, stem in zip(story.content.episodes, stems, strict=True):
            for file in episode.files:
                story.copy(file.path, self.path / slug / rename_file(file.path, stem))
        content = replace(content, episodes=tuple(map(self._measure_audio, content.episodes)))
        published_s = former.published_s if former else int(now_s)
        record = PublishedStory(identity, published_s, content)
        write_atomic(self.path / slug / EPISODE, to_json(record))

    def _measure_audio(self, episode: Episode) -> Episode:
        """Give an episode the size of its file, which signing has changed."""
        size_bytes = (self.path / episode.audio.path).stat().st_size
        return replace(episode, audio=replace(episode.audio, size_bytes=size_bytes))

    def _find_place(self, title: str, identity: str) -> tuple[str, PublishedStory | None]:
        """Find the folder of a story: that of its former version, or a free one."""
        stories = self.list_stories()
        for name, story in stories.items():
            if story.story_id == identity:
                return name, story
        slug = build_slug(title) or identity[:8]
        is_taken = slug in stories or slug in {STATE, XML, ARTWORK}
        return f"{slug}-{identity[:6]}" if is_taken else slug, None


def build_slug(title: str) -> str:
    """Build a name for folders and addresses: small letters and digits, with hyphens."""
    slug = _NO_WORD.sub("-", title[: 10 * MAX_SLUG_CHARS].casefold())
    return slug[:MAX_SLUG_CHARS].strip("-")


def _list_stems(slug: str, count: int) -> list[str]:
    if count == 1:
        return [slug]
    digits = max(2, len(str(count)))
    return [f"{slug}-{number:0{digits}}" for number in range(1, count + 1)]


def _describe_damage(path: Path) -> str:
    return (
        f"{path} is damaged, so its story is left out of the feed: narrate the story into the feed "
        "again, or delete the folder."
    )


def _describe_gaps(state: FolderState) -> Iterator[str]:
    if not state.url:
        yield (
            "The feed has no address yet, so its links point to this machine: state with "
            "--feed-url where its folder will be published."
        )
    if state.channel.artwork is None:
        yield (
            "The feed has no picture; directories require a square one of 1,400 to 3,000 pixels. "
            "Narrate a story with a cover into it."
        )

"""Publishes stories in their callers' feeds, and sets feeds up."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mixer.errors import DamagedObject, Forbidden, MixerError, NotFound, UnusablePicture
from mixer.feeds.catalogue import FeedCatalogue
from mixer.feeds.records import FeedRecord
from mixer.publish.feed import EpisodeMode, StoryEpisodes


@dataclass(frozen=True, slots=True)
class FeedStory:
    """A finished story that a feed may take; `load_cover` raises NotFound if it has none."""

    story_id: str
    content: StoryEpisodes
    published_s: float
    load_cover: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """What a caller states about a feed; `channel` has fields of FeedChannel that were given."""

    name: str
    channel: Mapping[str, object] = field(default_factory=dict)
    series: str | None = None
    takes_all: bool | None = None
    mode: EpisodeMode | None = None
    cover: bytes | None = field(default=None, repr=False)

    def apply(self, record: FeedRecord) -> FeedRecord:
        """Change what was given; an equal request changes nothing."""
        channel = replace(record.channel, **dict(self.channel))  # type: ignore[arg-type]
        return replace(
            record,
            channel=channel,
            series=record.series if self.series is None else self.series,
            takes_all=record.takes_all if self.takes_all is None else self.takes_all,
            mode=self.mode or record.mode,
        )


@dataclass(frozen=True, slots=True)
class FeedService:
    """The feeds of all callers; `is_serving`: whether this deployment serves them."""

    catalogue: FeedCatalogue
    is_serving: bool = False

    def require_serving(self) -> None:
        """Raise Forbidden where links are not given out."""
        if not self.is_serving:
            raise Forbidden(
                "This server does not serve feeds; its operator can enable them "
                "(SERVE_FEEDS=on, or mixer serve --feeds)."
            )

    def set_up(
        self,
        caller: str,
        settings: FeedSettings,
        base_url: str,
        former: Callable[[], Iterable[FeedStory]],
    ) -> FeedRecord:
        """Create or change a feed and return it with a key; a new selection takes former stories.

        Raises:
            Forbidden: this server does not serve feeds.
            UnusablePicture: the cover is not a picture, is broken, or is too large or too small.
        """
        self.require_serving()
        before = self.catalogue.build_record(caller, settings.name, base_url)
        record = settings.apply(before)
        if settings.cover is not None:
            record = self.catalogue.set_artwork(record, settings.cover, "cover")
        record = self.catalogue.save(record)
        if (record.series, record.takes_all) != (before.series, before.takes_all):
            for story in former():
                if record.accepts(story.content):
                    self._add(record, story)
                    record = self.catalogue.get(caller, record.feed_id)
        return self.catalogue.ensure_key(record, base_url)

    def select_mode(self, caller: str, name: str) -> EpisodeMode:
        """Select the episodes of a story that asks for a feed and does not choose."""
        return self.catalogue.build_record(caller, name).mode if name else "story"

    def publish(self, caller: str, name: str, base_url: str, story: FeedStory) -> tuple[str, ...]:
        """Publish a story in the feed that it names, and in those that take it.

        Returns warnings, and one for each feed that could not be written.
        """
        records = {
            each.feed_id: each
            for each in self.catalogue.list_feeds(caller)
            if each.accepts(story.content)
        }
        if name:
            named = self.catalogue.build_record(caller, name, base_url)
            records[named.feed_id] = named
        warnings: list[str] = []
        for record in records.values():
            try:
                warnings += self._add(record, story)
            except MixerError as error:
                warnings.append(f"The feed “{record.name[:60]}” could not be written: {error}")
        return tuple(warnings)

    def _add(self, record: FeedRecord, story: FeedStory) -> tuple[str, ...]:
        completed, warnings = self._complete(record, story)
        published = self.catalogue.publish(
            completed, story.story_id, story.content, story.published_s
        )
        return (*warnings, *published)

    def _complete(self, record: FeedRecord, story: FeedStory) -> tuple[FeedRecord, tuple[str, ...]]:
        """Fill in what a feed does not state yet, from its first story."""
        channel = record.channel
        author = channel.author or story.content.author
        language = channel.language or story.content.language
        completed = replace(record, channel=replace(channel, author=author, language=language))
        warnings: tuple[str, ...] = ()
        if channel.artwork is None:
            with suppress(NotFound, DamagedObject, UnusablePicture):
                cover = story.load_cover()
                completed = self.catalogue.set_artwork(completed, cover, story.content.title)
                warnings = completed.warnings
        if completed != record or not record.is_saved:
            completed = self.catalogue.save(completed)
        return completed, warnings

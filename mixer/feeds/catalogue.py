"""The feeds of a store: created, filled with episodes, written, opened by a key.

Each story has an object of its own in a feed, so that stories that end at the same time do not
overwrite each other; `feed.xml` is written from all of them, and again if they change meanwhile.
"""

import hmac
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from mixer.errors import BadInput, DamagedObject, NotFound
from mixer.feeds.records import (
    EPISODES,
    JSON,
    RECORD,
    SEPARATOR,
    STORIES,
    XML,
    FeedRecord,
    caller_prefix,
    derive_feed_id,
    from_json,
    key_path,
    mark_path,
    move_files,
    to_json,
)
from mixer.parallel import run_in_parallel
from mixer.publish import Picture
from mixer.publish.feed import (
    FEED_TYPE,
    FeedChannel,
    FeedFile,
    PublishedStory,
    StoryEpisodes,
    derive_guid,
    fit_artwork,
    format_feed,
    hash_text,
    list_items,
)
from mixer.store import ObjectStore, StoredObject, find_sealed, put_sealed

logger = logging.getLogger(__name__)

MAX_FEEDS = 200
"""Per caller."""

MAX_REWRITES = 5
"""While stories end at the same time; the last of them writes the feed once more."""

PARALLEL_READS = 16
SETTLED_S = 2.0
"""S3 states times in whole seconds: an object older than this cannot change without a trace."""

StoryReads = dict[StoredObject, PublishedStory | None]
"""Stories by the listed object from which they were read."""

KEY_BYTES = 16
"""128 bits cannot be guessed."""


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FeedCatalogue:
    """Keeps feeds in a store. Safe for threads and processes.

    `base_url` is the address under which feeds are served, instead of the API's own.
    """

    store: ObjectStore
    base_url: str = ""
    now: Callable[[], datetime] = field(default=utc_now)

    def save(self, record: FeedRecord) -> FeedRecord:
        """Write a feed's record, and its XML if it has a key."""
        record = replace(record, is_saved=True)
        self.store.put(record.path(RECORD), to_json(record), content_type=JSON)
        self.store.put(caller_prefix(record.caller) + record.feed_id, b"")
        self.write(record)
        return record

    def build_record(self, caller: str, name: str, base_url: str = "") -> FeedRecord:
        """Find a caller's feed by its name, or build the record of a new one."""
        feed_id = derive_feed_id(caller, name)
        with suppress(NotFound, DamagedObject):  # a damaged record is made again
            return self.get(caller, feed_id)
        if sum(1 for _ in self.store.list(caller_prefix(caller))) >= MAX_FEEDS:
            raise BadInput(f"feed: a caller may have at most {MAX_FEEDS} feeds; delete one first.")
        url = self.base_url or base_url
        channel = FeedChannel(derive_guid(f"{url}/{feed_id}"), name, language="")
        return FeedRecord(feed_id, caller, name, channel, self.now().timestamp(), base_url=url)

    def get(self, caller: str, feed_id: str) -> FeedRecord:
        """Read a caller's feed; raises NotFound."""
        record = self._read(feed_id) if feed_id.isalnum() else None
        if record is None or record.caller != caller:
            raise NotFound(f"The feed “{feed_id[:64]}” does not exist.", feed_id=feed_id[:64])
        return record

    def list_feeds(self, caller: str) -> tuple[FeedRecord, ...]:
        """List a caller's feeds by name, without damaged ones."""
        prefix = caller_prefix(caller)
        ids = [each.key.removeprefix(prefix) for each in self.store.list(prefix)]
        found = map(self._read_undamaged, ids)
        return tuple(sorted(filter(None, found), key=lambda each: each.name.casefold()))

    def rotate_key(self, record: FeedRecord, base_url: str = "") -> FeedRecord:
        """Give a feed a new key; the old one is refused at once."""
        key = token_hex(KEY_BYTES)
        url = self.base_url or base_url or record.base_url
        self.store.put(key_path(key), record.feed_id.encode())
        renewed = self.save(replace(record, key=key, base_url=url))
        if record.key:
            self.store.delete(key_path(record.key))
        return renewed

    def ensure_key(self, record: FeedRecord, base_url: str = "") -> FeedRecord:
        """Give a feed a key that opens it: a damaged one is repaired, a lost one replaced."""
        if not record.key or self.store.head(key_path(record.key)) is None:
            return self.rotate_key(record, base_url)
        self.store.put(key_path(record.key), record.feed_id.encode())
        return record

    def revoke_key(self, record: FeedRecord) -> FeedRecord:
        """Take a feed's key away, which is refused at once; its episodes stay."""
        if record.key:
            self.store.delete(key_path(record.key))
        revoked = self.save(replace(record, key=""))
        self.store.delete(record.path(XML))
        return revoked

    def delete(self, record: FeedRecord) -> None:
        """Delete a feed; its stories stay, and are no longer kept by it."""
        self.revoke_key(record)
        for story_id in [each.story_id for each in self.list_stories(record)]:
            self._delete_story(record, story_id)
        for each in [*self.store.list(record.path(""))]:
            self.store.delete(each.key)
        self.store.delete(caller_prefix(record.caller) + record.feed_id)

    def find_by_key(self, key: str) -> FeedRecord:
        """Find the feed that a key opens; raises NotFound for a wrong or revoked one."""
        record = None
        if key.isalnum():
            with suppress(NotFound):
                record = self._read(self.store.get(key_path(key)).decode(errors="replace"))
        if record is None or not hmac.compare_digest(record.key.encode(), key.encode()):
            raise NotFound("This feed does not exist, or its link was revoked.")
        return record

    def read_xml(self, record: FeedRecord) -> bytes:
        """Read a feed as it is served; a damaged one is written again."""
        if find_sealed(self.store, record.path(XML)) is None:
            self.write(record)
        return self.store.get(record.path(XML))

    def find_file(self, record: FeedRecord, path: str) -> str:
        """Find the object key of a file that a feed names; raises NotFound."""
        artwork = record.channel.artwork
        if artwork is not None and path == artwork.path:
            return record.path(path)
        story_id, _, name = path.partition(SEPARATOR)
        story = self._read_story(record, story_id) if story_id.isalnum() else None
        for episode in story.content.episodes if story else ():
            if any(file.path == path for file in episode.files):
                return f"{STORIES}{story_id}/{name}"
        raise NotFound("This feed has no such file.")

    def publish(
        self, record: FeedRecord, story_id: str, content: StoryEpisodes, published_s: float
    ) -> tuple[str, ...]:
        """Add a story to a feed, or the new version of one; returns warnings.

        The first version's time stays, and so do the guids.
        """
        reads: StoryReads = {}
        former = [
            each
            for each in self.list_stories(record, reads)
            if each.story_id == story_id or each.content.identity == content.identity
        ]
        times = [each.published_s for each in former]
        self.store.put(mark_path(story_id, record.feed_id), b"")
        story = PublishedStory(
            story_id,
            min(times, default=int(published_s)),
            move_files(content, story_id + SEPARATOR),
        )
        path = record.path(f"{EPISODES}{story_id}.json")
        self.store.put(path, to_json(story), content_type=JSON)
        for each in former:
            if each.story_id != story_id:
                self._delete_story(record, each.story_id)
        return self.write(record, reads)

    def remove_story(self, record: FeedRecord, story_id: str) -> None:
        """Take a story out of a feed; raises NotFound."""
        if not story_id.isalnum() or self._read_story(record, story_id) is None:
            raise NotFound(f"The story “{story_id[:64]}” is not in this feed.")
        self._delete_story(record, story_id)
        self.write(record)

    def set_artwork(self, record: FeedRecord, content: bytes, name: str) -> FeedRecord:
        """Give a feed its picture, made to fit; the record is not saved.

        Raises UnusablePicture.
        """
        picture, warnings = fit_artwork(content, name)
        return replace(
            record,
            channel=replace(record.channel, artwork=self._store_artwork(record, picture)),
            warnings=warnings,
        )

    def write(self, record: FeedRecord, reads: StoryReads | None = None) -> tuple[str, ...]:
        """Write a feed's XML from its episodes, unless it has no key; returns warnings."""
        warnings: tuple[str, ...] = ()
        for _ in range(MAX_REWRITES):
            before = self._list_sources(record)
            current = self._read(record.feed_id)
            if current is None:
                return warnings
            stories = self.list_stories(current, reads)
            items, warnings = list_items(current.channel.guid, stories)
            if not current.key:
                return warnings
            content = format_feed(current.channel, items, current.address)
            put_sealed(self.store, record.path(XML), content, content_type=FEED_TYPE)
            if self._list_sources(record) == before:
                break
        return warnings

    def list_stories(
        self, record: FeedRecord, reads: StoryReads | None = None
    ) -> Sequence[PublishedStory]:
        """List the stories in a feed; reads only what `reads` does not hold, and adds it."""
        prefix = record.path(EPISODES)
        settled = self.now() - timedelta(seconds=SETTLED_S)
        listed = [*self.store.list(prefix)]
        reads = {} if reads is None else reads

        def read(each: StoredObject) -> PublishedStory | None:
            return self._read_story(record, each.key.removeprefix(prefix).removesuffix(".json"))

        missing = [each for each in listed if each not in reads]
        found = run_in_parallel(missing, read, PARALLEL_READS)
        stories = reads | {each: outcome.result() for each, outcome in found}
        reads.update((each, story) for each, story in stories.items() if each.modified < settled)
        return [story for each in listed if (story := stories[each])]

    def list_warnings(self, record: FeedRecord) -> tuple[str, ...]:
        """List what keeps directories from accepting a feed as it is."""
        _, warnings = list_items(record.channel.guid, self.list_stories(record))
        return (*record.warnings, *record.channel.list_gaps(), *warnings)

    def _store_artwork(self, record: FeedRecord, picture: Picture) -> FeedFile:
        name = f"artwork-{hash_text(picture.content.hex())[:8]}.jpg"
        self.store.put(record.path(name), picture.content, content_type="image/jpeg")
        return FeedFile(name, "image/jpeg", len(picture.content))

    def _delete_story(self, record: FeedRecord, story_id: str) -> None:
        """Delete the episodes first: a mark without them only keeps a story too long."""
        self.store.delete(record.path(f"{EPISODES}{story_id}.json"))
        self.store.delete(mark_path(story_id, record.feed_id))

    def _list_sources(self, record: FeedRecord) -> tuple[tuple[str, datetime], ...]:
        listed = self.store.list(record.path(""))
        return tuple((each.key, each.modified) for each in listed if not each.key.endswith(XML))

    def _read(self, feed_id: str) -> FeedRecord | None:
        key = f"feeds/{feed_id}/{RECORD}"
        with suppress(NotFound):
            return from_json(self.store.get(key), FeedRecord, key) if feed_id.isalnum() else None
        return None

    def _read_undamaged(self, feed_id: str) -> FeedRecord | None:
        try:
            return self._read(feed_id)
        except DamagedObject as error:
            logger.warning("%s It is made again when it is set up.", error)
            return None

    def _read_story(self, record: FeedRecord, story_id: str) -> PublishedStory | None:
        key = record.path(f"{EPISODES}{story_id}.json")
        with suppress(NotFound, DamagedObject):
            return from_json(self.store.get(key), PublishedStory, key)
        return None

"""Feeds in a store: stories that end together, keys, what is left after a crash, old records."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO

import podcastparser
import pytest

from mixer.errors import BadInput, NotFound
from mixer.feeds import FeedCatalogue, FeedService, FeedSettings, FeedStory
from mixer.feeds.catalogue import MAX_FEEDS
from mixer.feeds.records import key_path
from mixer.publish.feed import Episode, FeedFile, StoryEpisodes
from mixer.store.folder import FolderStore

BASE = "https://example.org"
NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def catalogue(tmp_path):
    return FeedCatalogue(FolderStore(tmp_path), now=lambda: NOW)


def build_content(title, series=""):
    audio = FeedFile("story.mp3", "audio/mpeg", 3)
    return StoryEpisodes(title, (Episode(title, audio, 1.0),), series=series)


def open_feed(catalogue, name="Harbour"):
    record = catalogue.save(catalogue.build_record("anna", name, BASE))
    return catalogue.rotate_key(record)


def read_titles(catalogue, record):
    content = catalogue.read_xml(record)
    return {each["title"] for each in podcastparser.parse(BASE, BytesIO(content))["episodes"]}


def test_stories_that_end_together_are_all_in_the_feed(catalogue):
    record = open_feed(catalogue)
    titles = [f"Story {number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        jobs = [
            pool.submit(catalogue.publish, record, f"{number:032x}", build_content(title), number)
            for number, title in enumerate(titles)
        ]
        for job in jobs:
            job.result()
    assert read_titles(catalogue, record) == set(titles)


class BusyStore(FolderStore):
    """Counts what is read; when a mark is written, another writer replaces a story first."""

    def __init__(self, root, other_writer):
        super().__init__(root)
        self.reads, self.other_writer = Counter(), other_writer

    def get(self, key):
        self.reads[key] += 1
        return super().get(key)

    def put(self, key, content, **options):
        if "/published/" in key:
            self.other_writer()
        super().put(key, content, **options)


def test_story_is_read_once_unless_another_writer_replaces_it(catalogue, tmp_path):
    record, stories = open_feed(catalogue), [f"{number:032x}" for number in range(4)]
    for story in stories[:3]:
        catalogue.publish(record, story, build_content(f"Story {story[-1]}"), 1.0)
    again = build_content("New version")
    busy = BusyStore(tmp_path, lambda: catalogue.publish(record, stories[0], again, 2.0))
    later = datetime.now(UTC) + timedelta(minutes=1)
    FeedCatalogue(busy, now=lambda: later).publish(record, stories[3], build_content("Last"), 3.0)
    assert read_titles(catalogue, record) == {"New version", "Story 1", "Story 2", "Last"}
    reads = [busy.reads[record.path(f"episodes/{story}.json")] for story in stories]
    assert reads == [2, 1, 1, 1]


def test_story_of_a_feed_has_a_mark_as_long_as_it_is_in_it(catalogue):
    record, story = open_feed(catalogue), "a" * 32
    mark = f"stories/{story}/published/{record.feed_id}"
    catalogue.publish(record, story, build_content("A"), 1.0)
    assert catalogue.store.head(mark)
    catalogue.publish(record, "b" * 32, build_content("a "), 2.0)
    assert catalogue.store.head(mark) is None
    catalogue.delete(record)
    assert list(catalogue.store.list("stories/")) == []
    assert list(catalogue.store.list("feed")) == []


def test_feed_is_its_callers_alone(catalogue):
    record = open_feed(catalogue)
    assert [each.feed_id for each in catalogue.list_feeds("anna")] == [record.feed_id]
    assert catalogue.list_feeds("ben") == ()
    with pytest.raises(NotFound):
        catalogue.get("ben", record.feed_id)
    other = catalogue.build_record("ben", "Harbour", BASE)
    assert other.feed_id != record.feed_id


@pytest.mark.parametrize("key", ["", "x", "../../feeds", "0" * 32, "é" * 32])
def test_wrong_key_opens_nothing(catalogue, key):
    open_feed(catalogue)
    with pytest.raises(NotFound):
        catalogue.find_by_key(key)


def test_key_that_a_crash_left_behind_opens_nothing(catalogue):
    record = open_feed(catalogue)
    key = next(catalogue.store.list("feed_keys/")).key
    kept = catalogue.store.get(key)
    catalogue.rotate_key(record)
    catalogue.store.put(key, kept)
    with pytest.raises(NotFound):
        catalogue.find_by_key(record.key)


def test_feed_whose_xml_is_missing_is_written_when_it_is_read(catalogue):
    record = open_feed(catalogue)
    catalogue.publish(record, "a" * 32, build_content("A"), 1.0)
    catalogue.store.delete(record.path("feed.xml"))
    assert read_titles(catalogue, record) == {"A"}


@pytest.mark.parametrize("content", [b"", b"<rss", b"\xff\xff", b'{"feed_id": 1}'])
def test_damaged_feed_is_made_again(catalogue, content):
    record, other = open_feed(catalogue), open_feed(catalogue, "Other")
    catalogue.publish(record, "a" * 32, build_content("A"), 1.0)
    catalogue.store.path(record.path("feed.xml")).write_bytes(content)
    assert read_titles(catalogue, record) == {"A"}
    (key_object,) = [
        each.key
        for each in catalogue.store.list("feed_keys/")
        if catalogue.store.get(each.key) == record.feed_id.encode()
    ]
    catalogue.store.put(key_object, content)
    with pytest.raises(NotFound):
        catalogue.find_by_key(record.key)
    catalogue.store.put(record.path("feed.json"), content)
    assert [each.name for each in catalogue.list_feeds("anna")] == [other.name]
    assert read_titles(catalogue, open_feed(catalogue)) == {"A"}
    assert len(catalogue.list_feeds("anna")) == 2


def test_story_of_another_version_is_left_out(catalogue):
    record = open_feed(catalogue)
    for story, title in (("a" * 32, "A"), ("b" * 32, "B")):
        catalogue.publish(record, story, build_content(title), 1.0)
    catalogue.store.put(record.path(f"episodes/{'a' * 32}.json"), b'{"later": 1}')
    catalogue.write(record)
    assert read_titles(catalogue, record) == {"B"}


def test_caller_has_a_limited_number_of_feeds(catalogue):
    record = catalogue.save(catalogue.build_record("anna", "One", BASE))
    (entry,) = catalogue.store.list("feed_callers/")
    folder = entry.key.removesuffix(record.feed_id)
    for number in range(MAX_FEEDS):
        catalogue.store.claim(f"{folder}{number:032x}", b"")
    with pytest.raises(BadInput, match="at most"):
        catalogue.build_record("anna", "Two", BASE)


def test_new_selection_takes_former_stories_once(catalogue):
    service = FeedService(catalogue, is_serving=True)
    asked = []

    def list_former():
        asked.append(1)
        for number, series in enumerate(("The Harbour", "Elsewhere")):
            yield FeedStory(f"{number:032x}", build_content(series, series), 5.0, lambda: b"no")

    settings = FeedSettings("Harbour", {"title": "Harbour"}, series="the harbour")
    for _ in range(2):
        record = service.set_up("anna", settings, BASE, list_former)
    assert read_titles(catalogue, record) == {"The Harbour"}
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("content", "is_kept"),
    [(b"", True), (b"null", True), (b"another", True), (b"\xff", True), (None, False)],
)
def test_feed_that_is_set_up_again_has_a_link_that_opens_it(catalogue, content, is_kept):
    service = FeedService(catalogue, is_serving=True)
    settings = FeedSettings("Harbour")
    before = service.set_up("anna", settings, BASE, list)
    if content is None:
        catalogue.store.delete(key_path(before.key))
    else:
        catalogue.store.put(key_path(before.key), content)
    after = service.set_up("anna", settings, BASE, list)
    assert catalogue.find_by_key(after.key).feed_id == before.feed_id
    assert (after.key == before.key) is is_kept  # a key that is gone may have been revoked

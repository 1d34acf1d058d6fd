"""How long publishing takes in a feed of 1,000 episodes: reading them all, and writing the feed."""

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from mixer.feeds import FeedCatalogue, FeedRecord, records
from mixer.publish.feed import Episode, FeedFile, PublishedStory, StoryEpisodes
from mixer.store import FolderStore

EPISODES = 1_000
TURNS = 5
MAX_S = 1.0
ADDRESS = "http://127.0.0.1:8080/feeds"
NOTES = "<p>A tale of the harbour.</p><ul>" + "<li>00:05 The lamp</li>" * 20 + "</ul>"


def run() -> list[dict[str, object]]:
    """Fill a feed, then write it, and publish one more story; medians in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue = FeedCatalogue(FolderStore(Path(folder)))
        record = _fill_feed(catalogue)
        writing = [_measure(partial(catalogue.write, record)) for _ in range(TURNS)]
        publishing = [
            _measure(partial(_publish, catalogue, record, EPISODES + turn)) for turn in range(TURNS)
        ]
    return [
        _build_row(f"a feed of {EPISODES:,} episodes written", writing),
        _build_row("… with one more story published in it", publishing),
    ]


def _fill_feed(catalogue: FeedCatalogue) -> FeedRecord:
    """Put the episodes into the store as `publish` would, which reads all former ones each time."""
    record = catalogue.save(catalogue.build_record("anna", "The Harbour", ADDRESS))
    for number in range(EPISODES):
        story = PublishedStory(_name_story(number), number, _build_content(number))
        path = record.path(f"{records.EPISODES}{story.story_id}.json")
        catalogue.store.put(path, records.to_json(story), content_type=records.JSON)
    return catalogue.rotate_key(record)


def _publish(catalogue: FeedCatalogue, record: FeedRecord, number: int) -> None:
    catalogue.publish(record, _name_story(number), _build_content(number), number)


def _name_story(number: int) -> str:
    return f"story{number:04}"


def _build_content(number: int) -> StoryEpisodes:
    title = f"The Gate, Part {number}"
    audio = FeedFile("gate.mp3", "audio/mpeg", 1_000_000 + number)
    chapters = FeedFile("gate.chapters.json", "application/json+chapters", 900)
    transcript = FeedFile("gate.vtt", "text/vtt", 40_000)
    episode = Episode(
        title, audio, 1_800.0, "A tale.", NOTES, chapters=chapters, transcripts=(transcript,)
    )
    return StoryEpisodes(title, (episode,), series="The Harbour", author="Ann Example")


def _measure(work: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    work()
    return time.perf_counter() - begun_s


def _build_row(what: str, seconds: Sequence[float]) -> dict[str, object]:
    measured = median(seconds)
    return {
        "what": what,
        "measured": f"{measured:.2f} s",
        "figure": f"at most {MAX_S:.1f} s",
        "ok": measured <= MAX_S,
    }

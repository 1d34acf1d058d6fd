"""The sentences of a version with their times, and what differs between two versions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mixer.errors import MixerError
from mixer.script import Utterance
from mixer.sound import Timeline
from mixer.stories.folder import TIMELINE, StoryFolder
from mixer.stories.inputs import load_narration
from mixer.stories.versions.excerpt import SentenceClock, SentenceIndex
from mixer.stories.versions.texts import TextLoader, VersionText

MAX_DIFFERENCES = 500


@dataclass(frozen=True, slots=True)
class TimedSentence:
    """A sentence by its number; times in seconds, None where it is not laid out or not spoken."""

    number: int
    utterance: Utterance
    chapter: str
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class SentenceList:
    """Neighbouring sentences of a version, how many it has, and who can speak them."""

    sentences: tuple[TimedSentence, ...]
    total: int
    speakers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """A place where two versions differ: neighbouring sentences of each; one may have none."""

    before: tuple[TimedSentence, ...]
    after: tuple[TimedSentence, ...]


@dataclass(frozen=True, slots=True)
class SentenceReader:
    """Reads sentences of versions, by the ids of their stories. Safe for many threads."""

    texts: TextLoader

    def list_at(
        self, story: str, at_s: float, count: int, deadline_s: float | None = None
    ) -> SentenceList:
        """List some sentences from the one that is spoken at a time on."""
        reader = self._open(story, deadline_s)
        return reader.list_from(reader.find_at(at_s), count)

    def list_from(
        self, story: str, first: int, count: int, deadline_s: float | None = None
    ) -> SentenceList:
        """List some sentences from a number on."""
        return self._open(story, deadline_s).list_from(first, count)

    def compare(
        self, one: str, other: str, deadline_s: float | None = None
    ) -> list[VersionDifference]:
        """Compare two versions, in reading order."""
        before, after = self._open(one, deadline_s), self._open(other, deadline_s)
        return [
            VersionDifference(before.list_range(*own), after.list_range(*its))
            for own, its in _find_differences(before.utterances, after.utterances)
        ][:MAX_DIFFERENCES]

    def _open(self, story: str, deadline_s: float | None) -> "_TimedText":
        text = self.texts.load(story, deadline_s)
        return _TimedText(text, _load_clock(StoryFolder(self.texts.store, story), text))


def _load_clock(folder: StoryFolder, text: VersionText) -> SentenceClock | None:
    """Load the times of a story's sentences; None before it is laid out."""
    timeline = folder.find(TIMELINE, Timeline)
    if timeline is None:
        return None
    try:
        narration = load_narration(folder)
    except MixerError:  # recordings are missing; the story is being made again
        return None
    recorded = narration.recorded_chunks
    script = narration.stored.script
    is_whole = len(recorded) == len(timeline.clips) and script == text.stored.script
    return SentenceClock.of(script, recorded, timeline) if is_whole else None


@dataclass(frozen=True, slots=True)
class _TimedText:
    text: VersionText
    clock: SentenceClock | None

    @property
    def utterances(self) -> list[Utterance]:
        return self.text.sentences

    def find_at(self, at_s: float) -> int:
        """The number of the sentence that is spoken at a time, or of the one before it."""
        if self.clock is None:
            return 0
        place = self.clock.find_place_at(at_s)
        spans = [span for near in (place - 1, place) for span in self.clock.time_chunk(near)]
        return max((each.sentence for each in spans if each.start_s <= at_s + 0.05), default=0)

    def list_from(self, first: int, count: int) -> SentenceList:
        total = len(self.utterances)
        cast = self.text.stored.script.cast
        last = min(total, first + count)
        return SentenceList(self.list_range(first, last), total, tuple(role.name for role in cast))

    def list_range(self, first: int, end: int) -> tuple[TimedSentence, ...]:
        return tuple(self._time_sentences(range(first, end)))

    def _time_sentences(self, numbers: Sequence[int]) -> Iterator[TimedSentence]:
        utterances, index = self.utterances, SentenceIndex.of(self.text.stored.script)
        titles = [each.title for each in self.text.stored.script.chapters for _ in each.chunks]
        spans: dict[int, tuple[float, float]] = {}
        last = -1
        for number in numbers:
            chunk = index.find_chunk(number)
            if self.clock is not None and chunk != last:
                found = self.clock.time_chunk(self.clock.find_place(number))
                spans = {each.sentence: (each.start_s, each.end_s) for each in found}
            last = chunk
            start_s, end_s = spans.get(number, (None, None))
            yield TimedSentence(number, utterances[number], titles[chunk], start_s, end_s)


def _find_differences(
    one: Sequence[Utterance], other: Sequence[Utterance]
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Find the ranges that differ; what begins and ends both alike is skipped first."""
    most = min(len(one), len(other))
    head = next((n for n in range(most) if one[n] != other[n]), most)
    tail = next((n for n in range(most - head) if one[-1 - n] != other[-1 - n]), most - head)
    own, its = one[head : len(one) - tail], other[head : len(other) - tail]
    for tag, begin, end, its_begin, its_end in SequenceMatcher(
        None, own, its, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            yield (begin + head, end + head), (its_begin + head, its_end + head)

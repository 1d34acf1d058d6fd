"""A few seconds of a story around a sentence, as they will sound. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from mixer.publish.timing import (
    RecordedChunk,
    build_takes,
    map_to_timeline,
    pair_recordings,
    time_sentences,
)
from mixer.script import Chunk, Script
from mixer.sound import Timeline
from mixer.sound.arrange import SoundFile, build_timeline
from mixer.sound.formats import MP3
from mixer.sound.render import Segment
from mixer.stories.mix_options import mix_style, select_encoding
from mixer.stories.versions.texts import VersionText

MAX_LEAD_S = 12.0
"""Of the sentence before; of a longer one the end is played."""

MAX_CHANGED_S = 90.0
TAIL_S = 1.5
"""After the changed sentence, to hear how it goes on."""


@dataclass(frozen=True, slots=True)
class SentenceIndex:
    """The sentences of a script by number; `starts` has the first of each chunk."""

    chunks: tuple[Chunk, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, script: Script) -> "SentenceIndex":
        """Number the sentences of a script."""
        chunks = tuple(script.chunks)
        counts = (len(chunk.utterances) for chunk in chunks)
        return cls(chunks, tuple(accumulate(counts, initial=0)))

    def find_chunk(self, sentence: int) -> int:
        """The chunk of a sentence."""
        return bisect_right(self.starts, sentence, hi=len(self.chunks)) - 1


def find_neighbours(script: Script, sentence: int) -> tuple[Chunk, ...]:
    """Find the chunks that are played with a sentence: its own, before and after."""
    index = SentenceIndex.of(script)
    at = index.find_chunk(sentence)
    return index.chunks[max(0, at - 1) : at + 2]


@dataclass(frozen=True, slots=True)
class SentenceSpan:
    """When a sentence is spoken, in seconds of the finished audio."""

    sentence: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SentenceClock:
    """When sentences are spoken: a script, its recordings and its timeline."""

    index: SentenceIndex
    recorded: tuple[RecordedChunk, ...]
    numbers: tuple[int, ...]
    timeline: Timeline

    @classmethod
    def of(
        cls, script: Script, recorded: Sequence[RecordedChunk], timeline: Timeline
    ) -> "SentenceClock":
        """Pair a timeline with what it plays; `recorded` are the audible chunks."""
        index = SentenceIndex.of(script)
        by_id = {id(chunk): number for number, chunk in enumerate(index.chunks)}
        numbers = tuple(by_id[id(each.chunk)] for each in recorded)
        return cls(index, tuple(recorded), numbers, timeline)

    def time_chunk(self, place: int) -> list[SentenceSpan]:
        """Time the sentences of an audible chunk, by its place among these."""
        if not 0 <= place < len(self.recorded):
            return []
        chunk, clip = self.recorded[place], self.timeline.clips[place]
        first, rate_hz = self.index.starts[self.numbers[place]], chunk.recording.measured.rate_hz
        return [
            SentenceSpan(
                first + timing.sentence,
                *map_to_timeline(timing.span, rate_hz, clip, self.timeline),
            )
            for timing in time_sentences(chunk)
        ]

    def find_place(self, sentence: int) -> int:
        """The place of the audible chunk that holds a sentence, or of the one before it."""
        return bisect_right(self.numbers, self.index.find_chunk(sentence)) - 1

    def find_place_at(self, at_s: float) -> int:
        """The place of the audible chunk that plays at a time, or of the one before it."""
        starts = [clip.start for clip in self.timeline.clips]
        return max(0, bisect_right(starts, round(at_s * self.timeline.rate_hz)) - 1)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a timeline; the sentence's times are in seconds from its beginning."""

    timeline: Timeline
    segment: Segment
    sounds: Mapping[str, SoundFile]
    starts_s: float
    ends_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.segment.end - self.segment.start) / self.timeline.rate_hz


def lay_out_excerpt(text: VersionText, sounds: Mapping[str, SoundFile], sentence: int) -> Excerpt:
    """Lay out a story of which the chunks around a sentence are recorded."""
    script, options, music = text.stored.script, text.options, text.request.music
    recordings = [text.recordings.get(key) for key in text.stored.chunk_keys]
    recorded = pair_recordings(script, recordings)
    own_music = None if music else script.music
    takes = build_takes(recorded, music=own_music)
    timeline = build_timeline(takes, sounds.get(music), mix_style(options), sounds)
    lost_db = select_encoding(options).level_offset_db - MP3.level_offset_db
    gain_db = timeline.mastering.gain_db + lost_db
    timeline = replace(timeline, mastering=replace(timeline.mastering, gain_db=gain_db))
    clock = SentenceClock.of(script, recorded, timeline)
    lead, changed = _find_spans(clock, sentence)
    start_s = max(lead.start_s, changed.start_s - MAX_LEAD_S)
    end_s = min(changed.end_s, changed.start_s + MAX_CHANGED_S)
    rate_hz = timeline.rate_hz
    segment = Segment.cover(
        timeline, int(max(0.0, start_s) * rate_hz), int((end_s + TAIL_S) * rate_hz)
    )
    begin_s = segment.start / rate_hz
    return Excerpt(timeline, segment, sounds, changed.start_s - begin_s, end_s - begin_s)


def _find_spans(clock: SentenceClock, sentence: int) -> tuple[SentenceSpan, SentenceSpan]:
    """Find when a sentence and the one before it are spoken."""
    place = max(0, clock.find_place(sentence))
    spans = [span for at in (place - 1, place) for span in clock.time_chunk(at)]
    at = max((number for number, span in enumerate(spans) if span.sentence <= sentence), default=0)
    return spans[max(0, at - 1)], spans[at]

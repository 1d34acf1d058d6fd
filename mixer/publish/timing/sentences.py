"""Times of sentences: in a chunk's recording, and from there in the finished audio. Pure.

An engine may report when sentences begin and end, when words begin, or nothing. What it does not
report is found from the recording's pauses (`alignment`): the sentences of a chunk, the clauses of
a sentence.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.publish.captions import CaptionedSentence
from mixer.publish.timing.alignment import Clause, align_clauses, split_clauses
from mixer.script import BreakKind, Chunk, SoundCue, Utterance
from mixer.sound import Clip, Timeline, rescale_samples
from mixer.speech import Recording, SampleSpan

PARAGRAPH_ENDINGS = frozenset(
    {BreakKind.PARAGRAPH, BreakKind.SCENE, BreakKind.HEADING, BreakKind.CHAPTER}
)

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*")


@dataclass(frozen=True, slots=True)
class RecordedChunk:
    """An audible chunk.

    Attributes:
        chapter_title: of the chapter that it opens; None where it opens none.
        pending_sounds: sounds of inaudible chunks before it.
    """

    chunk: Chunk
    recording: Recording
    chapter_title: str | None
    pending_sounds: tuple[SoundCue, ...] = ()


@dataclass(frozen=True, slots=True)
class SentenceTiming:
    """The times of a sentence in its chunk's recording.

    Attributes:
        words: (character of the author's text, sample) of words whose beginning is known.
    """

    sentence: int
    span: SampleSpan
    words: tuple[tuple[int, int], ...]


def time_sentences(recorded_chunk: RecordedChunk) -> Iterator[SentenceTiming]:
    """Time the audible sentences of a chunk, in order."""
    utterances, recording = recorded_chunk.chunk.utterances, recorded_chunk.recording
    if len(recording.sentences) != len(utterances):
        yield from _align_sentences(utterances, recording)
        return
    for number, span in enumerate(recording.sentences):
        if span is None:
            continue
        reported = [
            (word.char, word.start_samples) for word in recording.words if word.sentence == number
        ]
        words = reported or _align_clauses(utterances[number], span, recording)
        yield SentenceTiming(number, span, _map_to_text(utterances[number], words))


def char_start_samples(text: str, timing: SentenceTiming, char: int) -> int:
    """The sample of a recording at which a character of a sentence's text begins."""
    span = timing.span
    known = [(0, span.start_samples), *timing.words, (len(text), span.end_samples)]
    before = max(each for each in known if each[0] <= char)
    after = min((each for each in known if each[0] >= char), default=before)
    share = (char - before[0]) / max(1, after[0] - before[0])
    return round(before[1] + share * (after[1] - before[1]))


def caption_sentences(
    recorded_chunks: Sequence[RecordedChunk], timeline: Timeline
) -> list[CaptionedSentence]:
    """Time every audible sentence in the finished audio."""
    return [
        sentence
        for each, clip in zip(recorded_chunks, timeline.clips, strict=True)
        for sentence in _caption_chunk(each, clip, timeline)
    ]


def _caption_chunk(
    recorded_chunk: RecordedChunk, clip: Clip, timeline: Timeline
) -> Iterator[CaptionedSentence]:
    chapter, rate_hz = recorded_chunk.chapter_title or "", recorded_chunk.recording.measured.rate_hz
    for timing in time_sentences(recorded_chunk):
        utterance = recorded_chunk.chunk.utterances[timing.sentence]
        start_s, end_s = map_to_timeline(timing.span, rate_hz, clip, timeline)
        yield CaptionedSentence(
            text=utterance.text,
            start_s=start_s,
            end_s=end_s,
            words=tuple(
                (char, _position_s(at, rate_hz, clip, timeline)) for char, at in timing.words
            ),
            chapter=chapter,
            voice=utterance.speaker,
            ends_paragraph=utterance.ending in PARAGRAPH_ENDINGS,
        )
        chapter = ""


def map_to_timeline(
    span: SampleSpan, recording_hz: int, clip: Clip, timeline: Timeline
) -> tuple[float, float]:
    """Map a span of a clip's recording to seconds of the finished audio, within the clip."""
    start_s = _position_s(span.start_samples, recording_hz, clip, timeline)
    return start_s, max(start_s, _position_s(span.end_samples, recording_hz, clip, timeline))


def _position_s(samples: int, recording_hz: int, clip: Clip, timeline: Timeline) -> float:
    at = clip.start - clip.skip + rescale_samples(samples, recording_hz, timeline.rate_hz)
    return timeline.seconds(min(max(at, clip.start), clip.end))


def chapter_starts(timeline: Timeline) -> tuple[tuple[float, str], ...]:
    """Start in seconds and title of each chapter that has one."""
    titled = (section for section in timeline.sections if section.title)
    return tuple((timeline.seconds(section.start), section.title) for section in titled)


def _align_sentences(
    utterances: Sequence[Utterance], recording: Recording
) -> Iterator[SentenceTiming]:
    measured = recording.measured
    audible = SampleSpan(measured.lead_samples, measured.samples - measured.tail_samples)
    clauses = split_clauses([utterance.spoken for utterance in utterances])
    spans = list(zip(clauses, _find_spans(clauses, audible, recording), strict=True))
    for number, utterance in enumerate(utterances):
        own = [(clause, span) for clause, span in spans if clause.sentence == number]
        whole = SampleSpan(own[0][1].start_samples, own[-1][1].end_samples)
        words = [(clause.char, span.start_samples) for clause, span in own]
        yield SentenceTiming(number, whole, _map_to_text(utterance, words))


def _align_clauses(
    utterance: Utterance, span: SampleSpan, recording: Recording
) -> list[tuple[int, int]]:
    """(character of the spoken text, sample) of each clause of a sentence whose span is known."""
    clauses = split_clauses([utterance.spoken])
    spans = _find_spans(clauses, span, recording)
    return [(clause.char, each.start_samples) for clause, each in zip(clauses, spans, strict=True)]


def _find_spans(
    clauses: Sequence[Clause], audible: SampleSpan, recording: Recording
) -> list[SampleSpan]:
    rate_hz = recording.measured.rate_hz
    pauses = [(start / rate_hz, end / rate_hz) for start, end in recording.measured.profile.pauses]
    audible_s = audible.start_samples / rate_hz, audible.end_samples / rate_hz
    return [
        SampleSpan(round(start * rate_hz), round(end * rate_hz))
        for start, end in align_clauses(clauses, audible_s, pauses)
    ]


def _map_to_text(
    utterance: Utterance, word_starts: Sequence[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    if utterance.text == utterance.spoken:
        return tuple(word_starts)
    spoken, written = list(_WORD.finditer(utterance.spoken)), list(_WORD.finditer(utterance.text))
    matcher = difflib.SequenceMatcher(
        None, [each[0] for each in spoken], [each[0] for each in written], autojunk=False
    )
    chars = {
        spoken[block.a + step].start(): written[block.b + step].start()
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }
    return tuple((chars[char], at) for char, at in word_starts if char in chars)

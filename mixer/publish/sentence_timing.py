"""When each sentence of a chunk is heard: told by the engine, or found from the recording's pauses.

An engine may tell when sentences begin and end, or when words begin as well, or nothing. What it
does not tell is found by `mixer.publish.alignment`: the sentences of a chunk, the clauses of a
sentence. Pure.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.publish.alignment import Clause, align_clauses, split_clauses
from mixer.script.script import Chunk, Utterance
from mixer.script.sound_cues import SoundCue
from mixer.speech.engine import SampleSpan
from mixer.speech.recordings import Recording


@dataclass(frozen=True, slots=True)
class RecordedChunk:
    """A chunk that can be heard.

    Attributes:
        chunk: what was said.
        recording: how it sounds.
        chapter_title: title of the chapter that it opens; None where it opens none.
        pending_sounds: sounds of chunks before it that cannot be heard themselves.
    """

    chunk: Chunk
    recording: Recording
    chapter_title: str | None
    pending_sounds: tuple[SoundCue, ...] = ()


@dataclass(frozen=True, slots=True)
class SentenceTiming:
    """A sentence of a chunk.

    Attributes:
        sentence: its number.
        span: from its first sound to its last.
        words: (place in the author's text, sample) of words whose beginning is known.
    """

    sentence: int
    span: SampleSpan
    words: tuple[tuple[int, int], ...]


def time_sentences(recorded_chunk: RecordedChunk) -> Iterator[SentenceTiming]:
    """The sentences of a chunk that are heard, in order."""
    utterances, recorded = recorded_chunk.chunk.utterances, recorded_chunk.recording
    if len(recorded.sentences) != len(utterances):
        yield from _align_sentences(utterances, recorded)
        return
    for number, span in enumerate(recorded.sentences):
        if span is None:
            continue
        told = [
            (word.char, word.start_samples) for word in recorded.words if word.sentence == number
        ]
        known = told or _align_clauses(utterances[number], span, recorded)
        yield SentenceTiming(number, span, _map_to_text(utterances[number], known))


def char_start_samples(text: str, timing: SentenceTiming, char: int) -> int:
    """The sample of a recording in which a character of a sentence begins.

    Args:
        text: the sentence as the author wrote it.
        timing: when it is heard.
        char: a place in it.
    """
    span = timing.span
    known = [(0, span.start_samples), *timing.words, (len(text), span.end_samples)]
    before = max((each for each in known if each[0] <= char), key=lambda each: each)
    after = min((each for each in known if each[0] >= char), key=lambda each: each, default=before)
    share = (char - before[0]) / max(1, after[0] - before[0])
    return round(before[1] + share * (after[1] - before[1]))


def _align_sentences(
    utterances: Sequence[Utterance], recording: Recording
) -> Iterator[SentenceTiming]:
    """Sentences as the recording's pauses part them."""
    measured = recording.measured
    whole = SampleSpan(measured.lead_samples, measured.samples - measured.tail_samples)
    parts = split_clauses([utterance.spoken for utterance in utterances])
    spans = _align_pieces(parts, whole, recording)
    for number, utterance in enumerate(utterances):
        own = [
            (part, span) for part, span in zip(parts, spans, strict=True) if part.sentence == number
        ]
        span = SampleSpan(own[0][1].start_samples, own[-1][1].end_samples)
        words = [(part.char, each.start_samples) for part, each in own]
        yield SentenceTiming(number, span, _map_to_text(utterance, words))


def _align_clauses(
    utterance: Utterance, span: SampleSpan, recording: Recording
) -> list[tuple[int, int]]:
    """Where the clauses of a sentence begin, whose own times are known."""
    parts = split_clauses([utterance.spoken])
    spans = _align_pieces(parts, span, recording)
    return [(part.char, each.start_samples) for part, each in zip(parts, spans, strict=True)]


def _align_pieces(
    parts: Sequence[Clause], bounds: SampleSpan, recording: Recording
) -> list[SampleSpan]:
    rate_hz = recording.measured.rate_hz
    pauses = [(start / rate_hz, end / rate_hz) for start, end in recording.measured.profile.pauses]
    within = bounds.start_samples / rate_hz, bounds.end_samples / rate_hz
    return [
        SampleSpan(round(start * rate_hz), round(end * rate_hz))
        for start, end in align_clauses(parts, within, pauses)
    ]


_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*")


def _map_to_text(
    utterance: Utterance, word_starts: Sequence[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    """Places in what is said as places in what is written, for words that both have."""
    if utterance.text == utterance.spoken:
        return tuple(word_starts)
    said, written = list(_WORD.finditer(utterance.spoken)), list(_WORD.finditer(utterance.text))
    matcher = difflib.SequenceMatcher(
        None, [each[0] for each in said], [each[0] for each in written], autojunk=False
    )
    places = {
        said[block.a + step].start(): written[block.b + step].start()
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }
    return tuple((places[char], at) for char, at in word_starts if char in places)

"""When each sentence of a chunk is heard: told by the engine, or found from the recording's pauses.

An engine may tell when sentences begin and end, or when words begin as well, or nothing. What it
does not tell is found by `mixer.publish.alignment`: the sentences of a chunk, the clauses of a
sentence. Pure.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.publish.alignment import Piece, aligned, pieces
from mixer.script.script import Chunk, Utterance
from mixer.script.sound_cues import SoundCue
from mixer.speech.engine import SpokenSpan
from mixer.speech.recordings import Recording


@dataclass(frozen=True, slots=True)
class SpokenChunk:
    """A chunk that can be heard.

    Attributes:
        chunk: what was said.
        recording: how it sounds.
        opens: title of the chapter that it opens; None where it opens none.
        waiting: sounds of chunks before it that cannot be heard themselves.
    """

    chunk: Chunk
    recording: Recording
    opens: str | None
    waiting: tuple[SoundCue, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence of a chunk.

    Attributes:
        sentence: its number.
        span: from its first sound to its last.
        words: (place in the author's text, sample) of words whose beginning is known.
    """

    sentence: int
    span: SpokenSpan
    words: tuple[tuple[int, int], ...]


def times(spoken: SpokenChunk) -> Iterator[Heard]:
    """The sentences of a chunk that are heard, in order."""
    utterances, recorded = spoken.chunk.utterances, spoken.recording
    if len(recorded.sentences) != len(utterances):
        yield from _found(utterances, recorded)
        return
    for number, span in enumerate(recorded.sentences):
        if span is None:
            continue
        told = [
            (word.char, word.start_samples) for word in recorded.words if word.sentence == number
        ]
        known = told or _clauses(utterances[number], span, recorded)
        yield Heard(number, span, _in_text(utterances[number], known))


def moment(text: str, heard: Heard, char: int) -> int:
    """The sample of a recording in which a character of a sentence begins.

    Args:
        text: the sentence as the author wrote it.
        heard: when it is heard.
        char: a place in it.
    """
    span = heard.span
    known = [(0, span.start_samples), *heard.words, (len(text), span.end_samples)]
    before = max((each for each in known if each[0] <= char), key=lambda each: each)
    after = min((each for each in known if each[0] >= char), key=lambda each: each, default=before)
    share = (char - before[0]) / max(1, after[0] - before[0])
    return round(before[1] + share * (after[1] - before[1]))


def _found(utterances: Sequence[Utterance], recorded: Recording) -> Iterator[Heard]:
    """Sentences as the recording's pauses part them."""
    measured = recorded.measured
    whole = SpokenSpan(measured.lead_samples, measured.samples - measured.tail_samples)
    parts = pieces([utterance.spoken for utterance in utterances])
    spans = _aligned(parts, whole, recorded)
    for number, utterance in enumerate(utterances):
        own = [
            (part, span) for part, span in zip(parts, spans, strict=True) if part.sentence == number
        ]
        span = SpokenSpan(own[0][1].start_samples, own[-1][1].end_samples)
        words = [(part.char, each.start_samples) for part, each in own]
        yield Heard(number, span, _in_text(utterance, words))


def _clauses(utterance: Utterance, span: SpokenSpan, recorded: Recording) -> list[tuple[int, int]]:
    """Where the clauses of a sentence begin, whose own times are known."""
    parts = pieces([utterance.spoken])
    spans = _aligned(parts, span, recorded)
    return [(part.char, each.start_samples) for part, each in zip(parts, spans, strict=True)]


def _aligned(parts: Sequence[Piece], sounding: SpokenSpan, recorded: Recording) -> list[SpokenSpan]:
    rate_hz = recorded.measured.rate_hz
    pauses = [(start / rate_hz, end / rate_hz) for start, end in recorded.measured.profile.pauses]
    within = sounding.start_samples / rate_hz, sounding.end_samples / rate_hz
    return [
        SpokenSpan(round(start * rate_hz), round(end * rate_hz))
        for start, end in aligned(parts, within, pauses)
    ]


_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*")


def _in_text(utterance: Utterance, known: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Places in what is said as places in what is written, for words that both have."""
    if utterance.text == utterance.spoken:
        return tuple(known)
    said, written = list(_WORD.finditer(utterance.spoken)), list(_WORD.finditer(utterance.text))
    matcher = difflib.SequenceMatcher(
        None, [each[0] for each in said], [each[0] for each in written], autojunk=False
    )
    places = {
        said[block.a + step].start(): written[block.b + step].start()
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }
    return tuple((places[char], at) for char, at in known if char in places)

"""Pairs a Script with its recordings, and finds the times of sentences. Pure.

An engine may report when sentences begin and end, when words begin, or nothing. What it does not
report is found from the recording's pauses (`alignment`): the sentences of a chunk, the clauses of
a sentence.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from mixer.publish.captions import CaptionedSentence, WordOrigin
from mixer.publish.timing.alignment import Clause, align_clauses, split_clauses
from mixer.script import BreakKind, Chunk, CuePlace, Script, SoundCue, Utterance
from mixer.sound import Clip, Timeline, rescale_samples
from mixer.sound.arrange import SoundAnnotation, Take
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
    reported = defaultdict[int, list[tuple[int, int]]](list)
    for word in recording.words:
        reported[word.sentence].append((word.char, word.start_samples))
    for number, span in enumerate(recording.sentences):
        if span is None:
            continue
        words = reported[number] or _align_clauses(utterances[number], span, recording)
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
    chapter = recorded_chunk.chapter_title or ""
    for sentence in caption_chunk(recorded_chunk, clip, timeline).values():
        yield replace(sentence, chapter=chapter)
        chapter = ""


def caption_chunk(
    recorded_chunk: RecordedChunk, clip: Clip, timeline: Timeline
) -> dict[int, CaptionedSentence]:
    """Time the audible sentences of a chunk in the finished audio, by number."""
    recording, utterances = recorded_chunk.recording, recorded_chunk.chunk.utterances
    rate_hz = recording.measured.rate_hz
    origin = WordOrigin.ALIGNMENT if recording.is_aligned else WordOrigin.ENGINE
    reported = {word.sentence for word in recording.words}
    sentences = {}
    for timing in time_sentences(recorded_chunk):
        utterance = utterances[timing.sentence]
        start_s, end_s = map_to_timeline(timing.span, rate_hz, clip, timeline)
        starts_s = _positions_s([at for _, at in timing.words], rate_hz, clip, timeline)
        sentences[timing.sentence] = CaptionedSentence(
            text=utterance.text,
            start_s=start_s,
            end_s=end_s,
            words=tuple(zip([char for char, _ in timing.words], starts_s, strict=True)),
            voice=utterance.speaker,
            ends_paragraph=utterance.ending in PARAGRAPH_ENDINGS,
            origin=origin if timing.sentence in reported else WordOrigin.PAUSES,
        )
    return sentences


def map_to_timeline(
    span: SampleSpan, recording_hz: int, clip: Clip, timeline: Timeline
) -> tuple[float, float]:
    """Map a span of a clip's recording to seconds of the finished audio, within the clip."""
    places = span.start_samples, span.end_samples
    start_s, end_s = _positions_s(places, recording_hz, clip, timeline)
    return start_s, max(start_s, end_s)


def _positions_s(
    places: Iterable[int], recording_hz: int, clip: Clip, timeline: Timeline
) -> list[float]:
    rate_hz, first, last, begin = timeline.rate_hz, clip.start, clip.end, clip.start - clip.skip
    moved = (begin + rescale_samples(each, recording_hz, rate_hz) for each in places)
    return [min(max(at, first), last) / rate_hz for at in moved]


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


SECTION_ENDINGS = PARAGRAPH_ENDINGS - {BreakKind.HEADING}
"""Of chunks behind which a chapter may be divided."""


def pair_recordings(
    script: Script, recordings: Sequence[Recording | None]
) -> tuple[RecordedChunk, ...]:
    """Pair the audible chunks with their recordings: one per chunk, None for an unreadable one."""
    return tuple(_pair_chunks(script, iter(recordings)))


def _pair_chunks(script: Script, recordings: Iterator[Recording | None]) -> Iterator[RecordedChunk]:
    pending: list[SoundCue] = []
    for chapter in script.chapters:
        title: str | None = chapter.title
        for chunk in chapter.chunks:
            recording = next(recordings)
            if recording is None or recording.measured.is_silent:
                pending += (cue for utterance in chunk.utterances for cue in utterance.sounds)
                continue
            yield RecordedChunk(chunk, recording, title, tuple(pending))
            title = None
            pending.clear()


def find_unspoken(script: Script, recordings: Sequence[Recording | None]) -> tuple[str, ...]:
    """Find the passages that the voice could not read, in reading order."""
    passages: list[str] = []
    for chunk, recording in zip(script.chunks, recordings, strict=True):
        if recording is None:
            passages.append(chunk.passage)
        elif len(recording.sentences) == len(chunk.utterances):
            spans = zip(chunk.utterances, recording.sentences, strict=True)
            passages += [utterance.text for utterance, span in spans if span is None]
    return tuple(passages)


def build_takes(
    recorded_chunks: Sequence[RecordedChunk], *, music: SoundCue | None = None
) -> list[Take]:
    """Describe chunks for the layout; `music` is what the text begins with."""
    takes = [
        Take(
            source=each.recording.key,
            measured=each.recording.measured,
            gap_ms=each.chunk.gap_ms,
            ends_paragraph=each.chunk.ending in SECTION_ENDINGS,
            level_db=each.chunk.level_db,
            chapter_title=each.chapter_title,
            annotations=tuple(_map_sounds(each)),
            digest=each.recording.seal,
        )
        for each in recorded_chunks
    ]
    if music is not None and takes:
        opening = _map_cue(music, CuePlace.BEFORE)
        takes[0] = replace(takes[0], annotations=(opening, *takes[0].annotations))
    return takes


def list_sound_files(script: Script) -> dict[str, int]:
    """List the files that a script plays, with the first line of the text that names each."""
    files: dict[str, int] = {}
    for cue in script.sounds:
        if cue.file:
            files.setdefault(cue.file, cue.line)
    return files


def _map_sounds(recorded_chunk: RecordedChunk) -> Iterator[SoundAnnotation]:
    for cue in recorded_chunk.pending_sounds:
        yield _map_cue(cue, CuePlace.BEFORE)
    utterances = recorded_chunk.chunk.utterances
    cues = [(number, cue) for number, each in enumerate(utterances) for cue in each.sounds]
    needs_times = any(cue.place is CuePlace.WITHIN for _, cue in cues)
    timings = (
        {each.sentence: each for each in time_sentences(recorded_chunk)} if needs_times else {}
    )
    for number, cue in cues:
        if cue.place is not CuePlace.WITHIN:
            yield _map_cue(cue, cue.place)
        elif number in timings:
            at_samples = char_start_samples(utterances[number].text, timings[number], cue.at)
            yield _map_cue(cue, CuePlace.WITHIN, at_samples)
        else:
            yield _map_cue(cue, CuePlace.AFTER)


def _map_cue(cue: SoundCue, place: CuePlace, at_samples: int = 0) -> SoundAnnotation:
    return SoundAnnotation(cue.file, cue.kind, place, at_samples, cue.level_lu, cue.shape)

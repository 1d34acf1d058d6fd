"""Pairs a Script with its recordings and hands them to the layout, sounds included. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mixer.publish.timing.sentences import RecordedChunk, char_start_samples, time_sentences
from mixer.script import BreakKind, Chunk, CuePlace, Script, SoundCue
from mixer.sound.arrange import SoundAnnotation, Take
from mixer.speech import Recording

PADDING_WEIGHTS = {BreakKind.PARAGRAPH: 3.0, BreakKind.SCENE: 6.0, BreakKind.CHAPTER: 24.0}
"""A gap's share of a section's padding: a longer pause is not noticed where one is expected."""


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
    recorded_chunks: Sequence[RecordedChunk], *, is_gap_exact: bool, music: SoundCue | None = None
) -> list[Take]:
    """Describe chunks for the layout; `music` is what the text begins with."""
    takes = [
        Take(
            source=each.recording.key,
            measured=each.recording.measured,
            gap_ms=each.chunk.gap_ms,
            is_gap_exact=is_gap_exact,
            weight=_weigh_padding(each.chunk),
            level_db=each.chunk.level_db,
            chapter_title=each.chapter_title,
            annotations=tuple(_map_sounds(each)),
        )
        for each in recorded_chunks
    ]
    if music is not None and takes:
        opening = _map_cue(music, CuePlace.BEFORE)
        takes[0] = replace(takes[0], annotations=(opening, *takes[0].annotations))
    return takes


def _weigh_padding(chunk: Chunk) -> float:
    """A gap's share of the padding; none where the author has set it."""
    is_set = chunk.utterances[-1].pause_ms is not None
    return 0.0 if is_set else PADDING_WEIGHTS.get(chunk.ending, 1.0)


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
    return SoundAnnotation(cue.file, cue.kind, place, at_samples, cue.level_lu)

"""From the sounds of a Script to the marks that a layout places. Pure."""

from collections.abc import Iterator

from mixer.publish.sentence_timing import RecordedChunk, char_start_samples, time_sentences
from mixer.script.script import Script
from mixer.script.sound_cues import CuePlace, SoundCue, SoundKind
from mixer.sound.arrange.sound_annotations import PlaybackMode, SoundAnnotation, TakePosition

PLAYS = {
    SoundKind.MUSIC: PlaybackMode.LOOP,
    SoundKind.STING: PlaybackMode.STING,
    SoundKind.SOUND: PlaybackMode.ONE_SHOT,
}
WHERE = {
    CuePlace.BEFORE: TakePosition.BEFORE,
    CuePlace.WITHIN: TakePosition.WITHIN,
    CuePlace.AFTER: TakePosition.AFTER,
}


def list_sound_files(script: Script) -> dict[str, int]:
    """The files that a script plays, with the first line of the text that names each."""
    found: dict[str, int] = {}
    for cue in script.sounds:
        if cue.file:
            found.setdefault(cue.file, cue.line)
    return found


def map_sounds(recorded_chunk: RecordedChunk) -> tuple[SoundAnnotation, ...]:
    """The sounds at a chunk, in order."""
    waiting = (_map_cue(cue, TakePosition.BEFORE) for cue in recorded_chunk.pending_sounds)
    return (*waiting, *_map_own_sounds(recorded_chunk))


def map_opening_music(cue: SoundCue) -> SoundAnnotation:
    """The music that a text begins with."""
    return _map_cue(cue, TakePosition.BEFORE)


def _map_own_sounds(recorded_chunk: RecordedChunk) -> Iterator[SoundAnnotation]:
    utterances = recorded_chunk.chunk.utterances
    cues = [(number, cue) for number, each in enumerate(utterances) for cue in each.sounds]
    has_times = any(cue.place is CuePlace.WITHIN for _, cue in cues)
    heard = {each.sentence: each for each in time_sentences(recorded_chunk)} if has_times else {}
    for number, cue in cues:
        if cue.place is CuePlace.WITHIN and number in heard:
            at_samples = char_start_samples(utterances[number].text, heard[number], cue.at)
            yield _map_cue(cue, TakePosition.WITHIN, at_samples)
        else:
            yield _map_cue(
                cue, TakePosition.AFTER if cue.place is CuePlace.WITHIN else WHERE[cue.place]
            )


def _map_cue(cue: SoundCue, where: TakePosition, at_samples: int = 0) -> SoundAnnotation:
    return SoundAnnotation(cue.file, PLAYS[cue.kind], where, at_samples, cue.level_lu)

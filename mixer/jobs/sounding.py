"""From the sounds of a Script to the marks that a layout places. Pure."""

from collections.abc import Iterator

from mixer.jobs.hearing import SpokenChunk, moment, times
from mixer.script.script import Script
from mixer.script.sound_cues import Place, SoundCue, SoundKind
from mixer.sound.marks import Plays, SoundMark, Where

PLAYS = {SoundKind.MUSIC: Plays.ON, SoundKind.STING: Plays.ALONE, SoundKind.SOUND: Plays.ONCE}
WHERE = {Place.BEFORE: Where.BEFORE, Place.WITHIN: Where.WITHIN, Place.AFTER: Where.AFTER}


def sound_files(script: Script) -> dict[str, int]:
    """The files that a script plays, with the first line of the text that names each."""
    found: dict[str, int] = {}
    for cue in script.sounds:
        if cue.file:
            found.setdefault(cue.file, cue.line)
    return found


def sound_marks(spoken: SpokenChunk) -> tuple[SoundMark, ...]:
    """The sounds at a chunk, in order."""
    waiting = (_mark(cue, Where.BEFORE) for cue in spoken.waiting)
    return (*waiting, *_own_marks(spoken))


def opening_mark(cue: SoundCue) -> SoundMark:
    """The music that a text begins with."""
    return _mark(cue, Where.BEFORE)


def _own_marks(spoken: SpokenChunk) -> Iterator[SoundMark]:
    utterances = spoken.chunk.utterances
    cues = [(number, cue) for number, each in enumerate(utterances) for cue in each.sounds]
    has_times = any(cue.place is Place.WITHIN for _, cue in cues)
    heard = {each.sentence: each for each in times(spoken)} if has_times else {}
    for number, cue in cues:
        if cue.place is Place.WITHIN and number in heard:
            at_samples = moment(utterances[number].text, heard[number], cue.at)
            yield _mark(cue, Where.WITHIN, at_samples)
        else:
            yield _mark(cue, Where.AFTER if cue.place is Place.WITHIN else WHERE[cue.place])


def _mark(cue: SoundCue, where: Where, at_samples: int = 0) -> SoundMark:
    return SoundMark(cue.file, PLAYS[cue.kind], where, at_samples, cue.level_lu)

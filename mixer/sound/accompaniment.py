"""Music and sounds at their levels: all that plays besides the voice, and what it adds. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mixer.sound.cues import Bedding, Music, place_cues, place_sounds
from mixer.sound.ducking import Span
from mixer.sound.foretelling import Shares
from mixer.sound.levels import VOICE_LUFS, cue_gains_db, sound_gain_db
from mixer.sound.loudness import WINDOW_S, energy_sum_db
from mixer.sound.marks import Placed, Plays, Stretch
from mixer.sound.pauses import level_db, playing, sounding_lufs
from mixer.sound.timeline import Clip, Cue

ALONE_LU = -6.0
"""Of a sting against the voice, where its mark says nothing: the ear is on it alone."""

ONCE_LU = -10.0
"""Of a sound in a pause, likewise."""

UNDER_WORDS_LU = -14.0
"""Of a sound while somebody speaks: heard, and no word lost."""

STEP_LU = 0.5
"""In which levels under the voice are told apart: less is lost in the sum."""


@dataclass(frozen=True, slots=True)
class Accompaniment:
    """Everything that plays besides the voice.

    Attributes:
        cues: music first, then sounds, each in playing order.
        beds_lufs: how loud each piece of music is under speech, one for each of the first cues.
        sounds: recordings by source.
        rate_hz: of the timeline.
    """

    cues: tuple[Cue, ...]
    beds_lufs: tuple[float, ...]
    sounds: Mapping[str, Music]
    rate_hz: int

    @property
    def beds(self) -> tuple[Cue, ...]:
        """The music."""
        return self.cues[: len(self.beds_lufs)]

    @property
    def once(self) -> tuple[Cue, ...]:
        """The sounds."""
        return self.cues[len(self.beds_lufs) :]

    def under(self, clips: Sequence[Clip]) -> list[Shares]:
        """What lies under each clip, in playing order."""
        if not self.cues:
            return [{}] * len(clips)
        counts: list[Counter[float]] = [Counter() for _ in clips]
        nominal = dict(zip(map(id, self.beds), self.beds_lufs, strict=True))
        numbered = list(self._moments(clips))
        heard = playing(self.cues, (at for _, at in numbered))
        for (number, _), (at, now) in zip(numbered, heard, strict=True):
            levels = (self._level_lufs(cue, at, nominal.get(id(cue))) for cue in now)
            counts[number][round(energy_sum_db(*levels), 1) if now else SILENT_LUFS] += 1
        return [_shares(count) for count in counts]

    @property
    def bed_peak_db(self) -> float | None:
        """The highest peak of the music under speech, before mastering; None without music."""
        peaks = (self.sounds[cue.source].measured.true_peak_dbtp + cue.gain_db for cue in self.beds)
        return max(peaks, default=None)

    def _level_lufs(self, cue: Cue, at: int, nominal_lufs: float | None) -> float:
        if nominal_lufs is None:
            return sounding_lufs(cue, at, self.sounds, self.rate_hz)
        return nominal_lufs + level_db(cue, at)

    def _moments(self, clips: Sequence[Clip]) -> Iterator[tuple[int, int]]:
        """Moments in each clip, a window's length apart, with the clip's number."""
        step = round(WINDOW_S * self.rate_hz)
        for number, clip in enumerate(clips):
            first = min(step // 2, clip.length // 2)
            yield from ((number, at) for at in range(clip.start + first, clip.end, step))


SILENT_LUFS = -100.0
"""Stands for silence among levels."""


def _shares(count: Counter[float]) -> Shares:
    """Levels by the share of time, in steps."""
    total = sum(count.values())
    shares: defaultdict[float, float] = defaultdict(float)
    for level, number in count.items():
        if level > SILENT_LUFS:
            shares[round(level / STEP_LU) * STEP_LU] += number / total
    return dict(shares)


def mean_shares(clips: Sequence[Clip], under: Sequence[Shares]) -> Shares:
    """What lies under all clips together."""
    whole = sum(clip.length for clip in clips)
    shares: defaultdict[float, float] = defaultdict(float)
    for clip, each in zip(clips, under, strict=True):
        for level, share in each.items():
            shares[level] += share * clip.length / whole
    return dict(shares)


def accompaniment(
    music: Sequence[Stretch],
    placed: Sequence[Placed],
    speech: Sequence[Span],
    sounds: Mapping[str, Music],
    *,
    length: int,
    bedding: Bedding,
) -> Accompaniment:
    """Music and sounds at their levels against the voice.

    Args:
        music: where each piece plays.
        placed: all sounds.
        speech: when the voice is heard.
        sounds: recordings by source.
        length: of the timeline, in samples.
        bedding: how music lies under the voice.

    Raises:
        BadInput: there is nothing to hear in a recording.
    """
    rate_hz = bedding.rate_hz
    over = [(each.start, each.end) for each in placed if each.mark.plays is Plays.ONCE]
    heard = sorted([*speech, *over]) if over else speech
    beds, beds_lufs = [], []
    for stretch, cue in zip(music, place_cues(music, heard, length, bedding), strict=True):
        below_lu = bedding.below_lu(stretch.mark.level_lu)
        (gain_db,) = cue_gains_db(sounds[cue.source], [cue], speech, below_lu, rate_hz)
        beds.append(replace(cue, gain_db=gain_db))
        beds_lufs.append(VOICE_LUFS - below_lu)
    shots = [each for each in placed if each.mark.plays is not Plays.ON]
    once = [
        replace(cue, gain_db=_sound_gain_db(each, sounds[cue.source], speech))
        for each, cue in zip(shots, place_sounds(placed, rate_hz), strict=True)
    ]
    return Accompaniment((*beds, *once), tuple(beds_lufs), sounds, rate_hz)


def _sound_gain_db(placed: Placed, sound: Music, speech: Sequence[Span]) -> float:
    is_under_words = is_spoken_over(placed.start, placed.end, speech)
    usual = ALONE_LU if placed.mark.plays is Plays.ALONE else ONCE_LU
    level_lu = UNDER_WORDS_LU if is_under_words else usual
    if placed.mark.level_lu is not None:
        level_lu = placed.mark.level_lu
    return sound_gain_db(sound, level_lu, is_under_words=is_under_words)


def is_spoken_over(start: int, end: int, speech: Sequence[Span]) -> bool:
    """Whether somebody speaks between two moments."""
    return any(begin < end and stop > start for begin, stop in speech)

"""Sets the levels of music and sounds, and predicts what they add to the voice. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mixer.script import SoundKind
from mixer.sound.analysis.loudness import WINDOW_S, energy_sum_db
from mixer.sound.arrange.cues import MusicBedStyle, SoundFile, place_cues, place_sounds
from mixer.sound.arrange.ducking import Span
from mixer.sound.arrange.levels import VOICE_LUFS, cue_gains_db, sound_gain_db
from mixer.sound.arrange.loudness_prediction import LevelShares
from mixer.sound.arrange.pauses import cue_level_db, cue_lufs, find_active_cues
from mixer.sound.arrange.sound_annotations import MusicRegion, PlacedSound
from mixer.sound.timeline import Clip, Cue

STING_LU = -6.0
"""Default level of a sting against the voice."""

ONE_SHOT_LU = -10.0
"""Default level of a sound in a pause."""

UNDER_SPEECH_LU = -14.0
"""Default level of a sound under speech: audible without masking words."""

STEP_LU = 0.5
"""Resolution of levels under the voice; finer steps do not change the sum."""


@dataclass(frozen=True, slots=True)
class Accompaniment:
    """Music and sounds; `beds_lufs` is the loudness under speech of each of the first cues."""

    cues: tuple[Cue, ...]
    beds_lufs: tuple[float, ...]
    sounds: Mapping[str, SoundFile]
    rate_hz: int

    @property
    def beds(self) -> tuple[Cue, ...]:
        """Cues of music."""
        return self.cues[: len(self.beds_lufs)]

    @property
    def sound_cues(self) -> tuple[Cue, ...]:
        """Cues of sounds."""
        return self.cues[len(self.beds_lufs) :]

    def background_levels(self, clips: Sequence[Clip]) -> list[LevelShares]:
        """Compute what plays under each clip, in playing order."""
        if not self.cues:
            return [{}] * len(clips)
        counts: list[Counter[float]] = [Counter() for _ in clips]
        nominal = dict(zip(map(id, self.beds), self.beds_lufs, strict=True))
        numbered = list(self._moments(clips))
        active = find_active_cues(self.cues, (at for _, at in numbered))
        for (number, _), (at, now) in zip(numbered, active, strict=True):
            levels = (self._level_lufs(cue, at, nominal.get(id(cue))) for cue in now)
            counts[number][round(energy_sum_db(*levels), 1) if now else SILENT_LUFS] += 1
        return [_level_shares(count) for count in counts]

    @property
    def bed_peak_db(self) -> float | None:
        """Highest peak of the music under speech, before mastering; None without music."""
        peaks = (self.sounds[cue.source].measured.true_peak_dbtp + cue.gain_db for cue in self.beds)
        return max(peaks, default=None)

    def _level_lufs(self, cue: Cue, at: int, nominal_lufs: float | None) -> float:
        if nominal_lufs is None:
            return cue_lufs(cue, at, self.sounds, self.rate_hz)
        return nominal_lufs + cue_level_db(cue, at)

    def _moments(self, clips: Sequence[Clip]) -> Iterator[tuple[int, int]]:
        step = round(WINDOW_S * self.rate_hz)
        for number, clip in enumerate(clips):
            first = min(step // 2, clip.length // 2)
            yield from ((number, at) for at in range(clip.start + first, clip.end, step))


SILENT_LUFS = -100.0


def _level_shares(count: Counter[float]) -> LevelShares:
    total = sum(count.values())
    shares: defaultdict[float, float] = defaultdict(float)
    for level, number in count.items():
        if level > SILENT_LUFS:
            shares[round(level / STEP_LU) * STEP_LU] += number / total
    return dict(shares)


def mean_shares(clips: Sequence[Clip], background: Sequence[LevelShares]) -> LevelShares:
    """Average the levels under all clips."""
    whole = sum(clip.length for clip in clips)
    shares: defaultdict[float, float] = defaultdict(float)
    for clip, each in zip(clips, background, strict=True):
        for level, share in each.items():
            shares[level] += share * clip.length / whole
    return dict(shares)


def build_accompaniment(
    music: Sequence[MusicRegion],
    placed_sounds: Sequence[PlacedSound],
    speech: Sequence[Span],
    sounds: Mapping[str, SoundFile],
    *,
    length: int,
    bed_style: MusicBedStyle,
) -> Accompaniment:
    """Set the levels of music and sounds against the voice; raises BadInput if one is silent."""
    rate_hz = bed_style.rate_hz
    over = [
        (each.start, each.end) for each in placed_sounds if each.annotation.kind is SoundKind.SOUND
    ]
    foreground = sorted([*speech, *over]) if over else speech
    beds, beds_lufs = [], []
    for region, cue in zip(music, place_cues(music, foreground, length, bed_style), strict=True):
        below_lu = bed_style.level_below_voice_lu(region.annotation.level_lu)
        (gain_db,) = cue_gains_db(sounds[cue.source], [cue], speech, below_lu, rate_hz)
        beds.append(replace(cue, gain_db=gain_db))
        beds_lufs.append(VOICE_LUFS - below_lu)
    shots = [each for each in placed_sounds if each.annotation.kind is not SoundKind.MUSIC]
    once = [
        replace(cue, gain_db=_sound_gain_db(each, sounds[cue.source], speech))
        for each, cue in zip(shots, place_sounds(placed_sounds, rate_hz), strict=True)
    ]
    return Accompaniment((*beds, *once), tuple(beds_lufs), sounds, rate_hz)


def _sound_gain_db(placed_sound: PlacedSound, sound: SoundFile, speech: Sequence[Span]) -> float:
    is_under_words = is_over_speech(placed_sound.start, placed_sound.end, speech)
    usual = STING_LU if placed_sound.annotation.kind is SoundKind.STING else ONE_SHOT_LU
    level_lu = UNDER_SPEECH_LU if is_under_words else usual
    if placed_sound.annotation.level_lu is not None:
        level_lu = placed_sound.annotation.level_lu
    return sound_gain_db(sound, level_lu, is_under_speech=is_under_words)


def is_over_speech(start: int, end: int, speech: Sequence[Span]) -> bool:
    """Whether there is speech between two moments."""
    return any(begin < end and stop > start for begin, stop in speech)

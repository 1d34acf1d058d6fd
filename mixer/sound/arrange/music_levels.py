"""Sets the levels of music and sounds, and predicts what they add to the voice. Pure.

A raised bed, in pauses as in intro and outro, is loud enough to count in the loudness of the mix.
"""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter

from mixer.script import SoundKind
from mixer.sound.analysis import Measurement
from mixer.sound.arithmetic import Places, Values, np
from mixer.sound.arrange.cues import MusicBedStyle, SoundFile, Span, place_cues, place_sounds
from mixer.sound.arrange.levels import VOICE_LUFS, music_gain_db, sound_gain_db
from mixer.sound.arrange.loudness_prediction import LevelShares
from mixer.sound.arrange.placement import MusicRegion, PlacedSound
from mixer.sound.loudness import (
    STEP_S,
    WINDOW_S,
    Histogram,
    amplitude,
    histogram,
)
from mixer.sound.presets import RADIO, DuckingEnvelope
from mixer.sound.timeline import Clip, Cue, rescale_samples

BREATH_S = 0.1
"""Breath and decay at each end of a pause inside a take; counts as speech."""


def speech_spans(
    clips: Sequence[Clip],
    takes: Sequence[Measurement],
    rate_hz: int,
    envelope: DuckingEnvelope = RADIO,
) -> tuple[Span, ...]:
    """Find the spans of speech: clips without their own long pauses."""
    least = envelope.min_pause_s * rate_hz
    return tuple(
        span
        for clip, take in zip(clips, takes, strict=True)
        for span in _split_clip(clip, list(_long_pauses(clip, take, rate_hz, least)))
    )


def _long_pauses(clip: Clip, take: Measurement, rate_hz: int, min_samples: float) -> Iterator[Span]:
    breath = round(BREATH_S * rate_hz)
    for first, last in take.profile.pauses:
        start = clip.start - clip.skip + rescale_samples(first, take.rate_hz, rate_hz) + breath
        end = clip.start - clip.skip + rescale_samples(last, take.rate_hz, rate_hz) - breath
        if end - start >= min_samples and clip.start < start and end < clip.end:
            yield start, end


def _split_clip(clip: Clip, pauses: Sequence[Span]) -> Iterator[Span]:
    starts = [clip.start, *(end for _, end in pauses)]
    ends = [*(start for start, _ in pauses), clip.end]
    return zip(starts, ends, strict=True)


def pause_windows(
    speech: Sequence[Span],
    cues: Sequence[Cue],
    length: int,
    sounds: Mapping[str, SoundFile],
    rate_hz: int,
) -> Histogram:
    """Count the momentary windows without speech, at the cues' gains."""
    if not cues:
        return {}

    def level_lufs(cue: Cue, moments: Places) -> Values:
        return cue_lufs(cue, moments, sounds, rate_hz)

    return histogram(_sum_levels(cues, _pause_moments(speech, length, rate_hz), level_lufs))


def _sum_levels(
    cues: Sequence[Cue], moments: Places, level_lufs: Callable[[Cue, Places], Values]
) -> Values:
    """Loudness of what plays at each of some ordered moments; -inf where nothing does."""
    powers = np.zeros(len(moments))
    for cue in cues:
        first, end = np.searchsorted(moments, (cue.start, cue.end))
        powers[first:end] += 10 ** (level_lufs(cue, moments[first:end]) / 10)
    with np.errstate(divide="ignore"):
        levels: Values = 10 * np.log10(powers)
    return levels


def cue_lufs(cue: Cue, moments: Places, sounds: Mapping[str, SoundFile], rate_hz: int) -> Values:
    """Loudness of a cue at moments while it plays, before mastering."""
    played_s = (moments - cue.start + cue.skip) / rate_hz
    return sounds[cue.source].momentary_lufs(played_s) + cue.gain_db + cue_level_db(cue, moments)


def count_silent_windows(speech: Sequence[Span], takes: Sequence[Measurement], rate_hz: int) -> int:
    """Count windows that overlap speech but hold none: the bed is alone in them, not raised."""
    reaching = sum((end - start) / rate_hz + WINDOW_S for start, end in speech) / STEP_S
    return max(0, round(reaching) - sum(sum(take.windows.values()) for take in takes))


def _pause_moments(speech: Sequence[Span], length: int, rate_hz: int) -> Places:
    step, window = round(STEP_S * rate_hz), round(WINDOW_S * rate_hz)
    begins = [0, *(end for _, end in speech)]
    ends = [*(start for start, _ in speech), length]
    return np.concatenate(
        [
            np.arange(begin + window // 2, end - window // 2, step)
            for begin, end in zip(begins, ends, strict=True)
        ]
    )


def cue_level_db(cue: Cue, moments: Places) -> Values:
    """A cue's level at samples while it plays, relative to its own gain."""
    starts = np.array([0, *(ramp.start for ramp in cue.ramps)])
    lengths = np.array([0, *(ramp.length for ramp in cue.ramps)])
    factors = np.array([1.0, 1.0, *(amplitude(ramp.to_db) for ramp in cue.ramps)])
    at = np.searchsorted(starts[1:], moments, side="right")
    share = np.minimum(1.0, (moments - starts[at]) / np.maximum(lengths[at], 1))
    share[lengths[at] == 0] = 1.0
    factor = (1 - share) * factors[at] + share * factors[at + 1]
    for passed, fade in ((moments - cue.start, cue.fade_in), (cue.end - moments, cue.fade_out)):
        factor *= np.sin(math.pi / 2 * np.minimum(1.0, passed / max(fade, 1)))
    with np.errstate(divide="ignore"):
        levels: Values = 20 * np.log10(factor)
    return levels


STING_LU = -6.0
"""Default level of a sting against the voice."""

ONE_SHOT_LU = -10.0
"""Default level of a sound in a pause."""

UNDER_SPEECH_LU = -14.0
"""Default level of a sound under speech: audible without masking words."""

KEPT_GAIN_DB = 0.2
"""How far the gain of music may be from the best one to be kept after an edit: inaudible."""

SILENT_LUFS = -100.0

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
        nominal = dict(zip(map(id, self.beds), self.beds_lufs, strict=True))

        def level_lufs(cue: Cue, moments: Places) -> Values:
            if id(cue) in nominal:
                return nominal[id(cue)] + cue_level_db(cue, moments)
            return cue_lufs(cue, moments, self.sounds, self.rate_hz)

        moments = [_clip_moments(clip, self.rate_hz) for clip in clips]
        levels = _sum_levels(self.cues, np.concatenate(moments), level_lufs)
        return _share_levels(levels, [*map(len, moments)])

    @property
    def bed_peak_db(self) -> float | None:
        """Highest peak of the music under speech, before mastering; None without music."""
        peaks = (self.sounds[cue.source].measured.true_peak_dbtp + cue.gain_db for cue in self.beds)
        return max(peaks, default=None)


def _clip_moments(clip: Clip, rate_hz: int) -> Places:
    step = round(WINDOW_S * rate_hz)
    return np.arange(clip.start + min(step // 2, clip.length // 2), clip.end, step)


def _share_levels(levels_lufs: Values, counts: Sequence[int]) -> list[LevelShares]:
    """The levels of neighbouring clips, of which each has so many, as shares of the clip."""
    audible = levels_lufs > SILENT_LUFS
    clips = np.repeat(np.arange(len(counts)), counts)[audible]
    pairs = clips + 1j * np.rint(levels_lufs[audible].round(1) / STEP_LU) * STEP_LU
    found, times = np.unique(pairs, return_counts=True)
    shares: list[dict[float, float]] = [{} for _ in counts]
    for each, count in zip(found.tolist(), times.tolist(), strict=True):
        clip = int(each.real)
        shares[clip][each.imag] = count / counts[clip]
    return [*shares]


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
    cues = list(place_cues(music, foreground, length, bed_style))
    levels = list(_level_beds(music, cues, speech, sounds, bed_style))
    beds = [replace(cue, gain_db=gain_db) for cue, (gain_db, _) in zip(cues, levels, strict=True)]
    once = _level_sounds(placed_sounds, speech, sounds, rate_hz)
    return Accompaniment((*beds, *once), tuple(lufs for _, lufs in levels), sounds, rate_hz)


def _level_beds(
    music: Sequence[MusicRegion],
    cues: Sequence[Cue],
    speech: Sequence[Span],
    sounds: Mapping[str, SoundFile],
    bed_style: MusicBedStyle,
) -> Iterator[tuple[float, float]]:
    """Gain and loudness under speech of each cue; they are one where music plays on."""
    openings = [number for number, region in enumerate(music) if not region.plays_on]
    for first, end in pairwise([*openings, len(music)]):
        regions, played = music[first:end], cues[first:end]
        below_lu = bed_style.level_below_voice_lu(regions[0].annotation.level_lu)
        under = _select_spans(speech, played[0].start, played[-1].end)
        sound = sounds[played[0].source]
        gain_db = music_gain_db(sound, played, under, below_lu, bed_style.rate_hz)
        yield from [(_keep_gain_db(regions, gain_db), VOICE_LUFS - below_lu)] * len(played)


def _keep_gain_db(regions: Sequence[MusicRegion], gain_db: float) -> float:
    """The gain of the last version, if it is as good."""
    kept = [each.place.gain_db for each in regions if each.place.gain_db is not None]
    return next((each for each in kept if abs(each - gain_db) <= KEPT_GAIN_DB), gain_db)


def _select_spans(speech: Sequence[Span], start: int, end: int) -> Sequence[Span]:
    """Select the spans, which are in order and apart, that reach into another."""
    first = bisect_right(speech, start, key=itemgetter(1))
    return speech[first : bisect_left(speech, end, key=itemgetter(0))]


def _level_sounds(
    placed_sounds: Sequence[PlacedSound],
    speech: Sequence[Span],
    sounds: Mapping[str, SoundFile],
    rate_hz: int,
) -> list[Cue]:
    shots = [each for each in placed_sounds if each.annotation.kind is not SoundKind.MUSIC]
    return [
        replace(cue, gain_db=_sound_gain_db(each, sounds[cue.source], speech))
        for each, cue in zip(shots, place_sounds(placed_sounds, rate_hz), strict=True)
    ]


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

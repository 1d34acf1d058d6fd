"""Computes every gain of a mix from measurements alone. Pure.

All takes get the same loudness, the music is set relative to it, and one static gain brings the sum
to the target. The loudness of the sum is predicted, so nothing is rendered to find the gain.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from mixer.errors import BadInput
from mixer.sound.analysis import Measurement
from mixer.sound.arithmetic import Values, np
from mixer.sound.arrange.cues import SoundFile, Span
from mixer.sound.arrange.loudness_prediction import LoudnessModel
from mixer.sound.loudness import (
    DUAL_MONO_LU,
    WINDOW_S,
    amplitude,
    decibels,
    histogram,
    integrated_lufs,
)
from mixer.sound.presets import Preset
from mixer.sound.timeline import MIX_RATE_HZ, Cue, Mastering

VOICE_LUFS = -20.0
"""Loudness of every take before mastering, measured in the mix's channels."""

MAX_BOOST_DB = 12.0
"""A higher boost would make the noise of a recording audible."""

STEREO = 2

MAX_NOISE_DBFS = -50.0
"""Highest level to which a take's noise is lifted; a noisier take is not lifted."""

MAX_CUT_DB = 20.0

IN_PAUSE_PEAK_DB = -8.0
UNDER_SPEECH_PEAK_DB = -12.0
"""Highest peak of a sound before mastering, so that the limiter on the sum has little to do (a
voice at VOICE_LUFS has peaks of about -6).
"""

MAX_BED_CHANGE_DB = 6.0
"""How far the music's gain may differ from the gain for its integrated loudness."""

GAIN_STEP_DB = 0.05

MAX_MAKEUP_DB = 6.0
"""Highest gain that makes up for the limiter's loss; more would crush the voice. Any remaining
difference shows in the report.
"""

UNLIMITED_DB = -80.0
"""A gain at which no limiter works."""

TOLERANCE_LU = 0.02
SEARCH_STEP_DB = 0.5
"""Step of the search for a gain; loudness is linear enough in between."""

RMS_CLEARANCE_DB = 0.7
"""Distance from the bounds of the plain level, for errors of prediction and encoding."""

PEAK_MARGIN_DB = 1.0
"""What MP3 encoding and resampling may add to a peak (measured on speech at 128 kbit/s)."""

LIMITED_PEAK_MARGIN_DB = 2.5
"""The same with an active limiter, which leaves many peaks at its limit and sees samples only, so
that peaks between them come on top (measured on bursts of noise).
"""

OVERSAMPLED_PEAK_MARGIN_DB = 1.5
"""The same where the mix has OVERSAMPLING times the rate of the voice: then the limiter sees nearly
all peaks. True peaks of noise at 24,000 Hz are at most 1.3 above the limit (as MP3 at 64 kbit/s
1.6), where they are 2.7 above that of a limiter at their own rate.
"""

OVERSAMPLING = 1.8


def clip_gains_db(takes: Sequence[Measurement], channels: int) -> list[float]:
    """Compute gains to VOICE_LUFS; a take that is too short to measure gets the median."""
    wanted = VOICE_LUFS - (DUAL_MONO_LU if channels > 1 else 0.0)
    levels = [take.loudness_lufs for take in takes]
    known = [level for level in levels if level is not None]
    typical = median(known) if known else wanted
    return [
        _clamp_gain(wanted - (typical if level is None else level), take)
        for level, take in zip(levels, takes, strict=True)
    ]


def _clamp_gain(gain_db: float, take: Measurement) -> float:
    """Limit a gain so that noise stays inaudible; add back the level lost by averaging channels."""
    noise_dbfs = take.profile.noise_dbfs
    boost = MAX_BOOST_DB + (decibels(take.channels) if take.channels > STEREO else 0.0)
    if noise_dbfs is not None:
        boost = min(boost, max(0.0, MAX_NOISE_DBFS - noise_dbfs))
    return min(max(gain_db, -MAX_CUT_DB), boost)


def music_gain_db(
    music: SoundFile, cues: Sequence[Cue], speech: Sequence[Span], level_lu: float, rate_hz: int
) -> float:
    """Compute the gain of cues under speech, from the loudness of the part that plays.

    Raises BadInput if the music is silent.
    """
    loudness = music.measured.loudness_lufs
    if loudness is None:
        raise BadInput(f"The music {music.source} is silent.", key=music.source)
    usual = VOICE_LUFS - level_lu - loudness - music.dual_mono_db
    windows = [windows_under_speech(music, cue, speech, rate_hz) for cue in cues]
    under = integrated_lufs(histogram(np.concatenate(windows)))
    own = usual if under is None else VOICE_LUFS - level_lu - under
    bounded = min(max(own, usual - MAX_BED_CHANGE_DB), usual + MAX_BED_CHANGE_DB)
    return quantize_gain(bounded)


def sound_gain_db(sound: SoundFile, level_lu: float, *, is_under_speech: bool) -> float:
    """Compute the gain of a sound that plays once, from its level and its peaks.

    Raises BadInput if the sound is silent.
    """
    loudness = sound.measured.loudness_lufs
    if loudness is None:
        raise BadInput(f"The sound {sound.source} is silent.", key=sound.source)
    wanted = VOICE_LUFS + level_lu - loudness - sound.dual_mono_db
    highest_db = UNDER_SPEECH_PEAK_DB if is_under_speech else IN_PAUSE_PEAK_DB
    return quantize_gain(min(wanted, highest_db - sound.measured.true_peak_dbtp))


def windows_under_speech(
    music: SoundFile, cue: Cue, speech: Sequence[Span], rate_hz: int
) -> Values:
    """Windows of the music, adjacent, under speech in a cue."""
    step = round(WINDOW_S * rate_hz)
    spans = np.array(speech, np.int64).reshape(-1, 2)
    firsts = np.maximum(spans[:, 0], cue.start) + step // 2
    counts = np.maximum(0, -((firsts - np.minimum(spans[:, 1], cue.end)) // step))
    before = np.repeat(np.cumsum(counts) - counts, counts)
    places = np.repeat(firsts, counts) + step * (np.arange(counts.sum()) - before)
    return music.momentary_lufs((places - cue.start + cue.skip) / rate_hz)


@dataclass(frozen=True, slots=True)
class MasteringTarget:
    """Targets of a mix.

    `voice_rate_hz` is the highest rate of the recordings, `level_offset_db` what the encoder adds
    to the level.
    """

    preset: Preset
    channels: int
    voice_rate_hz: int
    level_offset_db: float

    @property
    def limiter_ceiling_dbtp(self) -> float:
        """The highest limit of a limiter on the voice."""
        is_oversampled = self.voice_rate_hz * OVERSAMPLING <= MIX_RATE_HZ
        margin_db = OVERSAMPLED_PEAK_MARGIN_DB if is_oversampled else LIMITED_PEAK_MARGIN_DB
        return self.preset.ceiling_dbtp - margin_db


def compute_mastering(
    model: LoudnessModel,
    bed_peak_db: float | None,
    target: MasteringTarget,
    *,
    prediction_error_lu: float = 0.0,
    has_sounds: bool = False,
) -> Mastering:
    """Compute the gain and the limit of the whole mix.

    If a preset has a range for the plain level, that decides, not the loudness. `bed_peak_db` is
    the true peak of the music under speech, before mastering. `prediction_error_lu` comes from an
    earlier attempt (see `mixer.sound.render.mixdown`). `has_sounds` adds a limiter on
    the sum.
    """
    master = _MasteringModel(model, bed_peak_db, target, prediction_error_lu)
    is_mono = target.channels == 1
    target_lufs = target.preset.mono_lufs if is_mono else target.preset.stereo_lufs
    gain = _find_gain(target_lufs, master.lufs, prediction_error_lu)
    if target.preset.rms_db is not None:
        level, wanted = master.rms_db(gain), _clamp_level(master.rms_db(gain), target.preset.rms_db)
        if wanted != level and math.isfinite(level):
            gain = _find_gain(wanted, master.rms_db)
            target_lufs = round(master.lufs(gain), 1)
    gain = quantize_gain(gain)
    sum_limit_db = target.preset.ceiling_dbtp - LIMITED_PEAK_MARGIN_DB if has_sounds else None
    return Mastering(
        gain, target_lufs, target.preset.ceiling_dbtp, master.limit_db(gain), sum_limit_db
    )


@dataclass(frozen=True, slots=True)
class _MasteringModel:
    model: LoudnessModel
    bed_peak_db: float | None
    target: MasteringTarget
    prediction_error_lu: float

    def limit_db(self, gain_db: float) -> float | None:
        """Headroom of the voice between the bed and the ceiling; None if it stays below."""
        bed = 0.0 if self.bed_peak_db is None else amplitude(self.bed_peak_db + gain_db)
        voice = amplitude(self.model.voice_peak_db + gain_db)
        if voice + bed <= amplitude(self.target.preset.ceiling_dbtp - PEAK_MARGIN_DB):
            return None
        ceiling = amplitude(self.target.limiter_ceiling_dbtp)
        return decibels(max(ceiling - bed, ceiling / 2))

    def lufs(self, gain_db: float) -> float:
        measured = self.model.lufs(gain_db, self.limit_db(gain_db))
        plain = VOICE_LUFS + gain_db if measured is None else measured
        return plain + self.target.level_offset_db + self.prediction_error_lu

    def rms_db(self, gain_db: float) -> float:
        plain = self.model.rms_db(gain_db, self.limit_db(gain_db))
        return plain + self.target.level_offset_db


def _find_gain(
    target: float, measure: Callable[[float], float], prediction_error_lu: float = 0.0
) -> float:
    """Find the gain that comes closest to the target, in steps and then between two of them.

    The result is not monotonic: music that rises too leaves the voice less headroom, and a window
    that falls under the gate no longer counts. A prediction error does not count as limiter loss.
    """
    low = target - (measure(UNLIMITED_DB) - prediction_error_lu - UNLIMITED_DB)
    if not math.isfinite(low):
        return 0.0
    most = low + MAX_MAKEUP_DB
    at = low - max(0.0, prediction_error_lu)
    found = measure(at)
    best, nearest = at, found
    while nearest < target - TOLERANCE_LU and at < most:
        following = measure(at + SEARCH_STEP_DB)
        if following > target:
            return at + SEARCH_STEP_DB * (target - found) / (following - found)
        at, found = at + SEARCH_STEP_DB, following
        if found > nearest:
            best, nearest = at, found
    return best


def _clamp_level(level: float, bounds: tuple[float, float]) -> float:
    return min(max(level, bounds[0] + RMS_CLEARANCE_DB), bounds[1] - RMS_CLEARANCE_DB)


def quantize_gain(gain_db: float) -> float:
    """Round to GAIN_STEP_DB.

    A small edit then leaves the gain of the whole, and the bytes of all unedited parts, unchanged.
    """
    return round(gain_db / GAIN_STEP_DB) * GAIN_STEP_DB

"""Every gain of a mix, from measurements alone. Pure.

All takes are brought to one loudness, the music is set against it, and one static gain brings the
sum to the target. What the sum will measure is foretold from the takes' histograms, so nothing
has to be rendered to find the gain.
"""

from collections.abc import Sequence
from statistics import median

from mixer.errors import BadInput
from mixer.sound.cues import Music
from mixer.sound.encoders import Encoding
from mixer.sound.loudness import (
    DUAL_MONO_LU,
    Histogram,
    amplitude,
    decibels,
    energy_sum_db,
    integrated_lufs,
    shifted,
    summed,
)
from mixer.sound.measure import Measurement
from mixer.sound.presets import Preset
from mixer.sound.timeline import Clip, Mastering

VOICE_LUFS = -20.0
"""To which every take is brought before mastering, as heard in the mix's channels."""

MAX_BOOST_DB = 12.0
"""More would lift a recording's noise out of hiding."""

MAX_CUT_DB = 20.0

PEAK_MARGIN_DB = 1.0
"""What MP3 encoding and resampling may add to a peak (measured on speech at 128 kbit/s)."""

LIMITED_PEAK_MARGIN_DB = 2.0
"""The same where the limiter is at work: it leaves many peaks at its limit, and levels samples
only, so what lies between two samples comes on top (measured on bursts of noise).
"""


def clip_gains_db(takes: Sequence[Measurement], channels: int) -> list[float]:
    """The gain that brings each take to VOICE_LUFS; one too short to measure gets the median."""
    heard_as = DUAL_MONO_LU if channels > 1 else 0.0
    levels = [take.loudness_lufs for take in takes]
    known = [level for level in levels if level is not None]
    typical = median(known) if known else VOICE_LUFS - heard_as
    return [
        _bounded(VOICE_LUFS - heard_as - (typical if level is None else level)) for level in levels
    ]


def cue_gain_db(music: Music, level_lu: float) -> float:
    """The gain that puts music so far below the voice.

    Raises:
        BadInput: the music is silent.
    """
    loudness = music.measured.loudness_lufs
    if loudness is None:
        raise BadInput(f"There is nothing to hear in the music {music.source}.", key=music.source)
    heard_as = DUAL_MONO_LU if music.measured.channels == 1 else 0.0
    return VOICE_LUFS - level_lu - loudness - heard_as


def mastering(
    clips: Sequence[Clip],
    takes: Sequence[Measurement],
    bed_peak_db: float | None,
    bed_lufs: float | None,
    *,
    pauses: Histogram,
    channels: int,
    preset: Preset,
    encoding: Encoding,
) -> Mastering:
    """The gain and the limit of the whole.

    Args:
        clips: with their gains.
        takes: what is known of each clip's recording.
        bed_peak_db: true peak of the music under speech, before mastering; None without music.
        bed_lufs: loudness of the music under speech, before mastering; None without music.
        pauses: windows of the music alone, before mastering.
        channels: of the mix.
        preset: target and ceiling.
        encoding: whose own change of level counts.
    """
    target = preset.stereo_lufs if channels > 1 else preset.mono_lufs
    heard_as = DUAL_MONO_LU if channels > 1 else 0.0
    windows = summed(
        shifted(take.windows, clip.gain_db + heard_as)
        for clip, take in zip(clips, takes, strict=True)
    )
    expected = integrated_lufs(summed([_with_bed(windows, bed_lufs), pauses]))
    gain = target - (VOICE_LUFS if expected is None else expected) - encoding.level_offset_db
    peaks = (c.gain_db + take.true_peak_dbtp for c, take in zip(clips, takes, strict=True))
    limit = _limit_db(
        max(peaks) + gain,
        None if bed_peak_db is None else bed_peak_db + gain,
        preset.ceiling_dbtp,
    )
    return Mastering(gain, target, preset.ceiling_dbtp, limit)


def _bounded(gain_db: float) -> float:
    return min(max(gain_db, -MAX_CUT_DB), MAX_BOOST_DB)


def _with_bed(windows: Histogram, bed_lufs: float | None) -> Histogram:
    """The windows of speech with the music's energy added to each."""
    if bed_lufs is None:
        return windows
    return summed({energy_sum_db(level, bed_lufs): count} for level, count in windows.items())


def _limit_db(voice_db: float, bed_db: float | None, ceiling_db: float) -> float | None:
    """What is left for the voice under the ceiling beside the bed; None when it stays below."""
    bed = amplitude(bed_db) if bed_db is not None else 0.0
    if amplitude(voice_db) + bed <= amplitude(ceiling_db - PEAK_MARGIN_DB):
        return None
    ceiling = amplitude(ceiling_db - LIMITED_PEAK_MARGIN_DB)
    return decibels(max(ceiling - bed, ceiling / 2))

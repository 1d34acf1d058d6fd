"""Checks a finished file's measurements against the rules of a preset. Pure.

Sources: ACX's submission requirements; EBU R128 and R128 s1; Apple's podcast requirements; AES
TD1008 for speech.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixer.sound.presets import Preset

if TYPE_CHECKING:
    from mixer.sound.analysis.verification import Verification

LOUDNESS_WITHIN_LU = 0.3

ACX_NOISE_DBFS = -60.0
SILENT_DBFS = -90.0
"""Anything below counts as digital silence."""

ACX_HEAD_S, ACX_TAIL_S = (0.5, 1.0), (1.0, 5.0)
ACX_RATE_HZ, ACX_LONGEST_S = 44_100, 7_200
BLOCK_ALLOWANCE_S = 0.1
"""Resolution at which the silent ends are measured."""


_LABELS = {
    "integrated_loudness_lufs": ("Loudness", "LUFS"),
    "true_peak_dbtp": ("True peak", "dBTP"),
    "rms_dbfs": ("RMS level", "dBFS"),
    "noise_floor_dbfs": ("Noise floor", "dBFS"),
    "room_tone_before_s": ("Quiet before the first word", "s"),
    "room_tone_after_s": ("Quiet after the last word", "s"),
    "room_tone_dbfs": ("Room tone", "dBFS"),
    "bitrate_kbps": ("Bit rate", "kbit/s"),
    "sample_rate_hz": ("Sample rate", "Hz"),
    "duration_s": ("Duration", "s"),
    "chapters": ("Chapters", ""),
    "shortest_chapter_s": ("Shortest chapter", "s"),
}


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """Codec (FFmpeg's name), sample rate and bit rate (0 if unknown) of a file."""

    codec: str
    rate_hz: int
    kbps: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class ComplianceRule:
    """A rule and its result; the name ends with the unit, and `measured` is None in silence."""

    name: str
    wanted: str
    measured: float | None
    passed: bool

    @property
    def sentence(self) -> str:
        """Say what was measured and what the rule requires."""
        if self.name in {"codec", "artwork"}:
            found, accepted = self.wanted.rstrip(")").split(" (")
            return f"The {self.name} is {found}, but {accepted} is required."
        if self.name.startswith("tag "):
            return f"The {self.name} is empty."
        label, unit = _LABELS.get(self.name, (self.name, ""))
        if self.measured is None or not math.isfinite(self.measured):
            return f"{label}: silent, but {self.wanted} {unit} is required.".replace("  ", " ")
        measured = f"{self.measured:.1f}" if unit else f"{self.measured:g}"
        sentence = f"{label}: {measured} {unit}, but {self.wanted} {unit} is required."
        return sentence.replace("  ", " ").replace(" ,", ",")


def check_compliance(
    verification: "Verification", stream_info: StreamInfo, preset: Preset, target_lufs: float
) -> Iterator[ComplianceRule]:
    """Check every rule of a preset; `target_lufs` depends on the channels of the mix."""
    if preset.rms_db is None:
        low, high = target_lufs - LOUDNESS_WITHIN_LU, target_lufs + LOUDNESS_WITHIN_LU
        yield _check_range("integrated_loudness_lufs", verification.integrated_lufs, low, high)
    yield _check_maximum("true_peak_dbtp", verification.true_peak_dbtp, preset.ceiling_dbtp)
    if preset.rms_db is not None:
        yield from _check_acx_levels(verification, preset.rms_db)
        yield from _check_acx_stream(stream_info, preset)


def _check_acx_stream(stream_info: StreamInfo, preset: Preset) -> Iterator[ComplianceRule]:
    wanted = f"at least {preset.min_kbps}"
    if stream_info.codec.startswith(preset.codec):
        wanted = f"{preset.codec.upper()} of {wanted}"
    else:
        yield ComplianceRule("codec", f"{stream_info.codec} ({preset.codec})", None, passed=False)
    passed = round(stream_info.kbps) >= preset.min_kbps
    yield ComplianceRule("bitrate_kbps", wanted, stream_info.kbps, passed)
    yield _check_range("sample_rate_hz", stream_info.rate_hz, ACX_RATE_HZ, ACX_RATE_HZ)
    yield _check_maximum("duration_s", stream_info.duration_s, ACX_LONGEST_S)


def _check_acx_levels(
    verification: "Verification", rms_db: tuple[float, float]
) -> Iterator[ComplianceRule]:
    yield _check_range("rms_dbfs", verification.rms_dbfs, *rms_db)
    yield _check_maximum("noise_floor_dbfs", verification.noise_floor_dbfs, ACX_NOISE_DBFS)
    head_s, tail_s = verification.silent_ends_s or (None, None)
    yield _check_range("room_tone_before_s", head_s, *ACX_HEAD_S, BLOCK_ALLOWANCE_S)
    yield _check_range("room_tone_after_s", tail_s, *ACX_TAIL_S, BLOCK_ALLOWANCE_S)
    yield _check_range("room_tone_dbfs", verification.room_tone_dbfs, SILENT_DBFS, ACX_NOISE_DBFS)


def _check_range(
    name: str, measured: float | None, low: float, high: float, allowance: float = 0.0
) -> ComplianceRule:
    wanted = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    passed = (
        measured is not None
        and low - allowance - 1e-9 <= round(measured, 1) <= high + allowance + 1e-9
    )
    return ComplianceRule(name, wanted, measured, passed)


def _check_maximum(name: str, measured: float | None, limit: float) -> ComplianceRule:
    passed = measured is not None and measured <= limit
    return ComplianceRule(name, f"at most {limit:g}", measured, passed)

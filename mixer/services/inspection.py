"""Inspects any sound file: loudness, peaks, levels, rules of a preset, a picture.

The report of a mix, if next to the file, shows where speech and music are.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from mixer.publish.provenance import Provenance, read_provenance
from mixer.publish.timing import chapter_starts
from mixer.publish.waveform import WaveformPicture, draw_waveform, format_clock, speech_spans_s
from mixer.requests import PresetName
from mixer.sound import PRESETS, STEP_S, ProcessGroup, Timeline
from mixer.sound.analysis import (
    MUSIC_CHANNELS,
    ComplianceRule,
    Measurement,
    StreamInfo,
    Verification,
    check_compliance,
    measure,
    probe_stream,
    verify,
)
from mixer.sound.arrange import bed_outline

COLUMNS = 1_600
"""Width of the picture."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """Measurements of a file; `timeline` needs the report of a mix."""

    name: str
    measurement: Measurement
    verification: Verification
    stream_info: StreamInfo
    rules: tuple[ComplianceRule, ...]
    timeline: Timeline | None
    sound_peaks_dbtp: Mapping[str, float]
    provenance: Provenance = field(default_factory=lambda: Provenance("none"))


def inspect(
    path: Path, preset: PresetName | None, report: Path | None, processes: ProcessGroup
) -> Inspection:
    """Measure a file of any format that FFmpeg reads; the report is next to it by default.

    Raises NotFound, or UnplayableAudio if it has no sound.
    """
    measured = measure(path, channels=MUSIC_CHANNELS, processes=processes)
    checked = verify(path, measured.duration_s, COLUMNS, processes=processes)
    carrier = probe_stream(path, measured, processes)
    rules: tuple[ComplianceRule, ...] = ()
    if preset is not None:
        limits = PRESETS[preset]
        target = limits.mono_lufs if measured.channels == 1 else limits.stereo_lufs
        rules = tuple(check_compliance(checked, carrier, limits, target))
    fields = _load_report(report or path.with_suffix(".json"))
    timeline = _parse_timeline(fields)
    return Inspection(
        name=path.name,
        measurement=measured,
        verification=checked,
        stream_info=carrier,
        rules=rules,
        timeline=timeline,
        sound_peaks_dbtp=_sound_peaks_dbtp(fields, timeline),
        provenance=read_provenance(path),
    )


def collect_figures(inspection: Inspection) -> dict[str, float | int | str | None]:
    """Collect the measurements by name."""
    checked, carrier = inspection.verification, inspection.stream_info
    head_s, tail_s = checked.silent_ends_s or (None, None)
    return {
        "file": inspection.name,
        "duration_s": carrier.duration_s,
        "codec": carrier.codec,
        "sample_rate_hz": carrier.rate_hz,
        "channels": inspection.measurement.channels,
        "bitrate_kbps": carrier.kbps,
        "integrated_loudness_lufs": checked.integrated_lufs,
        "loudness_range_lu": checked.range_lu,
        "true_peak_dbtp": checked.true_peak_dbtp,
        "rms_dbfs": checked.rms_dbfs,
        "noise_floor_dbfs": checked.noise_floor_dbfs,
        "room_tone_before_s": head_s,
        "room_tone_after_s": tail_s,
        "room_tone_dbfs": checked.room_tone_dbfs,
    }


def draw_picture(inspection: Inspection) -> bytes:
    """Draw waveform, loudness and the places of speech and music as PNG."""
    timeline, checked = inspection.timeline, inspection.verification
    duration_s = inspection.stream_info.duration_s
    lufs = checked.integrated_lufs
    figures = [format_clock(duration_s), "silent" if lufs is None else f"{lufs:.1f} LUFS"]
    momentary = enumerate(checked.momentary_lufs, start=1)
    return draw_waveform(
        WaveformPicture(
            peaks=checked.peaks,
            duration_s=duration_s,
            music=_bed_levels(inspection),
            chapters=chapter_starts(timeline) if timeline else (),
            title=inspection.name,
            caption=" · ".join([*figures, f"{checked.true_peak_dbtp:.1f} dBTP"]),
            loudness=tuple((step * STEP_S, level) for step, level in momentary),
            speech=speech_spans_s(timeline) if timeline else (),
        )
    )


def _sound_peaks_dbtp(report: Mapping[str, object], timeline: Timeline | None) -> dict[str, float]:
    """Peaks by source; older reports have one figure for their only music."""
    peaks, peak = report.get("sound_peaks_dbtp"), report.get("music_peak_dbtp")
    if isinstance(peaks, dict) and peaks:
        return {str(source): float(each) for source, each in peaks.items()}
    if timeline is None or not isinstance(peak, int | float):
        return {}
    return {cue.source: float(peak) for cue in timeline.cues}


def _bed_levels(inspection: Inspection) -> tuple[float, ...]:
    if inspection.timeline is None or not inspection.timeline.cues:
        return ()
    if not {cue.source for cue in inspection.timeline.cues} <= inspection.sound_peaks_dbtp.keys():
        return ()
    return bed_outline(inspection.timeline, inspection.sound_peaks_dbtp, COLUMNS)


def _load_report(report: Path) -> Mapping[str, object]:
    with suppress(OSError, ValueError):
        found = json.loads(report.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _parse_timeline(report: Mapping[str, object]) -> Timeline | None:
    with suppress(ValueError):
        return (
            TypeAdapter(Timeline).validate_python(report["timeline"])
            if report.get("timeline")
            else None
        )
    return None

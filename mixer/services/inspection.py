"""Inspects any sound file: loudness, peaks, levels, rules of a preset or a target, a picture.

The report of a mix, if next to the file, shows where speech and music are.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import regex
from pydantic import TypeAdapter

from mixer.publish import Picture
from mixer.publish.provenance import Provenance, read_provenance
from mixer.publish.timing import chapter_starts
from mixer.publish.waveform import WaveformPicture, draw_waveform, format_clock, speech_spans_s
from mixer.requests import PresetName
from mixer.sound import PRESETS, STEP_S, ProcessGroup, Timeline, ffmpeg
from mixer.sound.analysis import (
    MUSIC_CHANNELS,
    ComplianceRule,
    Measurement,
    StreamInfo,
    Verification,
    check_compliance,
    measure,
    verify,
)
from mixer.sound.arrange import bed_outline
from mixer.sound.formats import AudioTags
from mixer.targets import Target, load_targets

COLUMNS = 1_600
"""Width of the picture."""

ALLOWANCE = 0.05
"""Of a level, which is shown with one decimal."""

TIMEOUT_S = 600.0
_STREAM = regex.compile(r"Stream #0:\d+.*?: Audio: (?P<codec>\w+)[^\n]*")
_STATED_KBPS = regex.compile(r", (?P<kbps>\d+) kb/s")
_COPIED_BYTES = regex.compile(r"\baudio:(?P<kib>\d+)KiB")
_PICTURE = regex.compile(r"Stream #0:\d+.*?: Video: [^\n]*?, (?P<width>\d+)x(?P<height>\d+)")
_LABEL = regex.compile(r"(?P<name>[^=\\]+)=(?P<value>.*)", regex.DOTALL)
_CHAPTER = regex.compile(
    r"^\[CHAPTER\]\nTIMEBASE=(\d+)/([1-9]\d*)\nSTART=(-?\d+)$", regex.MULTILINE
)
"""How a chapter begins; further lines are tags of its own, which may have the same names."""

_ESCAPE = regex.compile(r"\\(.)", regex.DOTALL)
_LINE_END = regex.compile(r"(?<!\\)(?:\\\\)*\K\n")
"""A line break that no backslash escapes (FFmpeg's metadata format)."""


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
    stream = _probe_stream(path, measured, processes)
    rules: tuple[ComplianceRule, ...] = ()
    if preset is not None:
        limits = PRESETS[preset]
        target = limits.mono_lufs if measured.channels == 1 else limits.stereo_lufs
        rules = tuple(check_compliance(checked, stream, limits, target))
    fields = _load_report(report or path.with_suffix(".json"))
    timeline = _parse_timeline(fields)
    return Inspection(
        name=path.name,
        measurement=measured,
        verification=checked,
        stream_info=stream,
        rules=rules,
        timeline=timeline,
        sound_peaks_dbtp=_sound_peaks_dbtp(fields, timeline),
        provenance=read_provenance(path),
    )


def _probe_stream(path: Path, measurement: Measurement, processes: ProcessGroup) -> StreamInfo:
    """Probe a measured file; the bit rate is that of its sound, without cover and tags.

    Where the file does not state it, the packets of the sound are counted.
    """
    command = [*ffmpeg.confine_input(0), "-map", "0:a:0", "-c", "copy", "-f", "null", "-"]
    log = ffmpeg.run(command, files=[path], timeout_s=TIMEOUT_S, processes=processes).stderr
    stream, copied = _STREAM.search(log), _COPIED_BYTES.search(log)
    stated = _STATED_KBPS.search(stream[0]) if stream else None
    counted_kbps = int(copied["kib"]) * 8.192 / measurement.duration_s if copied else 0.0
    kbps = float(stated["kbps"]) if stated else counted_kbps
    codec = stream["codec"] if stream else ""
    return StreamInfo(codec, measurement.rate_hz, round(kbps, 1), measurement.duration_s)


def collect_figures(inspection: Inspection) -> dict[str, float | int | str | None]:
    """Collect the measurements by name."""
    checked, stream = inspection.verification, inspection.stream_info
    head_s, tail_s = checked.silent_ends_s or (None, None)
    return {
        "file": inspection.name,
        "duration_s": stream.duration_s,
        "codec": stream.codec,
        "sample_rate_hz": stream.rate_hz,
        "channels": inspection.measurement.channels,
        "bitrate_kbps": stream.kbps,
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


def check_target(
    path: Path, inspection: Inspection, name: str, processes: ProcessGroup
) -> tuple[ComplianceRule, ...]:
    """Check every rule of a target, of its sound and of its tags."""
    target = load_targets()[name]
    tags = read_tags(path, inspection.stream_info.duration_s, processes)
    rules = [*_check_sound(inspection, target), *_check_size(path, target)]
    return (*rules, *tags.check_target(target), *_check_preset(inspection, target))


def _check_sound(inspection: Inspection, target: Target) -> Iterator[ComplianceRule]:
    stream, checked = inspection.stream_info, inspection.verification
    if target.formats:
        is_accepted = stream.codec in target.formats
        wanted = f"{stream.codec} ({' or '.join(target.formats)})"
        yield ComplianceRule("codec", wanted, None, is_accepted)
    if target.kbps:
        yield _check_range("bitrate_kbps", round(stream.kbps), *target.kbps)
    if target.rates_hz:
        wanted = " or ".join(map(str, target.rates_hz))
        is_accepted = stream.rate_hz in target.rates_hz
        yield ComplianceRule("sample_rate_hz", wanted, float(stream.rate_hz), is_accepted)
    if target.loudness_lufs:
        lufs = checked.integrated_lufs
        yield _check_range("integrated_loudness_lufs", lufs, *target.loudness_lufs)
    if target.peak_dbtp is not None:
        passed = checked.true_peak_dbtp <= target.peak_dbtp + ALLOWANCE
        wanted = f"at most {target.peak_dbtp:g}"
        yield ComplianceRule("true_peak_dbtp", wanted, checked.true_peak_dbtp, passed)


def _check_size(path: Path, target: Target) -> Iterator[ComplianceRule]:
    if target.max_bytes is not None:
        size_bytes = float(path.stat().st_size)
        wanted = f"at most {target.max_bytes:,}"
        yield ComplianceRule("size_bytes", wanted, size_bytes, size_bytes <= target.max_bytes)


def _check_preset(inspection: Inspection, target: Target) -> Iterator[ComplianceRule]:
    if target.checks_preset:
        preset = PRESETS[target.preset]
        yield from check_compliance(
            inspection.verification, inspection.stream_info, preset, preset.mono_lufs
        )


def _check_range(name: str, measured: float | None, low: float, high: float) -> ComplianceRule:
    passed = measured is not None and low - ALLOWANCE <= measured <= high + ALLOWANCE
    return ComplianceRule(name, f"{low:g} to {high:g}", measured, passed)


def read_tags(path: Path, duration_s: float, processes: ProcessGroup) -> AudioTags:
    """Read the tags of a file of any format that FFmpeg reads; its picture without content.

    Names of fields are in small letters.
    """
    command = [*ffmpeg.confine_input(0), "-map", "0:a:0", "-c", "copy", "-f", "ffmetadata", "-"]
    done = ffmpeg.run(command, files=[path], timeout_s=TIMEOUT_S, processes=processes)
    found = _PICTURE.search(done.stderr)
    picture = Picture(b"", int(found["width"]), int(found["height"])) if found else None
    fields, starts_s = _parse_metadata(done.stdout.decode(errors="replace"))
    return AudioTags(fields, [(start_s, "") for start_s in starts_s], duration_s, picture)


def _parse_metadata(text: str) -> tuple[dict[str, str], tuple[float, ...]]:
    fields: dict[str, str] = {}
    section = ""
    for line in _LINE_END.split(text):
        label = _LABEL.fullmatch(line)
        if line.startswith("["):
            section = line
        elif label is not None and section != "[CHAPTER]":
            fields.setdefault(label["name"].lower(), _ESCAPE.sub(r"\1", label["value"]))
    chapters = (map(int, match.groups()) for match in _CHAPTER.finditer(text))
    return fields, tuple(start * above / below for above, below, start in chapters)

"""Checks a file against the rules of a target: its sound, and what it says of itself."""

from collections.abc import Iterator
from pathlib import Path

import regex

from mixer.publish import Picture
from mixer.services.inspection import Inspection
from mixer.sound import PRESETS, ProcessGroup, ffmpeg
from mixer.sound.analysis import ComplianceRule, check_compliance
from mixer.sound.formats import AudioTags
from mixer.targets import Target, load_targets

ALLOWANCE = 0.05
"""Of a level, which is shown with one decimal."""


def check_target(
    path: Path, inspection: Inspection, name: str, processes: ProcessGroup
) -> tuple[ComplianceRule, ...]:
    """Check every rule of a target; `measured` is None where there is nothing to measure."""
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


TIMEOUT_S = 600.0

_PICTURE = regex.compile(r"Stream #0:\d+.*?: Video: [^\n]*?, (?P<width>\d+)x(?P<height>\d+)")
_LABEL = regex.compile(r"(?P<name>[^=\\]+)=(?P<value>.*)", regex.DOTALL)
_ESCAPE = regex.compile(r"\\(.)", regex.DOTALL)
_LINE_END = regex.compile(r"(?<!\\)(?:\\\\)*\K\n")
"""A line break that no backslash escapes (FFmpeg's metadata format)."""


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
    starts_s: list[float] = []
    section, unit_s = "", 1.0
    for line in _LINE_END.split(text):
        label = _LABEL.fullmatch(line)
        if line.startswith("["):
            section = line
        elif label is None:
            continue
        elif section != "[CHAPTER]":
            fields.setdefault(label["name"].lower(), _ESCAPE.sub(r"\1", label["value"]))
        elif label["name"] == "TIMEBASE":
            above, _, below = label["value"].partition("/")
            unit_s = int(above) / int(below)
        elif label["name"] == "START":
            starts_s.append(int(label["value"]) * unit_s)
    return fields, tuple(starts_s)

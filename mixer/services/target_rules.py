"""Checks a file against the rules of a target: its sound, and what it says of itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import regex

from mixer.services.inspection import Inspection
from mixer.sound import PRESETS, ProcessGroup, ffmpeg
from mixer.sound.analysis import ComplianceRule, check_compliance
from mixer.targets import Target, load_targets

ALLOWANCE = 0.05
"""Of a level, which is shown with one decimal."""


def check_target(
    path: Path, inspection: Inspection, name: str, processes: ProcessGroup
) -> tuple[ComplianceRule, ...]:
    """Check every rule of a target; `measured` is None where there is nothing to measure."""
    target, labels = load_targets()[name], read_labels(path, processes)
    rules = [*_check_sound(inspection, target), *_check_size(path, inspection, target)]
    return (*rules, *_check_labels(labels, inspection, target), *_check_preset(inspection, target))


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


def _check_size(path: Path, inspection: Inspection, target: Target) -> Iterator[ComplianceRule]:
    limits = {"duration_s": target.max_s, "size_bytes": target.max_bytes}
    found = {
        "duration_s": inspection.stream_info.duration_s,
        "size_bytes": float(path.stat().st_size),
    }
    for name, limit in limits.items():
        if limit is not None:
            passed = found[name] <= limit
            yield ComplianceRule(name, f"at most {limit:,}", found[name], passed)


def _check_labels(
    labels: "FileLabels", inspection: Inspection, target: Target
) -> Iterator[ComplianceRule]:
    for tag in target.tags:
        yield ComplianceRule(f"tag {tag}", "not empty", None, bool(labels.fields.get(tag)))
    if target.artwork_px:
        low, high = target.artwork_px
        width, height = labels.picture_px or (0, 0)
        is_fitting = width == height and low <= width <= high
        there = f"{width} × {height}" if labels.picture_px else "none"
        wanted = f"{there} (a square of {low} to {high} pixels)"
        yield ComplianceRule("artwork", wanted, None, is_fitting)
    if target.min_chapters:
        starts_s = labels.chapter_starts_s
        count = float(len(starts_s))
        is_enough = count >= target.min_chapters
        yield ComplianceRule("chapters", f"at least {target.min_chapters}", count, is_enough)
        if target.min_chapter_s and starts_s:
            ends_s = (*starts_s[1:], inspection.stream_info.duration_s)
            shortest_s = min(end - start for start, end in zip(starts_s, ends_s, strict=True))
            passed = shortest_s >= target.min_chapter_s
            wanted = f"at least {target.min_chapter_s:g}"
            yield ComplianceRule("shortest_chapter_s", wanted, round(shortest_s, 1), passed)


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


@dataclass(frozen=True, slots=True)
class FileLabels:
    """Fields by FFmpeg's names in small letters, chapters, and the picture's width and height."""

    fields: Mapping[str, str]
    chapter_starts_s: tuple[float, ...]
    picture_px: tuple[int, int] | None


def read_labels(path: Path, processes: ProcessGroup) -> FileLabels:
    """Read the labels of a file of any format that FFmpeg reads."""
    command = [*ffmpeg.confine_input(0), "-map", "0:a:0", "-c", "copy", "-f", "ffmetadata", "-"]
    done = ffmpeg.run(command, files=[path], timeout_s=TIMEOUT_S, processes=processes)
    picture = _PICTURE.search(done.stderr)
    size = (int(picture["width"]), int(picture["height"])) if picture else None
    fields, starts_s = _parse_metadata(done.stdout.decode(errors="replace"))
    return FileLabels(fields, starts_s, size)


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

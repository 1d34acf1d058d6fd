"""Checks a file against the rules of a target, one by one."""

from collections.abc import Iterator
from pathlib import Path

from mixer.services.inspect import Inspection
from mixer.services.labels import FileLabels, read_labels
from mixer.sound import PRESETS, ProcessGroup
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
        wanted = " or ".join(target.formats)
        yield ComplianceRule(
            "codec", _describe(wanted, stream.codec, is_accepted), None, is_accepted
        )
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
    labels: FileLabels, inspection: Inspection, target: Target
) -> Iterator[ComplianceRule]:
    for tag in target.tags:
        yield ComplianceRule(f"tag {tag}", "not empty", None, bool(labels.fields.get(tag)))
    if target.artwork_px:
        low, high = target.artwork_px
        width, height = labels.picture_px or (0, 0)
        is_fitting = width == height and low <= width <= high
        there = f"{width} × {height}" if labels.picture_px else "none"
        wanted = _describe(f"a square of {low} to {high} pixels", there, is_fitting)
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


def _describe(wanted: str, found: str, is_kept: bool) -> str:
    return f"{wanted}: {found}" if is_kept else f"{wanted}, not {found}"


def _check_range(name: str, measured: float | None, low: float, high: float) -> ComplianceRule:
    passed = measured is not None and low - ALLOWANCE <= measured <= high + ALLOWANCE
    return ComplianceRule(name, f"{low:g} to {high:g}", measured, passed)

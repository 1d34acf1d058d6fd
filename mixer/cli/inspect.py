"""`mixer inspect`: a sound file's measurements, the rules it meets, its picture."""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

import mixer
from mixer.cli.options import force_option
from mixer.cli.strict import StrictCommand
from mixer.errors import BadInput
from mixer.narration import claim_file
from mixer.publish.provenance import Provenance
from mixer.services import Inspection, collect_figures, draw_picture
from mixer.settings import find_store_folder
from mixer.sound import PRESETS
from mixer.sound.analysis import ComplianceRule
from mixer.targets import load_targets

UNITS = ("_lufs", "_dbtp", "_dbfs", "_s", "_hz", "_kbps")
"""Ends of the names of rules of what is measured; None is silence there."""


@click.command(cls=StrictCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--preset", type=click.Choice(sorted(PRESETS)), help="Check it against the rules of a preset."
)
@click.option(
    "--target",
    type=click.Choice([*load_targets()]),
    help="Check it, rule by rule, against the requirements of a shop, directory or player.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="The report of the mix, which states where speech and music are.  [default: next to FILE]",
)
@click.option(
    "--picture",
    "png",
    type=click.Path(path_type=Path),
    help="PNG to write: waveform, loudness over time, speech and music.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@force_option
def inspect(
    *,
    file: Path,
    report: Path | None,
    png: Path | None,
    force: bool,
    **given: Any,  # noqa: ANN401 - a preset and a form
) -> None:
    """Measure a sound FILE of any format.

    With --preset or --target, the exit code is 1 if a rule is broken.
    """
    written = claim_file(png, {file: "the file"}, find_store_folder(os.environ), force=force)
    target = given["target"]
    inspection = mixer.inspect(file, given["preset"], report=report, target=target)
    click.echo(_format_json(inspection) if given["as_json"] else _format_table(inspection))
    if target and not given["as_json"]:
        click.echo("\n".join(_describe_target(target)))
    if png is not None:
        written.write(png, draw_picture(inspection))
    broken = [rule.name for rule in inspection.rules if not rule.passed]
    if broken:
        whose = " and ".join(filter(None, (given["preset"], target)))
        raise BadInput(f"{file} breaks rules of {whose}: {', '.join(broken)}.")


def _describe_target(name: str) -> Iterator[str]:
    target = load_targets()[name]
    yield f"{target.title}: {target.source}"
    if target.note:
        yield f"note: {target.note}"


def _format_table(inspection: Inspection) -> str:
    lines = [
        f"{name:26}{_format_figure(value)}" for name, value in collect_figures(inspection).items()
    ]
    lines += _format_provenance(inspection.provenance)
    lines += [f"flaw: {flaw}" for flaw in inspection.measurement.profile.flaws]
    lines += [
        f"{'kept  ' if rule.passed else 'BROKEN'}  {rule.name}: {_format_rule(rule)}"
        for rule in inspection.rules
    ]
    return "\n".join(lines)


def _format_json(inspection: Inspection) -> str:
    figures = {name: _round_finite(value) for name, value in collect_figures(inspection).items()}
    rules = [asdict(rule) | {"measured": _round_finite(rule.measured)} for rule in inspection.rules]
    flaws = list(inspection.measurement.profile.flaws)
    origin = asdict(inspection.provenance)
    content = {**figures, "flaws": flaws, "rules": rules, "provenance": origin}
    return json.dumps(content, ensure_ascii=False, indent=2)


STATES = {
    "none": "no signed statement of origin",
    "valid": "signed, and unchanged since",
    "changed": "CHANGED after it was signed",
    "expired": "signed, but the certificate has EXPIRED",
    "invalid": "the signed statement is INVALID",
    "unread": "UNKNOWN: the search for a signed statement took too long or failed",
}


def _format_provenance(provenance: Provenance) -> list[str]:
    """Format what a file says of its origin."""
    figures = {"origin": STATES[provenance.state]}
    if provenance.signer:
        trust = "" if provenance.is_trusted else ", which no authority vouches for"
        figures["signed by"] = f"{provenance.signer}{trust}"
        figures["made with"] = provenance.software
    if provenance.is_synthetic:
        voices = ", ".join(provenance.voices)
        figures["speech"] = f"synthetic: {voices} ({provenance.engine})"
    return [f"{name:26}{value}" for name, value in figures.items()]


def _format_rule(rule: ComplianceRule) -> str:
    """What a rule requires, after what was measured if it is of something that can be."""
    if not rule.name.endswith(UNITS):  # a count, or nothing that is measured
        return rule.wanted if rule.measured is None else f"{rule.measured:g} ({rule.wanted})"
    return f"{_format_figure(rule.measured)} ({rule.wanted})"


def _round_finite(value: float | str | None) -> float | str | None:
    """Round a figure to a hundredth; None for silence, which JSON cannot express."""
    if not isinstance(value, float):
        return value
    return round(value, 2) if math.isfinite(value) else None


def _format_figure(value: float | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.1f}" if math.isfinite(value) else "silence"
    return "silence" if value is None else str(value)

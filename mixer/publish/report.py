"""The report that goes with the audio: what was made, how it measures, what was done to it.

Written for programs and for people who open it: fields stand in one fixed order, figures are
rounded to what was measured, units are in the names.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from mixer.sound.timeline import Timeline

FORMAT_VERSION = 1
"""Goes up when a field changes its meaning or goes away; new fields do not raise it."""

_DECIMALS = {"_usd": 4, "_s": 3, "_lufs": 1, "_dbtp": 1, "_lu": 1, "_dbfs": 1}
"""By unit: a hundredth of a cent, a millisecond, the tenth that meters show (EBU Tech 3341)."""


@dataclass(frozen=True, slots=True)
class ReportChapter:
    """A chapter and where it begins in the audio."""

    title: str
    start_s: float


@dataclass(frozen=True, slots=True)
class ReportRule:
    """A rule of the preset, and whether the file keeps it."""

    name: str
    wanted: str
    measured: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All that is said about a finished story.

    Attributes:
        title: of the story; may be empty.
        language: BCP 47 tag.
        voice: the voice's id.
        engine: the engine it was spoken with.
        duration_s: of the finished audio.
        integrated_loudness_lufs: measured; None for silence.
        true_peak_dbtp: measured; None for silence.
        loudness_target_lufs: what the preset asked for.
        chunks: how many calls of the engine the story takes.
        characters: of the author's text.
        billed_characters: what the engine charged for.
        chapters: in playing order.
        polly_cost_usd: what the same text costs, by engine of Polly.
        unspoken: passages that no voice could read, as the author wrote them.
        adjustments: sentences that say what was done, such as `Music looped 11 times.`
        stages_s: how long each stage took, in the order in which they ran.
        outputs: names of the files made.
        loudness_range_lu: measured; None where it was not.
        rms_dbfs: plain level of the whole, likewise.
        noise_floor_dbfs: plain level of the quietest half second, likewise; None for silence.
        bed_below_speech_lu: how far the music lies below the voice while it speaks.
        preset: whose rules count.
        rules: of the preset, on all that was measured.
        unmeasured: names of figures that were not looked at: the file is too long to be decoded.
        music_peak_dbtp: of the loudest music or sound before any gain.
        sound_peaks_dbtp: of each, by source.
        timeline: the mix itself; read it to render it again.
    """

    title: str
    language: str
    voice: str
    engine: str
    duration_s: float
    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    loudness_target_lufs: float
    chunks: int
    characters: int
    billed_characters: int
    chapters: tuple[ReportChapter, ...] = ()
    polly_cost_usd: Mapping[str, float] = field(default_factory=dict)
    unspoken: tuple[str, ...] = ()
    adjustments: tuple[str, ...] = ()
    stages_s: Mapping[str, float] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    loudness_range_lu: float | None = None
    rms_dbfs: float | None = None
    noise_floor_dbfs: float | None = None
    bed_below_speech_lu: float | None = None
    preset: str = ""
    rules: tuple[ReportRule, ...] = ()
    unmeasured: tuple[str, ...] = ()
    music_peak_dbtp: float | None = None
    sound_peaks_dbtp: Mapping[str, float] = field(default_factory=dict)
    timeline: Timeline | None = None


def format_report(report: Report) -> str:
    """The report as JSON text: `format_version` first, then the fields in their order."""
    fields = {"format_version": FORMAT_VERSION, **asdict(report)}
    exact = fields.pop("timeline")
    rounded = {name: _round_values(value, name) for name, value in fields.items()}
    rounded["timeline"] = exact
    return json.dumps(rounded, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _round_values(value: object, name: str) -> object:
    """A value with all its figures rounded as the unit in the field's name asks."""
    if isinstance(value, Mapping):
        return {
            key: _round_values(part, _select_unit_name(str(key), name))
            for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_round_values(part, name) for part in value]
    if isinstance(value, float):
        return _round_figure(value, name)
    return _replace_surrogates(value) if isinstance(value, str) else value


def _select_unit_name(key: str, name: str) -> str:
    """Which name says the unit: an entry's own, or that of the table it stands in."""
    return key if key.endswith(tuple(_DECIMALS)) else name


def _round_figure(value: float, name: str) -> float | None:
    """A figure without false precision; None for what was not measurable, such as silence."""
    if not math.isfinite(value):
        return None
    decimals = next((places for unit, places in _DECIMALS.items() if name.endswith(unit)), 3)
    return round(value, decimals) + 0.0  # + 0.0: never a negative zero


def _replace_surrogates(text: str) -> str:
    """Text that any encoding of Unicode can hold: lone surrogates are replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")

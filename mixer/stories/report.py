"""Writes the report of a finished story as JSON, for programs and people.

Fields have a fixed order, figures are rounded to what was measured, units are in the names.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from mixer.progress import format_clock
from mixer.sound import Timeline
from mixer.sound.analysis import ComplianceRule, Flaw
from mixer.sound.arrange import SoundFile

FORMAT_VERSION = 1
"""Raised when a field changes its meaning or is removed, not for new fields."""

_DECIMALS = {"_usd": 4, "_s": 3, "_lufs": 1, "_dbtp": 1, "_lu": 1, "_dbfs": 1}
"""By unit: a hundredth of a cent, a millisecond, the tenth that meters show (EBU Tech 3341)."""


@dataclass(frozen=True, slots=True)
class ReportChapter:
    """A chapter and its beginning in the audio."""

    title: str
    start_s: float


MAX_NAMED_PASSAGES = 10
"""In sentences; the report names all."""


@dataclass(frozen=True, slots=True)
class DoubtfulPassage:
    """A passage that differs from its text, where it begins, and in what."""

    text: str
    start_s: float
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpeechCheck:
    """What listening to the recordings found."""

    words: int
    as_written_percent: float
    passages: tuple[DoubtfulPassage, ...]

    def describe(self) -> Iterator[str]:
        """Sentences for people: how much was spoken as written, and what to listen to."""
        if not self.passages:
            return
        count = len(self.passages)
        noun = "1 passage" if count == 1 else f"{count} passages"
        yield f"Listen to {noun}: {self.as_written_percent}% of the words were spoken as written."
        for each in self.passages[:MAX_NAMED_PASSAGES]:
            faults = ", ".join(each.faults)
            yield f"{format_clock(each.start_s)} “{each.text}”: {faults}."
        if count > MAX_NAMED_PASSAGES:
            yield f"The report names {count - MAX_NAMED_PASSAGES} more."


@dataclass(frozen=True, slots=True)
class Report:
    """The fields of a report.

    Attributes:
        language: BCP 47 tag.
        integrated_loudness_lufs: measured; None for silence.
        true_peak_dbtp: measured; None for silence.
        chunks: calls of the engine that the story takes.
        characters: of the author's text.
        billed_characters: charged by the engine.
        polly_cost_usd: of the same text, by engine of Polly.
        unspoken: passages that the voice could not read, as the author wrote them.
        adjustments: sentences on what was done, such as `Music looped 11 times.`
        stages_s: length of each stage, in the order in which they ran.
        outputs: names of the files made.
        loudness_range_lu: None where it was not measured.
        rms_dbfs: plain level of the whole; None where it was not measured.
        noise_floor_dbfs: plain level of the quietest half second; None for silence.
        bed_below_speech_lu: difference of voice and music during speech.
        preset: name of the preset.
        rules: of the preset, as far as they could be checked.
        unmeasured: names of figures left out because the file is too long to be decoded.
        music_peak_dbtp: of the loudest music or sound before any gain.
        sound_peaks_dbtp: of each, by source.
        speech_check: None where nothing was listened to.
        timeline: the mix itself; it can be rendered again from this.
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
    rules: tuple[ComplianceRule, ...] = ()
    unmeasured: tuple[str, ...] = ()
    music_peak_dbtp: float | None = None
    sound_peaks_dbtp: Mapping[str, float] = field(default_factory=dict)
    speech_check: SpeechCheck | None = None
    timeline: Timeline | None = None


def format_report(report: Report) -> str:
    """Format a report as JSON: `format_version` first, then the fields in their order."""
    fields = {"format_version": FORMAT_VERSION, **asdict(report)}
    timeline = fields.pop("timeline")
    rounded = {name: _round_values(value, name) for name, value in fields.items()}
    rounded["timeline"] = timeline
    return json.dumps(rounded, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _round_values(value: object, name: str) -> object:
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
    return key if key.endswith(tuple(_DECIMALS)) else name


def _round_figure(value: float, name: str) -> float | None:
    """Round a figure; None for one that is not finite, such as the level of silence."""
    if not math.isfinite(value):
        return None
    decimals = next((places for unit, places in _DECIMALS.items() if name.endswith(unit)), 3)
    return round(value, decimals) + 0.0  # + 0.0: never a negative zero


def _replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


FLAWS = {
    Flaw.CLIPPED: "Recorded too loudly, so the peaks are clipped: {sources}.",
    Flaw.OFFSET: "A DC offset was removed: {sources}.",
    Flaw.DAMAGED: "Damaged or cut short; the readable part was mixed: {sources}.",
}

NAMED_SOURCES = 5
"""Recordings named for each flaw; the others are counted."""


def describe_adjustments(
    timeline: Timeline,
    sounds: Mapping[str, SoundFile],
    known_flaws: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[str]:
    """Describe in sentences what was done to the recordings.

    Args:
        sounds: music and other sounds, by source.
        known_flaws: of all recordings given, flawless ones included, by source.
    """
    flaws_by_source = dict(known_flaws or {})
    silent = flaws_by_source.keys() - {clip.source for clip in timeline.clips}
    if silent:
        yield f"Silent and left out: {_format_sources(sorted(silent))}."
    flaws_by_source |= {source: each.measured.profile.flaws for source, each in sounds.items()}
    yield from _describe_music(timeline, sounds)
    trimmed = sum(1 for clip in timeline.clips if clip.skip)
    if trimmed:
        yield f"Silence was cut from the beginning of {trimmed} of {len(timeline.clips)} chunks."
    if timeline.mastering.limit_db is not None:
        yield f"Peaks of the voice are limited at {timeline.mastering.limit_db:.1f} dBFS."
    for flaw, sentence in FLAWS.items():
        flawed = sorted(source for source, flaws in flaws_by_source.items() if flaw in flaws)
        if flawed:
            yield sentence.format(sources=_format_sources(flawed))


def _describe_music(timeline: Timeline, sounds: Mapping[str, SoundFile]) -> Iterator[str]:
    beds = [cue for cue in timeline.cues if not cue.plays_once]
    sources = sorted({cue.source for cue in beds})
    for source in sources:
        name, measured = f" {source}" if len(sources) > 1 else "", sounds[source].measured
        if measured.lead_samples or measured.tail_samples:
            yield f"The silence at the ends of the music{name} is not played."
        longest_s = max(timeline.seconds(cue.length) for cue in beds if cue.source == source)
        if longest_s > measured.duration_s:
            times = math.ceil(longest_s / measured.duration_s)
            yield (
                f"The music{name} is shorter than the longest part that it plays under; it loops"
                f" {times} times there."
            )


def _format_sources(sources: Sequence[str]) -> str:
    more = len(sources) - NAMED_SOURCES
    return ", ".join(sources[:NAMED_SOURCES]) + (f" and {more} more" if more > 0 else "")

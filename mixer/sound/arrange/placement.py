"""Places every recording of the voice on the timeline. Pure.

Each chapter is a section; long ones are split at about six minutes. Sections start on the grid of
the encoding. On a fine one, the last gap of the section before changes by less than the ear
notices. On a coarse one, all its gaps absorb the difference, the larger ones more, if they can. Its
last clip and gap then stay unchanged if possible: they are the preroll of the next segment, which
keeps its bytes. Gaps set by a caller never change there; where all are, only chapters open a
section, off the grid.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mixer.boundaries import find_boundaries, hash_fraction
from mixer.script import CuePlace, SoundKind, SoundShape
from mixer.sound.analysis import Measurement
from mixer.sound.timeline import Clip, Section, divide_gap, rescale_samples


@dataclass(frozen=True, slots=True)
class SoundAnnotation:
    """A sound at a take, `level_lu` from the voice (None: default); an empty source ends the music.

    `at_samples` is the position, in the take's recording, of a sound inside it.
    """

    source: str
    kind: SoundKind
    place: CuePlace = CuePlace.AFTER
    at_samples: int = 0
    level_lu: float | None = None
    shape: SoundShape = field(default_factory=SoundShape)

    @property
    def intro_s(self) -> float:
        """How long it plays alone before the words; 0 for anything but music."""
        return self.shape.intro_s or 0.0 if self.kind is SoundKind.MUSIC and self.source else 0.0


@dataclass(frozen=True, slots=True)
class PlacedSound:
    """A sound on the timeline; `length` is 0 for music, which plays on."""

    annotation: SoundAnnotation
    start: int
    length: int = 0

    @property
    def end(self) -> int:
        """One past its last sample."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class MusicRegion:
    """Span of one piece of music, without the fade after it; may give way to a sound."""

    annotation: SoundAnnotation
    start: int
    end: int
    gives_way: bool = False


LEAD_MARGIN_S = 0.05
TAIL_MARGIN_S = 0.10
"""Silence left at the edges of a take for breath and decay: at most 150 ms at a join, and part of
the gap there.
"""

FADE_S = 0.01

SECTION_SPACING_S = 120.0
SECTION_PER_BREAK_S = 120.0
"""Makes sections of about six minutes in a long chapter where two chunks of three end a paragraph
(see mixer.boundaries). An edit renders its section again.
"""

MIN_SECTION_WEIGHT = 3.0
"""A section inside a chapter ends where the gap weighs at least this much: at a paragraph."""

SHRINK_SHARE = 0.15
"""Share by which gaps may be shortened to meet the grid, if that is the smaller change."""

UNNOTICED_S = 0.015
"""A change of any gap, even one that is stated in milliseconds."""

MAX_PADDING_S = 0.4
"""Padding after which a gap still sounds like a pause between sentences; beyond it the last gap of
the section is padded too.
"""


@dataclass(frozen=True, slots=True)
class Take:
    """A recording of the voice, to be placed.

    `gap_ms` is the audible silence, from the end of speech to the beginning of the next take.
    `weight` is the gap's share of a section's padding; an exact gap is the caller's and never
    changes, nor does the part `sounds_ms`. `chapter_title` is None if it opens no chapter;
    `lead_ms` is for music alone at the beginning of a chapter. `digest` is a hash of the bytes of
    the recording, which may change under the same key; empty if it is not known.
    """

    source: str
    measured: Measurement
    gap_ms: int
    is_gap_exact: bool = False
    weight: float = 1.0
    chapter_title: str | None = None
    level_db: float = 0.0
    annotations: tuple[SoundAnnotation, ...] = ()
    sounds_ms: int = 0
    lead_ms: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class SectionGrid:
    """Where sections may begin: at multiples of `step` samples.

    Those that begin with the `natural` takes keep their gaps; only their last one is padded.
    """

    rate_hz: int
    step: int
    natural: Collection[int] = ()

    @property
    def is_fine(self) -> bool:
        """Whether no gap changes noticeably on it."""
        return self.step <= 2 * UNNOTICED_S * self.rate_hz


def place_takes(
    takes: Sequence[Take], gains_db: Sequence[float], lead_s: float, grid: SectionGrid
) -> tuple[tuple[Clip, ...], tuple[Section, ...]]:
    """Place takes, none of them silent, after `lead_s` of silence or music."""
    clips: list[Clip] = []
    sections: list[Section] = []
    rate_hz = grid.rate_hz
    start, lead = 0, round(lead_s * rate_hz)
    trimmed = _trim_takes(takes, gains_db, rate_hz)
    for first, end in _section_spans(takes):
        sections.append(Section(start, takes[first].chapter_title or ""))
        lead += takes[first].lead_ms * rate_hz // 1000
        gaps = [gap for _, gap in trimmed[first:end]]
        if end < len(takes):
            sound = start + lead + sum(clip.length for clip, _ in trimmed[first:end])
            if grid.is_fine:
                gaps[-1] = _round_gap(gaps[-1], sound + sum(gaps), grid.step)
            else:
                gaps = _pad_gaps(gaps, takes[first:end], sound, grid, first in grid.natural)
        cursor = start + lead
        for (clip, _), gap in zip(trimmed[first:end], gaps, strict=True):
            clips.append(replace(clip, start=cursor))
            cursor += clip.length + gap
        start, lead = cursor, 0
    return tuple(clips), tuple(sections)


def _section_spans(takes: Sequence[Take]) -> Iterator[tuple[int, int]]:
    openings = [i for i, take in enumerate(takes) if take.chapter_title is not None and i > 0]
    for chapter, chapter_end in zip([0, *openings], [*openings, len(takes)], strict=True):
        first = chapter
        for end in _section_ends(takes[chapter:chapter_end]):
            yield first, chapter + end
            first = chapter + end


def _section_ends(chapter: Sequence[Take]) -> Iterator[int]:
    durations_s = [take.measured.duration_s for take in chapter]
    ends_section = [_is_section_end(take) for take in chapter]
    return find_boundaries(ends_section, durations_s, SECTION_SPACING_S)


def _is_section_end(take: Take) -> bool:
    if take.is_gap_exact or take.weight < MIN_SECTION_WEIGHT:
        return False
    return hash_fraction(take.source) < take.measured.duration_s / SECTION_PER_BREAK_S


def _trim_takes(
    takes: Sequence[Take], gains_db: Sequence[float], rate_hz: int
) -> list[tuple[Clip, int]]:
    """Trim takes to their margins; returns each clip with the gap after it, without margins."""
    edges = [_speech_edges(take, rate_hz) for take in takes]
    leads = [min(begin, round(LEAD_MARGIN_S * rate_hz)) for begin, _, _ in edges]
    tails = [min(length - end, round(TAIL_MARGIN_S * rate_hz)) for _, end, length in edges]
    gaps = [take.gap_ms * rate_hz // 1000 for take in takes]
    for number in range(len(takes) - 1):
        tails[number], leads[number + 1], gaps[number] = divide_gap(
            tails[number], leads[number + 1], gaps[number]
        )
    return [
        (_cut_clip(take, gain_db, (begin - lead, end + tail), rate_hz), gap)
        for take, gain_db, (begin, end, _), lead, tail, gap in zip(
            takes, gains_db, edges, leads, tails, gaps, strict=True
        )
    ]


def _speech_edges(take: Take, rate_hz: int) -> tuple[int, int, int]:
    """Beginning and end of the speech in a take, and its length, in samples of the timeline."""
    measured = take.measured
    begin, end, length = (
        rescale_samples(samples, measured.rate_hz, rate_hz)
        for samples in (
            measured.lead_samples,
            measured.samples - measured.tail_samples,
            measured.samples,
        )
    )
    return begin, max(begin, end), length


def _cut_clip(take: Take, gain_db: float, span: tuple[int, int], rate_hz: int) -> Clip:
    begin, end = span
    fade = min(round(FADE_S * rate_hz), (end - begin) // 2)
    length = end - begin
    return Clip(take.source, 0, begin, length, gain_db=gain_db, fade=fade, digest=take.digest)


def _round_gap(gap: int, length: int, step: int) -> int:
    """Change the last gap of a section of a length so that it ends on the nearest point."""
    excess = length % step
    return gap - excess if excess <= min(gap, step // 2) else gap + step - excess


def _pad_gaps(
    gaps: list[int], takes: Sequence[Take], sound: int, grid: SectionGrid, is_natural: bool
) -> list[int]:
    """Make a section end on the grid, if it can; natural gaps stay, but for the last one."""
    step = grid.step
    excess = (sound + sum(gaps)) % step
    is_end_exact = takes[-1].is_gap_exact
    if is_natural:
        return gaps if is_end_exact else [*gaps[:-1], gaps[-1] + -excess % step]
    gives = [_shrinkable_samples(gap, take) for gap, take in zip(gaps, takes, strict=True)]
    if excess <= min(SHRINK_SHARE * sum(gives), step / 2):
        change, weights = -excess, _drop_last_weight(gives, excess / SHRINK_SHARE)
    else:
        change = step - excess
        free = [0.0 if take.is_gap_exact else take.weight for take in takes]
        weights, least = _weigh_padding(free, change, grid.rate_hz)
        if is_end_exact and sum(free) < least:
            return gaps
        weights = _drop_last_weight(weights, least)
    return [
        gap + part for gap, part in zip(gaps, _distribute_samples(change, weights), strict=True)
    ]


def _weigh_padding(weights: list[float], padding: int, rate_hz: int) -> tuple[list[float], float]:
    if not any(weights):
        return [*weights[:-1], 1.0], 1.0
    return weights, padding * max(weights[:-1], default=0.0) / (MAX_PADDING_S * rate_hz)


def _drop_last_weight(weights: list[float], min_total: float) -> list[float]:
    others = sum(weights[:-1])
    return [*weights[:-1], 0.0] if others and others >= min_total else weights


def _shrinkable_samples(gap: int, take: Take) -> float:
    if not take.weight or take.is_gap_exact:
        return 0.0
    return gap * (1 - take.sounds_ms / take.gap_ms) if take.sounds_ms else float(gap)


def _distribute_samples(whole: int, weights: Sequence[float]) -> Iterator[int]:
    total = sum(weights)
    reached, given = 0.0, 0
    for weight in weights:
        reached += weight
        cumulative = round(whole * reached / total) if total else whole
        yield cumulative - given
        given = cumulative

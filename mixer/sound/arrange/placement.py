"""Places every recording of the voice on the timeline. Pure.

Each chapter is a section; long ones are split at about every minute. Sections start on a frame of
the encoding, so the last gap of the section before changes by less than the ear notices. All other
gaps are as long as asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from mixer.boundaries import find_boundaries, hash_fraction
from mixer.script import CuePlace, SoundKind, SoundShape
from mixer.sound.analysis import Measurement
from mixer.sound.timeline import MIX_RATE_HZ, Clip, Section, divide_gap, rescale_samples


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
class MusicPlace:
    """Where music is at the beginning of a section, in samples from its own, and at which gain."""

    skip: int
    gain_db: float | None


@dataclass(frozen=True, slots=True)
class MusicRegion:
    """Span of one piece of music, without the fade after it; may give way to a sound.

    `plays_on` is for the later parts of one that is divided at sections.
    """

    annotation: SoundAnnotation
    start: int
    end: int
    gives_way: bool = False
    plays_on: bool = False
    place: MusicPlace = MusicPlace(0, None)

    @property
    def next_skip(self) -> int:
        """Where the music is at its end."""
        return self.place.skip + self.end - self.start

    def flows_into(self, after: "MusicRegion | None") -> bool:
        """Whether the music goes on in the next region as if they were one."""
        return after is not None and after.plays_on and after.place.skip == self.next_skip


LEAD_MARGIN_S = 0.05
TAIL_MARGIN_S = 0.10
"""Silence left at the edges of a take for breath and decay: at most 150 ms at a join, and part of
the gap there.
"""

FADE_S = 0.01

SECTION_S = 30.0
"""Makes sections of about a minute in a long chapter (see mixer.boundaries). An edit renders its
section again.
"""

MUSIC_S = 120.0
"""Makes parts of three and a half minutes in the same way; music begins again with each."""


@dataclass(frozen=True, slots=True)
class Take:
    """A recording of the voice, to be placed.

    `gap_ms` is the audible silence, from the end of speech to the beginning of the next take, of
    which sounds take `sounds_ms`. A chapter may be divided into sections where a take
    `ends_paragraph`. `chapter_title` is None if it opens no chapter; `lead_ms` is for music alone
    at the beginning of a chapter. `digest` is a hash of the bytes of the recording, which may
    change under the same key; empty if it is not known.
    """

    source: str
    measured: Measurement
    gap_ms: int
    ends_paragraph: bool = False
    chapter_title: str | None = None
    level_db: float = 0.0
    annotations: tuple[SoundAnnotation, ...] = ()
    sounds_ms: int = 0
    lead_ms: int = 0
    digest: str = ""


def place_takes(
    takes: Sequence[Take], gains_db: Sequence[float], lead_s: float, section_grid: int
) -> tuple[tuple[Clip, ...], tuple[Section, ...]]:
    """Place takes, none of them silent, after `lead_s` of silence or music.

    Sections begin at multiples of `section_grid` samples.
    """
    clips: list[Clip] = []
    sections: list[Section] = []
    cursor = round(lead_s * MIX_RATE_HZ)
    trimmed = _trim_takes(takes, gains_db)
    for first, end, plays_on in _section_spans(takes):
        title = takes[first].chapter_title or ""
        sections.append(Section(cursor if clips else 0, title, plays_on))
        cursor += takes[first].lead_ms * MIX_RATE_HZ // 1000
        for clip, gap in trimmed[first:end]:
            clips.append(replace(clip, start=cursor))
            cursor += clip.length + gap
        cursor += _find_rounding(cursor, trimmed[end - 1][1], section_grid)
    return tuple(clips), tuple(sections)


def _section_spans(takes: Sequence[Take]) -> Iterator[tuple[int, int, bool]]:
    """The first take of each section, one past its last, and whether music plays on into it."""
    openings = [i for i, take in enumerate(takes) if take.chapter_title is not None and i > 0]
    for chapter in pairwise([0, *openings, len(takes)]):
        for part in _divide_takes(takes, *chapter, MUSIC_S):
            for first, end in _divide_takes(takes, *part, SECTION_S):
                yield first, end, first > part[0]


def _divide_takes(
    takes: Sequence[Take], first: int, end: int, spacing_s: float
) -> Iterator[tuple[int, int]]:
    """Divide takes where paragraphs end, at least so many seconds apart."""
    part = takes[first:end]
    durations_s = [take.measured.duration_s for take in part]
    ends_section = [
        take.ends_paragraph and hash_fraction(take.source) < take.measured.duration_s / spacing_s
        for take in part
    ]
    cuts = find_boundaries(ends_section, durations_s, spacing_s)
    return pairwise([first, *(first + cut for cut in cuts)])


def _trim_takes(takes: Sequence[Take], gains_db: Sequence[float]) -> list[tuple[Clip, int]]:
    """Trim takes to their margins; returns each clip with the gap after it, without margins."""
    edges = [_speech_edges(take) for take in takes]
    leads = [min(begin, round(LEAD_MARGIN_S * MIX_RATE_HZ)) for begin, _, _ in edges]
    tails = [min(length - end, round(TAIL_MARGIN_S * MIX_RATE_HZ)) for _, end, length in edges]
    gaps = [take.gap_ms * MIX_RATE_HZ // 1000 for take in takes]
    for number in range(len(takes) - 1):
        tails[number], leads[number + 1], gaps[number] = divide_gap(
            tails[number], leads[number + 1], gaps[number]
        )
    return [
        (_cut_clip(take, gain_db, (begin - lead, end + tail)), gap)
        for take, gain_db, (begin, end, _), lead, tail, gap in zip(
            takes, gains_db, edges, leads, tails, gaps, strict=True
        )
    ]


def _speech_edges(take: Take) -> tuple[int, int, int]:
    """Beginning and end of the speech in a take, and its length, in samples of the timeline."""
    measured = take.measured
    begin, end, length = (
        rescale_samples(samples, measured.rate_hz, MIX_RATE_HZ)
        for samples in (
            measured.lead_samples,
            measured.samples - measured.tail_samples,
            measured.samples,
        )
    )
    return begin, max(begin, end), length


def _cut_clip(take: Take, gain_db: float, span: tuple[int, int]) -> Clip:
    begin, end = span
    fade = min(round(FADE_S * MIX_RATE_HZ), (end - begin) // 2)
    length = end - begin
    return Clip(take.source, 0, begin, length, gain_db=gain_db, fade=fade, digest=take.digest)


def _find_rounding(end: int, gap: int, step: int) -> int:
    """The change of the last gap of a section that ends there, to the nearest multiple of a step.

    A gap that is too short for that grows.
    """
    excess = end % step
    return -excess if excess <= min(gap, step // 2) else step - excess

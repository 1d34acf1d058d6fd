"""The Timeline: which sample of which sound plays when, at which gain.

It holds integer samples and serialises to JSON, so a mix can be stored, compared, resumed, and
rendered elsewhere. Sections begin on a frame of the encoder, which does the same as before if they
move. The grid of 1.28 s is 49 MP3 frames of 1,152 samples at 44.1 kHz, one period of their padding
bytes: a section that is cut on it joins into the bytes of a serial render.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

FORMAT_VERSION = 1
"""Increase it when older code can no longer read a stored Timeline."""

GRID_S = Fraction(128, 100)
"""49 MP3 frames of 1,152 samples at 44.1 kHz (measured: see the module's docstring)."""

MIX_RATE_HZ = 44_100
"""Rate of a mix and of the encoded file, as podcasts and audiobook shops require."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Part of a voice recording (an object key) on the timeline, in timeline samples.

    `skip` samples of the recording are left out; `fade` at each edge avoids clicks. `digest` is a
    hash of the recording's bytes, or empty.
    """

    source: str
    start: int
    skip: int
    length: int
    gain_db: float
    fade: int
    digest: str = ""

    @property
    def end(self) -> int:
        """One past its last sample on the timeline."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Ramp:
    """A change of a cue's level: from `start`, over `length`, to `to_db`; held until the next."""

    start: int
    length: int
    to_db: float


@dataclass(frozen=True, slots=True)
class Cue:
    """Music or a sound (an object key) on the timeline, in timeline samples.

    It is looped or cut as needed, unless it `plays_once`; `skip` samples of what would play are
    left out. `ramps` are relative to `gain_db`, in order, without overlaps, from 0 dB.
    """

    source: str
    start: int
    length: int
    gain_db: float
    fade_in: int
    fade_out: int
    ramps: tuple[Ramp, ...] = ()
    plays_once: bool = False
    skip: int = 0

    @property
    def sound_key(self) -> tuple[str, bool]:
        """The source, and whether it plays once: beds and sounds are prepared differently."""
        return self.source, self.plays_once

    @property
    def end(self) -> int:
        """One past its last sample on the timeline."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Section:
    """Part of the timeline; the title is empty inside a chapter, where music may play on."""

    start: int
    title: str = ""
    plays_on: bool = False


@dataclass(frozen=True, slots=True)
class Mastering:
    """Processing of the whole mix, with one static gain; targets are those of the finished file.

    `limit_db` is for the voice, `sum_limit_db` for the sum with sounds that play once; None for
    none.
    """

    gain_db: float
    target_lufs: float
    ceiling_dbtp: float
    limit_db: float | None
    sum_limit_db: float | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """Processing of every clip; `high_pass_hz` is 0 for none, `de_ess` goes from 0 (off) to 1."""

    high_pass_hz: int = 0
    de_ess: float = 0.0


UNTREATED = Treatment()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A complete mix: times in samples at `rate_hz`, 1 or 2 channels.

    All is in playing order; only cues may overlap. The first section is at 0, the others at
    multiples of `section_grid`; 0 is one grid step, as in mixes stored before, some of them at the
    rate of their voice.
    """

    rate_hz: int
    length: int
    channels: int
    clips: tuple[Clip, ...]
    cues: tuple[Cue, ...]
    sections: tuple[Section, ...]
    mastering: Mastering
    treatment: Treatment = UNTREATED
    room_tone_dbfs: float | None = None
    section_grid: int = 0
    format_version: int = FORMAT_VERSION

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.length / self.rate_hz

    @property
    def grid(self) -> int:
        """Grid step in samples."""
        return int(GRID_S * self.rate_hz)

    def find_clips(self, begin: int, end: int) -> Sequence[Clip]:
        """The clips that play between two samples."""
        first = bisect_right(self.clips, begin, key=lambda clip: clip.end)
        after = first
        while after < len(self.clips) and self.clips[after].start < end:
            after += 1
        return self.clips[first:after]

    def seconds(self, samples: int) -> float:
        """Convert a time to seconds."""
        return samples / self.rate_hz


def divide_gap(tail: int, lead: int, gap: int) -> tuple[int, int, int]:
    """How much of two quiet edges stays in the gap between them, and the silence in between.

    The three add up to the gap, which lasts from speech to speech; edges that are longer than it
    are cut in proportion.
    """
    if tail + lead <= gap:
        return tail, lead, gap - tail - lead
    kept = gap * tail // (tail + lead)
    return kept, gap - kept, 0


def rescale_samples(samples: int, from_hz: int, to_hz: int) -> int:
    """Convert a count of samples to another rate, rounded to the nearest."""
    return (samples * to_hz + from_hz // 2) // from_hz

"""The Timeline: which sample of which sound plays when, at which gain.

The value between deciding and rendering. It holds integer samples at one rate (the voice's own),
so a clip is exactly where the plan put it; it serialises to JSON, so a mix can be stored,
compared, resumed, and rendered somewhere else.

The grid: 49 MP3 frames of 1,152 samples at 44.1 kHz are 1.28 s, a whole number of samples at every
common rate, and after as many the pattern of padding bytes begins again. Segments rendered from one
grid point to another join into the bytes of a serial render, and a section that starts on the grid
keeps its bytes when something before it changes its length.
"""

from dataclasses import dataclass
from fractions import Fraction

FORMAT_VERSION = 1
"""Goes up when a stored Timeline can no longer be read by older code."""

GRID_S = Fraction(128, 100)
"""49 MP3 frames of 1,152 samples at 44.1 kHz (measured: see the module's docstring)."""

MIX_RATE_HZ = 44_100
"""At which music plays and the mix is encoded: what podcasts and audiobook shops ask for."""

VOICE_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Rates at which a grid point is a whole sample; a voice of another rate takes the next higher."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a voice recording on the timeline. All lengths in timeline samples.

    Attributes:
        source: names the recording, an object key.
        start: when it begins to play.
        skip: how much of the recording's beginning is left out.
        length: how much of it plays.
        gain_db: brings it to the level of its neighbours.
        fade: length of the fade at each edge, which keeps a cut from clicking.
    """

    source: str
    start: int
    skip: int
    length: int
    gain_db: float
    fade: int

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
    """Music or a sound at a stretch of the timeline. All lengths in timeline samples.

    Attributes:
        source: names the recording, an object key.
        start: when it begins to play; the music starts from its own beginning there.
        length: how long it plays, looped or cut as needed.
        gain_db: at which it plays under the voice.
        fade_in: length of the fade at its start.
        fade_out: length of the fade at its end.
        ramps: rises and falls against `gain_db`, in order, not overlapping; starts at 0 dB.
        plays_once: whether it is a sound of its own length, never looped, and not a bed.
    """

    source: str
    start: int
    length: int
    gain_db: float
    fade_in: int
    fade_out: int
    ramps: tuple[Ramp, ...] = ()
    plays_once: bool = False

    @property
    def sound_key(self) -> tuple[str, bool]:
        """What is played, and whether once: a bed is made ready otherwise than a sound."""
        return self.source, self.plays_once

    @property
    def end(self) -> int:
        """One past its last sample on the timeline."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch that starts on the grid and anchors its own music.

    Attributes:
        start: its first sample.
        title: of the chapter that opens here; empty where a chapter only goes on.
    """

    start: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Mastering:
    """What is done to the whole mix. One static gain: no riding of levels.

    Attributes:
        gain_db: brings the mix to the target.
        target_lufs: integrated loudness of the finished file.
        ceiling_dbtp: true peak of the finished file.
        limit_db: where the limiter on the voice begins, in dBFS; None where it has nothing to do.
        sum_limit_db: where a limiter on the sum begins; None without sounds that play once.
    """

    gain_db: float
    target_lufs: float
    ceiling_dbtp: float
    limit_db: float | None
    sum_limit_db: float | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to every clip of the voice before it is faded and levelled.

    Attributes:
        high_pass_hz: takes away what is below, an offset too; 0 for nothing.
        de_ess: how strongly hissing is held down, from 0 (not at all) to 1.
    """

    high_pass_hz: int = 0
    de_ess: float = 0.0


UNTREATED = Treatment()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that a mix is.

    Attributes:
        rate_hz: of all its times; one of VOICE_RATES_HZ.
        length: in samples.
        channels: of the mix, 1 or 2.
        clips: in playing order, not overlapping.
        cues: in playing order; they may overlap.
        sections: in playing order, each on the grid, the first at 0.
        mastering: see there.
        room_tone_dbfs: plain level of the noise under everything; None for none.
        format_version: see FORMAT_VERSION.
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
    format_version: int = FORMAT_VERSION

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.length / self.rate_hz

    @property
    def grid(self) -> int:
        """The distance of two grid points in samples."""
        return grid_samples(self.rate_hz)

    def seconds(self, samples: int) -> float:
        """A time in seconds."""
        return samples / self.rate_hz


def grid_samples(rate_hz: int) -> int:
    """The distance of two grid points at a rate, a whole number for all VOICE_RATES_HZ."""
    return int(GRID_S * rate_hz)


def voice_rate_hz(rates_hz: set[int]) -> int:
    """The rate of a timeline for recordings of these rates: the highest, made to fit the grid."""
    highest = max(rates_hz)
    return next((rate for rate in VOICE_RATES_HZ if rate >= highest), VOICE_RATES_HZ[-1])


def rescale_samples(samples: int, from_hz: int, to_hz: int) -> int:
    """A count of samples at another rate, rounded to the nearest."""
    return (samples * to_hz + from_hz // 2) // from_hz

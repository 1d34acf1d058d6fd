"""What the histogram of a recording leaves out and a mix needs to predict its loudness. Pure.

How the recording begins and ends, so that two that follow closely are not counted twice; how much
loudness a limiter takes from it; its noise; its pauses, for captions and for the bed; its flaws,
for the report.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mixer.sound.analysis.loudness import ABSOLUTE_GATE_LUFS, STEP_S, WINDOW_S

EDGE_WINDOWS = 5
"""So many windows reach over the edge of a sound, or begin right at it."""

LIMIT_STEPS_DB = (1.0, 2.0, 3.0, 4.5, 6.0, 9.0, 12.0, 16.0, 20.0)
"""Below a recording's peak: where the loss to a limiter is predicted; straight lines between."""

LIMITED_SHARES = (0.5, 0.55, 0.58, 0.65, 0.71, 0.77, 0.82, 0.85, 0.87)
"""How much of the loss that follows from peaks alone our limiter causes, at LIMIT_STEPS_DB: between
two peaks of a block it lets go a little. Measured on noise and on speech, real and made: the figure
that comes out is within 0.1 dB up to 4.5 dB of limiting, 0.25 dB up to 6.
"""

PAUSE_S = 0.08
"""Shorter silences are stops inside a word."""

NOISE_SHARE = 0.05
"""The share of all blocks, the quietest, that are the noise of a recording."""

NOISE_BLOCKS = 4
NOISE_SPREAD_DB = 4.0
"""At least so many blocks, within so much (measured on white and pink noise)."""

MUTE_DBFS = -90.0
"""Below it a block holds nothing, not even noise."""

DC_OFFSET = 0.003
"""-50 dBFS: an offset of more is audible where a recording begins, if it is left in."""

FULL_SCALE_DBFS = -0.1
CLIPPED_SAMPLES = 20
"""So many samples at full scale are not an accident."""


class Flaw(StrEnum):
    """What may be wrong with a recording."""

    CLIPPED = "clipped"
    OFFSET = "offset"
    DAMAGED = "damaged"


"""The flaws."""


@dataclass(frozen=True, slots=True)
class RawStats:
    """A recording before any filter: its offset as a share of full scale, and its highest peak."""

    samples: int
    offset: float
    peak_dbfs: float
    samples_at_peak: int


@dataclass(frozen=True, slots=True)
class LevelBlock:
    """A short stretch of a recording as it is mixed: peak and mean level in dBFS."""

    peak_dbfs: float
    rms_dbfs: float


@dataclass(frozen=True, slots=True)
class Edge:
    """Windows of momentary loudness that reach over an edge of the sound.

    Attributes:
        end_s: when the first of them ends, from the recording's first sample.
        levels_lufs: one every STEP_S; -inf for silence.
    """

    end_s: float
    levels_lufs: tuple[float, ...]


NO_EDGE = Edge(0.0, ())


@dataclass(frozen=True, slots=True)
class Profile:
    """See the module's docstring; everything may be unknown.

    Attributes:
        head: windows over the first sound.
        tail: windows over the last sound.
        limited_db: what a limiter takes, at LIMIT_STEPS_DB below the true peak; empty: unknown.
        rms_dbfs: of the whole recording; None: unknown.
        noise_dbfs: of its quietest moments; None: unknown, or silent like a synthetic voice.
        pauses: silences inside it, from sample to sample, in order.
        flaws: values of Flaw.
        momentary_lufs: all windows in order, one every STEP_S; for music, which is never stored.
    """

    head: Edge = NO_EDGE
    tail: Edge = NO_EDGE
    limited_db: tuple[float, ...] = ()
    rms_dbfs: float | None = None
    noise_dbfs: float | None = None
    pauses: tuple[tuple[int, int], ...] = ()
    flaws: tuple[str, ...] = ()
    momentary_lufs: tuple[float, ...] = ()


UNKNOWN = Profile()


def find_edges(momentary_lufs: Sequence[float], first_s: float, last_s: float) -> tuple[Edge, Edge]:
    """The windows over a recording's first and last sound.

    Args:
        momentary_lufs: of the recording with a window's length of silence before and behind.
        first_s: when its first sound begins.
        last_s: when its last sound ends.
    """
    head = math.floor((first_s + WINDOW_S) / STEP_S + 1e-6)
    behind = math.ceil((last_s + 2 * WINDOW_S) / STEP_S - 1e-6) - 1
    tail = max(0, behind - EDGE_WINDOWS)
    return _build_edge(momentary_lufs, head), _build_edge(momentary_lufs, tail)


def _build_edge(momentary_lufs: Sequence[float], first: int) -> Edge:
    levels = tuple(momentary_lufs[first : first + EDGE_WINDOWS])
    return Edge((first + 1) * STEP_S - WINDOW_S, tuple(map(_gate_level, levels)))


def _gate_level(level_lufs: float) -> float:
    return level_lufs if level_lufs > ABSOLUTE_GATE_LUFS else -math.inf


def limiter_losses_db(blocks: Sequence[LevelBlock], peak_dbfs: float) -> tuple[float, ...]:
    """What a limiter takes from the loudness, at LIMIT_STEPS_DB below the peak."""
    energies = [_power(block.rms_dbfs) for block in blocks]
    whole = sum(energies)
    if not whole:
        return (0.0,) * len(LIMIT_STEPS_DB)
    hot = [block.peak_dbfs - peak_dbfs for block in blocks]
    return tuple(
        share * 10 * math.log10(whole / (whole - _limiter_energy(hot, energies, -step_db)))
        for step_db, share in zip(LIMIT_STEPS_DB, LIMITED_SHARES, strict=True)
    )


def _limiter_energy(peaks_db: Sequence[float], energies: Sequence[float], limit_db: float) -> float:
    """The energy that a limiter takes; it lets go slowly, into the block behind a peak."""
    taken, before = 0.0, 1.0
    for peak_db, energy in zip(peaks_db, energies, strict=True):
        own = 10 ** ((limit_db - peak_db) / 20) if peak_db > limit_db else 1.0
        gain = min(own, 1.0 - (1.0 - before) / 2)
        taken += energy * (1.0 - gain * gain)
        before = own
    return taken


def limiter_loss_db(losses_db: Sequence[float], over_db: float) -> float:
    """What a limiter takes from a recording whose peak is so far above its limit."""
    if over_db <= 0 or not losses_db:
        return 0.0
    steps, losses = (0.0, *LIMIT_STEPS_DB), (0.0, *losses_db)
    for at in range(1, len(steps)):
        if over_db <= steps[at]:
            share = (over_db - steps[at - 1]) / (steps[at] - steps[at - 1])
            return losses[at - 1] + share * (losses[at] - losses[at - 1])
    return losses[-1] + over_db - steps[-1]


def rms_dbfs(blocks: Sequence[LevelBlock]) -> float | None:
    """The level of a whole recording; None for silence."""
    power = sum(_power(block.rms_dbfs) for block in blocks)
    return 10 * math.log10(power / len(blocks)) if power else None


def noise_dbfs(blocks: Sequence[LevelBlock]) -> float | None:
    """The level of the quietest moments; None where they are mute, or speech that dies away.

    Noise is even: the quietest blocks of a recording that has some are all as loud.
    """
    levels = sorted(block.rms_dbfs for block in blocks)
    quiet = levels[: int(len(levels) * NOISE_SHARE)]
    if len(quiet) < NOISE_BLOCKS or quiet[0] < MUTE_DBFS:
        return None
    return quiet[-1] if quiet[-1] - quiet[0] < NOISE_SPREAD_DB else None


def find_flaws(raw: RawStats, *, is_damaged: bool) -> Iterator[str]:
    """What is wrong with a recording."""
    if raw.peak_dbfs >= FULL_SCALE_DBFS and raw.samples_at_peak > CLIPPED_SAMPLES:
        yield Flaw.CLIPPED
    if raw.offset > DC_OFFSET:
        yield Flaw.OFFSET
    if is_damaged:
        yield Flaw.DAMAGED


def find_inner_pauses(
    silences: Sequence[tuple[int, int]], samples: int, rate_hz: int
) -> tuple[tuple[int, int], ...]:
    """The silences that have sound before and behind them, and are long enough to notice."""
    return tuple(
        (start, end)
        for start, end in silences
        if start > 0 and end < samples - 1 and end - start >= PAUSE_S * rate_hz
    )


def _power(level_db: float) -> float:
    return float(10 ** (level_db / 10))

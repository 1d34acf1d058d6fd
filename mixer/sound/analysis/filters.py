"""Recursive filters in blocks: two matrix products instead of a loop over samples.

A block's output is the response to its own samples plus the free response of a state; states of all
blocks follow from each other by doubling, until the filter has forgotten. States are scaled to the
output that they still cause, so 32 bits are enough.
"""

import math
from collections.abc import Sequence
from functools import cache

from mixer.sound.arithmetic import Matrix, Samples, np

BLOCK = 64
"""Samples of a block."""

FORGOTTEN = 1e-9
"""A state that has decayed by this factor no longer counts."""

Section = tuple[float, float, float, float, float]
"""A second-order section: b0, b1, b2, a1, a2."""


def k_weighting(rate_hz: int) -> tuple[Section, ...]:
    """The two sections of K-weighting at any rate.

    Source: the analogue prototypes of ITU-R BS.1770's 48 kHz coefficients, as libebur128 and FFmpeg
    transform them.
    """
    tan = math.tan(math.pi * 1681.974450955533 / rate_hz)
    high, quality = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    middle = high**0.4996667741545416
    scale = 1 + tan / quality + tan * tan
    pre_filter = (
        (high + middle * tan / quality + tan * tan) / scale,
        2 * (tan * tan - high) / scale,
        (high - middle * tan / quality + tan * tan) / scale,
        2 * (tan * tan - 1) / scale,
        (1 - tan / quality + tan * tan) / scale,
    )
    tan, quality = math.tan(math.pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    scale = 1 + tan / quality + tan * tan
    poles = (2 * (tan * tan - 1) / scale, (1 - tan / quality + tan * tan) / scale)
    return pre_filter, (1.0, -2.0, 1.0, *poles)


def high_pass(rate_hz: int, from_hz: float) -> tuple[Section, ...]:
    """A Butterworth high-pass of second order, as FFmpeg's `highpass`."""
    angle = 2 * math.pi * from_hz / rate_hz
    alpha, cosine = math.sin(angle) / (2 * 0.707), math.cos(angle)
    scale = 1 + alpha
    outer = (1 + cosine) / 2 / scale
    return ((outer, -2 * outer, outer, -2 * cosine / scale, (1 - alpha) / scale),)


@cache
def _design(sections: tuple[Section, ...]) -> tuple[Samples, Samples, Samples, tuple[Samples, ...]]:
    """Matrices for rows of a block: own response, input to state, state to output, state on."""
    step, into, out, through = _join_sections(sections)
    powers = [np.eye(len(step))]
    for _ in range(BLOCK):
        powers.append(step @ powers[-1])
    impulse = [through, *(float(out @ power @ into) for power in powers[: BLOCK - 1])]
    own = np.zeros((BLOCK, BLOCK))
    for n in range(BLOCK):
        own[n, n:] = impulse[: BLOCK - n]
    inputs = np.array([powers[BLOCK - 1 - n] @ into for n in range(BLOCK)])
    free = np.array([out @ power for power in powers[:BLOCK]])
    scaled, back = _scale_states(free, powers[BLOCK])
    carries, carry = [], scaled @ powers[BLOCK] @ back
    while np.abs(carry).max() > FORGOTTEN:
        carries.append(carry.T.astype(np.float32))
        carry = carry @ carry
    return (
        own.astype(np.float32),
        (inputs @ scaled.T).astype(np.float32),
        (free @ back).T.astype(np.float32),
        tuple(carries),
    )


def _join_sections(sections: Sequence[Section]) -> tuple[Matrix, Matrix, Matrix, float]:
    """The state-space form of sections in a row (transposed direct form II)."""
    step, into, out, through = np.zeros((0, 0)), np.zeros(0), np.zeros(0), 1.0
    for b0, b1, b2, a1, a2 in sections:
        own_step = np.array([[-a1, 1.0], [-a2, 0.0]])
        own_into = np.array([b1 - a1 * b0, b2 - a2 * b0])
        size = len(into)
        step = np.block([[step, np.zeros((size, 2))], [np.outer(own_into, out), own_step]])
        into = np.concatenate([into, own_into * through])
        out = np.concatenate([b0 * out, [1.0, 0.0]])
        through *= b0
    return step, into, out, through


def _scale_states(free: Matrix, carry: Matrix) -> tuple[Matrix, Matrix]:
    """Coordinates in which a state's length is about the output that it still causes."""
    responses, power = [], np.eye(len(carry))
    for _ in range(BLOCK):
        responses.append(free @ power)
        power = carry @ power
    _, sizes, rows = np.linalg.svd(np.concatenate(responses), full_matrices=False)
    return sizes[:, None] * rows, rows.T / sizes


class BlockFilter:
    """Filters a sound that arrives in parts; samples come out when their block is complete."""

    def __init__(self, sections: tuple[Section, ...], channels: int) -> None:
        self._own, self._inputs, self._free, self._carries = _design(sections)
        self._state = np.zeros((channels, 1, self._free.shape[0]), np.float32)
        self._rest = np.zeros((channels, 0), np.float32)

    def filter(self, samples: Samples) -> Samples:
        """Filter the next samples, as far as they fill blocks."""
        channels = len(samples)
        if self._rest.shape[1]:
            samples = np.concatenate([self._rest, samples], axis=1)
        count = samples.shape[1] // BLOCK
        self._rest = samples[:, count * BLOCK :].copy()
        if not count:
            return samples[:, :0]
        blocks = np.ascontiguousarray(samples[:, : count * BLOCK]).reshape(-1, BLOCK)
        states = self._advance((blocks @ self._inputs).reshape(channels, count, -1))
        filtered = blocks @ self._own
        filtered += states.reshape(channels * count, -1) @ self._free
        return filtered.reshape(channels, -1)

    def flush(self) -> Samples:
        """Filter what is left of the last block."""
        left = self._rest.shape[1]
        padding = np.zeros((len(self._rest), -left % BLOCK), np.float32)
        return self.filter(padding)[:, :left]

    def _advance(self, inputs: Samples) -> Samples:
        """The state before each block; the one after the last is kept."""
        states = np.concatenate([self._state, inputs], axis=1)
        for number, carry in enumerate(self._carries):
            distance = 1 << number
            if distance >= states.shape[1]:
                break
            states[:, distance:] += states[:, :-distance] @ carry
        self._state = states[:, -1:].copy()
        return states[:, :-1]

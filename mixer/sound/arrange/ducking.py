"""Computes the ramps of the bed from known times of speech. Pure.

The bed is down before the first syllable, which no detector can manage. Short pauses are held
through; only a pause long enough for a full rise lets the bed up.

Source: practice of radio mixing (10 dB deep, down over 150 ms, hold 200 ms, up over 500 ms, stay
down through pauses shorter than 0.85 s, which is the sum of the three).
"""

from collections.abc import Iterator, Sequence

from mixer.sound.presets import RADIO, DuckingEnvelope
from mixer.sound.timeline import Ramp

Span = tuple[int, int]
"""First sample and one past the last."""


def build_ramps(
    speech: Sequence[Span],
    bed: Span,
    rise_db: float,
    rate_hz: int,
    envelope: DuckingEnvelope = RADIO,
) -> tuple[Ramp, ...]:
    """Build the ramps of a bed that is low under speech and rises in long pauses.

    `speech` is in order, without overlaps. Where there is time before it, a first ramp of zero
    length raises the bed.
    """
    if rise_db == 0:
        return ()
    return tuple(_generate_ramps(speech, bed, rise_db, rate_hz, envelope))


def _generate_ramps(
    speech: Sequence[Span], bed: Span, rise_db: float, rate_hz: int, envelope: DuckingEnvelope
) -> Iterator[Ramp]:
    down, up = round(envelope.attack_s * rate_hz), round(envelope.release_s * rate_hz)
    for start, end in _find_pauses(speech, bed, rate_hz, envelope):
        rises_at_once = start <= bed[0]
        yield Ramp(start, 0 if rises_at_once else up, rise_db)
        if end < bed[1]:
            yield Ramp(end - down, down, 0.0)


def _find_pauses(
    speech: Sequence[Span], bed: Span, rate_hz: int, envelope: DuckingEnvelope
) -> Iterator[Span]:
    hold = round(envelope.hold_s * rate_hz)
    least = round((envelope.release_s + envelope.attack_s) * rate_hz)
    inside = [span for span in speech if span[1] > bed[0] and span[0] < bed[1]]
    quiet_from = bed[0]
    for start, end in inside:
        if start - quiet_from >= least:
            yield quiet_from, start
        quiet_from = max(quiet_from, end + hold)
    if bed[1] - quiet_from >= least:
        yield quiet_from, bed[1]

"""Corrects a mix that came out louder or softer than predicted. Pure but for what it calls.

A few mixes cannot be predicted: plosives far harder than the speech around them, music in pauses
close to the gate of R 128. The loudness of a render is known from its segments; if it is off, the
mix is laid out and rendered again with that error (see docs/adr).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mixer.sound.analysis.loudness import integrated_lufs
from mixer.sound.render.mixdown import Mixdown
from mixer.sound.timeline import Timeline

TOLERANCE_LU = 0.25
"""A preset promises 0.3; an edit that keeps its gain is off by up to 0.2."""

MAX_ATTEMPTS = 4
"""Two suffice for two hundred random mixes (measured); hard limiting may take three."""

MIN_IMPROVEMENT_LU = 0.05
"""An attempt that improves by less is the last."""


@dataclass(frozen=True, slots=True)
class RenderAttempt:
    """A rendered mix; `prediction_error_lu` is how much louder than predicted it is."""

    timeline: Timeline
    mixdown: Mixdown
    prediction_error_lu: float = 0.0


def render_to_target(
    build: Callable[[float], Timeline],
    render: Callable[[Timeline], Mixdown],
    offset_db: float,
    *,
    reuse: Callable[[Timeline], Timeline] | None = None,
    prediction_error_lu: float = 0.0,
) -> RenderAttempt:
    """Render a mix, and again if it misses its target.

    `build` lays it out for a prediction error. `reuse`, which keeps the mastering of the last
    version, is for the first attempt only.
    """
    planned = build(prediction_error_lu)
    used = reuse(planned) if reuse else planned
    attempt = RenderAttempt(used, render(used), prediction_error_lu)
    missed_lu = target_error_lu(attempt, offset_db)
    for _ in range(MAX_ATTEMPTS - 1):
        if abs(missed_lu) <= TOLERANCE_LU:
            break
        kept_db = planned.mastering.gain_db - attempt.timeline.mastering.gain_db
        prediction_error_lu = attempt.prediction_error_lu + missed_lu + kept_db
        planned = build(prediction_error_lu)
        if _is_same_render(planned, attempt.timeline):
            return replace(attempt, timeline=planned, prediction_error_lu=prediction_error_lu)
        attempt = RenderAttempt(planned, render(planned), prediction_error_lu)
        missed_before_lu, missed_lu = missed_lu, target_error_lu(attempt, offset_db)
        if abs(missed_before_lu) - abs(missed_lu) < MIN_IMPROVEMENT_LU:
            break
    return attempt


def target_error_lu(attempt: RenderAttempt, offset_db: float) -> float:
    """How much louder than its target a rendered mix is; 0 for silence."""
    loudness = integrated_lufs(attempt.mixdown.windows)
    if loudness is None:
        return 0.0
    return loudness + offset_db - attempt.timeline.mastering.target_lufs


def _is_same_render(one: Timeline, other: Timeline) -> bool:
    mastering = replace(one.mastering, target_lufs=other.mastering.target_lufs)
    return mastering == other.mastering

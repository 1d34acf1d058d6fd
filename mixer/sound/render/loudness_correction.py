"""Corrects a mix that came out louder or softer than predicted. Pure but for what it calls.

What a mix measures is predicted from its parts, and a few mixes cannot be predicted: plosives far
harder than the speech around them, music in the pauses within a hair of the gate of R 128. Once a
mix is rendered, its loudness is known from its segments, without decoding. Where it is off, it is
laid out again with what was learnt, and rendered once more.

The price falls on those mixes alone: the rendering, once more (see docs/adr).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mixer.sound.analysis.loudness import integrated_lufs
from mixer.sound.render.mixdown import Mixdown
from mixer.sound.timeline import Timeline

TOLERANCE_LU = 0.25
"""Off by less is near enough: a preset promises 0.3. An edit that keeps its gain is off by 0.2."""

MAX_ATTEMPTS = 4
"""Two do for all of two hundred random mixes (measured); a limiter pushed hard may take three."""

MIN_IMPROVEMENT_LU = 0.05
"""A look that brings the mix no nearer than this is the last: there is no more to be had."""


@dataclass(frozen=True, slots=True)
class RenderAttempt:
    """A mix as it was rendered.

    Attributes:
        timeline: the mix.
        mixdown: what rendering it has left.
        prediction_error_lu: how much louder than predicted the mix was found to be; for the next
            time.
    """

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
    """Render a mix; again where it misses its target.

    Args:
        build: the timeline of a mix that was found to be so much louder than predicted.
        render: makes the finished file; a later one takes the place of an earlier.
        offset_db: by which the encoder changes the level.
        reuse: what is kept of an earlier version of the mix; used for the first attempt only.
        prediction_error_lu: what that version was found to be off by.
    """
    wanted = build(prediction_error_lu)
    used = reuse(wanted) if reuse else wanted
    look = RenderAttempt(used, render(used), prediction_error_lu)
    missed_lu = target_error_lu(look, offset_db)
    for _ in range(MAX_ATTEMPTS - 1):
        if abs(missed_lu) <= TOLERANCE_LU:
            break
        kept_db = wanted.mastering.gain_db - look.timeline.mastering.gain_db
        prediction_error_lu = look.prediction_error_lu + missed_lu + kept_db
        wanted = build(prediction_error_lu)
        if _is_same_render(wanted, look.timeline):
            return replace(look, timeline=wanted, prediction_error_lu=prediction_error_lu)
        look = RenderAttempt(wanted, render(wanted), prediction_error_lu)
        missed_before_lu, missed_lu = missed_lu, target_error_lu(look, offset_db)
        if abs(missed_before_lu) - abs(missed_lu) < MIN_IMPROVEMENT_LU:
            break
    return look


def target_error_lu(attempt: RenderAttempt, offset_db: float) -> float:
    """How much louder than its target a rendered mix is; nothing for silence."""
    loudness = integrated_lufs(attempt.mixdown.windows)
    if loudness is None:
        return 0.0
    return loudness + offset_db - attempt.timeline.mastering.target_lufs


def _is_same_render(one: Timeline, other: Timeline) -> bool:
    """Whether two timelines of a mix are rendered the same; only the target may differ."""
    mastering = replace(one.mastering, target_lufs=other.mastering.target_lufs)
    return mastering == other.mastering

"""A second look at a mix that came out louder or softer than foretold. Pure but for what it calls.

What a mix measures is foretold from its parts, and a few mixes cannot be foretold: plosives far
harder than the speech around them, music in the pauses within a hair of the gate of R 128. Once a
mix is rendered, its loudness is known from its segments, without decoding. Where it is off, it is
laid out again with what was learnt, and rendered once more.

The price falls on those mixes alone: the rendering, once more (see docs/decisions.md).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mixer.sound.loudness import integrated_lufs
from mixer.sound.reels import Mixdown
from mixer.sound.timeline import Timeline

WITHIN_LU = 0.25
"""Off by less is near enough: a preset promises 0.3. An edit that keeps its gain is off by 0.2."""

MOST_LOOKS = 4
"""Two do for all of two hundred random mixes (measured); a limiter pushed hard may take three."""

LEAST_GAIN_LU = 0.05
"""A look that brings the mix no nearer than this is the last: there is no more to be had."""


@dataclass(frozen=True, slots=True)
class Look:
    """A mix as it was rendered.

    Attributes:
        timeline: the mix.
        mixdown: what rendering it has left.
        off_by_lu: how much louder than foretold the mix was found to be; for the next time.
    """

    timeline: Timeline
    mixdown: Mixdown
    off_by_lu: float = 0.0


def rendered_to_target(
    laid_out: Callable[[float], Timeline],
    render: Callable[[Timeline], Mixdown],
    offset_db: float,
    *,
    before: Callable[[Timeline], Timeline] | None = None,
    off_by_lu: float = 0.0,
) -> Look:
    """Render a mix; again where it misses its target.

    Args:
        laid_out: the timeline of a mix that was found to be so much louder than foretold.
        render: makes the finished file; a later one takes the place of an earlier.
        offset_db: by which the encoder changes the level.
        before: what is kept of an earlier version of the mix; asked for the first look only.
        off_by_lu: what that version was found to be off by.
    """
    wanted = laid_out(off_by_lu)
    used = before(wanted) if before else wanted
    look = Look(used, render(used), off_by_lu)
    missed_lu = missed_by_lu(look, offset_db)
    for _ in range(MOST_LOOKS - 1):
        if abs(missed_lu) <= WITHIN_LU:
            break
        kept_db = wanted.mastering.gain_db - look.timeline.mastering.gain_db
        off_by_lu = look.off_by_lu + missed_lu + kept_db
        wanted = laid_out(off_by_lu)
        if _sounds_alike(wanted, look.timeline):
            return replace(look, timeline=wanted, off_by_lu=off_by_lu)
        look = Look(wanted, render(wanted), off_by_lu)
        missed_before_lu, missed_lu = missed_lu, missed_by_lu(look, offset_db)
        if abs(missed_before_lu) - abs(missed_lu) < LEAST_GAIN_LU:
            break
    return look


def missed_by_lu(look: Look, offset_db: float) -> float:
    """How much louder than its target a rendered mix is; nothing for silence."""
    loudness = integrated_lufs(look.mixdown.windows)
    if loudness is None:
        return 0.0
    return loudness + offset_db - look.timeline.mastering.target_lufs


def _sounds_alike(one: Timeline, other: Timeline) -> bool:
    """Whether two timelines of a mix are rendered the same; only the target may differ."""
    mastering = replace(one.mastering, target_lufs=other.mastering.target_lufs)
    return mastering == other.mastering

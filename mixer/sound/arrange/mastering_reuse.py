"""An edited mix keeps the gain of the one before, so that what the edit left alone stays as it is.

Every word counts in the loudness of the whole, so an edit moves the gain by a hundredth of a
decibel, and with it every byte of the file. As long as the result stays within KEPT_WITHIN_LU of
the target, the old gain is right enough.
"""

from dataclasses import replace

from mixer.sound.timeline import Mastering, Timeline

REUSE_TOLERANCE_LU = 0.2
"""It is inaudible, and within what a preset promises."""


def reuse_mastering(timeline: Timeline, previous: Mastering | None) -> Timeline:
    """A timeline with the mastering of an earlier render, where it does for this one too.

    Args:
        timeline: newly laid out.
        previous: how the mix was mastered before the edit; None where there was none.
    """
    if previous is None or not _is_reusable(previous, timeline.mastering):
        return timeline
    return replace(timeline, mastering=previous)


def _is_reusable(previous: Mastering, wanted: Mastering) -> bool:
    """Whether a mastering meets the target of another, and holds peaks back where that one does."""
    same_figures = (
        replace(previous, gain_db=wanted.gain_db, limit_db=wanted.limit_db) == wanted
        and abs(previous.gain_db - wanted.gain_db) <= REUSE_TOLERANCE_LU
    )
    if not same_figures or wanted.limit_db is None:
        return same_figures
    return (
        previous.limit_db is not None
        and abs(previous.limit_db - wanted.limit_db) <= REUSE_TOLERANCE_LU
    )

"""An edited mix keeps the gain of the one before, so that what the edit left alone stays as it is.

Every word counts in the loudness of the whole, so an edit moves the gain by a hundredth of a
decibel, and with it every byte of the file. As long as the result stays within KEPT_WITHIN_LU of
the target, the old gain is right enough.
"""

from dataclasses import replace

from mixer.sound.timeline import Mastering, Timeline

KEPT_WITHIN_LU = 0.2
"""Nobody hears it, and it is within what a preset promises."""


def keeping(timeline: Timeline, before: Mastering | None) -> Timeline:
    """A timeline with the mastering of an earlier render, where it does for this one too.

    Args:
        timeline: newly laid out.
        before: how the mix was mastered before the edit; None where there was none.
    """
    if before is None or not _does(before, timeline.mastering):
        return timeline
    return replace(timeline, mastering=before)


def _does(before: Mastering, wanted: Mastering) -> bool:
    """Whether a mastering meets the target of another, and holds peaks back where that one does."""
    same_figures = (
        replace(before, gain_db=wanted.gain_db, limit_db=wanted.limit_db) == wanted
        and abs(before.gain_db - wanted.gain_db) <= KEPT_WITHIN_LU
    )
    if not same_figures or wanted.limit_db is None:
        return same_figures
    return before.limit_db is not None and abs(before.limit_db - wanted.limit_db) <= KEPT_WITHIN_LU

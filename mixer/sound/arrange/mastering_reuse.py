"""Keeps the gain of an edited mix, so that unedited parts keep their bytes.

Any edit moves the computed gain by a hundredth of a decibel, and with it every byte of the file.
The old gain is kept while the result stays within REUSE_TOLERANCE_LU of the target.
"""

from dataclasses import replace

from mixer.sound.timeline import Mastering, Timeline

REUSE_TOLERANCE_LU = 0.2
"""Inaudible, and within what a preset promises."""


def reuse_mastering(timeline: Timeline, previous: Mastering | None) -> Timeline:
    """Use the mastering of the render before the edit, if it still fits."""
    if previous is None or not _is_reusable(previous, timeline.mastering):
        return timeline
    return replace(timeline, mastering=previous)


def _is_reusable(previous: Mastering, wanted: Mastering) -> bool:
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

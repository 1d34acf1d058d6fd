"""The picture of a mix: waveform, music, loudness, chapters and time as a PNG."""

from collections.abc import Iterator, Sequence

from mixer.progress import format_clock
from mixer.publish.waveform.picture import WaveformPicture
from mixer.sound import Timeline

OUTLINE_COLUMNS = 1_600
"""Width of the picture, one column of samples for each pixel."""


def draw_waveform(picture: WaveformPicture) -> bytes:
    """Draw a picture as a PNG, 1600 pixels wide; taller where the loudness is known."""
    from mixer.publish.waveform.painter import draw_png  # Pillow is loaded only here

    return draw_png(picture)


def speech_spans_s(timeline: Timeline) -> tuple[tuple[float, float], ...]:
    """Start and end in seconds of each clip of the voice."""
    seconds = timeline.seconds
    return tuple((seconds(clip.start), seconds(clip.end)) for clip in timeline.clips)


def spread_times(levels: Sequence[float], duration_s: float) -> Iterator[tuple[float, float]]:
    """Give each level of equal parts of a file the time in the middle of its part."""
    for number, level in enumerate(levels):
        yield (number + 0.5) * duration_s / len(levels), level

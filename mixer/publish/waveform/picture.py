"""What the picture of a mix shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WaveformPicture:
    """The figures and texts of a picture.

    Attributes:
        peaks: (lowest, highest) sample of each column, -1 to 1; any number of columns, of equal
            length in time.
        music: level of the bed in each column, 0 to 1 as amplitude; any number, or none.
        chapters: (start in seconds, title), in order.
        title: of the story; may be empty.
        caption: a line of figures, such as `3 chapters · 10:32 · -18.0 LUFS`.
        loudness: (time in seconds, LUFS), in order; may be empty.
        speech: (start, end) in seconds of the speech; may be empty.
    """

    peaks: tuple[tuple[float, float], ...]
    duration_s: float
    music: tuple[float, ...] = ()
    chapters: tuple[tuple[float, str], ...] = ()
    title: str = ""
    caption: str = ""
    loudness: tuple[tuple[float, float], ...] = ()
    speech: tuple[tuple[float, float], ...] = ()

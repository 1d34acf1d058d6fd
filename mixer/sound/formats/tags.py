"""What a finished file says of itself, whatever its format; and FFmpeg's metadata format. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

COVER_TYPE = "image/jpeg"

MIN_CHAPTERS = 2
"""A file with fewer has no chapters."""


class CoverImage(Protocol):
    """A JPEG that is fit to be a cover."""

    @property
    def content(self) -> bytes:
        """The whole file."""
        ...

    @property
    def width_px(self) -> int:
        """Of the picture."""
        ...

    @property
    def height_px(self) -> int:
        """Of the picture."""
        ...


@dataclass(frozen=True, slots=True)
class AudioTags:
    """All that a file says of itself; its Format decides how.

    Attributes:
        fields: FFmpeg's names (title, artist, album, language, comment …) to values; empty ones
            are left out.
        chapters: start in seconds and title, in order; fewer than two make no chapters.
        total_s: where the last chapter ends.
        cover: its picture.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    chapters: Sequence[tuple[float, str]] = ()
    total_s: float = 0.0
    cover: CoverImage | None = None

    def with_chapters(self, chapters: Sequence[tuple[float, str]], total_s: float) -> "AudioTags":
        """The same with these chapters, for a file that plays so long."""
        return replace(self, chapters=chapters, total_s=total_s)

    @property
    def has_chapters(self) -> bool:
        """Whether there are enough chapters to name any."""
        return len(self.chapters) >= MIN_CHAPTERS


def format_ffmetadata(
    fields: Mapping[str, str], chapters: Sequence[tuple[float, str]] = (), total_s: float = 0.0
) -> str:
    """Tags and chapters in FFmpeg's metadata format."""
    lines = [f"{name}={_escape_value(value)}" for name, value in fields.items() if value]
    if len(chapters) >= MIN_CHAPTERS:
        lines += _format_chapters(chapters, total_s)
    return "\n".join((";FFMETADATA1", *lines, ""))


def _format_chapters(chapters: Sequence[tuple[float, str]], total_s: float) -> Iterator[str]:
    ends_s = [*(start_s for start_s, _ in chapters[1:]), total_s]
    for (start_s, title), end_s in zip(chapters, ends_s, strict=True):
        yield "[CHAPTER]\nTIMEBASE=1/1000"
        yield f"START={round(start_s * 1000)}"
        yield f"END={round(end_s * 1000)}"
        yield f"title={_escape_value(title)}"


def _escape_value(value: str) -> str:
    """A value with the characters escaped that mean something in the format.

    A backslash at the very end would take the line's end with it, escaped or not: a space follows.
    """
    open_ended = f"{value} " if value.endswith("\\") else value
    return "".join(f"\\{each}" if each in "=;#\\\n" else each for each in open_ended)

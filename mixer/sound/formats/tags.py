"""Tags of a finished file of any format, and FFmpeg's metadata format. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

COVER_TYPE = "image/jpeg"

MIN_CHAPTERS = 2
"""A file with fewer has no chapters."""


class CoverImage(Protocol):
    """A JPEG that meets the limits of a cover."""

    @property
    def content(self) -> bytes:
        """The complete file."""
        ...

    @property
    def width_px(self) -> int:
        """Width in pixels."""
        ...

    @property
    def height_px(self) -> int:
        """Height in pixels."""
        ...


@dataclass(frozen=True, slots=True)
class AudioTags:
    """Tags of a file; its Format decides how to write them.

    `fields` has FFmpeg's names, `chapters` start (s) and title, and `total_s` is the last one's
    end.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    chapters: Sequence[tuple[float, str]] = ()
    total_s: float = 0.0
    cover: CoverImage | None = None

    def with_chapters(self, chapters: Sequence[tuple[float, str]], total_s: float) -> "AudioTags":
        """Copy the tags with these chapters and this length."""
        return replace(self, chapters=chapters, total_s=total_s)

    @property
    def has_chapters(self) -> bool:
        """Whether there are enough chapters to list any."""
        return len(self.chapters) >= MIN_CHAPTERS


def format_ffmetadata(
    fields: Mapping[str, str], chapters: Sequence[tuple[float, str]] = (), total_s: float = 0.0
) -> str:
    """Format tags and chapters as FFmpeg's metadata."""
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
    """Escape the format's special characters; a trailing backslash needs a space after it."""
    open_ended = f"{value} " if value.endswith("\\") else value
    return "".join(f"\\{each}" if each in "=;#\\\n" else each for each in open_ended)

"""Chapters as parts of the whole: what each is called, and how programs are told of them. Pure.

Sources: the podcast namespace's JSON chapters format, version 1.2.0; the M3U playlist in UTF-8
(`.m3u8`) with `#EXTINF` and `#PLAYLIST`, as players write it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.errors import BadOption
from mixer.formats import FormatName

PODCAST_VERSION = "1.2.0"
PODCAST_TYPE = "application/json+chapters"
PLAYLIST_NAME = "playlist.m3u8"
"""Of what lies beside the chapters' files."""

NAME_CHARS = 80
"""Of a title in a file's name: folders of old file systems take 255 bytes."""

_UNFIT = regex.compile(r"""[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]+""")
"""What some file system, or the shell of one, does not take."""


@dataclass(frozen=True, slots=True)
class ChapterSpan:
    """A chapter as a stretch of the finished audio.

    Attributes:
        number: from 1 on.
        title: of the chapter.
        start_s: in the whole.
        end_s: likewise.
    """

    number: int
    title: str
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it plays."""
        return self.end_s - self.start_s


def split_chapters(
    chapters: Sequence[tuple[float, str]], total_s: float, title: str
) -> tuple[ChapterSpan, ...]:
    """The whole, parted at its chapters without a gap.

    Args:
        chapters: start in seconds and title, in order.
        total_s: length of the whole.
        title: of the whole; the name of what lies before the first chapter, and of a story that
            has none.
    """
    marks = list(chapters)
    if not marks or marks[0][0] > 0:
        marks.insert(0, (0.0, title))
    ends_s = [*(start_s for start_s, _ in marks[1:]), total_s]
    return tuple(
        ChapterSpan(number, name or title or f"Chapter {number}", start_s, end_s)
        for number, ((start_s, name), end_s) in enumerate(zip(marks, ends_s, strict=True), start=1)
    )


def file_name(span: ChapterSpan, count: int, extension: str) -> str:
    """What a chapter's file is called: `03 - The Gate.mp3`; in the order of the alphabet.

    Args:
        span: the chapter.
        count: of all chapters.
        extension: of the file.
    """
    digits = max(2, len(str(count)))
    words = " ".join(_UNFIT.sub(" ", span.title).split())[:NAME_CHARS].strip(" .")
    number = f"{span.number:0{digits}}"
    return f"{number} - {words}.{extension}" if words else f"{number}.{extension}"


def format_podcast_json(chapters: Iterable[tuple[float, str]], *, title: str, author: str) -> bytes:
    """Chapters as podcast players fetch them beside an episode.

    Args:
        chapters: start in seconds and title, in order.
        title: of the whole; may be empty.
        author: likewise.
    """
    marks = [{"startTime": round(start_s, 3), "title": name} for start_s, name in chapters]
    about = {name: value for name, value in (("title", title), ("author", author)) if value}
    return json.dumps(
        {"version": PODCAST_VERSION, **about, "chapters": marks}, ensure_ascii=False, indent=1
    ).encode()


def format_playlist(files: Iterable[tuple[str, ChapterSpan]], *, title: str, author: str) -> bytes:
    """A playlist of files that lie beside it.

    Args:
        files: names and chapters, in order.
        title: of the whole; may be empty.
        author: likewise.
    """
    return "".join(f"{line}\n" for line in _playlist_lines(files, title, author)).encode()


def _playlist_lines(
    files: Iterable[tuple[str, ChapterSpan]], title: str, author: str
) -> Iterator[str]:
    yield "#EXTM3U"
    if title:
        yield f"#PLAYLIST:{_collapse_spaces(title)}"
    for name, part in files:
        by = f"{_collapse_spaces(author)} - " if author else ""
        yield f"#EXTINF:{round(part.duration_s)},{by}{_collapse_spaces(part.title)}"
        yield name


def _collapse_spaces(text: str) -> str:
    return " ".join(text.split())


def require_cuttable(kind: FormatName) -> None:
    """Refuse a format whose chapters could only be had by encoding them twice.

    Raises:
        BadOption: it is one.
    """
    if kind == "opus":
        raise BadOption(
            "outputs: chapters of an opus file cannot be cut out without encoding them twice:"
            " ask for mp3, m4a, m4b, flac or wav.",
            field="outputs",
        )

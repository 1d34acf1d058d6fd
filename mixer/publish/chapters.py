"""Chapters of a finished file: their names, their lists for players, and a file for each.

Files are cut out of the finished file one at a time, so the disk holds the finished file, one
chapter, and the archive of them all.

Sources: the podcast namespace's JSON chapters format, version 1.2.0; the M3U playlist in UTF-8
(`.m3u8`) with `#EXTINF` and `#PLAYLIST`, as players write it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import regex

from mixer.errors import BadOption, RenderFailed
from mixer.files import open_scratch_folder
from mixer.formats import FormatName
from mixer.publish.captions import CaptionedSentence
from mixer.publish.zips import write_zip
from mixer.requests import PresetName
from mixer.sound import MIX_RATE_HZ, PRESETS, ProcessGroup, Timeline
from mixer.sound.formats import (
    FORMATS,
    AudioSource,
    AudioTags,
    Encoding,
    FileCut,
    WholeFile,
    Workshop,
)

PODCAST_VERSION = "1.2.0"
PODCAST_TYPE = "application/json+chapters"
PLAYLIST_NAME = "playlist.m3u8"

NAME_CHARS = 80
NAME_BYTES = 200
"""Limits of a title in a file name: folders allow 255 bytes, of which the number takes some."""

MAX_TAIL_S = 5.0
"""Longest silence after a chapter (ACX's submission requirements)."""

_GRAPHEME = regex.compile(r"\X")

_FORBIDDEN = regex.compile(r"""[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]+""")
"""Characters that some file system, or its shell, does not accept in a name."""


@dataclass(frozen=True, slots=True)
class ChapterSpan:
    """A chapter's place in the finished audio; numbers start at 1."""

    number: int
    title: str
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """The chapter's length."""
        return self.end_s - self.start_s


def leave_unsigned(_path: Path) -> None:
    """Leave a file as it is."""


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A finished file and how it was made; `sign` is for the files of its chapters."""

    audio: AudioSource
    timeline: Timeline
    encoding: Encoding
    preset: PresetName
    tags: AudioTags
    sign: Callable[[Path], object] = leave_unsigned

    @property
    def title(self) -> str:
        """The story's title; may be empty."""
        return self.tags.fields.get("title", "")

    @property
    def author(self) -> str:
        """The story's author; may be empty."""
        return self.tags.fields.get("artist", "")

    @property
    def parts(self) -> tuple[ChapterSpan, ...]:
        """The whole file, split at its chapters."""
        return split_chapters(self.tags.chapters, self.timeline.duration_s, self.title)

    def cuts(self) -> list[FileCut]:
        """The chapters' samples in the file."""
        return [
            FileCut(round(part.start_s * MIX_RATE_HZ), round(part.end_s * MIX_RATE_HZ))
            for part in self.parts
        ]

    def cut(
        self,
        cuts: Iterator[tuple[FileCut, Path, AudioTags | None]],
        scratch: Path,
        processes: ProcessGroup,
    ) -> Iterator[Path]:
        """Write each cut to its file; temporary files go to `scratch`."""
        return self.encoding.kind.split(self.open_whole(scratch, processes), cuts)

    def open_whole(self, scratch: Path, processes: ProcessGroup) -> WholeFile:
        """Open the file for cutting chapters out; temporary files go to `scratch`."""
        return WholeFile(
            self.audio,
            self.encoding.bitrate_kbps,
            self.timeline.channels,
            self.timeline.room_tone_dbfs,
            Workshop(scratch, processes),
        )


def split_chapters(
    chapters: Sequence[tuple[float, str]], total_s: float, title: str
) -> tuple[ChapterSpan, ...]:
    """Split the whole at its chapters (start in seconds and title), without gaps.

    Its own title names the part before the first chapter, and a story without any.
    """
    starts = list(chapters)
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0.0, title))
    ends_s = [*(start_s for start_s, _ in starts[1:]), total_s]
    return tuple(
        ChapterSpan(number, name or title or f"Chapter {number}", start_s, end_s)
        for number, ((start_s, name), end_s) in enumerate(zip(starts, ends_s, strict=True), start=1)
    )


def file_name(span: ChapterSpan, count: int, extension: str) -> str:
    """The name of one of `count` chapter files, such as `03 - The Gate.mp3`; sortable."""
    digits = max(2, len(str(count)))
    title = _shorten(" ".join(_FORBIDDEN.sub(" ", span.title).split())).strip(" .")
    number = f"{span.number:0{digits}}"
    return f"{number} - {title}.{extension}" if title else f"{number}.{extension}"


def _shorten(title: str) -> str:
    """Cut a title to NAME_CHARS and NAME_BYTES, between characters as a reader sees them."""
    end = used_bytes = 0
    for match in _GRAPHEME.finditer(title):
        used_bytes += len(match[0].encode(errors="replace"))
        if match.end() > NAME_CHARS or used_bytes > NAME_BYTES:
            return title[:end]
        end = match.end()
    return title


def format_podcast_json(chapters: Iterable[tuple[float, str]], *, title: str, author: str) -> bytes:
    """Format chapters, as start in seconds and title, for podcast players."""
    entries = [{"startTime": round(start_s, 3), "title": name} for start_s, name in chapters]
    metadata = {name: value for name, value in (("title", title), ("author", author)) if value}
    return json.dumps(
        {"version": PODCAST_VERSION, **metadata, "chapters": entries}, ensure_ascii=False, indent=1
    ).encode()


def format_labels(
    chapters: Iterable[tuple[float, str]], sentences: Iterable[CaptionedSentence]
) -> bytes:
    """Format chapters and sentences as a track of labels for Audacity, in order."""
    labels = [(start_s, start_s, f"# {title}") for start_s, title in chapters]
    labels += [(each.start_s, each.end_s, each.text) for each in sentences]
    return "".join(
        f"{start_s:.3f}\t{end_s:.3f}\t{_collapse_spaces(text)}\n"
        for start_s, end_s, text in sorted(labels, key=lambda label: label[0])
    ).encode()


def format_playlist(files: Iterable[tuple[str, ChapterSpan]], *, title: str, author: str) -> bytes:
    """Format a playlist of files in the same folder; title and author may be empty."""
    return "".join(f"{line}\n" for line in _playlist_lines(files, title, author)).encode()


def _playlist_lines(
    files: Iterable[tuple[str, ChapterSpan]], title: str, author: str
) -> Iterator[str]:
    yield "#EXTM3U"
    if title:
        yield f"#PLAYLIST:{_collapse_spaces(title)}"
    prefix = f"{_collapse_spaces(author)} - " if author else ""
    for name, part in files:
        yield f"#EXTINF:{round(part.duration_s)},{prefix}{_collapse_spaces(part.title)}"
        yield name


def _collapse_spaces(text: str) -> str:
    return " ".join(text.split())


def require_cuttable(kind: FormatName) -> None:
    """Check that chapters can be cut out of a format without encoding them twice.

    Raises:
        BadOption: they cannot.
    """
    if not FORMATS[kind].is_splittable:
        raise BadOption(
            f"outputs: chapters of an {kind} file cannot be cut out without encoding them again;"
            " use mp3, m4a, m4b, flac or wav.",
            field="outputs",
        )


def zip_chapters(finished: FinishedFile, file: IO[bytes], processes: ProcessGroup) -> None:
    """Write an archive with a file for each chapter and a playlist into a stream."""

    def build_entries() -> Iterator[tuple[str, Path | bytes]]:
        for _, path in cut_chapters(finished, processes):
            yield path.name, path
        files = zip(_file_names(finished), finished.parts, strict=True)
        yield PLAYLIST_NAME, format_playlist(files, title=finished.title, author=finished.author)

    write_zip(file, build_entries())


def cut_chapters(
    finished: FinishedFile, processes: ProcessGroup
) -> Iterator[tuple[ChapterSpan, Path]]:
    """Cut a file for each chapter, which is deleted when the next is requested."""
    with open_scratch_folder("chapter") as scratch:
        files = finished.cut(_plan_files(finished, scratch), scratch, processes)
        for span, path in zip(finished.parts, files, strict=True):
            finished.sign(path)
            yield span, path
            path.unlink()


def _file_names(finished: FinishedFile) -> list[str]:
    parts = finished.parts
    return [file_name(part, len(parts), finished.encoding.format) for part in parts]


def _plan_files(finished: FinishedFile, folder: Path) -> Iterator[tuple[FileCut, Path, AudioTags]]:
    parts, tags = finished.parts, finished.tags
    takes_quiet = finished.encoding.kind.takes_quiet
    has_rules = PRESETS[finished.preset].rms_db is not None and takes_quiet
    for part, name, cut in zip(parts, _file_names(finished), finished.cuts(), strict=True):
        fields = {
            **tags.fields,
            "title": part.title,
            "album": tags.fields.get("album") or finished.title,
            "track": f"{part.number}/{len(parts)}",
        }
        file_tags = AudioTags(fields, cover=tags.cover)
        yield _add_margins(cut, finished) if has_rules else cut, folder / name, file_tags


def _add_margins(cut: FileCut, finished: FinishedFile) -> FileCut:
    """Give a cut the silence that its preset requires: too little is padded, too much is cut."""
    timeline = finished.timeline
    before_s, after_s = PRESETS[finished.preset].margin_s
    rate_hz = timeline.rate_hz
    inside = [
        clip for clip in timeline.clips if cut.start <= clip.start * MIX_RATE_HZ / rate_hz < cut.end
    ]
    if not inside:
        raise RenderFailed("A chapter of the finished file has no speech in it.")
    first, last = (round(at * MIX_RATE_HZ / rate_hz) for at in (inside[0].start, inside[-1].end))
    wanted_before, wanted_after = round(before_s * MIX_RATE_HZ), round(after_s * MIX_RATE_HZ)
    end = cut.end if cut.end - last <= MAX_TAIL_S * MIX_RATE_HZ else last + wanted_after
    return FileCut(
        cut.start,
        end,
        quiet_before=max(0, wanted_before - (first - cut.start)),
        quiet_after=max(0, wanted_after - (end - last)),
    )

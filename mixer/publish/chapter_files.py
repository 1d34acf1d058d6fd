"""What is made of a finished file besides: a file for each chapter, a read-aloud book.

Both are cut out of the finished file, a chapter at a time, so the disk holds the finished file, one
chapter, and what becomes of them all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import RenderFailed
from mixer.files import open_atomic
from mixer.publish.chapters import (
    PLAYLIST_NAME,
    ChapterSpan,
    file_name,
    format_playlist,
    split_chapters,
)
from mixer.publish.epub import BookMetadata, BookPage, write_book
from mixer.publish.tags import AudioTags
from mixer.publish.zips import write_zip
from mixer.requests import PresetName
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.chapter_splitter import ChapterSplitter, FileCut, FileTags
from mixer.sound.formats.encoding import Encoding
from mixer.sound.presets import PRESETS
from mixer.sound.timeline import MIX_RATE_HZ, Timeline

READ_ALOUD_KBPS = 128
"""Of the MP3s in a book that is made of a file without loss."""

MAX_TAIL_S = 5.0
"""Of quiet behind a chapter (ACX's submission requirements)."""


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A finished file and what is known of it.

    Attributes:
        path: the file.
        timeline: what it is made of.
        encoding: its format.
        preset: by whose rules it was made.
        tags: what it says of itself.
    """

    path: Path
    timeline: Timeline
    encoding: Encoding
    preset: PresetName
    tags: AudioTags

    @property
    def title(self) -> str:
        """Of the whole; may be empty."""
        return self.tags.fields.get("title", "")

    @property
    def author(self) -> str:
        """Of the whole; may be empty."""
        return self.tags.fields.get("artist", "")

    @property
    def parts(self) -> tuple[ChapterSpan, ...]:
        """The whole, parted at its chapters."""
        return split_chapters(self.tags.chapters, self.timeline.duration_s, self.title)

    def file_names(self) -> list[str]:
        """Of the chapters' files, in order."""
        parts = self.parts
        return [file_name(part, len(parts), self.encoding.format) for part in parts]


def write_chapters(
    finished: FinishedFile, folder: Path, processes: ProcessGroup
) -> tuple[Path, ...]:
    """A file for each chapter, and a playlist, in a folder.

    Args:
        finished: the whole.
        folder: where they go; made where it is missing.
        processes: the job that it belongs to.
    """
    with TemporaryDirectory(prefix="mixdown-") as scratch:
        files = tuple(_cut_chapters(finished, folder, Path(scratch), processes))
    listed = folder / PLAYLIST_NAME
    with open_atomic(listed) as file:
        file.write(_build_playlist(finished))
    return (*files, listed)


def zip_chapters(finished: FinishedFile, out: Path, processes: ProcessGroup) -> None:
    """A file for each chapter, and a playlist, in an archive.

    Args:
        finished: the whole.
        out: the archive.
        processes: the job that it belongs to.
    """

    def entries(scratch: Path) -> Iterator[tuple[str, Path | bytes]]:
        for path in _cut_chapters(finished, scratch, scratch, processes):
            yield path.name, path
            path.unlink()
        yield PLAYLIST_NAME, _build_playlist(finished)

    with TemporaryDirectory(prefix="mixdown-") as scratch, open_atomic(out) as file:
        write_zip(file, entries(Path(scratch)))


def write_read_aloud(
    finished: FinishedFile,
    pages: Sequence[BookPage],
    metadata: BookMetadata,
    out: Path,
    processes: ProcessGroup,
) -> None:
    """A read-aloud book.

    Args:
        finished: the whole.
        pages: one for each of its parts.
        metadata: what the book says of itself.
        out: the archive.
        processes: the job that it belongs to.
    """

    def heard(scratch: Path) -> Iterator[tuple[BookPage, Path]]:
        for page, path in zip(pages, _cut_book_audio(finished, scratch, processes), strict=True):
            yield page, path
            path.unlink()

    with TemporaryDirectory(prefix="mixdown-") as scratch, open_atomic(out) as file:
        write_book(file, metadata, heard(Path(scratch)))


def chapter_cuts(finished: FinishedFile, *, is_standalone: bool) -> list[FileCut]:
    """Where the chapters are cut out.

    Args:
        finished: the whole.
        is_standalone: whether each is a file by itself, with the quiet around it that a shop asks
            for.
    """
    cuts = [
        FileCut(round(part.start_s * MIX_RATE_HZ), round(part.end_s * MIX_RATE_HZ))
        for part in finished.parts
    ]
    has_rules = PRESETS[finished.preset].rms_db is not None and finished.encoding.format == "mp3"
    return [_add_margins(cut, finished) for cut in cuts] if is_standalone and has_rules else cuts


def _add_margins(cut: FileCut, finished: FinishedFile) -> FileCut:
    """A cut with the silence around it that its preset wants: less is filled up, more is cut."""
    timeline = finished.timeline
    before_s, after_s = PRESETS[finished.preset].margin_s
    rate_hz = timeline.rate_hz
    inside = [
        clip for clip in timeline.clips if cut.start <= clip.start * MIX_RATE_HZ / rate_hz < cut.end
    ]
    if not inside:
        raise RenderFailed("A chapter of the finished file holds no voice.")
    first, last = (round(at * MIX_RATE_HZ / rate_hz) for at in (inside[0].start, inside[-1].end))
    wanted_before, wanted_after = round(before_s * MIX_RATE_HZ), round(after_s * MIX_RATE_HZ)
    end = cut.end if cut.end - last <= MAX_TAIL_S * MIX_RATE_HZ else last + wanted_after
    return FileCut(
        cut.start,
        end,
        quiet_before=max(0, wanted_before - (first - cut.start)),
        quiet_after=max(0, wanted_after - (end - last)),
    )


def _cut_chapters(
    finished: FinishedFile, folder: Path, scratch: Path, processes: ProcessGroup
) -> Iterator[Path]:
    kind, parts = finished.encoding.format, finished.parts
    whole = finished.tags

    def wanted() -> Iterator[tuple[FileCut, Path, FileTags]]:
        cuts = chapter_cuts(finished, is_standalone=True)
        for part, name, cut in zip(parts, finished.file_names(), cuts, strict=True):
            fields = {
                **whole.fields,
                "title": part.title,
                "album": whole.fields.get("album") or finished.title,
                "track": f"{part.number}/{len(parts)}",
            }
            label = AudioTags(fields, cover=whole.cover)
            words = FileTags(
                label.build_header(kind),
                label.format_ffmetadata(kind),
                label.attached_picture(kind),
            )
            yield cut, folder / name, words

    folder.mkdir(parents=True, exist_ok=True)
    return _build_splitter(finished, scratch, processes).split(wanted())


def _cut_book_audio(
    finished: FinishedFile, scratch: Path, processes: ProcessGroup
) -> Iterator[Path]:
    """The chapters' audio as every reading system plays it."""
    kind = finished.encoding.format
    scissors, cuts = (
        _build_splitter(finished, scratch, processes),
        chapter_cuts(finished, is_standalone=False),
    )
    if kind in ("mp3", "m4a", "m4b"):
        named = ((cut, scratch / f"part-{n}.{kind}", FileTags()) for n, cut in enumerate(cuts))
        yield from scissors.split(named)
        return
    for number, cut in enumerate(cuts):
        path = scratch / f"part-{number}.mp3"
        scissors.encode_mp3(cut, path, FileTags(), READ_ALOUD_KBPS)
        yield path


def _build_splitter(
    finished: FinishedFile, scratch: Path, processes: ProcessGroup
) -> ChapterSplitter:
    timeline = finished.timeline
    about = finished.path, finished.encoding, timeline.channels, timeline.room_tone_dbfs
    return ChapterSplitter(*about, scratch, processes)


def _build_playlist(finished: FinishedFile) -> bytes:
    files = zip(finished.file_names(), finished.parts, strict=True)
    return format_playlist(files, title=finished.title, author=finished.author)

"""What is made of a finished file besides: a file for each chapter, a read-aloud book.

Both are cut out of the finished file, a chapter at a time, so the disk holds the finished file, one
chapter, and what becomes of them all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import RenderFailed
from mixer.files import published
from mixer.publish.chapters import PLAYLIST_NAME, Part, file_name, parts_of, playlist
from mixer.publish.read_aloud import About, Page, write_book
from mixer.publish.tags import Label
from mixer.publish.zips import write_zip
from mixer.requests import PresetName
from mixer.sound.cutting import Cut, Scissors, Words
from mixer.sound.encoders import Encoding
from mixer.sound.ffmpeg import Children
from mixer.sound.presets import PRESETS
from mixer.sound.timeline import MIX_RATE_HZ, Timeline

READ_ALOUD_KBPS = 128
"""Of the MP3s in a book that is made of a file without loss."""

LONGEST_TAIL_S = 5.0
"""Of quiet behind a chapter (ACX's submission requirements)."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished file and what is known of it.

    Attributes:
        whole: the file.
        timeline: what it is made of.
        encoding: its format.
        preset: by whose rules it was made.
        label: what it says of itself.
    """

    whole: Path
    timeline: Timeline
    encoding: Encoding
    preset: PresetName
    label: Label

    @property
    def title(self) -> str:
        """Of the whole; may be empty."""
        return self.label.fields.get("title", "")

    @property
    def author(self) -> str:
        """Of the whole; may be empty."""
        return self.label.fields.get("artist", "")

    @property
    def parts(self) -> tuple[Part, ...]:
        """The whole, parted at its chapters."""
        return parts_of(self.label.chapters, self.timeline.duration_s, self.title)

    def names(self) -> list[str]:
        """Of the chapters' files, in order."""
        parts = self.parts
        return [file_name(part, len(parts), self.encoding.format) for part in parts]


def chapters_into(finished: Finished, folder: Path, children: Children) -> tuple[Path, ...]:
    """A file for each chapter, and a playlist, in a folder.

    Args:
        finished: the whole.
        folder: where they go; made where it is missing.
        children: the job that it belongs to.
    """
    with TemporaryDirectory(prefix="mixdown-") as scratch:
        files = tuple(_chapter_files(finished, folder, Path(scratch), children))
    listed = folder / PLAYLIST_NAME
    with published(listed) as file:
        file.write(_playlist(finished))
    return (*files, listed)


def chapters_zipped(finished: Finished, out: Path, children: Children) -> None:
    """A file for each chapter, and a playlist, in an archive.

    Args:
        finished: the whole.
        out: the archive.
        children: the job that it belongs to.
    """

    def entries(scratch: Path) -> Iterator[tuple[str, Path | bytes]]:
        for path in _chapter_files(finished, scratch, scratch, children):
            yield path.name, path
            path.unlink()
        yield PLAYLIST_NAME, _playlist(finished)

    with TemporaryDirectory(prefix="mixdown-") as scratch, published(out) as file:
        write_zip(file, entries(Path(scratch)))


def read_aloud(
    finished: Finished, pages: Sequence[Page], about: About, out: Path, children: Children
) -> None:
    """A read-aloud book.

    Args:
        finished: the whole.
        pages: one for each of its parts.
        about: what the book says of itself.
        out: the archive.
        children: the job that it belongs to.
    """

    def heard(scratch: Path) -> Iterator[tuple[Page, Path]]:
        for page, path in zip(pages, _book_files(finished, scratch, children), strict=True):
            yield page, path
            path.unlink()

    with TemporaryDirectory(prefix="mixdown-") as scratch, published(out) as file:
        write_book(file, about, heard(Path(scratch)))


def cuts_of(finished: Finished, *, is_alone: bool) -> list[Cut]:
    """Where the chapters are cut out.

    Args:
        finished: the whole.
        is_alone: whether each is a file by itself, with the quiet around it that a shop asks for.
    """
    cuts = [
        Cut(round(part.start_s * MIX_RATE_HZ), round(part.end_s * MIX_RATE_HZ))
        for part in finished.parts
    ]
    has_rules = PRESETS[finished.preset].rms_db is not None and finished.encoding.format == "mp3"
    return [_with_margins(cut, finished) for cut in cuts] if is_alone and has_rules else cuts


def _with_margins(cut: Cut, finished: Finished) -> Cut:
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
    end = cut.end if cut.end - last <= LONGEST_TAIL_S * MIX_RATE_HZ else last + wanted_after
    return Cut(
        cut.start,
        end,
        quiet_before=max(0, wanted_before - (first - cut.start)),
        quiet_after=max(0, wanted_after - (end - last)),
    )


def _chapter_files(
    finished: Finished, folder: Path, scratch: Path, children: Children
) -> Iterator[Path]:
    kind, parts = finished.encoding.format, finished.parts
    whole = finished.label

    def wanted() -> Iterator[tuple[Cut, Path, Words]]:
        cuts = cuts_of(finished, is_alone=True)
        for part, name, cut in zip(parts, finished.names(), cuts, strict=True):
            fields = {
                **whole.fields,
                "title": part.title,
                "album": whole.fields.get("album") or finished.title,
                "track": f"{part.number}/{len(parts)}",
            }
            label = Label(fields, cover=whole.cover)
            words = Words(label.head(kind), label.about(kind), label.attached(kind))
            yield cut, folder / name, words

    folder.mkdir(parents=True, exist_ok=True)
    return _scissors(finished, scratch, children).cut(wanted())


def _book_files(finished: Finished, scratch: Path, children: Children) -> Iterator[Path]:
    """The chapters' audio as every reading system plays it."""
    kind = finished.encoding.format
    scissors, cuts = _scissors(finished, scratch, children), cuts_of(finished, is_alone=False)
    if kind in ("mp3", "m4a", "m4b"):
        named = ((cut, scratch / f"part-{n}.{kind}", Words()) for n, cut in enumerate(cuts))
        yield from scissors.cut(named)
        return
    for number, cut in enumerate(cuts):
        path = scratch / f"part-{number}.mp3"
        scissors.encoded(cut, path, Words(), READ_ALOUD_KBPS)
        yield path


def _scissors(finished: Finished, scratch: Path, children: Children) -> Scissors:
    timeline = finished.timeline
    about = finished.whole, finished.encoding, timeline.channels, timeline.room_tone_dbfs
    return Scissors(*about, scratch, children)


def _playlist(finished: Finished) -> bytes:
    files = zip(finished.names(), finished.parts, strict=True)
    return playlist(files, title=finished.title, author=finished.author)

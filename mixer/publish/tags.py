"""Titles and chapters in front of an MP3: an ID3v2 tag, written by FFmpeg.

FFmpeg writes tags only together with audio, so it is given a moment of silence, and the tag is
taken from the front of what it makes.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import RenderFailed
from mixer.sound import ffmpeg

TIMEOUT_S = 30.0
HEADER_BYTES = 10
"""ID3v2.4, section 3.1: marker, version, flags and a size of four times seven bits."""


def id3_tag(
    fields: Mapping[str, str], chapters: Sequence[tuple[float, str]], total_s: float
) -> bytes:
    """An ID3v2 tag.

    Args:
        fields: FFmpeg's names (title, artist, album, language, comment …) to values; empty ones
            are left out.
        chapters: start in seconds and title, in order; fewer than two make no chapters.
        total_s: where the last chapter ends.
    """
    with TemporaryDirectory(prefix="tags-") as folder:
        about = Path(folder, "about.txt")
        about.write_text(ffmetadata(fields, chapters, total_s), encoding="utf-8")
        silence = ["-f", "lavfi", "-i", "anullsrc=r=44100:cl=mono:d=0.1"]
        described = ["-f", "ffmetadata", "-i", str(about), "-map_metadata", "1"]
        output = ["-map_chapters", "1", "-write_xing", "0", "-id3v2_version", "3", "-f", "mp3", "-"]
        made = ffmpeg.run([*silence, *described, *output], timeout_s=TIMEOUT_S).stdout
    return made[: _tag_bytes(made)]


def ffmetadata(
    fields: Mapping[str, str], chapters: Sequence[tuple[float, str]], total_s: float
) -> str:
    """Tags and chapters in FFmpeg's metadata format, for every container that it writes.

    Args:
        fields: FFmpeg's names (title, artist, album, language, comment …) to values; empty ones
            are left out.
        chapters: start in seconds and title, in order; fewer than two make no chapters.
        total_s: where the last chapter ends.
    """
    return "\n".join((*_lines(fields, chapters, total_s), ""))


def _tag_bytes(file: bytes) -> int:
    if file[:3] != b"ID3":
        raise RenderFailed("FFmpeg wrote no ID3 tag.")
    size = 0
    for byte in file[6:HEADER_BYTES]:
        size = size << 7 | byte
    return HEADER_BYTES + size


def _lines(
    fields: Mapping[str, str], chapters: Sequence[tuple[float, str]], total_s: float
) -> Iterator[str]:
    """FFmpeg's metadata format."""
    yield ";FFMETADATA1"
    yield from (f"{name}={_escaped(value)}" for name, value in fields.items() if value)
    if len(chapters) > 1:
        ends = [*(start for start, _ in chapters[1:]), total_s]
        for (start, title), end in zip(chapters, ends, strict=True):
            yield "[CHAPTER]\nTIMEBASE=1/1000"
            yield f"START={round(start * 1000)}\nEND={round(end * 1000)}\ntitle={_escaped(title)}"


def _escaped(value: str) -> str:
    """A value with the characters escaped that mean something in the format.

    A backslash at the very end would take the line's end with it, escaped or not: a space follows.
    """
    open_ended = f"{value} " if value.endswith("\\") else value
    return "".join(f"\\{each}" if each in "=;#\\\n" else each for each in open_ended)

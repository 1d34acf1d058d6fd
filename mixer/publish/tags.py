"""What a finished file says of itself, in the words of each container. Pure.

- MP3: an ID3 tag in front (`id3.py`).
- WAV: chunks between its format and its samples: the same tag, and RIFF's own list for programs
  that know no other.
- M4A, M4B, FLAC, Opus: FFmpeg writes them, told by its own metadata format. Chapters of
  FLAC and Opus are fields of their own there: FFmpeg writes none into a FLAC, and rounds those of
  an Opus file by up to a second (measured with 9.0.2). So is an Opus file's cover.
"""

import struct
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mixer.formats import FormatName
from mixer.publish.cover import MEDIA_TYPE, Picture
from mixer.publish.id3 import build_id3_tag

AUDIOBOOK = "2"
"""Of `stik` in MP4 (as mp4v2 and AtomicParsley list iTunes' media kinds)."""

SHORT_CHARS = 255
"""Of `desc` in MP4; longer ones go into `ldes` (as above)."""

_FRONT_COVER = 3
_BITS_A_PIXEL = 24

RIFF_NAMES = {
    "title": b"INAM",
    "artist": b"IART",
    "album": b"IPRD",
    "genre": b"IGNR",
    "date": b"ICRD",
    "comment": b"ICMT",
    "track": b"IPRT",
    "language": b"ILNG",
}
"""Of the INFO list (Microsoft's Multimedia Programming Interface; IPRT as FFmpeg reads it)."""


@dataclass(frozen=True, slots=True)
class AudioTags:
    """All that a file says of itself.

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
    cover: Picture | None = None

    def with_chapters(self, chapters: Sequence[tuple[float, str]], total_s: float) -> "AudioTags":
        """The same of a file with these chapters, that plays so long."""
        return replace(self, chapters=chapters, total_s=total_s)

    def build_header(self, kind: FormatName) -> bytes:
        """What lies before the sound of a format that Mixer joins itself; empty for others."""
        if kind == "mp3":
            return self._build_id3()
        return self._build_riff() if kind == "wav" else b""

    def format_ffmetadata(self, kind: FormatName) -> str:
        """Tags and chapters in FFmpeg's metadata format, for a container that it writes."""
        marks = self.chapters if kind in ("m4a", "m4b") else ()
        lines = _format_ffmetadata(self._select_fields(kind), marks, self.total_s)
        return "\n".join((";FFMETADATA1", *lines, ""))

    def attached_picture(self, kind: FormatName) -> bytes:
        """The picture that FFmpeg shall put into a container; empty where it goes another way."""
        return self.cover.content if self.cover and kind in ("m4a", "m4b", "flac") else b""

    def _build_id3(self) -> bytes:
        return build_id3_tag(self.fields, self.chapters, self.total_s, self.cover)

    def _build_riff(self) -> bytes:
        told = {name: value for name, value in self.fields.items() if value}
        if not told and self.cover is None and len(self.chapters) < 2:  # noqa: PLR2004
            return b""
        listed = b"INFO" + b"".join(
            _build_riff_chunk(code, told[name].encode() + b"\0")
            for name, code in RIFF_NAMES.items()
            if name in told
        )
        return _build_riff_chunk(b"LIST", listed) + _build_riff_chunk(b"id3 ", self._build_id3())

    def _select_fields(self, kind: FormatName) -> dict[str, str]:
        fields = dict(self.fields)
        told = fields.get("comment", "")
        if kind in ("m4a", "m4b"):
            fields |= {"description": told[:SHORT_CHARS], "synopsis": told}
            fields["media_type"] = AUDIOBOOK if kind == "m4b" else ""
        elif kind in ("flac", "opus"):
            fields |= _build_xiph_chapters(self.chapters)
        if kind == "opus" and self.cover:
            fields["METADATA_BLOCK_PICTURE"] = b64encode(_build_flac_picture(self.cover)).decode()
        return fields


def _format_ffmetadata(
    fields: Mapping[str, str], chapters: Sequence[tuple[float, str]], total_s: float
) -> Iterator[str]:
    """FFmpeg's metadata format."""
    yield from (f"{name}={_escape_value(value)}" for name, value in fields.items() if value)
    if len(chapters) > 1:
        ends = [*(start for start, _ in chapters[1:]), total_s]
        for (start, title), end in zip(chapters, ends, strict=True):
            yield "[CHAPTER]\nTIMEBASE=1/1000"
            yield f"START={round(start * 1000)}"
            yield f"END={round(end * 1000)}"
            yield f"title={_escape_value(title)}"


def _escape_value(value: str) -> str:
    """A value with the characters escaped that mean something in the format.

    A backslash at the very end would take the line's end with it, escaped or not: a space follows.
    """
    open_ended = f"{value} " if value.endswith("\\") else value
    return "".join(f"\\{each}" if each in "=;#\\\n" else each for each in open_ended)


def _build_xiph_chapters(chapters: Sequence[tuple[float, str]]) -> dict[str, str]:
    """Chapters as comments of Xiph's formats (their wiki's chapter extension)."""
    if len(chapters) < 2:  # noqa: PLR2004
        return {}
    fields: dict[str, str] = {}
    for number, (start_s, title) in enumerate(chapters, start=1):
        minutes, ms = divmod(round(start_s * 1000), 60_000)
        clock = f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}.{ms % 1000:03}"
        fields |= {f"CHAPTER{number:03}": clock, f"CHAPTER{number:03}NAME": title}
    return fields


def _build_flac_picture(cover: Picture) -> bytes:
    """A picture as FLAC keeps it (RFC 9639, section 8.8)."""
    kind = MEDIA_TYPE.encode("ascii")
    sizes = cover.width_px, cover.height_px, _BITS_A_PIXEL, 0, len(cover.content)
    named = struct.pack(">II", _FRONT_COVER, len(kind)) + kind + bytes(4)
    return named + struct.pack(">5I", *sizes) + cover.content


def _build_riff_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of RIFF, which lies on even bytes."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

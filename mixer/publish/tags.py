"""Tags of a finished file, in the form of each container. Pure.

- MP3: an ID3 tag in front (`id3`).
- WAV: chunks between its format and its samples: the same tag, and RIFF's own list for programs
  that read no other.
- M4A, M4B, FLAC, Opus: written by FFmpeg from its metadata format. Chapters of FLAC and Opus are
  comments: FFmpeg writes none into a FLAC, and rounds those of an Opus file by up to a second
  (measured with 9.0.2). An Opus file's cover is a comment, too.
"""

import struct
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mixer.formats import FormatName
from mixer.publish.cover import COVER_TYPE, Picture
from mixer.publish.id3 import build_id3_tag, three_letter_code
from mixer.requests import MetadataOptions
from mixer.script.script import NO_METADATA, Script

AUDIOBOOK = "2"
"""`stik` in MP4 (as mp4v2 and AtomicParsley list iTunes' media kinds)."""

SHORT_CHARS = 255
"""Limit of `desc` in MP4; `ldes` holds longer texts (source as above)."""

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
"""Chunks of the INFO list (Microsoft's Multimedia Programming Interface; IPRT as FFmpeg reads
it)."""


@dataclass(frozen=True, slots=True)
class AudioTags:
    """Tags, chapters and cover of a file.

    Attributes:
        fields: FFmpeg's names (title, artist, album, language, comment …) to values; empty ones
            are left out.
        chapters: start in seconds and title, in order; fewer than two are left out.
        total_s: end of the last chapter.
        cover: the front cover.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    chapters: Sequence[tuple[float, str]] = ()
    total_s: float = 0.0
    cover: Picture | None = None

    def with_chapters(self, chapters: Sequence[tuple[float, str]], total_s: float) -> "AudioTags":
        """Return the same tags with these chapters and this length."""
        return replace(self, chapters=chapters, total_s=total_s)

    def build_header(self, kind: FormatName) -> bytes:
        """Build the bytes before the sound of a format that FFmpeg does not write; else empty."""
        if kind == "mp3":
            return self._build_id3()
        return self._build_riff() if kind == "wav" else b""

    def format_ffmetadata(self, kind: FormatName) -> str:
        """Format tags and chapters for a container that FFmpeg writes."""
        chapters = self.chapters if kind in ("m4a", "m4b") else ()
        lines = _format_ffmetadata(self._select_fields(kind), chapters, self.total_s)
        return "\n".join((";FFMETADATA1", *lines, ""))

    def attached_picture(self, kind: FormatName) -> bytes:
        """The picture that FFmpeg attaches; empty where the tags hold it."""
        return self.cover.content if self.cover and kind in ("m4a", "m4b", "flac") else b""

    def _build_id3(self) -> bytes:
        return build_id3_tag(self.fields, self.chapters, self.total_s, self.cover)

    def _build_riff(self) -> bytes:
        fields = {name: value for name, value in self.fields.items() if value}
        if not fields and self.cover is None and len(self.chapters) < 2:  # noqa: PLR2004
            return b""
        info = b"INFO" + b"".join(
            _build_riff_chunk(code, fields[name].encode() + b"\0")
            for name, code in RIFF_NAMES.items()
            if name in fields
        )
        return _build_riff_chunk(b"LIST", info) + _build_riff_chunk(b"id3 ", self._build_id3())

    def _select_fields(self, kind: FormatName) -> dict[str, str]:
        fields = dict(self.fields)
        comment = fields.get("comment", "")
        if kind in ("m4a", "m4b"):
            fields |= {"description": comment[:SHORT_CHARS], "synopsis": comment}
            fields["media_type"] = AUDIOBOOK if kind == "m4b" else ""
        elif kind in ("flac", "opus"):
            fields |= _build_xiph_chapters(self.chapters)
        if kind == "opus" and self.cover:
            fields["METADATA_BLOCK_PICTURE"] = b64encode(_build_flac_picture(self.cover)).decode()
        return fields


def build_tags(options: MetadataOptions, script: Script | None = None) -> dict[str, str]:
    """Build the fields of a finished file, under FFmpeg's names.

    The narrator is the composer, where players of audiobooks look for one; the series is the album,
    so that players show its volumes together.

    Args:
        options: override the text's own front matter.
        script: of the story; None where it is not known.
    """
    metadata = script.metadata if script else NO_METADATA
    title = options.title or (script.title if script else "")
    author = options.author or (script.author if script else "")
    series = options.series or metadata.series
    return {
        "title": title,
        "artist": author,
        "album": series or title,
        "album_artist": author,
        "grouping": series,
        "composer": options.narrator or metadata.narrator,
        "genre": options.genre or metadata.genre,
        "date": options.year or metadata.year,
        "comment": options.description or metadata.description,
        "language": three_letter_code(script.language) if script else "",
    }


def _format_ffmetadata(
    fields: Mapping[str, str], chapters: Sequence[tuple[float, str]], total_s: float
) -> Iterator[str]:
    yield from (f"{name}={_escape_value(value)}" for name, value in fields.items() if value)
    if len(chapters) > 1:
        ends = [*(start for start, _ in chapters[1:]), total_s]
        for (start, title), end in zip(chapters, ends, strict=True):
            yield "[CHAPTER]\nTIMEBASE=1/1000"
            yield f"START={round(start * 1000)}"
            yield f"END={round(end * 1000)}"
            yield f"title={_escape_value(title)}"


def _escape_value(value: str) -> str:
    """Escape a value; a space follows a final backslash, which would escape the line's end."""
    open_ended = f"{value} " if value.endswith("\\") else value
    return "".join(f"\\{each}" if each in "=;#\\\n" else each for each in open_ended)


def _build_xiph_chapters(chapters: Sequence[tuple[float, str]]) -> dict[str, str]:
    """Build chapters as Xiph comments (the chapter extension of their wiki)."""
    if len(chapters) < 2:  # noqa: PLR2004
        return {}
    fields: dict[str, str] = {}
    for number, (start_s, title) in enumerate(chapters, start=1):
        minutes, ms = divmod(round(start_s * 1000), 60_000)
        clock = f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}.{ms % 1000:03}"
        fields |= {f"CHAPTER{number:03}": clock, f"CHAPTER{number:03}NAME": title}
    return fields


def _build_flac_picture(cover: Picture) -> bytes:
    """Build a FLAC picture block (RFC 9639, section 8.8)."""
    kind = COVER_TYPE.encode("ascii")
    sizes = cover.width_px, cover.height_px, _BITS_A_PIXEL, 0, len(cover.content)
    header = struct.pack(">II", _FRONT_COVER, len(kind)) + kind + bytes(4)
    return header + struct.pack(">5I", *sizes) + cover.content


def _build_riff_chunk(name: bytes, content: bytes) -> bytes:
    """Build a RIFF chunk, padded to even bytes."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

"""Tags of a finished file of any format, as FFmpeg's metadata and as ID3v2.3. Pure.

Every player reads ID3 of version 2.3. Sources: the ID3v2.3.0 informal standard, the ID3v2 chapter
frame addendum for CHAP and CTOC, and ISO 639-2 (Library of Congress, terminological codes).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from mixer.sound.analysis import ComplianceRule
from mixer.targets import Target

COVER_TYPE = "image/jpeg"

MIN_CHAPTERS = 2
"""A file with fewer has no chapters."""


OPENING = "Opening"
"""Names what comes before the first chapter of a file without a title."""


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
    def chapters_from_start(self) -> Sequence[tuple[float, str]]:
        """The chapters, and before them what comes before the first, under the file's title."""
        if not self.chapters or self.chapters[0][0] <= 0:
            return self.chapters
        return ((0.0, self.fields.get("title") or OPENING), *self.chapters)

    @property
    def has_chapters(self) -> bool:
        """Whether there are enough chapters to list any."""
        return len(self.chapters) >= MIN_CHAPTERS

    def check_target(self, target: Target) -> Iterator[ComplianceRule]:
        """Check the rules of a target that need no measurement of the sound."""
        if target.max_s is not None:
            wanted = f"at most {target.max_s:,}"
            yield ComplianceRule("duration_s", wanted, self.total_s, self.total_s <= target.max_s)
        for tag in target.tags:
            yield ComplianceRule(f"tag {tag}", "not empty", None, bool(self.fields.get(tag)))
        if target.artwork_px:
            yield self._check_artwork(*target.artwork_px, is_square=target.is_artwork_square)
        if target.min_chapters:
            yield from self._check_chapters(target)

    def _check_artwork(self, low: int, high: int, *, is_square: bool) -> ComplianceRule:
        sides = (self.cover.width_px, self.cover.height_px) if self.cover else (0, 0)
        is_shape_right = len({*sides}) == 1 or not is_square
        passed = is_shape_right and low <= min(sides) and max(sides) <= high
        found = "{} × {}".format(*sides) if self.cover else "none"
        wanted = f"{found} ({'a square' if is_square else 'sides'} of {low:,} to {high:,} pixels)"
        return ComplianceRule("artwork", wanted, None, passed)

    def _check_chapters(self, target: Target) -> Iterator[ComplianceRule]:
        count = float(len(self.chapters) if self.has_chapters else 0)
        wanted = f"at least {target.min_chapters}"
        yield ComplianceRule("chapters", wanted, count, count >= target.min_chapters)
        if target.min_chapter_s and count:
            starts_s = [start_s for start_s, _ in self.chapters]
            ends_s = (*starts_s[1:], self.total_s)
            shortest_s = min(end - start for start, end in zip(starts_s, ends_s, strict=True))
            passed = shortest_s >= target.min_chapter_s
            wanted = f"at least {target.min_chapter_s:g}"
            yield ComplianceRule("shortest_chapter_s", wanted, round(shortest_s, 1), passed)


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


TEXT_FRAMES = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "album_artist": "TPE2",
    "composer": "TCOM",
    "grouping": "TIT1",
    "genre": "TCON",
    "track": "TRCK",
    "language": "TLAN",
    "publisher": "TPUB",
    "series": "MVNM",
    "series-part": "MVIN",
}
"""FFmpeg's field names to frames; Apple's for a movement are read as those of a series."""

NAMED_FIELDS = ("series", "series-part", "isbn", "digitalsourcetype")
"""Fields with a name of their own, in capitals, in a format that has no better place for them."""

MAX_CHILDREN = 255
"""A table of contents counts its entries in one byte."""

MAX_TITLE_BYTES = 126
"""Of a chapter, in UTF-8. FFmpeg reads longer frames within chapters in ID3v2.3 only (measured with
5.1 and 9.0), and signing turns the tag into one of ID3v2.4."""

_LATIN_1, _UTF_16 = b"\x00", b"\x01"
_FRONT_COVER = b"\x03"
_IS_TOP, _IS_ORDERED = 2, 1
_END = b"\0\0"
_NO_BYTE_OFFSET = b"\xff" * 8
_YEAR = re.compile(r"\d{4}")

UNKNOWN_LANGUAGE = "und"
_CODES = (
    "af:afr ar:ara be:bel bg:bul bn:ben bs:bos ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng "
    "es:spa et:est eu:eus fa:fas fi:fin fr:fra ga:gle gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun "
    "hy:hye id:ind is:isl it:ita ja:jpn ka:kat kk:kaz km:khm kn:kan ko:kor la:lat lo:lao lt:lit "
    "lv:lav mk:mkd ml:mal mn:mon mr:mar ms:msa my:mya nb:nob ne:nep nl:nld nn:nno no:nor pa:pan "
    "pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sq:sqi sr:srp sv:swe sw:swa ta:tam te:tel th:tha "
    "tl:tgl tr:tur uk:ukr ur:urd uz:uzb vi:vie yi:yid zh:zho zu:zul"
)
_BY_TWO_LETTERS = dict(pair.split(":") for pair in _CODES.split())


def three_letter_code(tag: str) -> str:
    """Look up the three-letter code of a BCP 47 tag's language; `und` if unknown."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    is_code = len(language) == len(UNKNOWN_LANGUAGE) and language.isascii()
    return language if is_code else _BY_TWO_LETTERS.get(language, UNKNOWN_LANGUAGE)


def build_id3_tag(tags: AudioTags) -> bytes:
    """Build a complete tag."""
    frames = [*_build_text_frames(tags.fields)]
    if tags.cover is not None:
        frames.append(_build_frame("APIC", _encode_picture(tags.cover)))
    if tags.has_chapters:
        frames += _build_chapter_frames(tags.chapters, tags.total_s)
    body = b"".join(frames)
    return b"ID3\x03\x00\x00" + _encode_syncsafe(len(body)) + body


def _build_text_frames(fields: Mapping[str, str]) -> Iterator[bytes]:
    for name, frame in TEXT_FRAMES.items():
        if value := fields.get(name):
            yield _build_frame(frame, _encode_text(value))
    if year := _YEAR.search(fields.get("date", "")):
        yield _build_frame("TYER", _encode_text(year[0]))
    for name in NAMED_FIELDS:
        if value := fields.get(name):
            described = _encode_utf16(name.upper()) + _END + _encode_utf16(value)
            yield _build_frame("TXXX", _UTF_16 + described)
    if comment := fields.get("comment"):
        language = (fields.get("language") or UNKNOWN_LANGUAGE).encode("ascii")
        yield _build_frame(
            "COMM", _UTF_16 + language + _encode_utf16("") + _END + _encode_utf16(comment)
        )


def _build_chapter_frames(chapters: Sequence[tuple[float, str]], total_s: float) -> Iterator[bytes]:
    names = [f"ch{number}".encode("ascii") for number in range(len(chapters))]
    yield from _build_toc_frames(names)
    ends_s = [*(start for start, _ in chapters[1:]), total_s]
    for name, (start_s, title), end_s in zip(names, chapters, ends_s, strict=True):
        times = _encode_milliseconds(start_s) + _encode_milliseconds(end_s)
        inner = _build_frame("TIT2", _encode_text(_shorten_title(title)))
        yield _build_frame("CHAP", name + b"\0" + times + _NO_BYTE_OFFSET + inner)


def _shorten_title(title: str) -> str:
    content = title.encode(errors="replace")
    if len(content) <= MAX_TITLE_BYTES:
        return title
    return content[: MAX_TITLE_BYTES - len("…".encode())].decode(errors="ignore").rstrip() + "…"


def _build_toc_frames(names: Sequence[bytes], level: str = "toc") -> Iterator[bytes]:
    """Build the table of contents: of tables, of tables of tables, and so on, where needed."""
    if len(names) <= MAX_CHILDREN:
        yield _build_toc_frame(b"toc", names, is_top=True)
        return
    parts = [names[at : at + MAX_CHILDREN] for at in range(0, len(names), MAX_CHILDREN)]
    tables = [f"{level}{number}".encode("ascii") for number in range(len(parts))]
    yield from _build_toc_frames(tables, f"{level}-")
    yield from map(_build_toc_frame, tables, parts)


def _build_toc_frame(name: bytes, children: Sequence[bytes], is_top: bool = False) -> bytes:
    flags = bytes([_IS_TOP * is_top + _IS_ORDERED, len(children)])
    return _build_frame("CTOC", name + b"\0" + flags + b"".join(each + b"\0" for each in children))


def _encode_milliseconds(time_s: float) -> bytes:
    return round(time_s * 1000).to_bytes(4)


def _encode_picture(cover: CoverImage) -> bytes:
    return _LATIN_1 + COVER_TYPE.encode("ascii") + b"\0" + _FRONT_COVER + b"\0" + cover.content


def _build_frame(name: str, body: bytes) -> bytes:
    return name.encode("ascii") + len(body).to_bytes(4) + b"\0\0" + body


def _encode_text(value: str) -> bytes:
    plain = value.replace("\0", "")
    return _LATIN_1 + plain.encode("ascii") if plain.isascii() else _UTF_16 + _encode_utf16(plain)


def _encode_utf16(value: str) -> bytes:
    return b"\xff\xfe" + value.replace("\0", "").encode("utf-16-le", "replace")


def _encode_syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))

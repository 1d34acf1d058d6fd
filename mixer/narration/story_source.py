"""The text of a story on this machine: a file, standard input, or the text itself."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import IO

from mixer.errors import BadOption, NotFound, StoreFailed, UnknownVoice, UnreadableText
from mixer.narration.request import STDIN
from mixer.requests import Options
from mixer.script import Document
from mixer.script.readers import TextType, decode_text, detect_text_type, is_book, read_document

TEXT = "This text"
"""Names a text that was given itself."""

SUFFIXES = {
    ".htm": TextType.HTML,
    ".html": TextType.HTML,
    ".markdown": TextType.MARKDOWN,
    ".md": TextType.MARKDOWN,
    ".ssml": TextType.SSML,
    ".xhtml": TextType.HTML,
}

MAGIC = {b"{\\rtf": "Rich Text (RTF)"}
"""How files begin that are mostly characters, and no text."""

KINDLE_TYPE = slice(60, 68)
"""Where a Palm database, which a Kindle's book is, names its type and creator."""

BOOK_SUFFIXES = {
    ".docx": "a DOCX",
    ".epub": "an EPUB",
    ".fodt": "an OpenDocument text",
    ".odt": "an OpenDocument text",
    ".pdf": "a PDF",
}

MAGIC_BYTES = 1_024

MAX_FILE_BYTES = 1 << 29
"""Of a book with its pictures."""

BLOCK_BYTES = 1 << 20

_STATED_TYPE = re.compile(
    r"---[ \t]*\r?\n(?:[^\n]*\n){0,40}?text[-_]type:[ \t]*(text|markdown)[ \t]*\r?\n"
)
"""A text whose front matter states its type, whatever its file is called."""


@dataclass(frozen=True, slots=True)
class Source:
    """A story as it was read; `name` is its path, `-`, or a word for a text given itself.

    `book` has the bytes of an EPUB.
    """

    name: str
    text_type: TextType
    document: Document
    book: bytes = field(default=b"", repr=False)

    @property
    def stem(self) -> str:
        """The name of files made of it."""
        return "story" if self.name in (STDIN, TEXT) else Path(self.name).stem


def read_story_text(story: str | Path, options: Options) -> tuple[str, str | None, TextType]:
    """The name of a story in messages, its text as it is, and its type; no text of a book."""
    if not isinstance(story, Path):
        return TEXT, story, TextType(options.text_type or detect_text_type(story))
    name = name_story(str(story))
    content = _read_standard_input() if str(story) == STDIN else read_file_content(story, "story")
    if is_book(content):
        return name, None, detect_text_type(content, name)
    _reject_disguise(content, name, has_no_type=options.text_type is None)
    text = decode_text(content, name)
    if not text.strip():
        raise UnreadableText(f"{name} is empty.")
    return name, text, _select_text_type(text, name, options)


def read_source(story: str | Path, options: Options) -> Source:
    """Read a story: the text itself, or its path; Path("-") is standard input."""
    return _read_file(story, options) if isinstance(story, Path) else _read_text(story, options)


def _read_file(path: Path, options: Options) -> Source:
    """Read a file; its type is that of the options, or of its suffix and contents."""
    story = str(path)
    name = name_story(story)
    content = _read_standard_input() if story == STDIN else read_file_content(path, "story")
    if is_book(content) and (options.text_type is None or TextType(options.text_type).is_book):
        text_type = detect_text_type(content, name)
        front_matter = not options.skip_front_matter
        book = read_document(content, text_type, name, front_matter=front_matter)
        return Source(story, text_type, book, content if text_type is TextType.EPUB else b"")
    _reject_disguise(content, name, has_no_type=options.text_type is None)
    text = decode_text(content, name)
    if not text.strip():
        raise UnreadableText(f"{name} is empty.")
    text_type = _select_text_type(text, name, options)
    source = content if text_type.is_book else text
    return Source(story, text_type, read_document(source, text_type, name))


def _read_text(text: str, options: Options) -> Source:
    text_type = TextType(options.text_type or detect_text_type(text))
    front_matter = not options.skip_front_matter
    return Source(TEXT, text_type, read_document(text, text_type, front_matter=front_matter))


def _reject_disguise(content: bytes, name: str, *, has_no_type: bool) -> None:
    """Refuse a file that looks like a text, but is something else by its content or its name."""
    begin = content[:MAGIC_BYTES].lstrip()
    kind = next((kind for magic, kind in MAGIC.items() if begin.startswith(magic)), None)
    kind = "a Kindle book (MOBI, AZW3)" if content[KINDLE_TYPE] == b"BOOKMOBI" else kind
    if kind:
        raise UnreadableText(
            f"{name} is {kind}, which cannot be read: save it as plain text, Markdown, HTML or "
            "EPUB."
        )
    suffix = Path(name).suffix.lower()
    if suffix in BOOK_SUFFIXES and has_no_type:
        raise UnreadableText(
            f"{name} is not {BOOK_SUFFIXES[suffix]}, although its name says so; set "
            "--text-type to its real type."
        )


def _select_text_type(text: str, name: str, options: Options) -> TextType:
    if options.text_type:
        return TextType(options.text_type)
    if stated := _STATED_TYPE.match(text):
        return TextType(stated[1])
    return SUFFIXES.get(Path(name).suffix.lower()) or detect_text_type(text, name)


def name_story(story: str) -> str:
    """The name of a story in messages."""
    return "Standard input" if story == STDIN else story


@contextmanager
def name_story_in_errors(story: str) -> Iterator[None]:
    """Name the story in errors about its cast."""
    try:
        yield
    except (UnknownVoice, BadOption) as error:
        prefix, is_cast, reason = str(error).partition("cast: line ")
        if prefix or not is_cast:
            raise
        message = f"{name_story(story)}: line {reason}"
        raise type(error)(message, **error.details) from error


def read_file_content(path: Path, kind: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read a file.

    Raises:
        NotFound, StoreFailed: it cannot be read; they call it by its kind.
        UnreadableText: it is too large.
    """
    with _name_file_in_errors(path, kind):
        if path.stat().st_size > max_bytes:
            raise _build_length_error(f"The {kind} {path}", max_bytes)
        with path.open("rb") as file:
            return _read_bounded(file, f"The {kind} {path}", max_bytes)


def require_file(path: Path, kind: str) -> None:
    """Require a file that can be read; raises NotFound or StoreFailed, which name its kind."""
    with _name_file_in_errors(path, kind):
        if not S_ISREG(path.stat().st_mode):
            raise StoreFailed(f"The {kind} {path} is not a file.", path=str(path))
        path.open("rb").close()


@contextmanager
def _name_file_in_errors(path: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"The {kind} {path} does not exist.", key=str(path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreFailed(f"The {kind} {path} cannot be read: {reason}.") from error


def _read_standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise UnreadableText("Standard input is closed.")
    return _read_bounded(sys.stdin.buffer, "Standard input", MAX_FILE_BYTES)


def _read_bounded(file: IO[bytes], name: str, max_bytes: int) -> bytes:
    """Read a file that may have no end; raises UnreadableText where it is too long."""
    content = bytearray()
    while block := file.read(BLOCK_BYTES):
        content += block
        if len(content) > max_bytes:
            raise _build_length_error(name, max_bytes)
    return bytes(content)


def _build_length_error(name: str, max_bytes: int) -> UnreadableText:
    return UnreadableText(f"{name} is too large: at most {max_bytes >> 20} MiB are read.")

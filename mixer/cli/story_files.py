"""Stories from files and from standard input, as documents or a sentence about why not."""

import codecs
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import regex

from mixer.errors import BadOption, NotFound, StoreFailed, UnknownVoice, UnreadableText
from mixer.publish.cover import Picture, encode_cover, require_cover_size
from mixer.requests import Options
from mixer.script.document import Document
from mixer.script.planning.lexicon import read_lexicon
from mixer.script.readers.epub import is_epub
from mixer.script.readers.registry import TextType, detect_text_type, read_document

STDIN = "-"

SUFFIXES = {
    ".htm": TextType.HTML,
    ".html": TextType.HTML,
    ".markdown": TextType.MARKDOWN,
    ".md": TextType.MARKDOWN,
    ".ssml": TextType.SSML,
    ".xhtml": TextType.HTML,
}

_DOS_END = b"\x1a"
"""What DOS put behind a text's end."""

_BROKEN = "\N{REPLACEMENT CHARACTER}"

_CONTROL = regex.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Source:
    """A story as it was found.

    Attributes:
        content: text in UTF-8, or a book.
        text_type: how it is written.
        document: what was read of it.
    """

    content: bytes
    text_type: TextType
    document: Document


def read_story(story: str, options: Options) -> Source:
    """A story, read as it is written: as asked for, or as its name and looks say.

    Args:
        story: a file's path, or `-` for standard input.
        options: the text's type, and whether front matter is read, count here.

    Raises:
        NotFound: there is no such file.
        StoreFailed: it cannot be read.
        UnreadableText: it is empty, or not text.
    """
    name = "Standard input" if story == STDIN else story
    content = _read_standard_input() if story == STDIN else _read_content(Path(story))
    if is_epub(content) and options.text_type in (None, "epub"):
        book = read_document(
            content, TextType.EPUB, name, front_matter=not options.skip_front_matter
        )
        return Source(content, TextType.EPUB, book)
    text = _decode_text(content, name)
    if not text.strip():
        raise UnreadableText(f"{name} is empty: there is nothing to tell.")
    if options.text_type == "epub":
        raise UnreadableText(f"{name} is no EPUB: it is no archive.")
    text_type = _detect_text_type(text, name, options)
    return Source(text.encode(), text_type, read_document(text, text_type, name))


def read_lexicon_file(path: Path) -> str:
    """The text of a lexicon, found whole.

    Raises:
        NotFound: there is no such file.
        UnreadableText: it is no text, or a line of it cannot be followed.
    """
    text = _decode_text(_read_content(path, "lexicon"), str(path))
    read_lexicon(text, str(path))
    return text


def read_cover_file(path: Path) -> Picture:
    """A picture that is fit to be a cover.

    Raises:
        NotFound: there is no such file.
        UnusablePicture: it is no picture, is broken, or is too large.
    """
    with suppress(OSError):  # said when it is read
        require_cover_size(path.stat().st_size, str(path))
    return encode_cover(_read_content(path, "cover"), str(path))


def find_cover(options: Options, story: str, document: Document) -> Path | None:
    """The file of the cover: as asked for, or as the story's head names it, beside the story."""
    if options.cover:
        return Path(options.cover)
    return resolve_story_path(story, document.cover_name) if document.cover_name else None


def apply_lexicon(options: Options, story: str, document: Document) -> Options:
    """What is asked for, with the lexicon that the story names where none was given.

    Its file lies beside the story.
    """
    if options.lexicon or not document.lexicon_name:
        return options
    text = read_lexicon_file(resolve_story_path(story, document.lexicon_name))
    return options.model_copy(update={"lexicon": text})


def resolve_story_path(story: str, name: str) -> Path:
    """A file that a story names: its path counts from the story's own folder."""
    return Path(name) if story == STDIN else Path(story).parent / name


@contextmanager
def name_story_in_errors(story: str) -> Iterator[None]:
    """A block whose complaints about the cast name the story that they are about."""
    try:
        yield
    except (UnknownVoice, BadOption) as error:
        about, is_cast, why = str(error).partition("cast: line ")
        if about or not is_cast:
            raise
        name = "Standard input" if story == STDIN else story
        raise type(error)(f"{name}: line {why}", **error.details) from error


def _detect_text_type(text: str, name: str, options: Options) -> TextType:
    """How a text is written: as asked for, or as the file's name and its looks say."""
    if options.text_type:
        return TextType(options.text_type)
    return SUFFIXES.get(Path(name).suffix.lower()) or detect_text_type(text, name)


def _read_content(path: Path, what: str = "story") -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no {what} {path}.", key=str(path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreFailed(f"The {what} {path} cannot be read: {reason}.") from error


def _read_standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise UnreadableText("Standard input is closed: there is nothing to tell.")
    return sys.stdin.buffer.read()


def _decode_text(content: bytes, name: str) -> str:
    """Text in UTF-8, UTF-16 with its mark, or what Windows wrote before: in that order."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif _CONTROL.search(content.rstrip(_DOS_END)):
        encodings = []
    else:
        _reject_damaged(content, name)
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding).rstrip(_DOS_END.decode())
        except UnicodeDecodeError:
            continue
    raise UnreadableText(f"{name} is not a text file: save the story as plain text in UTF-8.")


def _reject_damaged(content: bytes, name: str) -> None:
    """Tell UTF-8 with a few broken bytes from older encodings, as which it would read as rubbish.

    Raises:
        UnreadableText: it is damaged; names the line.
    """
    try:
        content.decode()
    except UnicodeDecodeError as error:
        mended = content.decode(errors="replace")
        whole = sum(character > "\x7f" for character in mended) - mended.count(_BROKEN)
        if whole > mended.count(_BROKEN):
            line = content.count(b"\n", 0, error.start) + 1
            raise UnreadableText(f"{name} is damaged: line {line} is no whole UTF-8.") from error

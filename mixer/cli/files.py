"""Files named on the command line: stories, lexicons, covers, sounds, results."""

import codecs
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import regex

from mixer.errors import BadInput, BadOption, NotFound, StoreFailed, UnknownVoice, UnreadableText
from mixer.formats import FormatName
from mixer.publish import Picture, encode_cover, require_cover_size
from mixer.requests import Options
from mixer.script import Document
from mixer.script.planning import read_lexicon
from mixer.script.readers import TextType, detect_text_type, is_epub, read_document

STDIN = "-"
FORMATS: tuple[FormatName, ...] = get_args(FormatName)

SUFFIXES = {
    ".htm": TextType.HTML,
    ".html": TextType.HTML,
    ".markdown": TextType.MARKDOWN,
    ".md": TextType.MARKDOWN,
    ".ssml": TextType.SSML,
    ".xhtml": TextType.HTML,
}

_DOS_END = b"\x1a"
"""The end of a text, as DOS marked it."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROL = regex.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Source:
    """A story as it was read."""

    text_type: TextType
    document: Document


def read_story(story: str, options: Options) -> Source:
    """Read a story: a file's path, or `-` for standard input.

    Its type is that of the options, or of its suffix and contents.

    Raises:
        NotFound: the file does not exist.
        StoreFailed: it cannot be read.
        UnreadableText: it is empty, or not a text.
    """
    name = name_story(story)
    content = _read_standard_input() if story == STDIN else _read_content(Path(story), "story")
    if is_epub(content) and options.text_type in (None, "epub"):
        book = read_document(
            content, TextType.EPUB, name, front_matter=not options.skip_front_matter
        )
        return Source(TextType.EPUB, book)
    text = _decode_text(content, name)
    if not text.strip():
        raise UnreadableText(f"{name} is empty.")
    if options.text_type == "epub":
        raise UnreadableText(f"{name} is not an EPUB: it is not an archive.")
    text_type = _select_text_type(text, name, options)
    return Source(text_type, read_document(text, text_type, name))


def read_source(story: str | Path, options: Options) -> Source:
    """Read a story that is a text itself, or a file; raises what `read_story` does."""
    if isinstance(story, Path):
        return read_story(str(story), options)
    text_type = TextType(options.text_type or detect_text_type(story))
    front_matter = not options.skip_front_matter
    return Source(text_type, read_document(story, text_type, front_matter=front_matter))


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


def read_lexicon_file(path: Path) -> str:
    """Read and check a lexicon.

    Raises:
        NotFound: the file does not exist.
        UnreadableText: it is not a text, or has an invalid line.
    """
    text = _decode_text(_read_content(path, "lexicon"), str(path))
    read_lexicon(text, str(path))
    return text


def apply_lexicon(options: Options, story: str, document: Document) -> Options:
    """Add the lexicon that the story names, if the options have none."""
    if options.lexicon or not document.lexicon_name:
        return options
    text = read_lexicon_file(_resolve_story_path(story, document.lexicon_name))
    return options.model_copy(update={"lexicon": text})


def read_cover_file(path: Path) -> Picture:
    """Read a cover.

    Raises:
        NotFound: the file does not exist.
        UnusablePicture: it is not a picture, is broken, or is too large.
    """
    with suppress(OSError):  # reported when the file is read
        require_cover_size(path.stat().st_size, str(path))
    return encode_cover(_read_content(path, "cover"), str(path))


def find_cover(options: Options, story: str, document: Document) -> Path | None:
    """The path of the cover: from the options, or the one that the story names."""
    if options.cover:
        return Path(options.cover)
    return _resolve_story_path(story, document.cover_name) if document.cover_name else None


def _resolve_story_path(story: str, name: str) -> Path:
    """A path that a story names, which is relative to the story's folder."""
    return Path(name) if story == STDIN else Path(story).parent / name


def find_sounds(document: Document, story: str, music: Path | None) -> dict[str, Path]:
    """Find the sound files that a story names, by their names in it.

    They are searched in the story's folder, then in `music`, if that is a folder, or in its folder.

    Raises:
        NotFound: a file does not exist; names it and the line of the story.
        BadInput: a file is a link, which may lead anywhere.
    """
    folders = [Path() if story == STDIN else Path(story).parent]
    if music is not None:
        folders.append(music if music.is_dir() else music.parent)
    return {
        file: _find_sound(file, folders, f"{name_story(story)}: line {line}")
        for file, line in document.find_sound_files().items()
    }


def _find_sound(file: str, folders: list[Path], where: str) -> Path:
    for folder in folders:
        path = folder / file
        steps = [path, *path.parents[: len(Path(file).parts) - 1]]
        if any(step.is_symlink() for step in steps):
            raise BadInput(f"{where}: {file} is a symbolic link; name the file itself.", key=file)
        if path.is_file():
            return path
    names = ["this folder" if folder == Path() else str(folder) for folder in folders]
    places = " or ".join(dict.fromkeys(names))
    raise NotFound(f"{where}: the sound file {file} was not found in {places}.", key=file)


def resolve_format(options: Options, out: Path) -> Options:
    """Set the format by the suffix of the file to write.

    Raises:
        BadOption: the suffix is not a format, or not that of the options.
    """
    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in FORMATS or options.format not in (None, suffix):
        allowed = [options.format] if options.format else FORMATS
        suffixes = " or ".join(f".{each}" for each in allowed)
        raise BadOption(f"out: {out} must end in {suffixes}.", field="out")
    return options.model_copy(update={"format": suffix})


def require_distinct_paths(outputs: Sequence[Path], inputs: Mapping[Path, str]) -> None:
    """Check that no result overwrites an input or another result.

    Args:
        outputs: files to be written.
        inputs: files to be read, with their names in messages, such as `the story`.

    Raises:
        BadOption: two of them are the same file.
    """
    for number, output in enumerate(outputs):
        for path, name in inputs.items():
            if _is_same_file(output, path):
                raise BadOption(f"out: {output} would overwrite {name}.", field="out")
        if any(_is_same_file(output, other) for other in outputs[:number]):
            raise BadOption(f"report: {output} is also the name of another output.")


def _is_same_file(one: Path, other: Path) -> bool:
    if one.resolve() == other.resolve():
        return True
    return one.exists() and other.exists() and one.samefile(other)


def _select_text_type(text: str, name: str, options: Options) -> TextType:
    if options.text_type:
        return TextType(options.text_type)
    return SUFFIXES.get(Path(name).suffix.lower()) or detect_text_type(text, name)


def _read_content(path: Path, kind: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"The {kind} {path} does not exist.", key=str(path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreFailed(f"The {kind} {path} cannot be read: {reason}.") from error


def _read_standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise UnreadableText("Standard input is closed.")
    return sys.stdin.buffer.read()


def _decode_text(content: bytes, name: str) -> str:
    """Decode UTF-8, UTF-16 with a byte order mark, or Windows-1252, in that order."""
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
    """Distinguish UTF-8 with a few damaged bytes from older encodings.

    Raises:
        UnreadableText: it is damaged UTF-8; names the line.
    """
    try:
        content.decode()
    except UnicodeDecodeError as error:
        text = content.decode(errors="replace")
        damaged = text.count(_REPLACEMENT)
        intact = sum(character > "\x7f" for character in text) - damaged
        if intact > damaged:
            line = content.count(b"\n", 0, error.start) + 1
            raise UnreadableText(f"{name} is damaged: line {line} is not valid UTF-8.") from error

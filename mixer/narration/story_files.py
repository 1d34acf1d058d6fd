"""The files of a story on this machine: its text, lexicon, cover, music and sounds."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mixer.errors import BadInput, BadOption, NotFound, StoreFailed, UnknownVoice, UnreadableText
from mixer.requests import Options, parse_options, parse_texts
from mixer.script import Document
from mixer.script.planning import read_lexicon
from mixer.script.readers import TextType, decode_text, detect_text_type, is_book, read_document
from mixer.speech import apply_narrator

if TYPE_CHECKING:
    from mixer.publish import Picture

STDIN = "-"

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

BOOK_SUFFIXES = {".docx": "a DOCX", ".epub": "an EPUB", ".pdf": "a PDF"}

MAGIC_BYTES = 1_024

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


@dataclass(frozen=True, slots=True)
class StoryFiles:
    """A story and the files that it uses.

    Attributes:
        music: a file to play under it.
        sounds: by their names in the story.
        missing: a sentence for each sound that was not found.
    """

    source: Source
    music: Path | None
    sounds: Mapping[str, Path]
    cover: Path | None
    missing: tuple[str, ...] = ()

    @property
    def has_music(self) -> bool:
        """Whether anything but speech is played."""
        return self.music is not None or bool(self.source.document.find_sound_files())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the author may have meant otherwise."""
        name = name_story(self.source.name)
        return tuple(f"{name}: {each}" for each in self.source.document.warnings)

    def require_sounds(self) -> None:
        """Raise NotFound if a sound is missing; names it and the line of the story."""
        if self.missing:
            raise NotFound(self.missing[0])

    def describe_inputs(self) -> dict[Path, str]:
        """What each file is, in messages."""
        files = {} if self.source.name in (STDIN, TEXT) else {Path(self.source.name): "the story"}
        files |= {self.music: "the music"} if self.music else {}
        files |= {self.cover: "the cover"} if self.cover else {}
        return files | dict.fromkeys(self.sounds.values(), "a sound")


def collect_story_files(story: str | Path, options: Options, music: Path | None) -> StoryFiles:
    """Read a story, and find the files that it names.

    Args:
        story: the text itself, or its path; Path("-") is standard input.
        music: a file, or a folder that is searched for the sounds that the story names.

    Raises:
        NotFound: the story does not exist.
        StoreFailed: it cannot be read.
        UnreadableText: it is empty, or not a text.
        BadInput: a sound is a link, which may lead anywhere.
    """
    source = _read_file(story, options) if isinstance(story, Path) else _read_text(story, options)
    sounds, missing = _find_sounds(source.document, source.name, music)
    is_folder = music is not None and music.is_dir()
    cover = _find_cover(options, source.name, source.document)
    return StoryFiles(source, None if is_folder else music, sounds, cover, missing)


def read_story_text(story: str | Path, options: Options) -> tuple[str, str | None, TextType]:
    """The name of a story in messages, its text as it is, and its type; no text of a book."""
    if not isinstance(story, Path):
        return TEXT, story, TextType(options.text_type or detect_text_type(story))
    name = name_story(str(story))
    content = _read_standard_input() if str(story) == STDIN else _read_content(story, "story")
    if is_book(content):
        return name, None, detect_text_type(content, name)
    _reject_disguise(content, name, has_no_type=options.text_type is None)
    text = decode_text(content, name)
    if not text.strip():
        raise UnreadableText(f"{name} is empty.")
    return name, text, _select_text_type(text, name, options)


def apply_source(options: Options, source: Source) -> Options:
    """Add what the story itself sets: its type, lexicon and narrator; the cover is a file."""
    document = source.document
    options = _apply_lexicon(options, source.name, document)
    options = options.model_copy(update={"text_type": source.text_type.value, "cover": ""})
    return apply_narrator(options, document.cast)


def apply_head(options: Options, source: Source) -> Options:
    """Add the options that the story's head states and the request does not.

    Raises:
        BadOption: one of them is invalid.
    """
    try:
        stated = parse_options(parse_texts(source.document.options))
    except BadOption as error:
        message = f"{name_story(source.name)}: in the head, {error}"
        raise BadOption(message, **error.details) from error
    update = stated.model_dump(exclude_unset=True, exclude=options.model_fields_set)
    return options.model_copy(update=update)


def _read_file(path: Path, options: Options) -> Source:
    """Read a file; its type is that of the options, or of its suffix and contents."""
    story = str(path)
    name = name_story(story)
    content = _read_standard_input() if story == STDIN else _read_content(path, "story")
    if is_book(content) and (options.text_type is None or TextType(options.text_type).is_book):
        text_type = detect_text_type(content, name)
        front_matter = not options.skip_front_matter
        book = read_document(content, text_type, name, front_matter=front_matter)
        return Source(story, text_type, book, content if text_type is TextType.EPUB else b"")
    _reject_disguise(content, name, has_no_type=options.text_type is None)
    text = decode_text(content, name)
    if not text.strip():
        raise UnreadableText(f"{name} is empty.")
    if options.text_type and TextType(options.text_type).is_book:
        raise UnreadableText(f"{name} is not an EPUB, a DOCX or a PDF.")
    text_type = _select_text_type(text, name, options)
    return Source(story, text_type, read_document(text, text_type, name))


def _reject_disguise(content: bytes, name: str, *, has_no_type: bool) -> None:
    """Refuse a file that looks like a text, but is something else by its content or its name."""
    begin = content[:MAGIC_BYTES].lstrip()
    kind = next((kind for magic, kind in MAGIC.items() if begin.startswith(magic)), None)
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


def _read_text(text: str, options: Options) -> Source:
    text_type = TextType(options.text_type or detect_text_type(text))
    front_matter = not options.skip_front_matter
    return Source(TEXT, text_type, read_document(text, text_type, front_matter=front_matter))


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
    text = decode_text(_read_content(path, "lexicon"), str(path))
    read_lexicon(text, str(path))
    return text


def _apply_lexicon(options: Options, story: str, document: Document) -> Options:
    """Add the lexicon that the story names, if the options have none."""
    if options.lexicon or not document.lexicon_name:
        return options
    text = read_lexicon_file(_resolve_story_path(story, document.lexicon_name))
    return options.model_copy(update={"lexicon": text})


def read_cover_file(path: Path) -> "Picture":
    """Read a cover.

    Raises:
        NotFound: the file does not exist.
        UnusablePicture: it is not a picture, is broken, or is too large.
    """
    from mixer.publish import encode_cover, require_cover_size

    with suppress(OSError):  # reported when the file is read
        require_cover_size(path.stat().st_size, str(path))
    return encode_cover(_read_content(path, "cover"), str(path))


def _find_cover(options: Options, story: str, document: Document) -> Path | None:
    """The path of the cover: from the options, or the one that the story names."""
    if options.cover:
        return Path(options.cover)
    return _resolve_story_path(story, document.cover_name) if document.cover_name else None


def _resolve_story_path(story: str, name: str) -> Path:
    """A path that a story names, which is relative to the story's folder."""
    return _find_folder(story) / name


def _find_folder(story: str) -> Path:
    return Path() if story in (STDIN, TEXT) else Path(story).parent


def _find_sounds(
    document: Document, story: str, music: Path | None
) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Find the sound files that a story names, by their names in it; and what is missing.

    They are searched in the story's folder, then in `music`, if that is a folder, or in its folder.
    """
    folders = [_find_folder(story)]
    if music is not None:
        folders.append(music if music.is_dir() else music.parent)
    found, missing = {}, []
    for file, line in document.find_sound_files().items():
        where = f"{name_story(story)}: line {line}"
        path = next((each for each in _iter_places(file, folders, where) if each.is_file()), None)
        if path is not None:
            found[file] = path
        else:
            names = ["this folder" if each == Path() else str(each) for each in folders]
            places = " or ".join(dict.fromkeys(names))
            missing.append(
                f"{where}: the sound file {file} was not found in {places}; --music FOLDER names "
                "another folder to search."
            )
    return found, tuple(missing)


def _iter_places(file: str, folders: list[Path], where: str) -> Iterator[Path]:
    """The paths where a sound may be; raises BadInput for a link, which may lead anywhere."""
    for folder in folders:
        path = folder / file
        steps = [path, *path.parents[: len(Path(file).parts) - 1]]
        if any(step.is_symlink() for step in steps):
            raise BadInput(f"{where}: {file} is a symbolic link; name the file itself.", key=file)
        yield path


def _select_text_type(text: str, name: str, options: Options) -> TextType:
    if options.text_type:
        return TextType(options.text_type)
    if stated := _STATED_TYPE.match(text):
        return TextType(stated[1])
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

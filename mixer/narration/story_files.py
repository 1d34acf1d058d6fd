"""The files that a story on this machine uses: its text, lexicon, cover, music and sounds."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mixer.errors import BadInput, BadOption, NotFound
from mixer.narration.request import STDIN
from mixer.narration.story_source import (
    TEXT,
    Source,
    name_story,
    read_file_content,
    read_source,
)
from mixer.requests import Options, parse_options, parse_texts
from mixer.script import Document
from mixer.script.planning import read_lexicon
from mixer.script.readers import decode_text
from mixer.speech import apply_narrator

if TYPE_CHECKING:
    from mixer.publish import Picture


@dataclass(frozen=True, slots=True)
class StoryFiles:
    """A story and the files that it uses.

    Attributes:
        music: a file to play under it.
        sounds: by their names in the story.
        missing: a sentence for each sound, music included, that was not found.
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

    def list_places(self) -> tuple[Path, ...]:
        """Where files that it uses are, and where sounds would be found before them."""
        document, folder = self.source.document, _find_folder(self.source.name)
        lexicon = [folder / document.lexicon_name] if document.lexicon_name else []
        first = [folder / name for name in self.sounds]
        return (*self.describe_inputs(), *first, *lexicon)


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
    source = read_source(story, options)
    sounds, missing = _find_sounds(source.document, source.name, music)
    is_folder = music is not None and music.is_dir()
    if music is not None and not music.exists():
        missing = (*missing, f"The music {music} does not exist.")
    cover = _find_cover(options, source.name, source.document)
    return StoryFiles(source, None if is_folder else music, sounds, cover, missing)


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
    if not source.document.options:
        return options
    try:
        stated = parse_options(parse_texts(source.document.options))
    except BadOption as error:
        message = f"{name_story(source.name)}: in the front matter, {error}"
        raise BadOption(message, **error.details) from error
    update = stated.model_dump(exclude_unset=True, exclude=options.model_fields_set)
    return options.model_copy(update=update)


def read_lexicon_file(path: Path) -> str:
    """Read and check a lexicon.

    Raises:
        NotFound: the file does not exist.
        UnreadableText: it is not a text, or has an invalid line.
    """
    text = decode_text(read_file_content(path, "lexicon"), str(path))
    read_lexicon(text, str(path))
    return text


def _apply_lexicon(options: Options, story: str, document: Document) -> Options:
    """Add the lexicon that the story names, if the options have none."""
    if options.lexicon or not document.lexicon_name:
        return options
    text = read_lexicon_file(_resolve_story_path(story, "lexicon", document.lexicon_name))
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
    return encode_cover(read_file_content(path, "cover"), str(path))


def _find_cover(options: Options, story: str, document: Document) -> Path | None:
    """The path of the cover: from the options, or the one that the story names."""
    if options.cover:
        return Path(options.cover)
    name = document.cover_name
    return _resolve_story_path(story, "cover", name) if name else None


def _resolve_story_path(story: str, key: str, name: str) -> Path:
    """A path that a story's head names, in the story's folder, as sounds are; raises BadInput."""
    where, parts = f"{name_story(story)}: {key}", Path(name).parts
    if "\\" in name or Path(name).is_absolute() or any(part.startswith(".") for part in parts):
        raise BadInput(f"{where}: {name} is outside the story's folder, or hidden.", field=key)
    return next(_iter_places(name, [_find_folder(story)], where))


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

"""The files of music and sounds that a story names: beside it, or beside its music."""

from pathlib import Path

from mixer.cli.story_files import STDIN
from mixer.errors import BadInput, NotFound
from mixer.script.document import Document
from mixer.script.sounds import find_sound_files


def find_sounds(document: Document, story: str, music: Path | None) -> dict[str, Path]:
    """Where the files are that a story names, by their names in it.

    Args:
        document: the story.
        story: its path, or `-` for standard input.
        music: a file whose folder, or a folder that, is looked at after the story's own.

    Raises:
        NotFound: one is not there; names it, with the line of the story.
        BadInput: one is a link, which may lead anywhere.
    """
    folders = [Path() if story == STDIN else Path(story).parent]
    if music is not None:
        folders.append(music if music.is_dir() else music.parent)
    return {
        file: _find_file(file, folders, f"{_story_name(story)}: line {line}")
        for file, line in find_sound_files(document).items()
    }


def _story_name(story: str) -> str:
    return "Standard input" if story == STDIN else story


def _find_file(file: str, folders: list[Path], where: str) -> Path:
    for folder in folders:
        path = folder / file
        steps = [path, *path.parents[: len(Path(file).parts) - 1]]
        if any(step.is_symlink() for step in steps):
            raise BadInput(f"{where}: {file} is a link; name the file itself.", key=file)
        if path.is_file():
            return path
    places = " or ".join(dict.fromkeys(map(_format_folder, folders)))
    raise NotFound(f"{where}: there is no sound file {file} in {places}.", key=file)


def _format_folder(folder: Path) -> str:
    return "this folder" if folder == Path() else str(folder)

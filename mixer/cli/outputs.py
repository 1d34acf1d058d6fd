"""Where results go, looked at before any work is done: nothing of the user's is overwritten."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from mixer.errors import BadOption
from mixer.formats import FormatName
from mixer.requests import Options

FORMATS: tuple[FormatName, ...] = get_args(FormatName)


def resolve_format(options: Options, out: Path) -> Options:
    """The options, with the format that the name of the file to write tells.

    Raises:
        BadOption: it tells none, or another one than was asked for.
    """
    ending = out.suffix.lower().removeprefix(".")
    if ending not in FORMATS or options.format not in (None, ending):
        endings = [options.format] if options.format else FORMATS
        raise BadOption(
            f"out: {out} is no name for such a file: let it end in"
            f" {' or '.join(f'.{each}' for each in endings)}.",
            field="out",
        )
    return options.model_copy(update={"format": ending})


def require_distinct_paths(outputs: Sequence[Path], inputs: Mapping[Path, str]) -> None:
    """Refuse to write a result over a file that it is made of, or over another result.

    Args:
        outputs: what will be written.
        inputs: what is read, with what to call it: `the story`, `the music`.

    Raises:
        BadOption: two of them are the same file.
    """
    for number, output in enumerate(outputs):
        for path, what in inputs.items():
            if _is_same_file(output, path):
                raise BadOption(f"out: {output} would be written over {what}.", field="out")
        if any(_is_same_file(output, other) for other in outputs[:number]):
            raise BadOption(f"report: {output} is already the name of another result.")


def _is_same_file(one: Path, other: Path) -> bool:
    if one.resolve() == other.resolve():
        return True
    return one.exists() and other.exists() and one.samefile(other)

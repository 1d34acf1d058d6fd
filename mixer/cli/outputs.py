"""Where results go, looked at before any work is done: nothing of the user's is overwritten."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mixer.errors import BadOption

AUDIO_SUFFIX = ".mp3"


def require_mp3(out: Path) -> None:
    """What is written is an MP3, so its name shall say so.

    Raises:
        BadOption: it says something else.
    """
    if out.suffix.lower() != AUDIO_SUFFIX:
        raise BadOption(
            f"out: {out} is to become an MP3: give it a name that ends in {AUDIO_SUFFIX}.",
            field="out",
        )


def require_apart(outputs: Sequence[Path], inputs: Mapping[Path, str]) -> None:
    """Refuse to write a result over a file that it is made of, or over another result.

    Args:
        outputs: what will be written.
        inputs: what is read, with what to call it: `the story`, `the music`.

    Raises:
        BadOption: two of them are the same file.
    """
    for number, output in enumerate(outputs):
        for path, what in inputs.items():
            if _is_same(output, path):
                raise BadOption(f"out: {output} would be written over {what}.", field="out")
        if any(_is_same(output, other) for other in outputs[:number]):
            raise BadOption(f"report: {output} is already the name of another result.")


def _is_same(one: Path, other: Path) -> bool:
    if one.resolve() == other.resolve():
        return True
    return one.exists() and other.exists() and one.samefile(other)

"""What a caller asks for: a story, its options and music, and where its files go."""

import os
from dataclasses import dataclass
from pathlib import Path

from mixer.requests import Options, parse_options
from mixer.settings import find_store_folder

STDIN = "-"

DEFAULTS = parse_options({})


@dataclass(frozen=True, slots=True)
class Output:
    """Where a run writes.

    Attributes:
        path: the finished file; None for one named like the story, in the current folder.
        report: None for next to it.
        store: the folder that keeps chunks; None for MIXER_STORE, or else the user's cache.
        force: whether files may be overwritten that Mixer did not write.
        feed: the folder of a podcast feed in which the story is published; None for none.
        feed_url: the address at which that folder is published, if it is new.
        library: the folder of a player's library, instead of `path`: the file is put into
            Author/Series/Title.
    """

    path: Path | None = None
    report: Path | None = None
    store: Path | None = None
    force: bool = False
    feed: Path | None = None
    feed_url: str = ""
    library: Path | None = None

    @property
    def store_folder(self) -> Path:
        """The folder that keeps chunks."""
        return self.store or find_store_folder(os.environ)


@dataclass(frozen=True, slots=True)
class NarrationRequest:
    """A story to be narrated: its text, or the Path of its file."""

    story: str | Path
    output: Output
    options: Options = DEFAULTS
    music: Path | None = None


def as_output(out: str | Path | Output | None) -> Output:
    """Make an Output of what a caller gave, if anything."""
    return out if isinstance(out, Output) else Output(as_path(out))


def as_path(path: str | Path | None) -> Path | None:
    """Make a Path of what a caller gave, if anything."""
    return None if path is None else Path(path)

"""What every command that makes sound works in: a store, progress, and an end that is clean."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from mixer.cli.progress import progress
from mixer.mixing import Stages
from mixer.sound.ffmpeg import Children
from mixer.store.folder import FolderStore
from mixer.studio import Studio


def default_store() -> Path:
    """Where chunks are kept between runs: the user's cache folder (XDG Base Directory)."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "mixer")


store_option = click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_store,
    envvar="MIXER_STORE",
    show_default="your cache folder",
    help="Folder that keeps spoken chunks, so that none is spoken twice.",
)


@contextmanager
def studio(store: Path) -> Iterator[Studio]:
    """A studio on a folder store; whatever ends the block ends all its processes at once."""
    children = Children()
    signal.signal(signal.SIGTERM, _interrupt)
    with progress() as watch:
        try:
            yield Studio(FolderStore(store), Stages(watch), children)
        except BaseException:
            children.stop()
            raise


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """A polite request to end is treated like Ctrl-C."""
    raise KeyboardInterrupt

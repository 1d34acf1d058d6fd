"""What every command that makes sound works in: a store, progress, and an end that is clean."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mixer.cli.progress import open_progress
from mixer.sound.ffmpeg import ProcessGroup
from mixer.stories.foreground import JobContext
from mixer.stories.progress import StageTimer


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


music_option = click.option(
    "--music",
    type=click.Path(path_type=Path),
    help="A sound file to lie under it; or a folder, where sounds that the story names are looked "
    "for as well.",
)


@contextmanager
def open_job_context() -> Iterator[JobContext]:
    """What a mix is made with; whatever ends the block ends all its processes at once."""
    children = ProcessGroup()
    with open_progress() as watch:
        try:
            yield JobContext(StageTimer(watch), children)
        except BaseException:
            children.stop()
            raise

"""A Timeline carried out: segments rendered on all cores, joined behind a header, published whole.

The order: see which reels are kept already, render the segments of the others, and join all of
them in order while later ones still render. Memory is bounded by a segment. The disk holds the
beds, a few segments in the making, and the finished file.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.files import disk_errors_named
from mixer.parallel import usable_cores
from mixer.sound import wav
from mixer.sound.encoders import Encoding
from mixer.sound.ffmpeg import Children
from mixer.sound.finishing import finished
from mixer.sound.reels import Crew, Mixdown, Strip, reels_of, strips
from mixer.sound.rendering import Ingredients, Renderer
from mixer.sound.segments import SEGMENT_GRIDS
from mixer.sound.shelf import Shelf
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, at_rate

Progress = Callable[[float], None]
"""Called with the share that is done, from 0 to 1, from any thread."""


def render(
    timeline: Timeline,
    ingredients: Ingredients,
    out: Path,
    *,
    encoding: Encoding,
    head: bytes = b"",
    about: str = "",
    cover: bytes = b"",
    shelf: Shelf | None = None,
    until_s: float | None = None,
    workers: int | None = None,
    segment_grids: int | None = SEGMENT_GRIDS,
    progress: Progress | None = None,
    children: Children | None = None,
) -> Mixdown:
    """Render a timeline into a finished file.

    Args:
        timeline: the mix.
        ingredients: its recordings.
        out: the finished file; it appears whole or not at all.
        encoding: its format.
        head: an ID3 tag for an MP3, chunks for a WAV.
        about: tags and chapters in FFmpeg's metadata format, for the others.
        cover: a JPEG, for the others.
        shelf: where segments are kept for the next try and the next edit; None to keep none. Raw
            samples are not kept: they are ten times as large, and quickly made.
        until_s: when it must be done, on the monotonic clock; None for no deadline.
        workers: segments rendered at a time; all cores when None.
        segment_grids: length of a segment in grid steps; None to render serially.
        progress: told how far it is.
        children: the job that it belongs to; stopping it stops the render.

    Raises:
        BadOption: the format cannot hold so much.
        RenderFailed: FFmpeg stopped in the middle.
        OutOfTime: it will not be done in time, or the job was stopped.
        StoreFailed: the disk is full, or the folder is not writable.
    """
    if encoding.format == "wav":
        samples = at_rate(timeline.length, timeline.rate_hz, MIX_RATE_HZ)
        wav.require_fit(timeline.channels, samples, len(head))
    shelf = None if encoding.stream.sample_bytes else shelf
    crew = Crew(children or Children(), workers or usable_cores(), until_s)
    with disk_errors_named(out), TemporaryDirectory(prefix="mixdown-") as scratch:
        renderer = Renderer(timeline, ingredients, encoding, Path(scratch), crew.children)
        reels = reels_of(timeline, segment_grids)
        with closing(strips(renderer, reels, shelf, crew)) as in_order:
            told = _told(in_order, len(reels), progress)
            return finished(
                told,
                out,
                encoding,
                timeline,
                head=head,
                about=about,
                cover=cover,
                folder=Path(scratch),
                children=crew.children,
            )


def _told(strips: Iterator[Strip], count: int, progress: Progress | None) -> Iterator[Strip]:
    for number, strip in enumerate(strips, start=1):
        yield strip
        if progress is not None:
            progress(number / count)

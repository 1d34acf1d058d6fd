"""Strips to a finished file: a header in front of their streams, published when whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import NotFound
from mixer.files import disk_errors_named, published
from mixer.sound import mp3, wav
from mixer.sound.containers import packed
from mixer.sound.encoders import Encoding
from mixer.sound.ffmpeg import Children
from mixer.sound.loudness import summed
from mixer.sound.mp3 import Stretch
from mixer.sound.reels import Mixdown, Strip, Tally, from_shelf, kept_reels
from mixer.sound.shelf import KeptReel, Shelf
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, at_rate

CHECK_ROLL_FRAMES = mp3.PADDING_PERIOD_FRAMES
"""1.28 s before a stretch, to be decoded and not judged: more than a loudness window needs."""


def opening(
    encoding: Encoding, timeline: Timeline, head: bytes, frames: int, stream_bytes: int
) -> bytes:
    """What lies before the streams of a file that is joined of them; of one length for all counts.

    Args:
        encoding: of the file.
        timeline: of the mix.
        head: an ID3 tag, or chunks of a WAV.
        frames: in all streams together.
        stream_bytes: of all streams together.
    """
    samples = at_rate(timeline.length, timeline.rate_hz, MIX_RATE_HZ)
    if encoding.format == "wav":
        return wav.header(timeline.channels, stream_bytes, head)
    return head + mp3.info_frame(
        encoding.bitrate_kbps, timeline.channels, frames, stream_bytes, samples
    )


def joined(
    strips: Iterable[Strip], out: Path, encoding: Encoding, timeline: Timeline, head: bytes
) -> Mixdown:
    """Strips behind their opening, in a file that appears whole.

    Args:
        strips: in order.
        out: the finished file.
        encoding: of a format that is joined so.
        timeline: of the mix.
        head: an ID3 tag, or chunks of a WAV.
    """
    tally, ends = Tally(), []
    with published(out) as file:
        file.write(opening(encoding, timeline, head, 0, 0))
        begin = file.tell()
        for strip in tally.counted(strips):
            strip.pour(file)
            ends.append((file.tell(), tally.frames))
        file.seek(0)
        file.write(opening(encoding, timeline, head, tally.frames, ends[-1][0] - begin))
    stretches = _stretches(encoding, ends) if encoding.format == "mp3" else ()
    return tally.mixdown(tuple(stretches))


def _stretches(encoding: Encoding, ends: Sequence[tuple[int, int]]) -> Iterator[Stretch]:
    """The file parted where its strips meet; each part with a roll before it, save the first."""
    roll = mp3.bytes_of(CHECK_ROLL_FRAMES, encoding.bitrate_kbps)
    yield Stretch(0, ends[0][0], 0)
    for (begin, frames), (end, _) in pairwise(ends):
        yield Stretch(begin - roll, end, CHECK_ROLL_FRAMES, first_frame=frames)


def finished(
    strips: Iterable[Strip],
    out: Path,
    encoding: Encoding,
    timeline: Timeline,
    *,
    head: bytes,
    about: str,
    cover: bytes = b"",
    folder: Path,
    children: Children,
) -> Mixdown:
    """Strips in a finished file of any format, which appears whole.

    Args:
        strips: in order.
        out: the finished file.
        encoding: its format.
        timeline: of the mix.
        head: an ID3 tag for an MP3, chunks for a WAV.
        about: tags and chapters in FFmpeg's metadata format, for the others.
        cover: a JPEG, for the others.
        folder: for what is needed on the way; whoever made it removes it.
        children: the job that it belongs to.
    """
    if encoding.kind.joins:
        return joined(strips, out, encoding, timeline, head)
    return packed(
        strips,
        out,
        encoding,
        timeline,
        about=about,
        cover=cover,
        folder=folder,
        children=children,
    )


def join(
    shelf: Shelf,
    keys: Sequence[str],
    out: Path,
    *,
    encoding: Encoding,
    timeline: Timeline,
    head: bytes = b"",
    about: str = "",
    cover: bytes = b"",
    children: Children | None = None,
) -> Mixdown:
    """Join kept reels into a file on this machine.

    Args:
        shelf: where they are.
        keys: of all reels of a timeline, in order.
        out: the finished file; it appears whole or not at all.
        encoding: of the reels.
        timeline: of the mix.
        head: an ID3 tag for an MP3, chunks for a WAV.
        about: tags and chapters in FFmpeg's metadata format, for the others.
        cover: a JPEG, for the others.
        children: the job that it belongs to.

    Raises:
        NotFound: a reel is not on the shelf.
    """
    strips = (from_shelf(shelf, kept) for kept in _all_kept(shelf, keys))
    with disk_errors_named(out), TemporaryDirectory(prefix="mixdown-") as folder:
        return finished(
            strips,
            out,
            encoding,
            timeline,
            head=head,
            about=about,
            cover=cover,
            folder=Path(folder),
            children=children or Children(),
        )


def join_in_store(
    shelf: Shelf,
    keys: Sequence[str],
    out_key: str,
    *,
    encoding: Encoding,
    timeline: Timeline,
    head: bytes = b"",
    metadata: Mapping[str, str] | None = None,
) -> Mixdown:
    """Join kept reels into an object of the same store, byte for byte what `join` makes of them.

    In S3 the reels are copied in place; at most 10 MiB are fetched where every reel but the last
    holds MIN_PART_BYTES or more, as `mixer.sound.segments.wound` makes them when told so.

    Args:
        shelf: where they are.
        keys: of all reels of a timeline, in order.
        out_key: of the finished object.
        encoding: of the reels, a format that is joined byte after byte.
        timeline: of the mix.
        head: bytes to put in front, such as an ID3 tag.
        metadata: of the finished object.

    Raises:
        NotFound: a reel is not on the shelf.
    """
    reels = _all_kept(shelf, keys)
    mixdown = _mixdown(reels)
    stream_bytes = sum(reel.size_bytes for reel in reels)
    begin = opening(encoding, timeline, head, mixdown.frames, stream_bytes)
    content_type = encoding.kind.content_type
    shelf.store.splice(out_key, [begin, *keys], content_type=content_type, metadata=metadata)
    return mixdown


def kept_mixdown(shelf: Shelf, keys: Sequence[str]) -> Mixdown:
    """What kept reels leave besides their file, before they are joined.

    Args:
        shelf: where they are.
        keys: of all reels of a timeline, in order.

    Raises:
        NotFound: a reel is not on the shelf.
    """
    return _mixdown(_all_kept(shelf, keys))


def _mixdown(reels: Sequence[KeptReel]) -> Mixdown:
    windows = summed(reel.windows for reel in reels)
    keys = tuple(reel.key for reel in reels)
    return Mixdown(windows, sum(reel.frames for reel in reels), reels=keys)


def _all_kept(shelf: Shelf, keys: Sequence[str]) -> list[KeptReel]:
    """Reels that all have to be there."""
    found = kept_reels(shelf, keys)
    missing = [key for key in keys if key not in found]
    if missing:
        raise NotFound(f"There is no rendered segment {missing[0]}.", key=missing[0])
    return [found[key] for key in keys]

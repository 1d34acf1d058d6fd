"""Strips to a finished file: a header in front of their streams, published when whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import NotFound
from mixer.files import open_atomic, translate_disk_errors
from mixer.sound.analysis.loudness import sum_histograms
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import mp3, wav
from mixer.sound.formats.containers import mux
from mixer.sound.formats.encoding import Encoding
from mixer.sound.formats.mp3 import EncodedSpan
from mixer.sound.render.segment_cache import CachedSegment, SegmentCache
from mixer.sound.render.segment_groups import (
    EncodedStream,
    Mixdown,
    StreamTotals,
    find_cached,
    open_cached_stream,
)
from mixer.sound.timeline import MIX_RATE_HZ, Timeline, rescale_samples

VERIFY_PREROLL_FRAMES = mp3.PADDING_PERIOD_FRAMES
"""1.28 s before a stretch, to be decoded and not judged: more than a loudness window needs."""


def build_header(
    encoding: Encoding, timeline: Timeline, raw_tags: bytes, frames: int, stream_bytes: int
) -> bytes:
    """What lies before the streams of a file that is joined of them; of one length for all counts.

    Args:
        encoding: of the file.
        timeline: of the mix.
        raw_tags: an ID3 tag, or chunks of a WAV.
        frames: in all streams together.
        stream_bytes: of all streams together.
    """
    samples = rescale_samples(timeline.length, timeline.rate_hz, MIX_RATE_HZ)
    if encoding.format == "wav":
        return wav.header(timeline.channels, stream_bytes, raw_tags)
    return raw_tags + mp3.info_frame(
        encoding.bitrate_kbps, timeline.channels, frames, stream_bytes, samples
    )


def concatenate_streams(
    streams: Iterable[EncodedStream],
    out: Path,
    encoding: Encoding,
    timeline: Timeline,
    raw_tags: bytes,
) -> Mixdown:
    """Strips behind their opening, in a file that appears whole.

    Args:
        streams: in order.
        out: the finished file.
        encoding: of a format that is joined so.
        timeline: of the mix.
        raw_tags: an ID3 tag, or chunks of a WAV.
    """
    tally, ends = StreamTotals(), []
    with open_atomic(out) as file:
        file.write(build_header(encoding, timeline, raw_tags, 0, 0))
        begin = file.tell()
        for strip in tally.count_streams(streams):
            strip.write_to(file)
            ends.append((file.tell(), tally.frames))
        file.seek(0)
        file.write(build_header(encoding, timeline, raw_tags, tally.frames, ends[-1][0] - begin))
    stretches = _find_encoded_spans(encoding, ends) if encoding.format == "mp3" else ()
    return tally.mixdown(tuple(stretches))


def _find_encoded_spans(
    encoding: Encoding, ends: Sequence[tuple[int, int]]
) -> Iterator[EncodedSpan]:
    """The file parted where its strips meet; each part with a roll before it, save the first."""
    roll = mp3.frames_bytes(VERIFY_PREROLL_FRAMES, encoding.bitrate_kbps)
    yield EncodedSpan(0, ends[0][0], 0)
    for (begin, frames), (end, _) in pairwise(ends):
        yield EncodedSpan(begin - roll, end, VERIFY_PREROLL_FRAMES, first_frame=frames)


def join_streams(
    streams: Iterable[EncodedStream],
    out: Path,
    encoding: Encoding,
    timeline: Timeline,
    *,
    raw_tags: bytes,
    ffmetadata: str,
    cover: bytes = b"",
    folder: Path,
    processes: ProcessGroup,
) -> Mixdown:
    """Strips in a finished file of any format, which appears whole.

    Args:
        streams: in order.
        out: the finished file.
        encoding: its format.
        timeline: of the mix.
        raw_tags: an ID3 tag for an MP3, chunks for a WAV.
        ffmetadata: tags and chapters in FFmpeg's metadata format, for the others.
        cover: a JPEG, for the others.
        folder: for what is needed on the way; whoever made it removes it.
        processes: the job that it belongs to.
    """
    if encoding.kind.is_concatenable:
        return concatenate_streams(streams, out, encoding, timeline, raw_tags)
    return mux(
        streams,
        out,
        encoding,
        timeline,
        ffmetadata=ffmetadata,
        cover=cover,
        folder=folder,
        processes=processes,
    )


def join_to_file(
    cache: SegmentCache,
    keys: Sequence[str],
    out: Path,
    *,
    encoding: Encoding,
    timeline: Timeline,
    raw_tags: bytes = b"",
    ffmetadata: str = "",
    cover: bytes = b"",
    processes: ProcessGroup | None = None,
) -> Mixdown:
    """Join kept reels into a file on this machine.

    Args:
        cache: where they are.
        keys: of all reels of a timeline, in order.
        out: the finished file; it appears whole or not at all.
        encoding: of the reels.
        timeline: of the mix.
        raw_tags: an ID3 tag for an MP3, chunks for a WAV.
        ffmetadata: tags and chapters in FFmpeg's metadata format, for the others.
        cover: a JPEG, for the others.
        processes: the job that it belongs to.

    Raises:
        NotFound: a reel is not on the shelf.
    """
    strips = (open_cached_stream(cache, kept) for kept in _require_cached(cache, keys))
    with translate_disk_errors(out), TemporaryDirectory(prefix="mixdown-") as folder:
        return join_streams(
            strips,
            out,
            encoding,
            timeline,
            raw_tags=raw_tags,
            ffmetadata=ffmetadata,
            cover=cover,
            folder=Path(folder),
            processes=processes or ProcessGroup(),
        )


def join_in_store(
    cache: SegmentCache,
    keys: Sequence[str],
    out_key: str,
    *,
    encoding: Encoding,
    timeline: Timeline,
    raw_tags: bytes = b"",
    metadata: Mapping[str, str] | None = None,
) -> Mixdown:
    """Join kept reels into an object of the same store, byte for byte what `join` makes of them.

    In S3 the reels are copied in place; at most 10 MiB are fetched where every reel but the last
    holds MIN_PART_BYTES or more, as `mixer.sound.render.segments.wound` makes them when told so.

    Args:
        cache: where they are.
        keys: of all reels of a timeline, in order.
        out_key: of the finished object.
        encoding: of the reels, a format that is joined byte after byte.
        timeline: of the mix.
        raw_tags: bytes to put in front, such as an ID3 tag.
        metadata: of the finished object.

    Raises:
        NotFound: a reel is not on the shelf.
    """
    reels = _require_cached(cache, keys)
    mixdown = _combine_segments(reels)
    stream_bytes = sum(reel.size_bytes for reel in reels)
    begin = build_header(encoding, timeline, raw_tags, mixdown.frames, stream_bytes)
    content_type = encoding.kind.content_type
    cache.store.splice(out_key, [begin, *keys], content_type=content_type, metadata=metadata)
    return mixdown


def load_mixdown(cache: SegmentCache, keys: Sequence[str]) -> Mixdown:
    """What kept reels leave besides their file, before they are joined.

    Args:
        cache: where they are.
        keys: of all reels of a timeline, in order.

    Raises:
        NotFound: a reel is not on the shelf.
    """
    return _combine_segments(_require_cached(cache, keys))


def _combine_segments(segments: Sequence[CachedSegment]) -> Mixdown:
    windows = sum_histograms(reel.windows for reel in segments)
    keys = tuple(reel.key for reel in segments)
    return Mixdown(windows, sum(reel.frames for reel in segments), segment_keys=keys)


def _require_cached(cache: SegmentCache, keys: Sequence[str]) -> list[CachedSegment]:
    """Reels that all have to be there."""
    found = find_cached(cache, keys)
    missing = [key for key in keys if key not in found]
    if missing:
        raise NotFound(f"There is no rendered segment {missing[0]}.", key=missing[0])
    return [found[key] for key in keys]

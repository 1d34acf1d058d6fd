"""A segment's cache key: a hash of everything that shapes its bytes. Pure.

What shapes them is the very command that renders them, with the contents of its files in place of
their names, and the FFmpeg that carries it out. A command counts all times from its own window, so
a segment that an edit has only moved keeps its key; and what a later version puts into the
command is part of the key without being listed here.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from mixer.sound.analysis import Measurement
from mixer.sound.formats import Encoding
from mixer.sound.render.bed import Bed
from mixer.sound.render.filtergraph import build_segment_command
from mixer.sound.render.segments import Segment
from mixer.sound.timeline import FORMAT_VERSION, Timeline

RENDERER_VERSION = 1
"""Goes up when something outside the command changes: how beds are made, how frames are cut."""

HEX_DIGITS = 40
"""160 bits of SHA-256: two segments will not meet by chance."""


def segment_cache_key(
    timeline: Timeline,
    segment: Segment,
    encoding: Encoding,
    beds: Mapping[tuple[str, bool], Bed],
    content_ids: Mapping[str, str],
    *,
    ffmpeg_version: str,
) -> str:
    """The cache key of a segment.

    Args:
        timeline: the mix.
        encoding: of the finished file.
        beds: the music, as `named_beds` makes it.
        content_ids: of the contents of each clip's recording, by source; for others the source
            itself identifies them, as keys made of content do.
        ffmpeg_version: of the one that renders.
    """
    clips = {
        clip.source: Path(content_ids.get(clip.source, clip.source))
        for clip in timeline.clips
        if clip.start < segment.window_end and clip.end > segment.window_start
    }
    command = build_segment_command(
        timeline,
        segment,
        clips,
        beds,
        encoding.stream,
        is_position_independent=True,
    )
    spans = [segment.start - segment.window_start, segment.end - segment.start, segment.is_last]
    files = [str(path) for path in command.files]
    versions = [FORMAT_VERSION, RENDERER_VERSION, ffmpeg_version]
    shaping = [versions, command.arguments, files, encoding.segment_arguments, spans]
    return _hash(json.dumps([*shaping, timeline.rate_hz, timeline.channels]))


def fingerprint_bed(bed: Bed, content_id: str, measured: Measurement) -> Bed:
    """A bed whose path names the contents of its recording, and how it is made of it."""
    edges = (measured.lead_samples, measured.tail_samples, measured.samples, measured.channels)
    looped = (bed.loop_from, bed.frames) if bed.loop_from else ()
    return replace(bed, path=Path("-".join(map(str, (content_id, *edges, *looped)))))


def _hash(content: str) -> str:
    return sha256(content.encode(errors="surrogatepass")).hexdigest()[:HEX_DIGITS]

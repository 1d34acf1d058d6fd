"""Computes a segment's cache key: a hash of everything that determines its bytes. Pure.

That is the rendering command, with content hashes instead of file names, and FFmpeg's version.
Times count from the segment's own window, so a segment that only moved keeps its key.
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
"""Increase it when something outside the command changes: how beds are made, how frames are cut."""

HEX_DIGITS = 40
"""160 bits of SHA-256, enough to avoid collisions."""


def segment_cache_key(
    timeline: Timeline,
    segment: Segment,
    encoding: Encoding,
    beds: Mapping[tuple[str, bool], Bed],
    content_ids: Mapping[str, str],
    *,
    ffmpeg_version: str,
) -> str:
    """Compute a segment's cache key.

    `content_ids` holds hashes for sources that do not identify their content themselves.
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
    parameters = [versions, command.arguments, files, encoding.segment_arguments, spans]
    return _hash(json.dumps([*parameters, timeline.rate_hz, timeline.channels]))


def fingerprint_bed(bed: Bed, content_id: str, measured: Measurement) -> Bed:
    """Predict a bed whose path identifies its recording's content and how it is made."""
    edges = (measured.lead_samples, measured.tail_samples, measured.samples, measured.channels)
    looped = (bed.loop_from, bed.frames) if bed.loop_from else ()
    return replace(bed, path=Path("-".join(map(str, (content_id, *edges, *looped)))))


def _hash(content: str) -> str:
    return sha256(content.encode(errors="surrogatepass")).hexdigest()[:HEX_DIGITS]

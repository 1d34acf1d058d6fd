"""Mixer's own mix in its own process: lay out, render, and verify if requested.

`python -m bench.mixer_run FILE` reads its parameters from a file that `BenchMix.save` wrote.
"""

import pickle
import sys
from pathlib import Path

from bench.bench_mix import BenchMix
from mixer.parallel import usable_cores
from mixer.publish.timing import chapter_starts
from mixer.sound import PRESETS, ProcessGroup, Timeline
from mixer.sound.analysis import verify
from mixer.sound.arrange import MixStyle, build_timeline
from mixer.sound.formats import AudioTags
from mixer.sound.render import (
    RenderHistory,
    RenderJob,
    RenderPool,
    RenderSources,
    SegmentCache,
    render,
)
from mixer.store import FolderStore

COLUMNS = 1_600
PRESET = PRESETS["podcast"]
"""Loud enough for the limiter to work."""


def render_mix(wanted: BenchMix) -> None:
    """Render a mix with levelling, ducking, limiter and tags."""
    cache = SegmentCache(FolderStore(wanted.cache_folder)) if wanted.cache_folder else None
    memory = RenderHistory(cache, "book") if cache else None
    timeline = _lay_out(wanted, memory)
    if timeline.mastering.limit_db is None or not any(cue.ramps for cue in timeline.cues):
        raise SystemExit("This mix would be measured without its limiter or its ducking.")
    label = AudioTags({"title": "Bench"}, chapter_starts(timeline), timeline.duration_s)
    sources = RenderSources(
        wanted.files, {wanted.music.source: (wanted.music_file, wanted.music.measured)}
    )
    job = RenderJob(
        timeline,
        sources,
        wanted.encoding,
        tags=label,
        cache=cache,
        pool=RenderPool(ProcessGroup(), wanted.workers or usable_cores()),
    )
    keys = render(job, wanted.out)
    if memory:
        memory.record_render(timeline, keys, keys)
    if wanted.is_verified:
        verify(wanted.out, timeline.duration_s, COLUMNS)


def _lay_out(wanted: BenchMix, memory: RenderHistory | None) -> Timeline:
    grid = wanted.encoding.stream.section_grid
    style = MixStyle(PRESET, wanted.encoding.level_offset_db, section_grid=grid)
    if memory is None:
        return build_timeline(wanted.takes, wanted.music, style)
    timeline = build_timeline(wanted.takes, wanted.music, memory.restore_style(style))
    return memory.restore_mastering(timeline)


if __name__ == "__main__":
    render_mix(pickle.loads(Path(sys.argv[1]).read_bytes()))  # noqa: S301 - written by the bench itself

"""Renders segments of a story into the cache, and the finished file from there."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from mixer.errors import DamagedObject, NotFound
from mixer.publish.timing import chapter_starts
from mixer.publish.waveform import OUTLINE_COLUMNS
from mixer.requests import Options
from mixer.sound import Timeline
from mixer.sound.analysis import verify
from mixer.sound.arrange import SoundFile
from mixer.sound.formats import AudioTags, Encoding, StreamedFormat, Workshop
from mixer.sound.render import (
    Mixdown,
    RenderAttempt,
    Renderer,
    RenderHistory,
    RenderJob,
    RenderPool,
    RenderSources,
    Segment,
    SegmentCache,
    StreamJoin,
    cut_timeline,
    render,
    render_streams,
    render_to_target,
)
from mixer.store import ObjectStore
from mixer.stories.folder import SCRIPT, StoryFolder
from mixer.stories.inputs import SoundLibrary, fetch_sources, load_tags
from mixer.stories.mix_options import select_encoding
from mixer.stories.model import JoinedMix, StoredScript
from mixer.stories.outputs import Mix, collect_measurements
from mixer.stories.request_files import RequestFolder

RENDER_SHARE = 0.9
"""Share of rendering in the join step; the rest is verification."""

MAX_LOSSES = 3
"""How often segments of a mix may be lost, and rendered again, before it fails."""

T = TypeVar("T")
ShareProgress = Callable[[float], None]


FinishedFileCheck = Callable[[str], bool]
"""Whether the file with this identity is already in its place, so that it need not be joined."""


def expect_no_file(_identity: str) -> bool:
    """Join every file."""
    return False


def ignore_progress(_share: float) -> None:
    """Ignore the progress."""
    return


@dataclass(frozen=True, slots=True)
class StoryRenderer:
    """Renders for one step.

    Attributes:
        sounds: measurements of music and sounds, by key.
        lay_out: lays out the mix again for a loudness error in LU.
        is_finished: checked before a file is joined.
    """

    store: ObjectStore
    library: SoundLibrary
    sounds: Mapping[str, SoundFile]
    timeline: Timeline
    lay_out: Callable[[float], Timeline]
    options: Options
    pool: RenderPool
    scratch: RequestFolder
    progress: ShareProgress
    history: RenderHistory | None = None
    is_finished: FinishedFileCheck = expect_no_file

    @property
    def encoding(self) -> Encoding:
        """The encoding of the finished file."""
        return select_encoding(self.options)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments of the whole timeline."""
        return cut_timeline(self.timeline)

    def render_segments(self, segments: Sequence[Segment]) -> list[str]:
        """Render the segments that are missing from the cache; returns the key of each."""
        cache = SegmentCache(self.store)
        keys = self._open_renderer(()).object_keys(segments, cache)
        kept = cache.find_all(keys)
        wanted = dict(zip(keys, segments, strict=True))  # equal segments are rendered once
        missing = [segment for key, segment in wanted.items() if key not in kept]
        if missing:
            renderer = self._open_renderer(missing)
            before = self.history.list_segments().difference(keys) if self.history else ()
            with closing(render_streams(renderer, missing, cache, self.pool, before)) as streams:
                for done, _ in enumerate(streams, start=1):
                    self.progress(done / len(missing))
        return keys

    def render_excerpt(self, segment: Segment) -> bytes:
        """Render one segment, which is not kept."""
        rendered = self._open_renderer([segment]).render(segment)
        return rendered.path.read_bytes()[rendered.begin_byte : rendered.end_byte]

    def render_group(self, first: int, end: int) -> list[str]:
        """Render a group, measured if the format allows it; returns the key of each segment."""
        segments = self.segments[first:end]
        keys = self.render_segments(segments)

        def measure_segments() -> None:
            streams = SegmentCache(self.store).require_all(keys)
            self._open_join().measure(streams, segments)

        self._retry_if_lost(measure_segments, segments)
        return keys

    def _retry_if_lost(self, work: Callable[[], T], segments: Sequence[Segment]) -> T:
        """Do what needs cached segments.

        If one is damaged, or other runs on this store have deleted it, render it again and do it
        once more.
        """
        for _ in range(MAX_LOSSES):
            with suppress(DamagedObject, NotFound):
                return work()
            cache = SegmentCache(self.store)
            cache.remove_damaged(self._open_renderer(()).object_keys(segments, cache))
            self.render_segments(segments)
        return work()

    def join_mix(self, folder: StoryFolder) -> JoinedMix:
        """Store the finished audio, rendered again if it misses the target loudness."""
        out = self.scratch.path / audio_name(self.encoding)
        stored = folder.find(SCRIPT, StoredScript)
        base_tags = load_tags(folder, self.options, stored.script if stored else None)
        attempt = self._render_mix(out, base_tags)
        verification = attempt.mixdown.verification
        final = replace(self, timeline=attempt.timeline)
        size_bytes = final._store_audio(attempt.mixdown, out, folder.key(out.name), base_tags)
        mix = Mix(attempt.timeline, verification, self.sounds, self.options.preset, self.encoding)
        return JoinedMix(
            integrated_loudness_lufs=verification.integrated_lufs,
            true_peak_dbtp=verification.true_peak_dbtp,
            peaks=verification.peaks,
            size_bytes=size_bytes,
            name=out.name,
            mastering=attempt.timeline.mastering,
            measurements=collect_measurements(mix),
        )

    def _open_renderer(self, segments: Sequence[Segment]) -> Renderer:
        sources = self._fetch_ingredients(segments)
        workshop = Workshop(self.scratch.path, self.pool.processes)
        return Renderer(self.timeline, sources, self.encoding, workshop)

    def _store_audio(self, mixdown: Mixdown, out: Path, key: str, base_tags: AudioTags) -> int:
        """Store the finished audio; returns its size."""
        cache, join = SegmentCache(self.store), self._open_join(base_tags)
        keys = mixdown.segment_keys

        def join_streams() -> int:
            streams = cache.require_all(keys)
            if self.is_finished(join.identify(streams)):
                return join.measure_size_bytes(streams)
            return join.join(streams, key)

        if self._is_streamed:
            return self._retry_if_lost(join_streams, self.segments)
        if keys:
            self._retry_if_lost(lambda: self._write_file(out, base_tags), self.segments)
        self.store.put(key, out, content_type=self.encoding.kind.content_type)
        return out.stat().st_size

    def _open_join(self, base_tags: AudioTags | None = None) -> StreamJoin:
        tags = self._add_chapters(base_tags) if base_tags else None
        return StreamJoin(
            self.store, self.timeline, self.encoding, tags, OUTLINE_COLUMNS, self.pool.processes
        )

    @property
    def _is_streamed(self) -> bool:
        return isinstance(self.encoding.kind, StreamedFormat)

    def _add_chapters(self, base_tags: AudioTags) -> AudioTags:
        return base_tags.with_chapters(chapter_starts(self.timeline), self.timeline.duration_s)

    def _render_mix(self, out: Path, base_tags: AudioTags) -> RenderAttempt:
        """Render the mix to its target loudness, and add it to the history."""
        made: list[str] = []

        def render_timeline(timeline: Timeline) -> Mixdown:
            work = replace(self, timeline=timeline, progress=self._report_render_share)
            mixdown = work._render_file(out, base_tags)
            made.extend(mixdown.segment_keys)
            return mixdown

        attempt = self._render_to_target(render_timeline)
        if self.history is not None:
            kept = attempt.mixdown.segment_keys
            self.history.record_render(attempt.timeline, kept, made, attempt.prediction_error_lu)
        return attempt

    def _render_to_target(self, render_timeline: Callable[[Timeline], Mixdown]) -> RenderAttempt:
        history, first = self.history, self.timeline
        if history is None:
            return render_to_target(
                lambda error_lu: self.lay_out(error_lu) if error_lu else first,
                render_timeline,
            )
        return render_to_target(
            self.lay_out,
            render_timeline,
            reuse=history.restore_mastering,
            prediction_error_lu=history.prediction_error_lu(),
        )

    def _render_file(self, out: Path, base_tags: AudioTags) -> Mixdown:
        """Render and check: the segments, or the file of a format that is not made of them."""
        if not self.encoding.kind.is_distributed:
            self._write_file(out, base_tags)
            duration_s, processes = self.timeline.duration_s, self.pool.processes
            return Mixdown(verify(out, duration_s, OUTLINE_COLUMNS, processes=processes))
        cache, join = SegmentCache(self.store), self._open_join(base_tags)
        keys = self.render_segments(self.segments)
        verification = self._retry_if_lost(
            lambda: join.verify(cache.require_all(keys)), self.segments
        )
        return Mixdown(verification, tuple(keys))

    def _write_file(self, out: Path, base_tags: AudioTags) -> None:
        """Write a file, of the stored segments where there are any."""
        is_distributed = self.encoding.kind.is_distributed
        job = RenderJob(
            self.timeline,
            self._fetch_ingredients(() if is_distributed else self.segments),
            self.encoding,
            tags=self._add_chapters(base_tags),
            cache=SegmentCache(self.store),
            pool=self.pool,
        )
        render(job, out, None if is_distributed else self.progress)

    def _report_render_share(self, share: float) -> None:
        self.progress(share * RENDER_SHARE)

    def _fetch_ingredients(self, segments: Sequence[Segment]) -> RenderSources:
        return fetch_sources(
            self.library,
            self.timeline,
            segments,
            self.sounds,
            self.scratch,
            deadline_s=self.pool.deadline_s,
        )


def audio_name(encoding: Encoding) -> str:
    """Name the finished file."""
    return f"story.{encoding.format}"

"""What a step of a story renders with: reels onto the shelf, and the finished file from there."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp

from mixer.errors import NotFound
from mixer.files import max_local_bytes
from mixer.publish.tags import AudioTags
from mixer.publish.timing import chapter_starts
from mixer.requests import Options
from mixer.sound.analysis.loudness import integrated_lufs
from mixer.sound.analysis.verification import Verification, verify
from mixer.sound.arrange.cues import SoundFile
from mixer.sound.formats.encoding import Encoding
from mixer.sound.render.joining import join_in_store, load_mixdown
from mixer.sound.render.loudness_correction import RenderAttempt, render_to_target
from mixer.sound.render.mixdown import render
from mixer.sound.render.render_history import RenderHistory
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_groups import (
    Mixdown,
    RenderPool,
    find_cached,
    group_object_key,
    plan_groups,
    plan_store_groups,
    render_streams,
)
from mixer.sound.render.segment_renderer import Renderer, RenderSources
from mixer.sound.render.segments import SegmentGroup, source_keys
from mixer.sound.timeline import Timeline
from mixer.store.objects import ObjectStore
from mixer.stories.folder import SCRIPT, StoryFolder
from mixer.stories.mix_pipeline import OUTLINE_COLUMNS, Mix, select_encoding
from mixer.stories.model import JoinedMix, StoredScript
from mixer.stories.sidecars import collect_measurements
from mixer.stories.sounds import SoundLibrary
from mixer.stories.tags import load_tags
from mixer.stories.workspace import RequestFolder

MAX_VERIFIED_S = 36 * 3_600.0
"""A longer file is not decoded again after joining: together with the join it would not fit into a
call of Lambda. Its loudness is then told by its segments; its peak nobody has looked at."""

RENDER_SHARE = 0.9
"""Of joining what has to be rendered there; the rest is hearing it."""

ShareProgress = Callable[[float], None]


def ignore_progress(_share: float) -> None:
    """Nobody wants to know how far a step is."""
    return


@dataclass(frozen=True, slots=True)
class StoryRenderer:
    """One step's rendering.

    Attributes:
        store: where stories, chunks and segments are kept.
        library: where music and sounds are found.
        sounds: what is known of them, by key.
        timeline: the whole mix.
        lay_out: the mix that was found to be so much louder than foretold.
        options: how it shall sound.
        pool: who renders, and until when.
        scratch: a folder that goes with the step.
        progress: told the share of the step that is done.
        history: of earlier versions of the same mix; None to remember nothing.
        max_local_bytes: of a finished file that is joined on this disk; a larger MP3 is joined
            inside the store, and nobody decodes it.
    """

    store: ObjectStore
    library: SoundLibrary
    sounds: Mapping[str, SoundFile]
    timeline: Timeline
    lay_out: Callable[[float], Timeline]
    options: Options
    pool: RenderPool
    scratch: Path
    progress: ShareProgress
    history: RenderHistory | None = None
    max_local_bytes: int = field(default_factory=max_local_bytes)

    @property
    def encoding(self) -> Encoding:
        """Of the finished file."""
        return select_encoding(self.options)

    @property
    def segment_groups(self) -> tuple[SegmentGroup, ...]:
        """Of the whole timeline."""
        return group_story_segments(self.timeline, self.encoding, self.max_local_bytes)

    @property
    def is_joined_in_store(self) -> bool:
        """Whether the finished file never lies on this disk."""
        return is_joined_in_store(self.timeline, self.encoding, self.max_local_bytes)

    def render_groups(self, segment_groups: Sequence[SegmentGroup]) -> list[str]:
        """Have some reels on the shelf; what is there already is not even fetched for.

        Returns:
            The key of each, in order.
        """
        shelf, known = SegmentCache(self.store), self._fetch_ingredients(())
        renderer = Renderer(self.timeline, known, self.encoding, self.scratch, self.pool.processes)
        keys = [group_object_key(renderer, reel, shelf) for reel in segment_groups]
        kept = find_cached(shelf, keys)
        wanted = dict(zip(keys, segment_groups, strict=True))  # equal reels are rendered once
        missing = [reel for key, reel in wanted.items() if key not in kept]
        if missing:
            fetched = self._fetch_ingredients(missing)
            renderer = Renderer(
                self.timeline, fetched, self.encoding, self.scratch, self.pool.processes
            )
            with closing(render_streams(renderer, missing, shelf, self.pool)) as made:
                for done, _ in enumerate(made, start=1):
                    self.progress(done / len(missing))
        return keys

    def join_mix(self, folder: StoryFolder) -> JoinedMix:
        """The finished audio, kept; rendered once more where its loudness is missed."""
        out = self.scratch / audio_name(self.encoding)
        place = folder.key(out.name)
        stored = folder.find(SCRIPT, StoredScript)
        about = load_tags(folder, self.options, stored.script if stored else None)
        look = self._render_mix(out, about)
        work = replace(self, timeline=look.timeline)
        checked = work._verify_file(out, look.mixdown)
        size_bytes = work._store_audio(look.mixdown, out, place, about)
        mix = Mix(look.timeline, checked, self.sounds, self.options.preset, self.encoding)
        return JoinedMix(
            integrated_loudness_lufs=checked.integrated_lufs,
            true_peak_dbtp=_nan_to_none(checked.true_peak_dbtp),
            peaks=checked.peaks,
            size_bytes=size_bytes,
            name=out.name,
            mastering=look.timeline.mastering,
            measurements=collect_measurements(mix),
        )

    def _store_audio(self, mixdown: Mixdown, out: Path, key: str, base_tags: AudioTags) -> int:
        """Put the finished file where the story's files are, or join it there; its size."""
        if not self.is_joined_in_store:
            self.store.put(key, out, content_type=self.encoding.kind.content_type)
            return out.stat().st_size
        join_in_store(
            SegmentCache(self.store),
            mixdown.segment_keys,
            key,
            encoding=self.encoding,
            timeline=self.timeline,
            raw_tags=self._add_chapters(base_tags).build_header(self.encoding.format),
        )
        kept = self.store.head(key)
        if kept is None:
            raise NotFound(f"There is no object {key} any more.", key=key)
        return kept.size_bytes

    def _add_chapters(self, base_tags: AudioTags) -> AudioTags:
        return base_tags.with_chapters(chapter_starts(self.timeline), self.timeline.duration_s)

    def _render_mix(self, out: Path, base_tags: AudioTags) -> RenderAttempt:
        """The mix, rendered to its target, and remembered where somebody does."""
        made: list[str] = []

        def render_groups(timeline: Timeline) -> Mixdown:
            work = replace(self, timeline=timeline, progress=self._report_render_share)
            mixdown = work._render_file(out, base_tags)
            made.extend(mixdown.segment_keys)
            return mixdown

        offset_db, memory = self.encoding.level_offset_db, self.history
        if memory is None:
            first = self.timeline
            return render_to_target(
                lambda off_by_lu: self.lay_out(off_by_lu) if off_by_lu else first,
                render_groups,
                offset_db,
            )
        look = render_to_target(
            self.lay_out,
            render_groups,
            offset_db,
            reuse=memory.restore_mastering,
            prediction_error_lu=memory.prediction_error_lu(),
        )
        memory.record_render(look, made)
        return look

    def _render_file(self, out: Path, base_tags: AudioTags) -> Mixdown:
        """Join what is on the shelf; what is not is rendered here."""
        encoding, shelf = self.encoding, SegmentCache(self.store)
        keys = self.render_groups(self.segment_groups) if is_distributed(encoding) else []
        if self.is_joined_in_store:
            return load_mixdown(shelf, keys)
        label = self._add_chapters(base_tags)
        return render(
            self.timeline,
            self._fetch_ingredients(() if keys else self.segment_groups),
            out,
            encoding=encoding,
            raw_tags=label.build_header(encoding.format),
            ffmetadata=label.format_ffmetadata(encoding.format),
            cover=label.attached_picture(encoding.format),
            cache=shelf,
            deadline_s=self.pool.deadline_s,
            progress=None if keys else self.progress,
            processes=self.pool.processes,
        )

    def _report_render_share(self, share: float) -> None:
        """So much of the joining is done when so much is rendered."""
        self.progress(share * RENDER_SHARE)

    def _verify_file(self, out: Path, mixdown: Mixdown) -> Verification:
        duration_s = self.timeline.duration_s
        if duration_s <= MAX_VERIFIED_S and not self.is_joined_in_store:
            return verify(
                out,
                duration_s,
                OUTLINE_COLUMNS,
                spans=mixdown.spans,
                processes=self.pool.processes,
            )
        loudness = integrated_lufs(mixdown.windows)
        offset_db = self.encoding.level_offset_db
        foretold = None if loudness is None else loudness + offset_db
        return Verification(foretold, math.nan, (), ())

    def _fetch_ingredients(self, segment_groups: Sequence[SegmentGroup]) -> RenderSources:
        """What it takes to render some reels, fetched; of music, always what is known of it."""
        wanted = frozenset[str]().union(
            *(source_keys(self.timeline, reel.segments) for reel in segment_groups)
        )
        clips = {clip.source for clip in self.timeline.clips} & wanted
        files = {("chunk", key): self.store for key in sorted(clips)}
        files |= {
            ("music", key): self.library.find_store(key)
            for key in sorted(self.sounds)
            if key in wanted
        }
        found = self._fetch_files(files)
        music = {
            key: (found.get(("music", key), Path(key)), each.measured)
            for key, each in self.sounds.items()
        }
        names = {key: each.digest for key, each in self.sounds.items() if each.digest}
        return RenderSources({key: found["chunk", key] for key in clips}, music, names)

    def _fetch_files(
        self, files: Mapping[tuple[str, str], ObjectStore]
    ) -> dict[tuple[str, str], Path]:
        if not files:
            return {}
        folder = Path(mkdtemp(dir=self.scratch))
        return RequestFolder(folder, threading.Event()).fetch_all(files, self.pool.deadline_s)


def _nan_to_none(level_db: float) -> float | None:
    return None if math.isnan(level_db) else level_db


def audio_name(encoding: Encoding) -> str:
    """What the finished file is called."""
    return f"story.{encoding.format}"


def is_distributed(encoding: Encoding) -> bool:
    """Whether segments are rendered by many.

    Those that come out as raw samples, for an encoder that takes them in order, are rendered by
    whoever joins them: carrying them there would take longer.
    """
    return not encoding.stream.sample_bytes


def is_joined_in_store(timeline: Timeline, encoding: Encoding, max_local_bytes: int) -> bool:
    """Whether a finished file is too large for this disk, and an MP3, which needs none."""
    is_large = (
        timeline.duration_s * encoding.stream_bytes_per_s(timeline.channels) > max_local_bytes
    )
    return is_large and encoding.kind.is_concatenable and is_distributed(encoding)


def group_story_segments(
    timeline: Timeline, encoding: Encoding, max_local_bytes: int
) -> tuple[SegmentGroup, ...]:
    """The reels of a story: a segment each, or as long as S3 wants them to join them itself."""
    if is_joined_in_store(timeline, encoding, max_local_bytes):
        return plan_store_groups(timeline, encoding)
    return plan_groups(timeline)

"""What a step of a story renders with: reels onto the shelf, and the finished file from there."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp

from mixer.errors import NotFound
from mixer.files import most_local_bytes
from mixer.jobs.fetching import RequestFolder
from mixer.jobs.mixing import OUTLINE_COLUMNS, Mix, encoding_of
from mixer.jobs.production import chapters
from mixer.jobs.publishing import heard_in
from mixer.jobs.remembering import Memory
from mixer.jobs.story.folder import (
    SCRIPT,
    StoryFolder,
)
from mixer.jobs.story.labels import label_of
from mixer.jobs.story.music import Library
from mixer.jobs.story.values import JoinedMix, StoredScript
from mixer.publish.tags import Label
from mixer.requests import Options
from mixer.sound.check import Check, check
from mixer.sound.cues import Music
from mixer.sound.encoders import Encoding
from mixer.sound.finishing import join_in_store, kept_mixdown
from mixer.sound.loudness import integrated_lufs
from mixer.sound.mixdown import render
from mixer.sound.reels import Crew, Mixdown, kept_reels, reel_key, reels_of, store_reels, strips
from mixer.sound.rendering import Ingredients, Renderer
from mixer.sound.second_look import Look, rendered_to_target
from mixer.sound.segments import Reel, sources
from mixer.sound.shelf import Shelf
from mixer.sound.timeline import Timeline
from mixer.store.objects import ObjectStore

LONGEST_CHECK_S = 36 * 3_600.0
"""A longer file is not decoded again after joining: together with the join it would not fit into a
call of Lambda. Its loudness is then told by its segments; its peak nobody has looked at."""

RENDERED_SHARE = 0.9
"""Of joining what has to be rendered there; the rest is hearing it."""

TellShare = Callable[[float], None]


def unheard(_share: float) -> None:
    """Nobody wants to know how far a step is."""
    return


@dataclass(frozen=True, slots=True)
class Rendering:
    """One step's rendering.

    Attributes:
        store: where stories, chunks and segments are kept.
        library: where music and sounds are found.
        sounds: what is known of them, by key.
        timeline: the whole mix.
        laid_out: the mix that was found to be so much louder than foretold.
        asked: how it shall sound.
        crew: who renders, and until when.
        scratch: a folder that goes with the step.
        tell_share: told the share of the step that is done.
        memory: of earlier versions of the same mix; None to remember nothing.
        most_local_bytes: of a finished file that is joined on this disk; a larger MP3 is joined
            inside the store, and nobody decodes it.
    """

    store: ObjectStore
    library: Library
    sounds: Mapping[str, Music]
    timeline: Timeline
    laid_out: Callable[[float], Timeline]
    asked: Options
    crew: Crew
    scratch: Path
    tell_share: TellShare
    memory: Memory | None = None
    most_local_bytes: int = field(default_factory=most_local_bytes)

    @property
    def encoding(self) -> Encoding:
        """Of the finished file."""
        return encoding_of(self.asked)

    @property
    def reels(self) -> tuple[Reel, ...]:
        """Of the whole timeline."""
        return story_reels(self.timeline, self.encoding, self.most_local_bytes)

    @property
    def is_joined_in_store(self) -> bool:
        """Whether the finished file never lies on this disk."""
        return is_joined_in_store(self.timeline, self.encoding, self.most_local_bytes)

    def rendered(self, reels: Sequence[Reel]) -> list[str]:
        """Have some reels on the shelf; what is there already is not even fetched for.

        Returns:
            The key of each, in order.
        """
        shelf, known = Shelf(self.store), self._ingredients(())
        renderer = Renderer(self.timeline, known, self.encoding, self.scratch, self.crew.children)
        keys = [reel_key(renderer, reel, shelf) for reel in reels]
        kept = kept_reels(shelf, keys)
        wanted = dict(zip(keys, reels, strict=True))  # equal reels are rendered once
        missing = [reel for key, reel in wanted.items() if key not in kept]
        if missing:
            fetched = self._ingredients(missing)
            renderer = Renderer(
                self.timeline, fetched, self.encoding, self.scratch, self.crew.children
            )
            with closing(strips(renderer, missing, shelf, self.crew)) as made:
                for done, _ in enumerate(made, start=1):
                    self.tell_share(done / len(missing))
        return keys

    def joined(self, folder: StoryFolder) -> JoinedMix:
        """The finished audio, kept; rendered once more where its loudness is missed."""
        out = self.scratch / audio_name(self.encoding)
        place = folder.key(out.name)
        stored = folder.find(SCRIPT, StoredScript)
        about = label_of(folder, self.asked, stored.script if stored else None)
        look = self._looked(out, about)
        work = replace(self, timeline=look.timeline)
        checked = work._checked(out, look.mixdown)
        size_bytes = work._kept_bytes(look.mixdown, out, place, about)
        mix = Mix(look.timeline, checked, self.sounds, self.asked.preset, self.encoding)
        return JoinedMix(
            integrated_loudness_lufs=checked.integrated_lufs,
            true_peak_dbtp=_measured(checked.true_peak_dbtp),
            peaks=checked.peaks,
            size_bytes=size_bytes,
            name=out.name,
            mastering=look.timeline.mastering,
            heard=heard_in(mix),
        )

    def _kept_bytes(self, mixdown: Mixdown, out: Path, place: str, about: Label) -> int:
        """Put the finished file where the story's files are, or join it there; its size."""
        if not self.is_joined_in_store:
            self.store.put(place, out, content_type=self.encoding.kind.content_type)
            return out.stat().st_size
        join_in_store(
            Shelf(self.store),
            mixdown.reels,
            place,
            encoding=self.encoding,
            timeline=self.timeline,
            head=self._labelled(about).head(self.encoding.format),
        )
        kept = self.store.head(place)
        if kept is None:
            raise NotFound(f"There is no object {place} any more.", key=place)
        return kept.size_bytes

    def _labelled(self, about: Label) -> Label:
        return about.over(chapters(self.timeline), self.timeline.duration_s)

    def _looked(self, out: Path, about: Label) -> Look:
        """The mix, rendered to its target, and remembered where somebody does."""
        made: list[str] = []

        def rendered(timeline: Timeline) -> Mixdown:
            work = replace(self, timeline=timeline, tell_share=self._tell_rendered)
            mixdown = work._rendered_into(out, about)
            made.extend(mixdown.reels)
            return mixdown

        offset_db, memory = self.encoding.level_offset_db, self.memory
        if memory is None:
            first = self.timeline
            return rendered_to_target(
                lambda off_by_lu: self.laid_out(off_by_lu) if off_by_lu else first,
                rendered,
                offset_db,
            )
        look = rendered_to_target(
            self.laid_out,
            rendered,
            offset_db,
            before=memory.remastered,
            off_by_lu=memory.off_by_lu(),
        )
        memory.note(look, made)
        return look

    def _rendered_into(self, out: Path, about: Label) -> Mixdown:
        """Join what is on the shelf; what is not is rendered here."""
        encoding, shelf = self.encoding, Shelf(self.store)
        keys = self.rendered(self.reels) if is_shared_out(encoding) else []
        if self.is_joined_in_store:
            return kept_mixdown(shelf, keys)
        label = self._labelled(about)
        return render(
            self.timeline,
            self._ingredients(() if keys else self.reels),
            out,
            encoding=encoding,
            head=label.head(encoding.format),
            about=label.about(encoding.format),
            cover=label.attached(encoding.format),
            shelf=shelf,
            until_s=self.crew.until_s,
            progress=None if keys else self.tell_share,
            children=self.crew.children,
        )

    def _tell_rendered(self, share: float) -> None:
        """So much of the joining is done when so much is rendered."""
        self.tell_share(share * RENDERED_SHARE)

    def _checked(self, out: Path, mixdown: Mixdown) -> Check:
        duration_s = self.timeline.duration_s
        if duration_s <= LONGEST_CHECK_S and not self.is_joined_in_store:
            return check(
                out,
                duration_s,
                OUTLINE_COLUMNS,
                stretches=mixdown.stretches,
                children=self.crew.children,
            )
        loudness = integrated_lufs(mixdown.windows)
        offset_db = self.encoding.level_offset_db
        foretold = None if loudness is None else loudness + offset_db
        return Check(foretold, math.nan, (), ())

    def _ingredients(self, reels: Sequence[Reel]) -> Ingredients:
        """What it takes to render some reels, fetched; of music, always what is known of it."""
        wanted = frozenset[str]().union(*(sources(self.timeline, reel.segments) for reel in reels))
        clips = {clip.source for clip in self.timeline.clips} & wanted
        files = {("chunk", key): self.store for key in sorted(clips)}
        files |= {
            ("music", key): self.library.home(key) for key in sorted(self.sounds) if key in wanted
        }
        found = self._fetched(files)
        music = {
            key: (found.get(("music", key), Path(key)), each.measured)
            for key, each in self.sounds.items()
        }
        names = {key: each.digest for key, each in self.sounds.items() if each.digest}
        return Ingredients({key: found["chunk", key] for key in clips}, music, names)

    def _fetched(self, files: Mapping[tuple[str, str], ObjectStore]) -> dict[tuple[str, str], Path]:
        if not files:
            return {}
        folder = Path(mkdtemp(dir=self.scratch))
        return RequestFolder(folder, threading.Event()).fetched(files, self.crew.until_s)


def _measured(level_db: float) -> float | None:
    return None if math.isnan(level_db) else level_db


def audio_name(encoding: Encoding) -> str:
    """What the finished file is called."""
    return f"story.{encoding.format}"


def is_shared_out(encoding: Encoding) -> bool:
    """Whether segments are rendered by many.

    Those that come out as raw samples, for an encoder that takes them in order, are rendered by
    whoever joins them: carrying them there would take longer.
    """
    return not encoding.stream.sample_bytes


def is_joined_in_store(timeline: Timeline, encoding: Encoding, most_local_bytes: int) -> bool:
    """Whether a finished file is too large for this disk, and an MP3, which needs none."""
    is_large = (
        timeline.duration_s * encoding.stream_bytes_per_s(timeline.channels) > most_local_bytes
    )
    return is_large and encoding.kind.joins and is_shared_out(encoding)


def story_reels(timeline: Timeline, encoding: Encoding, most_local_bytes: int) -> tuple[Reel, ...]:
    """The reels of a story: a segment each, or as long as S3 wants them to join them itself."""
    if is_joined_in_store(timeline, encoding, most_local_bytes):
        return store_reels(timeline, encoding)
    return reels_of(timeline)

"""The stems of a story for an editor: voice and music as lossless files, and labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mixer.publish import format_labels, write_zip
from mixer.publish.timing import caption_sentences, chapter_starts
from mixer.sound.arrange import split_stems
from mixer.sound.formats import Encoding
from mixer.sound.render import RenderJob, RenderPool, RenderSources, render
from mixer.store import ObjectStore
from mixer.stories.inputs import SoundLibrary, StoryNarration
from mixer.stories.outputs.sidecars import Mix
from mixer.stories.request_files import RequestFolder

STEM_ENCODING = Encoding("flac")
"""Lossless, and of any length."""


@dataclass(frozen=True, slots=True)
class StemMaker:
    """Renders the stems of a finished story again from its recordings."""

    store: ObjectStore
    library: SoundLibrary
    mix: Mix
    narration: StoryNarration
    pool: RenderPool

    def write(self, file: IO[bytes], folder: RequestFolder) -> None:
        """Write an archive with a file for each stem, and labels for Audacity."""
        write_zip(file, self._build_entries(folder))

    def _build_entries(self, folder: RequestFolder) -> Iterator[tuple[str, Path | bytes]]:
        sources = self._fetch_sources(folder)
        for name, timeline in split_stems(self.mix.timeline).items():
            path = folder.path / f"{name}.{STEM_ENCODING.format}"
            render(RenderJob(timeline, sources, STEM_ENCODING, pool=self.pool), path)
            yield path.name, path
            path.unlink()
        timeline = self.mix.timeline
        sentences = caption_sentences(self.narration.recorded_chunks, timeline)
        yield "labels.txt", format_labels(chapter_starts(timeline), sentences)

    def _fetch_sources(self, folder: RequestFolder) -> RenderSources:
        clips = sorted({clip.source for clip in self.mix.timeline.clips})
        sounds = sorted({cue.source for cue in self.mix.timeline.cues})
        wanted = {("chunk", key): self.store for key in clips}
        wanted |= {("music", key): self.library.find_store(key) for key in sounds}
        found = folder.fetch_all(wanted, self.pool.deadline_s)
        music = {key: (found["music", key], self.mix.sounds[key].measured) for key in sounds}
        return RenderSources({key: found["chunk", key] for key in clips}, music)

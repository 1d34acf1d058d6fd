"""Makes the extra `outputs` of a story from its finished file.

MP3 and WAV are read from the store a chapter at a time, and archives are written as streams, so
the disk holds a chapter or two, however long the file is. Other formats are fetched once.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO
from uuid import NAMESPACE_URL, uuid5

from mixer.errors import MixerError, OutOfTime, StoryCancelled
from mixer.output_options import OutputName
from mixer.publish import FinishedFile, epub, format_labels, write_zip, zip_chapters
from mixer.publish.timing import caption_sentences, chapter_starts
from mixer.requests import Options
from mixer.script import Script
from mixer.script.edits import locate_origins
from mixer.script.planning import PlanStyle
from mixer.sound.arrange import split_stems
from mixer.sound.formats import Encoding
from mixer.sound.render import RenderJob, RenderPool, RenderSources, render
from mixer.store import ObjectStore, open_object
from mixer.stories.inputs import SoundLibrary, StoryNarration
from mixer.stories.model import SourceText
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


@dataclass(frozen=True, slots=True)
class StoredAudio:
    """A finished file in the store, read in ranges; fetched only if FFmpeg needs all of it."""

    store: ObjectStore
    key: str
    folder: Path

    def open(self) -> IO[bytes]:
        """Open the file to read and seek."""
        return open_object(self.store, self.key)

    def local_path(self) -> Path:
        """Fetch the file and return its local path."""
        path = self.folder / self.key.rpartition("/")[2]
        if not path.exists():
            self.store.fetch(self.key, path)
        return path


BookLoader = Callable[[], SourceText | None]

UNTITLED = "Untitled"
"""A book needs a title (EPUB 3.3, 5.5.3)."""


@dataclass(frozen=True, slots=True)
class OutputMaker:
    """Makes extra outputs from a finished file; `book` loads the EPUB that was read, if any."""

    finished: FinishedFile
    stems: StemMaker
    created_s: float
    scratch: RequestFolder
    book: BookLoader
    options: Options

    def write(self, output: OutputName, file: IO[bytes]) -> tuple[str, ...]:
        """Write an output as a stream; returns warnings."""
        narration, processes = self.stems.narration, self.stems.pool.processes
        if output == "chapter_files":
            zip_chapters(self.finished, file, processes)
            return ()
        if output == "stems":
            self.stems.write(file, self.scratch)
            return ()
        script, chunks = narration.stored.script, narration.recorded_chunks
        timeline, parts = self.finished.timeline, self.finished.parts
        by_word = self.options.read_aloud_by == "word"
        pages = epub.build_pages(script, chunks, timeline, parts, by_word=by_word)
        own, warnings = self._open_own_book(pages)
        metadata = _book_metadata(self.finished, script, self.created_s)
        epub.write_read_aloud(self.finished, pages, metadata, file, processes, own=own)
        return warnings

    def _open_own_book(
        self, pages: "Sequence[epub.BookPage]"
    ) -> "tuple[epub.OwnBook | None, tuple[str, ...]]":
        """Open the book that the story was read from, if it is one with pages of its own."""
        script, options = self.stems.narration.stored.script, self.options
        style = PlanStyle(
            script.language, reads_titles=options.titles == "spoken", chapters=options.chapters
        )
        try:
            source = self.book()
            if source is None or not source.book:
                return None, ()
            origins = locate_origins(source.document, script, style)
            return epub.OwnBook(epub.SourceBook(source.book, origins), pages), ()
        except (OutOfTime, StoryCancelled):
            raise
        except MixerError as error:
            return None, (
                f"The read-aloud book has plain pages instead of the book's own: {error}",
            )


def _book_metadata(
    finished: FinishedFile, script: Script, created_s: float
) -> "epub.ReadAloudMetadata":
    fields, cover = finished.tags.fields, finished.tags.cover
    words = [u.text for chunk in script.chunks for u in chunk.utterances]
    digest = sha256(json.dumps([finished.title, finished.author, words]).encode()).hexdigest()
    return epub.ReadAloudMetadata(
        title=finished.title or UNTITLED,
        language=script.language,
        identifier=f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}",
        modified=datetime.fromtimestamp(created_s, UTC),
        author=finished.author,
        narrator=fields.get("composer", ""),
        description=fields.get("comment", ""),
        publisher=fields.get("publisher", ""),
        isbn=fields.get("isbn", ""),
        year=fields.get("date", ""),
        genre=fields.get("genre", ""),
        series=fields.get("series", ""),
        series_part=fields.get("series-part", ""),
        cover=cover.content if cover else b"",
        is_synthetic=bool(fields.get("digitalsourcetype")),
    )

"""Makes the extra `outputs` of a story from its finished file.

MP3 and WAV are read from the store a chapter at a time, and archives are written as streams, so
the disk holds a chapter or two, however long the file is. Other formats are fetched once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from uuid import NAMESPACE_URL, uuid5

from mixer.publish import FinishedFile, zip_chapters
from mixer.publish.epub import BookMetadata, build_pages, write_read_aloud
from mixer.publish.timing import chapter_starts
from mixer.requests import Options, OutputName
from mixer.script import Script
from mixer.sound import ProcessGroup, Timeline
from mixer.store import ObjectStore, open_object
from mixer.stories.folder import StoryFolder
from mixer.stories.mix_pipeline import select_encoding
from mixer.stories.model import StoredRequest
from mixer.stories.tags import load_tags
from mixer.stories.takes import StoryNarration


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


MAX_ARCHIVE_BYTES = 80 << 30
"""More than the chapters of a thousand hours."""

UNTITLED = "Untitled"
"""A book needs a title (EPUB 3.3, 5.5.3)."""


def make_extra_outputs(
    folder: StoryFolder,
    request: StoredRequest,
    narration: StoryNarration,
    *,
    timeline: Timeline,
    audio_name: str,
    output_files: Mapping[str, tuple[str, str]],
    processes: ProcessGroup,
) -> list[OutputName]:
    """Make the requested outputs, with the given names and content types; returns those made."""
    options = Options.model_validate(request.options)
    if not options.outputs:
        return []
    script = narration.stored.script
    with TemporaryDirectory(prefix="mixstory-") as scratch:
        whole = StoredAudio(folder.store, folder.key(audio_name), Path(scratch))
        label = load_tags(folder, options, script).with_chapters(
            chapter_starts(timeline), timeline.duration_s
        )
        finished = FinishedFile(whole, timeline, select_encoding(options), options.preset, label)
        for output in dict.fromkeys(options.outputs):
            name, content_type = output_files[output]
            with folder.store.open_writer(
                folder.key(name), max_bytes=MAX_ARCHIVE_BYTES, content_type=content_type
            ) as file:
                if output == "chapter_files":
                    zip_chapters(finished, file, processes)
                else:
                    pages = build_pages(script, narration.recorded_chunks, timeline, finished.parts)
                    metadata = _book_metadata(finished, script, request)
                    write_read_aloud(finished, pages, metadata, file, processes)
    return list(dict.fromkeys(options.outputs))


def _book_metadata(finished: FinishedFile, script: Script, request: StoredRequest) -> BookMetadata:
    fields, cover = finished.tags.fields, finished.tags.cover
    words = [u.text for chunk in script.chunks for u in chunk.utterances]
    digest = sha256(json.dumps([finished.title, finished.author, words]).encode()).hexdigest()
    return BookMetadata(
        title=finished.title or UNTITLED,
        language=script.language,
        identifier=f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}",
        modified=datetime.fromtimestamp(request.created_s, UTC),
        author=finished.author,
        narrator=fields.get("composer", ""),
        description=fields.get("comment", ""),
        cover=cover.content if cover else b"",
    )

"""What is made of a finished file where a caller wants it: `outputs` of a story.

An MP3 or a WAV is read from the store a chapter at a time; others are fetched once. Archives go
into the store as streams, so the disk holds a chapter or two of an MP3, however long it is.
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
    """A finished file in the store; read in ranges, and fetched only where FFmpeg needs it all.

    Attributes:
        store: holds it.
        key: of it.
        folder: where it is fetched to.
    """

    store: ObjectStore
    key: str
    folder: Path

    def open(self) -> IO[bytes]:
        """Open it to read and seek."""
        return open_object(self.store, self.key)

    def local_path(self) -> Path:
        """It as a file on this machine."""
        path = self.folder / self.key.rpartition("/")[2]
        if not path.exists():
            self.store.fetch(self.key, path)
        return path


MAX_ARCHIVE_BYTES = 80 << 30
"""More than the chapters of a thousand hours."""

UNTITLED = "Untitled"
"""A book has to have a title (EPUB 3.3, 5.5.3)."""


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
    """Have in the folder what was asked for besides.

    Args:
        folder: of the story.
        request: what was asked for.
        narration: what was said, and how.
        timeline: of the mix, as it was rendered.
        audio_name: the name of the finished file.
        output_files: name and content type of each of them.
        processes: that it belongs to.

    Returns:
        What was made.
    """
    asked = Options.model_validate(request.options)
    if not asked.outputs:
        return []
    script = narration.stored.script
    with TemporaryDirectory(prefix="mixstory-") as scratch:
        whole = StoredAudio(folder.store, folder.key(audio_name), Path(scratch))
        label = load_tags(folder, asked, script).with_chapters(
            chapter_starts(timeline), timeline.duration_s
        )
        finished = FinishedFile(whole, timeline, select_encoding(asked), asked.preset, label)
        for output in dict.fromkeys(asked.outputs):
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
    return list(dict.fromkeys(asked.outputs))


def _book_metadata(finished: FinishedFile, script: Script, request: StoredRequest) -> BookMetadata:
    """What the book says of itself; the same story is the same book."""
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

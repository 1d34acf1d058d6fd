"""What a caller has asked for besides the finished file, made of it: `outputs` of a story.

The finished file is fetched once; the disk holds it, one chapter, and the archive in the making.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import NAMESPACE_URL, uuid5

from mixer.publish.chapters import FinishedFile, zip_chapters
from mixer.publish.epub import BookMetadata, build_pages, write_read_aloud
from mixer.publish.timing import chapter_starts
from mixer.requests import Options, OutputName
from mixer.script.script import Script
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.timeline import Timeline
from mixer.stories.folder import StoryFolder
from mixer.stories.mix_pipeline import select_encoding
from mixer.stories.model import StoredRequest
from mixer.stories.tags import load_tags
from mixer.stories.takes import StoryNarration

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
        whole = Path(scratch, audio_name)
        folder.store.fetch(folder.key(audio_name), whole)
        label = load_tags(folder, asked, script).with_chapters(
            chapter_starts(timeline), timeline.duration_s
        )
        finished = FinishedFile(whole, timeline, select_encoding(asked), asked.preset, label)
        for output in dict.fromkeys(asked.outputs):
            name, content_type = output_files[output]
            made = Path(scratch, name)
            if output == "chapter_files":
                zip_chapters(finished, made, processes)
            else:
                pages = build_pages(script, narration.recorded_chunks, timeline, finished.parts)
                write_read_aloud(
                    finished, pages, _book_metadata(finished, script, request), made, processes
                )
            folder.store.put(folder.key(name), made, content_type=content_type)
            made.unlink()
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

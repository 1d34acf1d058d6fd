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

from mixer.jobs.chapter_files import Finished, chapters_zipped, read_aloud
from mixer.jobs.mixing import encoding_of
from mixer.jobs.production import chapters
from mixer.jobs.reading_along import pages_of
from mixer.jobs.story.folder import StoryFolder
from mixer.jobs.story.labels import label_of
from mixer.jobs.story.takes import Told
from mixer.jobs.story.values import StoryRequest
from mixer.publish.read_aloud import About
from mixer.requests import Options, OutputName
from mixer.script.script import Script
from mixer.sound.ffmpeg import Children
from mixer.sound.timeline import Timeline

UNTITLED = "Untitled"
"""A book has to have a title (EPUB 3.3, 5.5.3)."""


def made_besides(
    folder: StoryFolder,
    request: StoryRequest,
    said: Told,
    *,
    timeline: Timeline,
    audio: str,
    places: Mapping[str, tuple[str, str]],
    job: Children,
) -> list[OutputName]:
    """Have in the folder what was asked for besides.

    Args:
        folder: of the story.
        request: what was asked for.
        said: what was said, and how.
        timeline: of the mix, as it was rendered.
        audio: the name of the finished file.
        places: name and content type of each of them.
        job: that it belongs to.

    Returns:
        What was made.
    """
    asked = Options.model_validate(request.options)
    if not asked.outputs:
        return []
    script = said.stored.script
    with TemporaryDirectory(prefix="mixstory-") as scratch:
        whole = Path(scratch, audio)
        folder.store.fetch(folder.key(audio), whole)
        label = label_of(folder, asked, script).over(chapters(timeline), timeline.duration_s)
        finished = Finished(whole, timeline, encoding_of(asked), asked.preset, label)
        for output in dict.fromkeys(asked.outputs):
            name, content_type = places[output]
            made = Path(scratch, name)
            if output == "chapter_files":
                chapters_zipped(finished, made, job)
            else:
                pages = pages_of(script, said.spoken, timeline, finished.parts)
                read_aloud(finished, pages, _about(finished, script, request), made, job)
            folder.store.put(folder.key(name), made, content_type=content_type)
            made.unlink()
    return list(dict.fromkeys(asked.outputs))


def _about(finished: Finished, script: Script, request: StoryRequest) -> About:
    """What the book says of itself; the same story is the same book."""
    fields, cover = finished.label.fields, finished.label.cover
    words = [u.text for chunk in script.chunks for u in chunk.utterances]
    digest = sha256(json.dumps([finished.title, finished.author, words]).encode()).hexdigest()
    return About(
        title=finished.title or UNTITLED,
        language=script.language,
        identifier=f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}",
        modified=datetime.fromtimestamp(request.created_s, UTC),
        author=finished.author,
        narrator=fields.get("composer", ""),
        description=fields.get("comment", ""),
        cover=cover.content if cover else b"",
    )

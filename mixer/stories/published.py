"""The files that a story publishes with its audio, each on its own.

One that cannot be made becomes a warning, and the others are published.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from mixer.errors import MixerError, OutOfTime, StoryCancelled
from mixer.output_options import OutputName
from mixer.publish import PODCAST_TYPE
from mixer.sound.formats import COVER_TYPE
from mixer.stories.folder import COVER, StoryFolder
from mixer.stories.outputs import OutputMaker
from mixer.stories.signers import CREDENTIALS

logger = logging.getLogger(__name__)

MAX_ARCHIVE_BYTES = 80 << 30
"""More than the chapters of a thousand hours."""

FILES = {
    "captions_vtt": ("story.vtt", "text/vtt; charset=utf-8"),
    "captions_srt": ("story.srt", "application/x-subrip; charset=utf-8"),
    "chapters": ("chapters.json", "application/json"),
    "chapters_json": ("podcast-chapters.json", PODCAST_TYPE),
    "chapters_vtt": ("chapters.vtt", "text/vtt; charset=utf-8"),
    "picture": ("story.png", "image/png"),
    "report": ("report.json", "application/json"),
    "waveform": ("waveform.json", "application/json"),
    "cover": (COVER, COVER_TYPE),
    "notes_md": ("story.notes.md", "text/markdown; charset=utf-8"),
    "notes_html": ("story.notes.html", "text/html; charset=utf-8"),
    "transcript": ("story.transcript.txt", "text/plain; charset=utf-8"),
    "chapter_files": ("chapters.zip", "application/zip"),
    "read_aloud": ("story.epub", "application/epub+zip"),
    "stems": ("stems.zip", "application/zip"),
    "words_json": ("words.json", "application/json"),
    "words_vtt": ("words.vtt", "text/vtt; charset=utf-8"),
    "karaoke_ass": ("story.ass", "text/x-ssa; charset=utf-8"),
    "credentials": CREDENTIALS,
}
"""Files that accompany the audio, by their names in the status: name and content type."""


@dataclass(frozen=True, slots=True)
class PublishedFiles:
    """Stores files by their names in the status, and collects what could not be made."""

    folder: StoryFolder
    names: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def store(self, what: str, build: Callable[[], Mapping[str, bytes]]) -> None:
        """Build and store some files; an error that concerns only them becomes a warning."""
        with self.warn_of(what):
            for name, content in build().items():
                path, content_type = FILES[name]
                self.folder.store.put(self.folder.key(path), content, content_type=content_type)
                self.names.append(name)

    def store_extra(self, output: OutputName, maker: OutputMaker) -> None:
        """Make an extra output as a stream."""
        path, content_type = FILES[output]
        with self.warn_of(output.replace("_", " ")):
            with self.folder.store.open_writer(
                self.folder.key(path), MAX_ARCHIVE_BYTES, content_type
            ) as file:
                warnings = maker.write(output, file)
            self.names.append(output)
            self.warnings.extend(warnings)

    @contextmanager
    def warn_of(self, what: str) -> Iterator[None]:
        """Turn an error that concerns only one file into a warning."""
        try:
            yield
        except (OutOfTime, StoryCancelled):
            raise
        except MixerError as error:
            self.warnings.append(f"The {what} could not be made: {error}")
        except Exception:
            logger.exception("story %s: %s", self.folder.story_id, what)
            self.warnings.append(
                f"The {what} could not be made, for a reason that is in the log of story "
                f"{self.folder.story_id}."
            )

    @property
    def links(self) -> dict[str, str]:
        """Object keys by name, in the order of `FILES`."""
        return {name: self.folder.key(FILES[name][0]) for name in FILES if name in self.names}

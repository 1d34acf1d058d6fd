"""A story whose audio is finished: the files published with it, its episodes in its caller's feeds.

A file that cannot be made becomes a warning, and the others are published.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mixer.errors import MixerError, OutOfTime, StoryCancelled, locate_error
from mixer.feeds import FeedService, FeedStory
from mixer.output_options import OutputName
from mixer.publish import PODCAST_TYPE, FinishedFile, cut_chapters
from mixer.publish.feed import Episode, EpisodeMode, FeedFile
from mixer.publish.timing import chapter_starts
from mixer.requests import Options
from mixer.sound import ProcessGroup
from mixer.sound.analysis import Verification
from mixer.sound.formats import COVER_TYPE, AudioTags
from mixer.stories.folder import COVER, EPISODES, MIX, StoryFolder
from mixer.stories.inputs import (
    StoryNarration,
    load_narration,
    load_tags,
    load_timeline,
    read_sounds,
)
from mixer.stories.mix_options import select_encoding
from mixer.stories.model import JoinedMix, StoredRequest, StoryKind
from mixer.stories.outputs import Mix, OutputMaker, StoredAudio, StoryTexts
from mixer.stories.request_files import RequestFolder
from mixer.stories.signers import CREDENTIALS, StorySigner

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
        except Exception as error:  # noqa: BLE001 - whatever it is, the other files are made
            about = (self.folder.story_id, what, type(error).__name__, locate_error(error))
            logger.error("story %s, %s: %s at %s", *about)  # noqa: TRY400 - messages quote texts
            self.warnings.append(
                f"The {what} could not be made, for a reason that is in the log of story "
                f"{self.folder.story_id}."
            )

    @property
    def links(self) -> dict[str, str]:
        """Object keys by name, in the order of `FILES`."""
        return {name: self.folder.key(FILES[name][0]) for name in FILES if name in self.names}


VTT_TYPE, SRT_TYPE = FILES["captions_vtt"][1], FILES["captions_srt"][1]


@dataclass(frozen=True, slots=True)
class FinishedStory:
    """A story whose audio is finished; `narration` is None for a mix of given chunks."""

    folder: StoryFolder
    request: StoredRequest
    options: Options
    joined: JoinedMix
    mix: Mix
    tags: AudioTags
    narration: StoryNarration | None
    signer: StorySigner | None = None

    @classmethod
    def load(cls, folder: StoryFolder, request: StoredRequest) -> "FinishedStory":
        """Load a story of which all steps but this one are done."""
        narration = None if request.kind is StoryKind.MIX else load_narration(folder)
        options = Options.model_validate(request.options)
        joined = folder.read(MIX, JoinedMix)
        peak_dbtp = math.nan if joined.true_peak_dbtp is None else joined.true_peak_dbtp
        mix = Mix(
            timeline=load_timeline(folder),
            verification=Verification(joined.integrated_loudness_lufs, peak_dbtp, (), joined.peaks),
            sounds=read_sounds(folder),
            preset=options.preset,
            encoding=select_encoding(options),
            flaws=_list_flaws(narration) if narration else {},
            measurements=joined.measurements,
        )
        tags = load_tags(folder, options, narration.stored.script if narration else None)
        return cls(folder, request, options, joined, mix, tags, narration)

    @property
    def texts(self) -> StoryTexts | None:
        """What is written about the story; None for a mix of given chunks."""
        if self.narration is None:
            return None
        return StoryTexts(self.narration, self.mix, self.tags, self.options)

    @property
    def full_tags(self) -> AudioTags:
        """The tags with chapters, as the finished file has them."""
        timeline = self.mix.timeline
        return self.tags.with_chapters(chapter_starts(timeline), timeline.duration_s)

    def open_file(self, scratch: RequestFolder) -> FinishedFile:
        """Open the finished file."""
        timeline, folder = self.mix.timeline, self.folder
        whole = StoredAudio(folder.store, folder.key(self.joined.name), scratch.path)
        tags = self.full_tags
        finished = FinishedFile(whole, timeline, self.mix.encoding, self.options.preset, tags)
        return replace(finished, sign=self.signer.sign_file) if self.signer else finished


@dataclass(frozen=True, slots=True)
class EpisodeMaker:
    """Makes the episodes of a story, with the texts about it."""

    story: FinishedStory
    texts: StoryTexts
    published: PublishedFiles
    processes: ProcessGroup

    @property
    def feed_name(self) -> str:
        """The feed that the request or the text asks for; may be empty."""
        return self.story.options.feed or self.texts.script.metadata.feed

    def make(self, finished: FinishedFile, mode: EpisodeMode) -> list[Episode]:
        """Make one episode, or one for each chapter."""
        files = {name: FeedFile(*FILES[name]) for name in FILES if name in self.published.names}
        content_type = finished.encoding.kind.content_type
        audio = FeedFile(self.story.joined.name, content_type, self.story.joined.size_bytes)
        whole = self.texts.build_episode(audio, files)
        if mode == "story" or len(finished.parts) < 2:  # noqa: PLR2004 - nothing to divide
            return [whole]
        return list(self._cut_episodes(finished, whole))

    def _cut_episodes(self, finished: FinishedFile, whole: Episode) -> Iterator[Episode]:
        season = whole.season if whole.season is not None else whole.number
        for span, path in cut_chapters(finished, self.processes):
            stem = f"chapter-{span.number:04}"
            vtt, srt = self.texts.caption_part(span.start_s, span.end_s, span.title)
            yield replace(
                whole,
                title=span.title,
                audio=self._store(f"{stem}{path.suffix}", path, whole.audio.content_type),
                duration_s=round(span.duration_s, 3),
                notes_html="",
                number=span.number,
                season=season,
                chapters=None,
                transcripts=(
                    self._store(f"{stem}.vtt", vtt, VTT_TYPE),
                    self._store(f"{stem}.srt", srt, SRT_TYPE),
                ),
            )

    def _store(self, name: str, content: bytes | Path, content_type: str) -> FeedFile:
        folder = self.story.folder
        folder.store.put(folder.key(name), content, content_type=content_type)
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        return FeedFile(name, content_type, size)


def publish_episodes(
    maker: EpisodeMaker, finished: FinishedFile, feeds: FeedService | None
) -> None:
    """Make the episodes of a story and publish them; what fails becomes a warning."""
    story, name = maker.story, maker.feed_name
    folder, request = story.folder, story.request
    with maker.published.warn_of("episode"):
        default = feeds.select_mode(request.caller, name) if feeds else "story"
        mode = story.options.feed_episodes or default
        content = maker.texts.build_story(maker.make(finished, mode))
        folder.write(EPISODES, content)
        if feeds is not None:
            published_s = feeds.catalogue.now().timestamp()
            feed_story = FeedStory(
                folder.story_id, content, published_s, lambda: folder.store.get(folder.key(COVER))
            )
            warnings = feeds.publish(request.caller, name, request.base_url, feed_story)
            maker.published.warnings.extend(warnings)


def _list_flaws(narration: StoryNarration) -> dict[str, Sequence[str]]:
    return {each.key: each.measured.profile.flaws for each in narration.recordings if each}

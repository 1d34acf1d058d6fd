"""Makes the episodes of a finished story, and publishes them in its caller's feeds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mixer.feeds import FeedService, FeedStory
from mixer.publish import FinishedFile, cut_chapters
from mixer.publish.feed import Episode, EpisodeMode, FeedFile
from mixer.sound import ProcessGroup
from mixer.stories.folder import COVER, EPISODES, StoryFolder
from mixer.stories.model import JoinedMix, StoredRequest
from mixer.stories.outputs import StoryTexts
from mixer.stories.published import FILES, PublishedFiles

VTT_TYPE, SRT_TYPE = FILES["captions_vtt"][1], FILES["captions_srt"][1]


@dataclass(frozen=True, slots=True)
class EpisodeMaker:
    """Makes episodes of a story, whose files are in its folder."""

    folder: StoryFolder
    joined: JoinedMix
    texts: StoryTexts
    published: PublishedFiles
    processes: ProcessGroup

    @property
    def feed_name(self) -> str:
        """The feed that the request or the text asks for; may be empty."""
        return self.texts.options.feed or self.texts.script.metadata.feed

    def make(self, finished: FinishedFile, mode: EpisodeMode) -> list[Episode]:
        """Make one episode, or one for each chapter."""
        files = {name: FeedFile(*FILES[name]) for name in FILES if name in self.published.names}
        content_type = finished.encoding.kind.content_type
        audio = FeedFile(self.joined.name, content_type, self.joined.size_bytes)
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
        self.folder.store.put(self.folder.key(name), content, content_type=content_type)
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        return FeedFile(name, content_type, size)


def publish_episodes(
    maker: EpisodeMaker, finished: FinishedFile, request: StoredRequest, feeds: FeedService | None
) -> None:
    """Make the episodes of a story and publish them; what fails becomes a warning."""
    name, folder = maker.feed_name, maker.folder
    with maker.published.warn_of("episode"):
        default = feeds.select_mode(request.caller, name) if feeds else "story"
        mode = maker.texts.options.feed_episodes or default
        content = maker.texts.build_story(maker.make(finished, mode))
        folder.write(EPISODES, content)
        if feeds is not None:
            published_s = feeds.catalogue.now().timestamp()
            story = FeedStory(
                folder.story_id, content, published_s, lambda: folder.store.get(folder.key(COVER))
            )
            warnings = feeds.publish(request.caller, name, request.base_url, story)
            maker.published.warnings.extend(warnings)

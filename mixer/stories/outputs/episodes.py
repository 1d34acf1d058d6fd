"""The texts and episodes of a finished story: show notes, transcript, what a feed lists. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mixer.publish.captions import CaptionedSentence, build_cues, format_srt, format_webvtt
from mixer.publish.feed import Episode, FeedFile, Person, StoryEpisodes, is_valid_artwork
from mixer.publish.timing import caption_sentences, chapter_starts
from mixer.requests import Options
from mixer.script import NARRATOR, Script
from mixer.sound.formats import AudioTags
from mixer.store import UPLOADS_PREFIX
from mixer.stories.inputs import StoryNarration
from mixer.stories.outputs.show_notes import (
    ShowNotes,
    format_notes_html,
    format_notes_markdown,
    format_transcript,
)
from mixer.stories.outputs.sidecars import Mix

MAX_NOTES_BYTES = 10_000
"""Limit of Apple Podcasts for show notes with tags."""

NUMBER = re.compile(r"[1-9][0-9]{0,4}")

YES = frozenset({"1", "explicit", "on", "true", "yes"})
NO = frozenset({"0", "clean", "false", "no", "off"})
"""How an author may write whether a text is explicit."""


@dataclass(frozen=True, slots=True)
class StoryTexts:
    """What is known of a finished story, ready to be written about."""

    narration: StoryNarration
    mix: Mix
    tags: AudioTags
    options: Options

    @property
    def script(self) -> Script:
        """The story's script."""
        return self.narration.stored.script

    @property
    def sentences(self) -> list[CaptionedSentence]:
        """The spoken sentences with their times."""
        return caption_sentences(self.narration.recorded_chunks, self.mix.timeline)

    @property
    def notes(self) -> ShowNotes:
        """The show notes."""
        fields = self.tags.fields
        labels = {"Written by": fields["artist"], "Narrated by": fields["composer"]}
        return ShowNotes(
            title=fields["title"],
            description=fields["comment"],
            chapters=chapter_starts(self.mix.timeline),
            credits=tuple((label, name) for label, name in labels.items() if name),
            cast=tuple((role.name, role.voice) for role in self.script.cast),
            music=tuple(name_sounds(self.mix.sounds)),
        )

    def build_notes(self) -> dict[str, bytes]:
        """Build the show notes in Markdown and HTML."""
        notes = self.notes
        return {
            "notes_md": format_notes_markdown(notes),
            "notes_html": format_notes_html(notes).encode(errors="replace"),
        }

    def build_transcript(self) -> dict[str, bytes]:
        """Build the transcript."""
        return {"transcript": format_transcript(self.tags.fields["title"], self.sentences)}

    def list_people(self) -> Iterator[Person]:
        """List who made the story, in the terms of the Podcast Taxonomy."""
        fields = self.tags.fields
        if fields["artist"]:
            yield Person(fields["artist"], "Author", "writing")
        if fields["composer"]:
            yield Person(fields["composer"], "Narrator")
        voices = (role.voice for role in self.script.cast if role.name != NARRATOR)
        for voice in dict.fromkeys(voices):
            yield Person(voice, "Voice Actor")

    def build_episode(self, audio: FeedFile, files: Mapping[str, FeedFile]) -> Episode:
        """Build the episode of the whole story; `files` are by their names in the status."""
        fields, stated, options = self.tags.fields, self.script.metadata, self.options
        explicit = options.explicit
        cover = self.tags.cover
        has_artwork = cover is not None and is_valid_artwork(cover.width_px, cover.height_px)
        captions = (files.get("captions_vtt"), files.get("captions_srt"))
        return Episode(
            title=fields["title"] or audio.path,
            audio=audio,
            duration_s=round(self.mix.timeline.duration_s, 3),
            summary=fields["comment"],
            notes_html=format_notes_html(self.notes, MAX_NOTES_BYTES),
            number=options.episode or parse_number(stated.episode or fields["series-part"]),
            season=options.season or parse_number(stated.season),
            is_explicit=parse_truth(stated.explicit) if explicit is None else explicit,
            chapters=files.get("chapters_json"),
            transcripts=tuple(each for each in captions if each),
            people=tuple(self.list_people()),
            artwork=files.get("cover") if has_artwork else None,
        )

    def build_story(self, episodes: Sequence[Episode]) -> StoryEpisodes:
        """Describe the story and its episodes to feeds."""
        fields = self.tags.fields
        return StoryEpisodes(
            title=fields["title"] or episodes[0].title,
            episodes=tuple(episodes),
            series=fields["series"],
            author=fields["artist"],
            description=fields["comment"],
            language=self.script.language,
        )

    def caption_part(self, start_s: float, end_s: float, title: str) -> tuple[bytes, bytes]:
        """Build the captions of a part that is a file of its own, as WebVTT and SubRip."""
        inside = [
            replace(
                each,
                start_s=each.start_s - start_s,
                end_s=min(each.end_s, end_s) - start_s,
                words=tuple((place, at_s - start_s) for place, at_s in each.words),
            )
            for each in self.sentences
            if start_s <= each.start_s < end_s
        ]
        captions = build_cues(inside, total_s=end_s - start_s)
        vtt = format_webvtt(captions, title=title, language=self.script.language)
        return vtt.encode(), format_srt(captions).encode()


def name_sounds(sounds: Mapping[str, object]) -> Iterator[str]:
    """Name music and sounds by their files; uploads have names that say nothing."""
    for key in sounds:
        if not key.startswith(UPLOADS_PREFIX):
            stem = key.rpartition("/")[2].rpartition(".")[0] or key.rpartition("/")[2]
            name = " ".join(stem.replace("_", " ").replace("-", " ").split())
            yield name[:1].upper() + name[1:]


def parse_number(text: str) -> int | None:
    """Parse a whole number above 0; None for anything else."""
    is_number = NUMBER.fullmatch(text.strip())
    return int(is_number[0]) if is_number else None


def parse_truth(text: str) -> bool | None:
    """Parse whether a text is explicit; None where it does not say."""
    word = text.strip().casefold()
    return True if word in YES else False if word in NO else None

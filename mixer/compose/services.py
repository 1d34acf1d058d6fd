"""The parts that every process has, built from the adapters of its kind."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from mixer.compose.adapters import Adapters

if TYPE_CHECKING:
    from mixer.feeds import FeedService
    from mixer.services import MusicLibrary
    from mixer.speech.alignment import WordAligner
    from mixer.speech.verification import VerifierOpener
    from mixer.store import ObjectStore
    from mixer.stories import MixService, SpeechService, StoryService
    from mixer.stories.renditions import (
        ListeningService,
        ListenLinks,
        RenditionWriter,
        StoredRenditions,
    )
    from mixer.stories.steps import DailyBudget, StoryTasks
    from mixer.stories.versions import PreviewMaker, StoryEditor, StoryPreviews, TextLoader


def select_verifier(store: "ObjectStore") -> "VerifierOpener":
    """How to open what listens to a store's recordings, or to refuse where it is not installed."""
    from mixer.speech.verification import Verifier, is_verifier_installed, refuse_verifier

    return partial(Verifier, store) if is_verifier_installed() else refuse_verifier


def open_word_aligner(store: "ObjectStore") -> "WordAligner | None":
    """Open the aligner of a store's recordings; None where PocketSphinx is not installed."""
    from mixer.speech.alignment import WordAligner, is_aligner_installed

    return WordAligner(store) if is_aligner_installed() else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Services(Adapters):
    """The parts of a process, each built at first use."""

    @cached_property
    def budget(self) -> "DailyBudget":
        """Counts what callers spend."""
        from mixer.stories.steps import DailyBudget

        return DailyBudget(self.output_store, self.settings.max_daily_usd)

    @cached_property
    def speech_service(self) -> "SpeechService":
        """Plans and synthesizes the text of a request."""
        return self._build_speech(self.settings.max_request_usd, self.settings.max_text_chars)

    @cached_property
    def story_speech_service(self) -> "SpeechService":
        """Plans the text of a story."""
        limits = self.settings.stories
        return self._build_speech(limits.max_usd, limits.max_text_chars)

    @cached_property
    def mix_service(self) -> "MixService":
        """Mixes the chunks of a request."""
        from mixer.store import FolderStore
        from mixer.stories import MixService

        return MixService(
            stores=self.chunk_stores,
            music=self.music_store,
            output=self.output_store,
            link=self.link_output,
            link_lifetime_s=self.settings.url_lifetime_s,
            max_object_bytes=self.settings.max_object_bytes,
            max_input_bytes=self.settings.max_input_bytes,
            new_processes=self.new_processes,
            open_files=FolderStore.open_scratch,
        )

    @cached_property
    def music_library(self) -> "MusicLibrary":
        """Lists music and takes uploads."""
        from mixer.services import SHARED_PREFIX, MusicLibrary

        chosen, output, music = self.settings, self.output_store, self.music_store
        return MusicLibrary(
            music=music,
            prefix=SHARED_PREFIX if music is output else "",
            link=lambda key: music.url(key, chosen.url_lifetime_s),
            link_lifetime_s=chosen.url_lifetime_s,
            form=lambda key, content_type, max_bytes: output.upload_form(
                key, content_type, max_bytes, chosen.url_lifetime_s
            ),
            max_upload_bytes=chosen.max_upload_bytes,
        )

    @cached_property
    def story_service(self) -> "StoryService":
        """Creates, lists and cancels stories."""
        from mixer.stories import StoryService

        return StoryService(
            self.output_store,
            self.story_secret,
            self.story_launcher,
            self.budget,
            music=self.music_store,
            allows_localhost_webhooks=self.settings.stories.allows_localhost_webhooks,
            list_voices=self.speech_service.list_voices if self.has_engine else None,
        )

    @cached_property
    def story_texts(self) -> "TextLoader":
        """Loads the texts of stories, for changes."""
        from mixer.stories.versions import TextLoader, VersionReader

        store = self.output_store
        return TextLoader(store, self.story_speech_service.planner, VersionReader(store))

    @cached_property
    def story_previews(self) -> "StoryPreviews":
        """Makes changes of stories audible."""
        from mixer.stories.versions import StoryPreviews

        return StoryPreviews(self.story_texts, self._build_preview_maker())

    @cached_property
    def story_editor(self) -> "StoryEditor":
        """Keeps changes of stories."""
        from mixer.stories.versions import StoryEditor

        previews = self._build_preview_maker() if self.has_engine else None
        return StoryEditor(self.story_service, self.story_texts, previews)

    def _build_preview_maker(self) -> "PreviewMaker":
        from mixer.stories.versions import PreviewMaker

        planner = self.story_speech_service.planner
        return PreviewMaker(self.output_store, self.music_store, planner)

    @cached_property
    def feed_service(self) -> "FeedService":
        """Publishes stories in podcast feeds."""
        from mixer.feeds import FeedCatalogue, FeedService

        links = self.settings.feeds
        return FeedService(FeedCatalogue(self.output_store, links.base_url), links.is_serving)

    @cached_property
    def listening_service(self) -> "ListeningService":
        """Serves listeners of stories that are being made."""
        from mixer.stories.renditions import ListeningService

        return ListeningService(self.output_store, self.music_store, self.new_processes)

    @cached_property
    def stored_renditions(self) -> "StoredRenditions":
        """What listeners get where another function renders for them."""
        from mixer.aws import open_listening_function
        from mixer.stories.renditions import StoredRenditions

        start_writer = open_listening_function(self.settings.stories.listen_function)
        return StoredRenditions(self.output_store, start_writer, self.link_output)

    @cached_property
    def listen_links(self) -> "ListenLinks":
        """Signs links for listeners."""
        from mixer.stories.renditions import LIFETIME_S, ListenLinks

        streams = self.settings.stories.streams_events
        lifetime_s = max(self.settings.url_lifetime_s, LIFETIME_S)
        return ListenLinks(self.story_secret, lifetime_s, streams)

    @cached_property
    def rendition_writer(self) -> "RenditionWriter":
        """Stores the pieces of stories that are being made."""
        from mixer.stories.renditions import RenditionWriter

        return RenditionWriter(self.output_store, self.music_store, self.new_processes)

    @cached_property
    def speech_tasks(self) -> "StoryTasks":
        """The steps that speak."""
        from mixer.stories.steps import StorySpeech, StoryTasks

        speaker = StorySpeech(
            self.story_speech_service.planner,
            self.music_store,
            slots=self.speech_slots,
            quota_limiter=self.quota_limiter,
        )
        return StoryTasks(self.output_store, speaker.steps)

    @cached_property
    def mix_tasks(self) -> "StoryTasks":
        """The steps that mix and publish."""
        from mixer.stories.steps import StoryMix, StoryPublisher, StoryTasks

        store, processes = self.output_store, self.new_processes
        mix = StoryMix(store, self.music_store, self.render_groups, processes)
        publisher = StoryPublisher(
            store,
            self.music_store,
            self.budget,
            new_processes=processes,
            open_aligner=lambda: open_word_aligner(store),
            feeds=self.feed_service,
            open_signer=self.open_signer,
        )
        return StoryTasks(store, {**mix.steps, **publisher.steps})

    @cached_property
    def finish_tasks(self) -> "StoryTasks":
        """The final steps of a story."""
        from mixer.stories.steps import StoryFinisher, StoryTasks

        notifiers = self.story_notifiers if self.notifiers is None else self.notifiers
        ending = StoryFinisher(self.output_store, self.budget, list(notifiers))
        return StoryTasks(self.output_store, ending.steps)

    @cached_property
    def all_tasks(self) -> "StoryTasks":
        """All steps, for a process that runs whole stories."""
        from mixer.stories.steps import StoryTasks

        parts = (self.speech_tasks, self.mix_tasks, self.finish_tasks)
        steps = {step: run for part in parts for step, run in part.steps.items()}
        return StoryTasks(self.output_store, steps)

    def _build_speech(self, max_usd: float, max_chars: int) -> "SpeechService":
        from mixer.store import FolderStore
        from mixer.stories import SpeechService
        from mixer.stories.steps import SpeechPlanner

        planner = SpeechPlanner(
            open_engine=self.open_engine,
            store=self.output_store,
            budget=self.budget,
            max_request_usd=max_usd,
            max_text_chars=max_chars,
            touch_after=timedelta(days=self.settings.refresh_after_days),
            new_processes=self.new_processes,
            open_verifier=select_verifier(self.output_store),
        )
        return SpeechService(planner, self.settings.output_bucket, FolderStore)

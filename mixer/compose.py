"""The only place that builds adapters: from settings to the parts of a process.

Each part is built at first use and kept, so nothing unneeded is imported or connected. The first
use of a part is not safe for several threads.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_polly import PollyClient
    from mypy_boto3_s3 import S3Client

    from mixer.aws import StoryFunction
    from mixer.services import MixService, MusicLibrary
    from mixer.settings import Settings
    from mixer.sound import ProcessGroup
    from mixer.speech import SpeechEngine
    from mixer.speech.polly import EngineQuotas
    from mixer.store import FolderStore, ObjectStore, S3Store, SignedLinks
    from mixer.stories.budget import DailyBudget
    from mixer.stories.request import StoryRequest
    from mixer.stories.service import Launcher, StoryService
    from mixer.stories.slots import SpeechSlots
    from mixer.stories.speech_service import EngineOpener, SpeechService
    from mixer.stories.steps.finish import Notifier
    from mixer.stories.steps.speech import QuotaLimiter
    from mixer.stories.tasks import StoryTasks

    LinkedStore = S3Store | FolderStore

CLOUD_RENDER_GROUPS = 60
"""Concurrent calls that share a story's segments."""


def create_process_group() -> "ProcessGroup":
    """Create a group of child processes that end together."""
    from mixer.sound import ProcessGroup

    return ProcessGroup()


@dataclass(frozen=True, kw_only=True, eq=False)
class Services(ABC):
    """The parts of a process.

    Attributes:
        new_processes: creates the process group of a request or step.
        render_groups: calls that share a story's segments.
        launcher: None for the one of the settings.
        notifiers: None for the default ones.
    """

    settings: "Settings"
    new_processes: "Callable[[], ProcessGroup]" = create_process_group
    render_groups: int = CLOUD_RENDER_GROUPS
    launcher: "Launcher | None" = None
    notifiers: "Sequence[Notifier] | None" = None

    @property
    @abstractmethod
    def output_store(self) -> "LinkedStore":
        """The store of chunks, mixes and stories."""

    @property
    @abstractmethod
    def music_store(self) -> "LinkedStore":
        """The store of music."""

    @property
    @abstractmethod
    def chunk_stores(self) -> "Mapping[str, ObjectStore]":
        """Allowed buckets of chunks, by name; the output bucket first."""

    @property
    @abstractmethod
    def open_engine(self) -> "EngineOpener":
        """Opens speech engines."""

    @property
    @abstractmethod
    def story_secret(self) -> bytes:
        """The secret of story ids and webhook signatures."""

    @property
    @abstractmethod
    def story_launcher(self) -> "Launcher":
        """Runs the steps of stories."""

    @property
    def speech_slots(self) -> "SpeechSlots | None":
        """The stories that may speak; None if one process synthesizes all."""
        return None

    @property
    def quota_limiter(self) -> "QuotaLimiter | None":
        """Divides the quota among processes; None if there is one."""
        return None

    @cached_property
    def budget(self) -> "DailyBudget":
        """Counts what callers spend."""
        from mixer.stories.budget import DailyBudget

        return DailyBudget(self.output_store, self.settings.max_daily_usd)

    @cached_property
    def speech_service(self) -> "SpeechService":
        """Synthesizes the text of a request."""
        return self._build_speech(self.settings.max_request_usd, self.settings.max_text_chars)

    @cached_property
    def story_speech_service(self) -> "SpeechService":
        """Synthesizes the text of a story."""
        limits = self.settings.stories
        return self._build_speech(limits.max_usd, limits.max_text_chars)

    @cached_property
    def mix_service(self) -> "MixService":
        """Mixes the chunks of a request."""
        from mixer.services import MixService
        from mixer.stories.input_checks import InputLimits

        chosen = self.settings
        return MixService(
            stores=self.chunk_stores,
            music=self.music_store,
            output=self.output_store,
            link=self.link_output,
            link_lifetime_s=chosen.url_lifetime_s,
            limits=InputLimits(chosen.max_object_bytes, chosen.max_input_bytes),
            new_processes=self.new_processes,
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
        from mixer.stories.service import StoryService

        return StoryService(self.output_store, self.story_secret, self.story_launcher, self.budget)

    @cached_property
    def speech_tasks(self) -> "StoryTasks":
        """The steps that speak."""
        from mixer.stories.steps.speech import StorySpeech, ignore_quota
        from mixer.stories.tasks import StoryTasks

        speaker = StorySpeech(
            self.story_speech_service,
            self.music_store,
            slots=self.speech_slots,
            quota_limiter=self.quota_limiter or ignore_quota,
        )
        return StoryTasks(self.output_store, speaker.steps)

    @cached_property
    def mix_tasks(self) -> "StoryTasks":
        """The steps that mix and publish."""
        from mixer.stories.steps.mix import StoryMix
        from mixer.stories.steps.publish import StoryPublisher
        from mixer.stories.tasks import StoryTasks

        store, processes = self.output_store, self.new_processes
        mix = StoryMix(store, self.music_store, self.render_groups, processes)
        publisher = StoryPublisher(store, self.budget, new_processes=processes)
        return StoryTasks(store, {**mix.steps, **publisher.steps})

    @cached_property
    def finish_tasks(self) -> "StoryTasks":
        """The final steps of a story."""
        from mixer.stories.steps.finish import StoryFinisher
        from mixer.stories.tasks import StoryTasks

        notifiers = self.story_notifiers if self.notifiers is None else self.notifiers
        ending = StoryFinisher(self.output_store, self.budget, list(notifiers))
        return StoryTasks(self.output_store, ending.steps)

    @cached_property
    def all_tasks(self) -> "StoryTasks":
        """All steps, for a process that runs whole stories."""
        from mixer.stories.tasks import StoryTasks

        parts = (self.speech_tasks, self.mix_tasks, self.finish_tasks)
        steps = {step: run for part in parts for step, run in part.steps.items()}
        return StoryTasks(self.output_store, steps)

    @property
    @abstractmethod
    def story_notifiers(self) -> "Sequence[Notifier]":
        """The notifiers of a story's end."""

    def link_output(self, key: str) -> str:
        """Create a link to an object in the output store."""
        return self.output_store.url(key, self.settings.url_lifetime_s)

    def _build_speech(self, max_usd: float, max_chars: int) -> "SpeechService":
        from mixer.stories.speech_service import SpeechService

        return SpeechService(
            open_engine=self.open_engine,
            store=self.output_store,
            bucket=self.settings.output_bucket,
            budget=self.budget,
            max_request_usd=max_usd,
            max_text_chars=max_chars,
            touch_after=timedelta(days=self.settings.refresh_after_days),
            new_processes=self.new_processes,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class AwsServices(Services):
    """A process in AWS.

    Attributes:
        s3: None for its own client.
        polly: None for its own client.
        secret: of stories; None for the deployment's.
        runs_stories: whether this process runs all stories itself.
    """

    s3: "S3Client | None" = None
    polly: "PollyClient | None" = None
    secret: bytes | None = None
    runs_stories: bool = False

    @cached_property
    def output_store(self) -> "LinkedStore":
        """The output bucket."""
        return self._open_bucket(self.settings.output_bucket)

    @cached_property
    def music_store(self) -> "LinkedStore":
        """The music bucket, which may be the output bucket."""
        if self.settings.music_bucket == self.settings.output_bucket:
            return self.output_store
        return self._open_bucket(self.settings.music_bucket)

    @cached_property
    def chunk_stores(self) -> "Mapping[str, ObjectStore]":
        """The allowed buckets."""
        own = self.settings.output_bucket
        others = sorted(self.settings.allowed_buckets - {own})
        return {own: self.output_store, **{name: self._open_bucket(name) for name in others}}

    @cached_property
    def open_engine(self) -> "EngineOpener":
        """Opens Amazon Polly's engines, which share the process's quota."""
        return build_engine_opener(self.polly_client, self.engine_quotas)

    @cached_property
    def engine_quotas(self) -> "EngineQuotas":
        """This process's part of the account's quota."""
        from mixer.speech.polly import EngineQuotas

        return EngineQuotas(self.settings.quota_shares * 100 / self.settings.quota_percent)

    @cached_property
    def speech_slots(self) -> "SpeechSlots | None":
        """The stories that may speak; None if this process synthesizes all."""
        from mixer.stories.slots import SpeechSlots

        if self.runs_stories:
            return None
        return SpeechSlots(self.output_store, self.settings.stories.max_concurrent)

    @cached_property
    def quota_limiter(self) -> "QuotaLimiter | None":
        """Divides the quota among the workers of all active stories."""
        from mixer.stories.slots import SharedQuota

        if self.speech_slots is None:
            return None
        workers = self.settings.stories.workers
        return SharedQuota(self.speech_slots, workers, self.engine_quotas.resize)

    @cached_property
    def story_secret(self) -> bytes:
        """From Secrets Manager."""
        from mixer.aws import read_secret

        return self.secret or read_secret(self.settings.stories.secret).encode()

    @cached_property
    def story_launcher(self) -> "Launcher":
        """The state machine."""
        from mixer.aws import open_state_machine

        return self.launcher or open_state_machine(self.settings.stories.state_machine)

    @cached_property
    def story_notifiers(self) -> "Sequence[Notifier]":
        """The event bus and the story's webhook."""
        from mixer.aws import open_event_bus
        from mixer.stories.webhook import Webhook

        bus = open_event_bus(self.settings.stories.event_bus)
        return [bus.notify, Webhook(self.story_secret).notify]

    @cached_property
    def s3_client(self) -> "S3Client":
        """One client for all buckets."""
        from mixer.store import create_s3_client

        return self.s3 or create_s3_client()

    @cached_property
    def polly_client(self) -> "PollyClient":
        """One client for all engines."""
        from mixer.speech.polly import create_polly_client

        return self.polly or create_polly_client()

    def _open_bucket(self, name: str) -> "LinkedStore":
        from mixer.store import S3Store

        return S3Store(self.s3_client, name)


@dataclass(frozen=True, kw_only=True, eq=False)
class LaptopServices(Services):
    """A process without AWS and without a network."""

    store: "FolderStore"
    engine: "SpeechEngine"
    secret: bytes
    music: "FolderStore | None" = None

    @property
    def output_store(self) -> "LinkedStore":
        """A folder."""
        return self.store

    @property
    def music_store(self) -> "LinkedStore":
        """A folder."""
        return self.music or self.store

    @property
    def chunk_stores(self) -> "Mapping[str, ObjectStore]":
        """The one folder."""
        return {self.settings.output_bucket: self.store}

    @cached_property
    def open_engine(self) -> "EngineOpener":
        """Lends the one engine."""
        from mixer.stories.speech_service import reuse_engine

        return reuse_engine(self.engine)

    @property
    def story_secret(self) -> bytes:
        """As given."""
        return self.secret

    @property
    def story_launcher(self) -> "Launcher":
        """As given."""
        if self.launcher is None:
            raise TypeError("This server does not run stories.")
        return self.launcher

    @cached_property
    def story_notifiers(self) -> "Sequence[Notifier]":
        """The story's webhook, while this process runs."""
        return [notify_webhook_in_background(self.story_secret)]


FolderPlace = tuple["Path | None", "SignedLinks | None"]
"""A folder and its link signer; None stands for another folder."""


@contextmanager
def open_folder_services(
    settings: "Settings",
    store: "tuple[Path, SignedLinks | None]",
    *,
    music: FolderPlace = (None, None),
    voice: "SpeechEngine | None" = None,
) -> Iterator[LaptopServices]:
    """Open the parts of a process without AWS, for a block; closes `voice`."""
    from mixer.speech.embedded import EmbeddedEngine
    from mixer.store import FolderStore, load_secret

    folder, links = store
    music_folder, music_links = music
    with closing(voice or EmbeddedEngine(suffix="mp3")) as engine:
        yield LaptopServices(
            settings=settings,
            store=FolderStore(folder, links),
            music=FolderStore(music_folder, music_links) if music_folder else None,
            engine=engine,
            secret=load_secret(folder),
        )


@contextmanager
def open_cloud_services(settings: "Settings", secret: bytes) -> Iterator[AwsServices]:
    """Open the parts of a process that uses AWS and runs stories itself, for a block."""
    from mixer.speech.polly import create_polly_client
    from mixer.store import create_s3_client

    with closing(create_s3_client()) as s3, closing(create_polly_client()) as polly:
        yield AwsServices(settings=settings, s3=s3, polly=polly, secret=secret, runs_stories=True)


def notify_webhook_in_background(secret: bytes, *, allows_localhost: bool = False) -> "Notifier":
    """Build a notifier of webhooks, signed with `secret`, that does not wait."""
    from mixer.stories.webhook import Webhook, notify_in_background

    return notify_in_background(Webhook(secret, allows_localhost=allows_localhost).notify)


def build_engine_opener(client: "PollyClient", quotas: "EngineQuotas") -> "EngineOpener":
    """Build engines per request that share the process's quota and list of voices."""
    from mixer.speech.polly import PollyEngine, Retry, VoiceCatalogue

    catalogue = VoiceCatalogue()

    @contextmanager
    def open_engine(
        name: str, deadline_s: float | None, *, speech_marks: bool = False
    ) -> Iterator["SpeechEngine"]:
        engine = PollyEngine(
            client,
            quotas=quotas,
            catalogue=catalogue,
            retry=Retry(deadline_s=deadline_s),
            speech_marks=speech_marks,
            engine=name or "generative",
        )
        try:
            yield engine
        finally:
            engine.close()

    return open_engine


def open_story_starter(settings: "Settings") -> "Callable[[StoryRequest], str] | None":
    """Open the function that creates stories; None if the deployment lacks them."""
    if not settings.stories.function:
        return None

    @cache
    def open_function() -> "StoryFunction":
        from mixer.aws import open_story_function

        return open_story_function(settings.stories.function)

    return lambda story_request: open_function().invoke(story_request)

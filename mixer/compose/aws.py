"""The parts of a process on AWS, or of one that uses its services."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from mixer.compose.adapters import build_signer, lend
from mixer.compose.services import Services

if TYPE_CHECKING:
    from mypy_boto3_polly import PollyClient
    from mypy_boto3_s3 import S3Client

    from mixer.aws import StoryFunction
    from mixer.compose.adapters import LinkedStore
    from mixer.publish.provenance import SignerOpener, SigningIdentity
    from mixer.settings import Settings
    from mixer.speech import SpeechEngine
    from mixer.speech.polly import EngineQuotas
    from mixer.store import ObjectStore
    from mixer.stories import StoryRequest
    from mixer.stories.steps import EngineOpener, Launcher, Notifier, SharedQuota, SpeechSlots


@dataclass(frozen=True, kw_only=True, eq=False)
class AwsServices(Services):
    """A process on AWS.

    Attributes:
        s3: None for its own client.
        polly: None for its own client.
        voice: an engine of this process; None for Amazon Polly.
        secret: of stories; None for the deployment's.
        runs_stories: whether this process runs all stories itself.
    """

    s3: "S3Client | None" = None
    polly: "PollyClient | None" = None
    voice: "SpeechEngine | None" = None
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
        """Opens Amazon Polly's engines, which share the process's quota, or lends the one voice."""
        if self.voice is not None:
            return lend(self.voice)
        return build_engine_opener(self.polly_client, self.engine_quotas)

    @property
    def has_engine(self) -> bool:
        """Only where this process does all: the function of stories may not call Polly."""
        return self.runs_stories

    @cached_property
    def engine_quotas(self) -> "EngineQuotas":
        """This process's part of the account's quota."""
        from mixer.speech.polly import EngineQuotas

        return EngineQuotas(self.settings.quota_shares * 100 / self.settings.quota_percent)

    @cached_property
    def speech_slots(self) -> "SpeechSlots | None":
        """The stories that may speak; None if this process synthesizes all."""
        from mixer.stories.steps import SpeechSlots

        if self.runs_stories:
            return None
        return SpeechSlots(self.output_store, self.settings.stories.max_concurrent)

    @cached_property
    def quota_limiter(self) -> "SharedQuota | None":
        """Divides the quota among the workers of all active stories."""
        from mixer.stories.steps import SharedQuota

        if self.speech_slots is None:
            return None
        workers = self.settings.stories.workers
        return SharedQuota(self.speech_slots, workers, self.engine_quotas.resize)

    @cached_property
    def open_signer(self) -> "SignerOpener":
        """Signs by a key in KMS; without one only where this process runs on a laptop."""
        from mixer.compose.laptop import open_file_signer
        from mixer.publish.provenance import open_no_signer

        if not self.settings.signing_key:
            return open_file_signer if self.runs_stories else open_no_signer
        identity = cache(self._open_signing_identity)
        return lambda *origin: build_signer(identity(), *origin)

    def _open_signing_identity(self) -> "SigningIdentity":
        from mixer.aws import open_signing_key
        from mixer.publish.provenance import open_vault_identity

        return open_vault_identity(open_signing_key(self.settings.signing_key), self.output_store)

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
        """The event bus and the story's webhook; only that if this process runs the stories."""
        from mixer.aws import open_event_bus
        from mixer.stories.steps import Webhook

        if self.runs_stories:
            return [self.notify_in_background]
        bus = open_event_bus(self.settings.stories.event_bus)
        return [bus.notify, Webhook(self.story_secret).notify]

    @cached_property
    def s3_client(self) -> "S3Client":
        """One client for all buckets."""
        return self.s3 or open_s3_client(self.settings)

    @cached_property
    def polly_client(self) -> "PollyClient":
        """One client for all engines."""
        from mixer.speech.polly import create_polly_client

        return self.polly or create_polly_client()

    def _open_bucket(self, name: str) -> "LinkedStore":
        from mixer.store import S3Store

        return S3Store(self.s3_client, name)


@contextmanager
def open_cloud_services(settings: "Settings", secret: bytes) -> Iterator[AwsServices]:
    """Open the parts of a process that uses AWS and runs stories itself, for a block.

    Raises:
        Misconfigured: the server of S3_ENDPOINT_URL lacks something that a store needs.
    """
    from mixer.speech.polly import create_polly_client
    from mixer.store import S3Store

    with closing(open_s3_client(settings)) as s3, closing(create_polly_client()) as polly:
        if settings.s3_endpoint_url:
            for bucket in sorted({settings.output_bucket, settings.music_bucket}):
                S3Store(s3, bucket).require_abilities()
        yield AwsServices(settings=settings, s3=s3, polly=polly, secret=secret, runs_stories=True)


@contextmanager
def open_bucket_services(settings: "Settings", secret: bytes) -> Iterator[AwsServices]:
    """Open the parts of a process with the embedded voice and buckets of S3's protocol.

    Raises:
        Misconfigured: the server lacks something that a store needs.
    """
    from mixer.speech.embedded import EmbeddedEngine
    from mixer.store import S3Store

    with closing(open_s3_client(settings)) as s3, closing(EmbeddedEngine()) as engine:
        for bucket in sorted({settings.output_bucket, settings.music_bucket}):
            S3Store(s3, bucket).require_abilities()
        yield AwsServices(settings=settings, s3=s3, secret=secret, voice=engine, runs_stories=True)


def open_s3_client(settings: "Settings") -> "S3Client":
    """Open the client for the buckets of the settings."""
    from mixer.store import create_s3_client

    return create_s3_client(
        endpoint_url=settings.s3_endpoint_url or None,
        addressing_style=settings.s3_addressing_style,
    )


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

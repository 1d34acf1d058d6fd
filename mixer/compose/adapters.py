"""What differs between the kinds of process: stores, engines, secrets, and who is notified."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixer.publish.provenance import FileSigner, OriginSound, SignerOpener, SigningIdentity
    from mixer.services import SpeakerModel
    from mixer.settings import Settings
    from mixer.sound import ProcessGroup
    from mixer.speech import SpeechEngine
    from mixer.store import FolderStore, ObjectStore, S3Store
    from mixer.stories.steps import EngineOpener, Launcher, Notifier, SharedQuota, SpeechSlots

    LinkedStore = S3Store | FolderStore

CLOUD_RENDER_GROUPS = 60
"""Concurrent calls that share a story's segments."""


def create_process_group() -> "ProcessGroup":
    """Create a group of child processes that end together."""
    from mixer.sound import ProcessGroup

    return ProcessGroup()


def build_signer(
    identity: "SigningIdentity",
    engine: str,
    voices: tuple[str, ...],
    sounds: "tuple[OriginSound, ...]",
) -> "FileSigner":
    """Build the signer of files by this version of Mixer."""
    from importlib.metadata import version

    from mixer.publish.provenance import FileSigner, Origin

    return FileSigner(identity, Origin(version("mixer"), engine, voices, sounds))


def lend(engine: "SpeechEngine") -> "EngineOpener":
    """Lend the one engine of a process, whatever is asked for."""

    def lend_engine(
        name: str,  # noqa: ARG001 - there is only one
        deadline_s: float | None,  # noqa: ARG001 - it cannot be faster
        *,
        speech_marks: bool = False,  # noqa: ARG001 - decided when it was opened
    ) -> "AbstractContextManager[SpeechEngine]":
        return nullcontext(engine)

    return lend_engine


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapters(ABC):
    """What a process is built on.

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
    def has_engine(self) -> bool:
        """Whether every part of this process may use the engine."""
        return True

    @property
    @abstractmethod
    def open_signer(self) -> "SignerOpener":
        """Opens the signer of finished stories."""

    @property
    def speech_slots(self) -> "SpeechSlots | None":
        """The stories that may speak; None if one process synthesizes all."""
        return None

    @property
    def quota_limiter(self) -> "SharedQuota | None":
        """Divides the quota among processes; None if there is one."""
        return None

    @property
    def speaker_model(self) -> "SpeakerModel | None":
        """The language model that may be asked who speaks; None where there is none."""
        return None

    @property
    @abstractmethod
    def story_notifiers(self) -> "Sequence[Notifier]":
        """The notifiers of a story's end."""

    @cached_property
    def notify_in_background(self) -> "Notifier":
        """Notifies a story's webhook without waiting."""
        from mixer.stories.steps import Webhook

        allows_localhost = self.settings.stories.allows_localhost_webhooks
        return Webhook(self.story_secret, allows_localhost=allows_localhost).notify_in_background

    def link_output(self, key: str, *, for_head: bool = False) -> str:
        """Create a link to an object in the output store."""
        return self.output_store.url(key, self.settings.url_lifetime_s, for_head=for_head)

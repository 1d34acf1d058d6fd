"""The parts of a process without AWS and without a network."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mixer.compose.adapters import build_signer, lend
from mixer.compose.engines import open_local_engine
from mixer.compose.services import Services, open_word_aligner, select_verifier
from mixer.errors import Misconfigured

if TYPE_CHECKING:
    from mixer.compose.adapters import LinkedStore
    from mixer.publish.provenance import FileSigner, OriginSound, SignerOpener, SigningFiles
    from mixer.requests import Options
    from mixer.services import SpeakerModel
    from mixer.settings import Settings
    from mixer.speech import SpeechEngine
    from mixer.store import FolderStore, ObjectStore, SignedLinks
    from mixer.stories import JobContext, LocalMix, MixResult, StoryRunner
    from mixer.stories.steps import EngineOpener, Launcher, Notifier


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

    @property
    def speaker_model(self) -> "SpeakerModel | None":
        """The one of `MODEL_URL`."""
        return open_speaker_model(self.store)

    @cached_property
    def open_engine(self) -> "EngineOpener":
        """Lends the one engine."""
        return lend(self.engine)

    @property
    def story_secret(self) -> bytes:
        """As given."""
        return self.secret

    @property
    def open_signer(self) -> "SignerOpener":
        """With the key of this computer."""
        return open_file_signer

    @property
    def story_launcher(self) -> "Launcher":
        """As given."""
        if self.launcher is None:
            raise TypeError("This server does not run stories.")
        return self.launcher

    @cached_property
    def story_notifiers(self) -> "Sequence[Notifier]":
        """The story's webhook, while this process runs."""
        return [self.notify_in_background]


def open_speaker_model(store: "ObjectStore | None" = None) -> "SpeakerModel | None":
    """Open the language model of `MODEL_URL`, whose answers a store keeps; None without one."""
    from mixer.services import SpeakerModel
    from mixer.settings import find_store_folder
    from mixer.speech.remote import load_model
    from mixer.store import FolderStore

    settings = load_model(os.environ)
    kept = store or FolderStore(find_store_folder(os.environ))
    return SpeakerModel(settings, kept) if settings else None


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
    from mixer.store import FolderStore, load_secret

    folder, links = store
    music_folder, music_links = music
    with closing(voice or open_local_engine()) as engine:
        yield LaptopServices(
            settings=settings,
            store=_open_store(folder, links),
            music=FolderStore(music_folder, music_links) if music_folder else None,
            engine=engine,
            secret=load_secret(folder),
        )


def _open_store(folder: "Path", links: "SignedLinks | None" = None) -> "FolderStore":
    """Open the store of chunks and stories, without what killed processes left."""
    from mixer.store import FolderStore, LeaseKeeper

    store = FolderStore(folder, links)
    LeaseKeeper(store).release_dead_leases("speaking/")
    return store


def build_story_runner(
    store: "Path", engine: "SpeechEngine", context: "JobContext"
) -> "StoryRunner":
    """Build what narrates stories over a folder, with an engine that the caller closes."""
    from mixer.store import FolderStore
    from mixer.stories import StoryRunner

    kept = _open_store(store)
    return StoryRunner(
        kept,
        engine,
        context,
        FolderStore.open_scratch,
        lambda: open_word_aligner(kept),
        open_file_signer,
        select_verifier,
    )


def open_file_signer(
    engine: str, voices: tuple[str, ...], sounds: "tuple[OriginSound, ...]"
) -> "FileSigner | None":
    """Open the signer of files by the key of this computer; None where signing is off.

    Raises:
        Misconfigured: a key or certificate of the user's cannot be used.
    """
    from mixer.publish.provenance import open_identity

    files = find_signing_files(os.environ)
    if files is None:
        return None
    return build_signer(open_identity(files), engine, voices, sounds)


def find_signing_files(environ: Mapping[str, str]) -> "SigningFiles | None":
    """Find the files by MIXER_SIGNING_KEY and MIXER_SIGNING_CERTIFICATE, or in the XDG folder.

    None where MIXER_SIGNING is `off`. Raises Misconfigured if only one file is named.
    """
    from mixer.publish.provenance import SigningFiles

    if environ.get("MIXER_SIGNING", "").strip().lower() == "off":
        return None
    key, chain = (environ.get(f"MIXER_SIGNING_{name}", "") for name in ("KEY", "CERTIFICATE"))
    if bool(key) != bool(chain):
        raise Misconfigured(
            "MIXER_SIGNING_KEY and MIXER_SIGNING_CERTIFICATE name files that belong together; "
            "set both or neither."
        )
    if key:
        return SigningFiles(Path(key), Path(chain), is_own=False)
    config = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "mixer")
    return SigningFiles(config / "signing-key.pem", config / "signing-certificate.pem")


def mix_local_files(
    files: "LocalMix", options: "Options", out: "Path", context: "JobContext"
) -> "MixResult":
    """Mix files of this machine into one; raises BadInput if none is given, or only silence."""
    from mixer.store import FolderStore

    return files.mix(options, out, context, FolderStore.open_scratch)

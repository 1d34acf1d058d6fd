"""Signs the finished files of a story: who signs, and the files in the story's folder."""

from dataclasses import dataclass, field
from pathlib import Path

from mixer.errors import MixerError
from mixer.files import open_scratch_folder
from mixer.publish.provenance import FileSigner, OriginSound, SignerOpener
from mixer.stories.folder import StoryFolder
from mixer.stories.inputs import StoryNarration, read_sounds

CREDENTIALS = ("story.c2pa", "application/c2pa")
"""Name and content type of the manifest of a format that cannot hold it."""


def open_narration_signer(
    opener: SignerOpener, folder: StoryFolder, narration: StoryNarration
) -> FileSigner | None:
    """Open the signer of a story's files; raises Misconfigured if its key cannot be used."""
    delivery = narration.stored.delivery
    cast = (each for _, each in delivery.cast)
    digests = sorted({each.digest for each in read_sounds(folder).values() if each.digest})
    return opener(
        delivery.engine,
        tuple(dict.fromkeys(each.voice for each in (delivery, *cast))),
        tuple(map(OriginSound, digests)),
    )


@dataclass(frozen=True, slots=True)
class StorySigner:
    """Signs files of a story; one that cannot be signed stays as it was."""

    folder: StoryFolder
    signer: FileSigner
    failures: list[str] = field(default_factory=list)

    def sign_file(self, path: Path) -> Path | None:
        """Sign a local file in its place; returns the sidecar where the format needs one."""
        try:
            return self.signer.sign(path)
        except MixerError as error:
            self.failures.append(str(error))
            return None

    def sign_stored(self, name: str, content_type: str) -> tuple[int, bool]:
        """Sign a file in the story's folder in its place; signing it again changes no audio.

        Returns its size in bytes, and whether its manifest is next to it, as `CREDENTIALS`.
        """
        store, key = self.folder.store, self.folder.key(name)
        with open_scratch_folder("signing") as scratch:
            path = scratch / name
            store.fetch(key, path)
            failures = len(self.failures)
            sidecar = self.sign_file(path)
            if sidecar is not None:
                sidecar_name, sidecar_type = CREDENTIALS
                store.put(self.folder.key(sidecar_name), sidecar, content_type=sidecar_type)
            elif len(self.failures) == failures:
                store.put(key, path, content_type=content_type)
            return path.stat().st_size, sidecar is not None

    def describe(self) -> dict[str, str]:
        """Describe for the report how the files are marked."""
        if self.failures:
            return {"marked": "tags", "reason": self.failures[0]}
        return {"marked": "signed"}

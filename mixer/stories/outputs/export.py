"""Exports the files of a story that ran in the foreground."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mixer.errors import DamagedObject, MixerError, NotFound, StoreFailed
from mixer.files import hash_file, require_writable, resolve_path, write_atomic
from mixer.publish import unpack_zip
from mixer.publish.provenance import FileSigner, holds_manifest, is_signable
from mixer.store import FolderStore, put_sealed
from mixer.stories.model import StoryResult

OUTPUTS = {
    "audio": "",
    "captions_vtt": ".vtt",
    "captions_srt": ".srt",
    "picture": ".png",
    "chapters_json": ".chapters.json",
    "chapters_vtt": ".chapters.vtt",
    "read_aloud": ".read-aloud.epub",
    "stems": ".stems.zip",
    "credentials": ".c2pa",
    "words_json": ".words.json",
    "words_vtt": ".words.vtt",
    "karaoke_ass": ".ass",
    "notes_md": ".notes.md",
    "notes_html": ".notes.html",
    "transcript": ".transcript.txt",
}
"""Suffixes of the exported files, by the name of their link; the report comes last."""

SIGNED = "signed/"
"""Prefix of what is remembered of signed files."""

KEY_HEX_DIGITS = 40

CHAPTERS_SUFFIX = "-chapters"
"""Suffix of the folder with a file per chapter."""


@dataclass(frozen=True, slots=True)
class ExportedFiles:
    """The files in the user's folder, the audio first and the report last, and what is missing.

    `audio_sha256` is empty where the audio was not signed.
    """

    paths: tuple[Path, ...]
    warnings: tuple[str, ...]
    audio_sha256: str = ""


@dataclass(slots=True)
class AudioSigner:
    """Signs what is exported; in `kept` it remembers what it has signed, by the place of the audio.

    A signature holds a time, so signing the same audio again would change the file.

    Attributes:
        identity: of the audio without a signature, once it was identified.
        is_current: whether the file in its place is that audio, signed.
        sha256: of the file in its place, once it is signed.
    """

    files: FileSigner
    kept: FolderStore
    out: Path
    identity: str = ""
    is_current: bool = False
    sha256: str = ""

    def identify_audio(self, identity: str) -> bool:
        """Note which audio is finished; returns whether the file in its place is it, signed."""
        self.identity = identity
        recorded = self._recall() if self.out.is_file() else ()
        if recorded[:-1] == self._marks:
            self.sha256 = hash_file(self.out)
            self.is_current = recorded[-1] == self.sha256
        return self.is_current

    def sign(self, audio: Path) -> None:
        """Sign finished audio into its place.

        Raises MixerError if it cannot be signed; then the file is not written.
        """
        self.sha256 = ""
        self.files.sign(self.out, audio)
        self.sha256 = hash_file(self.out)
        with suppress(StoreFailed):
            put_sealed(self.kept, self._key, json.dumps([*self._marks, self.sha256]).encode())

    @property
    def _key(self) -> str:
        place = sha256(os.fsencode(resolve_path(self.out))).hexdigest()
        return f"{SIGNED}{place[:KEY_HEX_DIGITS]}.json"

    @property
    def _marks(self) -> tuple[str, ...]:
        return self.identity, self.files.fingerprint(self.out.name)

    def _recall(self) -> tuple[str, ...]:
        with suppress(NotFound, DamagedObject, ValueError, TypeError):
            return tuple(json.loads(self.kept.get(self._key)))
        return ()


def export_files(
    store: FolderStore,
    result: StoryResult,
    stages_s: Mapping[str, float],
    *,
    out: Path,
    report: Path | None,
    signer: AudioSigner | None = None,
) -> ExportedFiles:
    """Copy the finished files to the user's folder; one that cannot be written stops no other.

    The files take the name of `out` with their own suffixes, the report only by default; those
    that can be are signed. Raises
    StoreFailed if the audio cannot be written.
    """
    *places, report = list_exports(out, report)
    targets = dict(zip(OUTPUTS, places, strict=True)) | {"chapter_files": chapters_folder(out)}
    made = {path: result.links[name] for name, path in targets.items() if name in result.links}
    failures = _export_audio(store, made.pop(out), out, signer)
    sidecars, warnings = _export_sidecars(store, made)
    paths = [out, *sidecars]
    provenance = _sign_files(paths, warnings, signer, failures) if signer else {}
    if "report" in result.links:
        paths.append(report)
        content = json.loads(store.get(result.links["report"])) | provenance
        _write_report(content, stages_s, paths)
    return ExportedFiles(tuple(paths), tuple(warnings), signer.sha256 if signer else "")


def _export_audio(store: FolderStore, key: str, out: Path, signer: AudioSigner | None) -> list[str]:
    """Write the audio, signed if its format takes a manifest; returns why it is not."""
    failures: list[str] = []
    if signer is not None and holds_manifest(out):
        require_writable(out)
        if signer.is_current or (not signer.identity and signer.identify_audio(store.digest(key))):
            return failures
        try:
            signer.sign(store.path(key))
        except MixerError as error:
            failures.append(str(error))
        else:
            return failures
    store.fetch(key, out)
    return failures


def _export_sidecars(store: FolderStore, made: Mapping[Path, str]) -> tuple[list[Path], list[str]]:
    """Write the files that accompany the audio; returns warnings, too."""
    paths, warnings = [], []
    for path, key in made.items():
        try:
            if path.name.endswith(CHAPTERS_SUFFIX):
                unpack_zip(store.path(key), path)
            else:
                store.fetch(key, path)
        except StoreFailed as error:
            warnings.append(str(error))
        else:
            paths.append(path)
    return paths, warnings


def _sign_files(
    paths: list[Path], warnings: list[str], signer: AudioSigner, failures: list[str]
) -> dict[str, dict[str, str]]:
    """Sign files in place, and add their sidecars; returns what the report says of it.

    The audio was signed before if it holds its manifest, or `failures` says why not.
    """
    inside = [
        file for path in paths if path.is_dir() for file in path.iterdir() if is_signable(file)
    ]
    own = [path for path in paths if is_signable(path)]
    if holds_manifest(paths[0]):
        own.remove(paths[0])
    for path in [*own, *sorted(inside)]:
        try:
            sidecar = signer.files.sign(path)
        except MixerError as error:
            failures.append(str(error))
        else:
            paths += [sidecar] if sidecar is not None and path in paths else []
    warnings += failures
    marks = {"marked": "tags", "reason": failures[0]} if failures else {"marked": "signed"}
    return {"provenance": marks}


def _write_report(
    fields: dict[str, Any], stages_s: Mapping[str, float], paths: Sequence[Path]
) -> None:
    """Write the report to the last path, with the names of all files and the times of the run."""
    seconds = {name: round(s, 3) for name, s in stages_s.items()}
    fields |= {"stages_s": seconds, "outputs": [path.name for path in paths]}
    text = f"{json.dumps(fields, ensure_ascii=False, indent=2)}\n"
    write_atomic(paths[-1], text.encode(errors="backslashreplace"))  # odd file names


def chapters_folder(out: Path) -> Path:
    """Return the folder of the chapter files, next to the finished file."""
    return out.with_name(f"{out.stem}{CHAPTERS_SUFFIX}")


def list_exports(out: Path, report: Path | None = None) -> tuple[Path, ...]:
    """List all files that a story may produce: the audio first, the report last."""
    paths = (out.with_suffix(ending) if ending else out for ending in OUTPUTS.values())
    return (*paths, report or out.with_suffix(".json"))

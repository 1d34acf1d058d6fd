"""Remembers finished narrations, so that an unchanged one is found instead of made.

A record in the store has the digests of all that a narration was made of and of all files that it
wrote. If none has changed, the files are what a run would make. Recordings and segments are not
read: a damaged one is noticed by the run that needs it.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from mixer.compose import Installation
from mixer.errors import MixerError
from mixer.files import hash_file, resolve_path
from mixer.narration.request import STDIN, NarrationRequest
from mixer.narration.results import NarratedChunk, Narration
from mixer.store import find_sealed, put_sealed

PREFIX = "narrations/"
KEY_HEX_DIGITS = 40

FileDigests = dict[str, str]
"""SHA-256 by path; empty where a file is missing."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A narration as it was returned, and the warnings that came before it.

    `audio_sha256` spares reading the audio once more; empty where it is not known.
    """

    narration: Narration
    notices: tuple[str, ...]
    audio_sha256: str = ""


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a run began with: its request's digest, and its files' digests before they were read."""

    digest: str
    files: FileDigests

    def add_files(self, paths: Iterable[Path]) -> "RunInputs":
        """Add files that are about to be read; some were noted before."""
        new = (each for each in paths if str(each) not in self.files)
        return replace(self, files=self.files | _digest_files(new))


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """The records of one request: a run replaces that of the run before it."""

    request: NarrationRequest

    @property
    def is_known(self) -> bool:
        """Whether this request can be remembered: what standard input has is read only once."""
        return self.request.story != Path(STDIN) and self.request.output.feed is None

    def find(self, inputs: RunInputs) -> FinishedRun | None:
        """Find the run that made the files that are in their places; None if one must be made."""
        store = self._installation.store
        with suppress(MixerError, OSError, ValueError, KeyError, TypeError, IndexError):
            if self.is_known and find_sealed(store, self._key) is not None:
                record = json.loads(store.get(self._key))
                if _is_current(record, inputs):
                    return _read_record(record)
        return None

    def begin(self) -> RunInputs:
        """Note what a run begins with, before anything is read."""
        story, music = self.request.story, self.request.music
        files = _digest_files(each for each in (story, music) if isinstance(each, Path))
        keys = {name: digest for name, digest in self._digest_keys().items() if digest}
        return RunInputs(self._digest_request(), files | keys)

    def save(self, run: FinishedRun, inputs: RunInputs) -> None:
        """Remember a run, unless its inputs changed meanwhile.

        A signing key that was missing was made by the run.
        """
        files = self._digest_keys() | _digest_files(map(Path, inputs.files))
        is_same = inputs.digest == self._digest_request() and files == files | inputs.files
        if self.is_known and inputs.digest and is_same:
            record = {"request": inputs.digest, "files": files, **_write_record(run)}
            with suppress(MixerError):
                put_sealed(self._installation.store, self._key, json.dumps(record).encode())

    @property
    def _installation(self) -> Installation:
        return Installation(self.request.output.store_folder)

    @property
    def _key(self) -> str:
        """By the places of story and files: the same command finds the record of its last run."""
        story, output = self.request.story, self.request.output
        given = [Path(), story, output.path, output.report, output.library]
        places = [str(resolve_path(each)) if isinstance(each, Path) else "" for each in given]
        name = sha256(json.dumps(places).encode()).hexdigest()
        return f"{PREFIX}{name[:KEY_HEX_DIGITS]}.json"

    def _digest_request(self) -> str:
        """Digest all that a run depends on but its files; empty if that cannot be read."""
        request, options = self.request, self.request.options
        output = replace(request.output, store=None, force=False)
        given = (request.story, output, request.music, options, sorted(options.model_fields_set))
        keys = sorted(self._digest_keys())
        with suppress(OSError):
            parts = [self._installation.fingerprint(), os.getcwd(), keys, *map(repr, given)]  # noqa: PTH109
            return sha256(json.dumps(parts).encode()).hexdigest()
        return ""

    def _digest_keys(self) -> FileDigests:
        """The files of the signing key, whether they exist or not; none if nothing is signed."""
        if self.request.options.provenance != "signed":
            return {}
        return _digest_files(self._installation.list_signing_files())


def _is_current(record: Mapping[str, Any], inputs: RunInputs) -> bool:
    if record["request"] != inputs.digest:
        return False
    narration = _read_record(record).narration
    return (
        record["files"] == inputs.add_files(map(Path, record["files"])).files
        and all(each.path.is_file() for each in narration.chunks)
        and record["written"] == _digest_files(_list_files(narration.outputs))
    )


def _digest_files(paths: Iterable[Path]) -> FileDigests:
    return {str(each): _digest_file(each) for each in paths}


def _digest_file(path: Path) -> str:
    with suppress(OSError):
        return hash_file(path) if path.is_file() else ""
    return ""


def _list_files(paths: Iterable[Path]) -> Iterator[Path]:
    """List files, and those in folders."""
    for path in paths:
        yield path
        if path.is_dir():
            yield from sorted(path.rglob("*"))


def _write_record(run: FinishedRun) -> dict[str, object]:
    narration = run.narration
    known = {narration.path: run.audio_sha256}
    written = {
        str(each): known.get(each) or _digest_file(each) for each in _list_files(narration.outputs)
    }
    return {
        "notices": run.notices,
        "outputs": list(map(str, narration.outputs)),
        "written": written,
        "chunks": [(each.text, str(each.path), each.start_s) for each in narration.chunks],
        "figures": {name: getattr(narration, name) for name in FIGURES},
    }


FIGURES = (
    "duration_s",
    "integrated_loudness_lufs",
    "true_peak_dbtp",
    "total_chunks",
    "warnings",
    "as_written_percent",
)
"""Fields of a narration that a record keeps as they are."""


def _read_record(record: Mapping[str, Any]) -> FinishedRun:
    outputs = tuple(map(Path, record["outputs"]))
    figures = record["figures"] | {"warnings": tuple(record["figures"]["warnings"])}
    narration = Narration(
        path=outputs[0],
        outputs=outputs,
        chunks=tuple(NarratedChunk(text, Path(path), s) for text, path, s in record["chunks"]),
        synthesized_chunks=0,
        **figures,
    )
    return FinishedRun(narration, tuple(record["notices"]))

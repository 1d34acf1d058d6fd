"""Checks recordings of a store on all cores; results are stored next to the recording."""

import importlib.util
from contextlib import suppress
from hashlib import sha256

from mixer.errors import BadOption, MixerError, SpeechFailed
from mixer.parallel import usable_cores
from mixer.script import Chunk
from mixer.sound.analysis import Flaw
from mixer.speech.recordings import Recording
from mixer.speech.verification.judgement import ChunkCheck, Fault, SpeechFault
from mixer.speech.verification.listener import ListeningFailure, ListeningReply, ListeningRequest
from mixer.speech.workers import WorkerPool
from mixer.store import ObjectStore, find_sealed, put_sealed

WORKER_MODULE = "mixer.speech.verification.listener"
PACKAGES = ("pocketsphinx", "hibari", "numpy")
SUFFIX = ".check.json"
RECORDING_FIELD = "recording"

MAX_SILENCE_S = 2.5
"""Within a chunk; its sentences are half a second apart."""


def is_verifier_installed() -> bool:
    """Whether PocketSphinx and the embedded voice's rules of pronunciation are installed."""
    return all(importlib.util.find_spec(package) for package in PACKAGES)


class Verifier:
    """Listens to English recordings. Safe for many threads; the caller closes it."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.parallelism = usable_cores()
        self._workers: WorkerPool[ListeningRequest, ListeningReply] = WorkerPool(
            WORKER_MODULE, self.parallelism
        )

    def check(self, recording: Recording, chunk: Chunk) -> ChunkCheck:
        """Check a stored recording, unless that was done before.

        Raises:
            SpeechFailed: it could not be decoded.
            OutOfTime: the verifier was closed meanwhile.
            NotFound: the recording was deleted.
        """
        stored = _load_check(self._store, recording)
        if stored is not None:
            return stored
        check = self.listen(self._store.get(recording.key), recording, chunk)
        with suppress(MixerError):  # it is checked again
            put_sealed(
                self._store,
                recording.key + SUFFIX,
                check.to_json().encode(),
                metadata={RECORDING_FIELD: _identify(recording)},
            )
        return check

    def listen(self, audio: bytes, recording: Recording, chunk: Chunk) -> ChunkCheck:
        """Check a recording that is not stored yet; raises as `check` does."""
        reply = self._workers.call(ListeningRequest(audio, chunk.ssml))
        if isinstance(reply, ListeningFailure):
            raise SpeechFailed(reply.message, [chunk.passage])
        faults = (*reply.faults, *_find_measured_faults(recording, chunk))
        return ChunkCheck(reply.words, reply.wrong_words, faults)

    def close(self) -> None:
        """End the worker processes; safe to call twice."""
        self._workers.close()


def _load_check(store: ObjectStore, recording: Recording) -> ChunkCheck | None:
    """The stored result of a recording; None if this very recording was not checked."""
    key = recording.key + SUFFIX
    with suppress(MixerError, ValueError, KeyError, TypeError):
        found = find_sealed(store, key)
        if found is not None and found.metadata.get(RECORDING_FIELD) == _identify(recording):
            return ChunkCheck.from_json(store.get(key))
    return None


def _identify(recording: Recording) -> str:
    """Names a take of a chunk by what was measured."""
    measured = repr(recording.measured)
    return sha256(measured.encode()).hexdigest()[:16]


def _find_measured_faults(recording: Recording, chunk: Chunk) -> list[Fault]:
    profile, rate_hz = recording.measured.profile, recording.measured.rate_hz
    faults = [Fault(SpeechFault.CLIPPED)] if Flaw.CLIPPED in profile.flaws else []
    longest_s = max((end - start for start, end in profile.pauses), default=0) / rate_hz
    if longest_s > MAX_SILENCE_S and not chunk.has_breaks:
        faults.append(Fault(SpeechFault.SILENCE))
    return faults


def refuse_verifier() -> Verifier:
    """Refuse to listen in a process that cannot."""
    raise BadOption(
        "verify: PocketSphinx is not installed here; install Mixer with its extra “verify” "
        "(docs/verify.md), or leave verify out.",
        field="verify",
    )

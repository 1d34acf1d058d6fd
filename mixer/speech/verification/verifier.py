"""Listens to recordings on all cores, and takes again what was not spoken as written.

Results are stored next to the recording. Only engines that vary can do better the next time. The
best of three takes is kept. What further takes cost is limited to a share of the text, which the
estimate includes.
"""

import importlib.util
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from mixer.errors import BadOption, MixerError, SpeechFailed
from mixer.parallel import run_in_parallel, usable_cores
from mixer.script import Chunk
from mixer.sound.analysis import Flaw
from mixer.speech.charges import Charges
from mixer.speech.engine import VoiceSettings
from mixer.speech.narrator import Narrator
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


MAX_TAKES = 3
RETAKE_SHARE = 0.1
"""Of a text's price may be spent on further takes."""

STEADY_ENGINES = frozenset({"embedded", "kokoro", "neural", "standard"})
"""Engines that say the same text the same way each time."""


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


VerifierOpener = Callable[[], Verifier]


@dataclass(frozen=True, slots=True)
class TakeSelector:
    """Checks the recordings of a narrator, and keeps better takes where there are any."""

    narrator: Narrator
    verifier: Verifier
    charges: Charges
    budget: "RetakeBudget"

    def select_takes(
        self, chunks: Sequence[Chunk], recordings: Sequence[Recording | None]
    ) -> tuple[tuple[Recording | None, ...], dict[str, ChunkCheck]]:
        """Check all recordings; returns the ones to use, in the same order, and results by key.

        Raises OutOfTime at the narrator's deadline; what was checked by then is not checked again.
        """
        distinct = {
            each.key: (chunk, each) for chunk, each in zip(chunks, recordings, strict=True) if each
        }
        work = run_in_parallel(
            distinct.values(),
            self._select_take,
            self.verifier.parallelism,
            deadline_s=self.narrator.deadline_s,
        )
        with closing(work):
            selected = {recording.key: outcome.result() for (_, recording), outcome in work}
        checks = {key: check for key, (_, check) in selected.items() if check is not None}
        return tuple(each and selected[each.key][0] for each in recordings), checks

    def _select_take(self, item: tuple[Chunk, Recording]) -> tuple[Recording, ChunkCheck | None]:
        chunk, recording = item
        try:
            check = self.verifier.check(recording, chunk)
        except SpeechFailed:  # it could not be decoded; the mix reports that
            return recording, None
        for _ in range(MAX_TAKES - 1):
            if not check.faults or not self._can_retake(chunk):
                break
            with suppress(SpeechFailed):
                recording, check = self._retake(chunk, recording, check)
        return recording, check

    def _can_retake(self, chunk: Chunk) -> bool:
        settings = self.narrator.voice_settings.speaker_settings(chunk.speaker)
        price_usd = settings.price_usd(settings.count_billed_chars(chunk))
        return _is_varying(settings) and self.budget.spend(price_usd)

    def _retake(
        self, chunk: Chunk, recording: Recording, check: ChunkCheck
    ) -> tuple[Recording, ChunkCheck]:
        def is_better(audio: bytes) -> bool:
            return self.verifier.listen(audio, recording, chunk).severity < check.severity

        better = self.narrator.retake(chunk, self.charges, is_better)
        return (better, self.verifier.check(better, chunk)) if better else (recording, check)


def price_retakes(chunks: Sequence[Chunk], voice_settings: VoiceSettings) -> float:
    """The most that further takes of a batch may cost, in dollars.

    A share of the chunks whose engine varies, and always one of them.
    """
    prices = [
        voice_settings.price_chunks_usd([chunk])
        for chunk in chunks
        if _is_varying(voice_settings.speaker_settings(chunk.speaker))
    ]
    return max(sum(prices) * RETAKE_SHARE, max(prices, default=0.0))


def _is_varying(settings: VoiceSettings) -> bool:
    return settings.engine not in STEADY_ENGINES


class RetakeBudget:
    """What the further takes of a batch may still cost. Safe for many threads."""

    def __init__(self, limit_usd: float) -> None:
        self._left_usd = limit_usd
        self._lock = Lock()

    def spend(self, usd: float) -> bool:
        """Spend some of what is left; whether there was enough."""
        with self._lock:
            is_enough = usd <= self._left_usd
            self._left_usd -= usd if is_enough else 0.0
        return is_enough

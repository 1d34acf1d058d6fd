"""Listens to what was synthesized, and takes again what was not spoken as written.

Only engines that vary can do better the next time. The best of three takes is kept. What further
takes cost is limited to a share of the text, which the estimate includes.
"""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from threading import Lock

from mixer.errors import SpeechFailed
from mixer.parallel import run_in_parallel
from mixer.script import Chunk
from mixer.speech.charges import Charges
from mixer.speech.engine import VoiceSettings
from mixer.speech.narrator import Narrator
from mixer.speech.recordings import Recording
from mixer.speech.verification.judgement import ChunkCheck
from mixer.speech.verification.verifier import Verifier

MAX_TAKES = 3

RETAKE_SHARE = 0.1
"""Of a text's price may be spent on further takes."""

STEADY_ENGINES = frozenset({"embedded", "kokoro", "neural", "standard"})
"""Engines that say the same text the same way each time."""

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

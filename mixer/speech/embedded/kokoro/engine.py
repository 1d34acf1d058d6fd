"""The Kokoro engine: voices of four languages that need no account and no network.

It speaks with the int8 export of Kokoro-82M, in worker processes as the embedded engine does. What
was tried: the weights in 32 bits take 20 % longer and 430 MB more, two threads in one session 30 %
more CPU for a sentence, and the model takes one sentence at a time, so nothing can be batched.

The price: it is forty times slower than the embedded voice, 1.4 times real time on one core, and a
worker takes about 0.8 GB.
"""

from pathlib import Path
from typing import Literal

from mixer.errors import MixerError, SpeechFailed
from mixer.parallel import usable_cores
from mixer.script import LIMITS, EngineLimits
from mixer.speech.embedded.engine import PACKAGES, require_packages
from mixer.speech.embedded.kokoro.catalogue import ENGINE_NAME, describe_voices, find_voice
from mixer.speech.embedded.kokoro.files import is_installed
from mixer.speech.embedded.kokoro.phonemes import find_espeak
from mixer.speech.embedded.kokoro.worker import KokoroRequest
from mixer.speech.embedded.ssml_reader import snippet
from mixer.speech.embedded.worker import Reply, WorkerFailure
from mixer.speech.engine import Speech, Voice, VoiceSettings
from mixer.speech.workers import WorkerDied, WorkerPool

WORKER_MODULE = "mixer.speech.embedded.kokoro.worker"

ENGLISH = frozenset({"en"})
WITH_ESPEAK = frozenset({"es", "fr", "pt"})
"""Languages that espeak-ng reads."""


class KokoroEngine:
    """A SpeechEngine on this machine alone; MixerError where its files are not installed."""

    name = ENGINE_NAME

    def __init__(
        self,
        folder: Path,
        *,
        suffix: Literal["flac", "mp3"] = "flac",
        parallelism: int | None = None,
    ) -> None:
        require_packages(PACKAGES)
        if not is_installed(folder):
            raise MixerError(
                f"Kokoro's voices are not installed in {folder}: `mixer voices install` fetches "
                "them once (90 MB)."
            )
        self.suffix: str = suffix
        self._folder = folder
        self._parallelism = parallelism or usable_cores()
        self._workers: WorkerPool[KokoroRequest, Reply] = WorkerPool(
            WORKER_MODULE, self._parallelism
        )

    @property
    def parallelism(self) -> int:
        """Chunks that it synthesizes at once."""
        return self._parallelism

    def limits(self, engine: str) -> EngineLimits:  # noqa: ARG002 (it has one set of limits)
        """What one call may hold."""
        return LIMITS[ENGINE_NAME]

    def voices(self) -> tuple[Voice, ...]:
        """English voices, and those of other languages where espeak-ng is installed."""
        return describe_voices(ENGLISH | (WITH_ESPEAK if find_espeak() else frozenset()))

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Synthesize one chunk. It costs nothing, so no characters are billed.

        Raises:
            UnknownVoice: neither one of its voices nor a blend of them.
            SpeechFailed: malformed SSML, a damaged file, the model failed, or its process died.
            OutOfTime: the engine was closed meanwhile.
            MixerError: the engine is closed.
        """
        find_voice(voice_settings.voice)
        request = KokoroRequest(ssml, voice_settings.voice, self._folder, self.suffix)
        try:
            reply = self._workers.call(request)
        except WorkerDied as error:
            raise SpeechFailed(str(error), [snippet(ssml)]) from error
        if isinstance(reply, WorkerFailure):
            raise SpeechFailed(reply.message, reply.passages)
        return reply

    def close(self) -> None:
        """End the worker processes, also busy ones; safe to call twice."""
        self._workers.close()

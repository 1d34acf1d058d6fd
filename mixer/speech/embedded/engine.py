"""The embedded engine: a voice that needs no account and no network.

It speaks with hibari-tts (weights in its wheel). Threads give no speed-up, so it runs worker
processes, one per usable core, each with the model loaded once: about 270 MB and 1.5 s to start.
Only the workers import heavy packages.

The price: American English only, at most twice as fast as its own pace (and then less exact), and
word times with a median error of about 45 ms.
"""

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from mixer.errors import MixerError, SpeechFailed, UnknownVoice
from mixer.parallel import usable_cores
from mixer.script import LIMITS, EngineLimits
from mixer.speech.engine import Speech, Voice, VoiceSettings
from mixer.speech.workers import WorkerDied, WorkerPool

if TYPE_CHECKING:
    from mixer.speech.embedded.worker import ChunkRequest, Reply, WorkerRequest  # noqa: F401 - quoted

ENGINE_NAME = "embedded"

LANGUAGE = "en-US"

PITCHES = {"Ada": 1.0, "Ben": 0.78, "Cora": 0.86, "Dora": 0.93, "Eve": 1.1}
"""Factor of pitch and formants by voice, the default first."""

MALE_BELOW = 0.8
"""The factor below which a voice is taken for a man's."""

REALTIME_FACTOR = 60.0
"""Seconds of sound in a second of one core: 25 to 130, by the processor."""

VOICES = tuple(
    Voice(
        name,
        LANGUAGE,
        (ENGINE_NAME,),
        "Male" if pitch < MALE_BELOW else "Female",
        realtime_factor=REALTIME_FACTOR,
        note="natural pitch" if pitch == 1 else f"the same voice, pitched {pitch - 1:+.0%}",
    )
    for name, pitch in PITCHES.items()
)

PACKAGES = ("hibari", "numpy", "onnxruntime")


Request = TypeVar("Request", bound="ChunkRequest")


class LocalEngine(Generic[Request]):
    """What engines on this machine share: processes of one module, one per usable core by default.

    MixerError where a package that they need is not installed.
    """

    name: str
    worker_module: str

    def __init__(
        self, *, suffix: Literal["flac", "mp3"] = "flac", parallelism: int | None = None
    ) -> None:
        require_packages(PACKAGES)
        self.suffix: str = suffix
        self._parallelism = parallelism or usable_cores()
        self._workers: WorkerPool[Request, Reply] = WorkerPool(
            self.worker_module, self._parallelism
        )

    @property
    def parallelism(self) -> int:
        """Chunks that it synthesizes at once."""
        return self._parallelism

    def limits(self, engine: str) -> EngineLimits:  # noqa: ARG002 (it has one set of limits)
        """What one call may hold."""
        return LIMITS[self.name]

    def call_worker(self, request: Request) -> Speech:
        """Synthesize one chunk. It costs nothing, so no characters are billed.

        Raises:
            SpeechFailed: malformed SSML, the voice failed at the text, or its process died.
            OutOfTime: the engine was closed meanwhile.
            MixerError: the engine is closed.
        """
        from mixer.speech.embedded.ssml_reader import snippet
        from mixer.speech.embedded.worker import WorkerFailure

        try:
            reply = self._workers.call(request)
        except WorkerDied as error:
            raise SpeechFailed(str(error), [snippet(request.ssml)]) from error
        if isinstance(reply, WorkerFailure):
            raise SpeechFailed(reply.message, reply.passages)
        return reply

    def close(self) -> None:
        """End the worker processes, also busy ones; safe to call twice."""
        self._workers.close()


class EmbeddedEngine(LocalEngine["WorkerRequest"]):
    """The SpeechEngine of hibari-tts."""

    name = ENGINE_NAME
    worker_module = "mixer.speech.embedded.worker"

    def voices(self) -> tuple[Voice, ...]:
        """Its five voices, the default first."""
        return VOICES

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Synthesize one chunk; raises as `call_worker`, and UnknownVoice for any other voice."""
        from mixer.speech.embedded.worker import WorkerRequest

        pitch = PITCHES.get(voice_settings.voice)
        if pitch is None:
            raise UnknownVoice(
                f"The embedded engine has no voice “{voice_settings.voice}”; choose one of "
                f"{', '.join(PITCHES)}.",
                voice=voice_settings.voice,
            )
        return self.call_worker(WorkerRequest(ssml, pitch, self.suffix))


def phonemize_ssml(ssml: str) -> tuple[str, ...]:
    """Look up what the voice would speak: one string per sentence of a chunk.

    Nothing where hibari-tts is not installed; raises SpeechFailed for malformed SSML.
    """
    if _find_missing(PACKAGES):
        return ()
    from mixer.speech.embedded.phonemes import phonemize_ssml as phonemize  # heavy packages

    return phonemize(ssml)


def require_packages(packages: Sequence[str]) -> None:
    """Raise MixerError for a missing package, without importing any."""
    missing = _find_missing(packages)
    if missing:
        raise MixerError(
            f"The embedded voice is not installed (missing: {', '.join(missing)}): "
            "install Mixer with all its dependencies; run pip install . in its folder."
        )


def _find_missing(packages: Sequence[str]) -> list[str]:
    return [package for package in packages if importlib.util.find_spec(package) is None]

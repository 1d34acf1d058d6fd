"""The Kokoro engine: voices of four languages that need no account and no network.

It speaks with the int8 export of Kokoro-82M, in worker processes as the embedded engine does. What
was tried: the weights in 32 bits take 20% longer and 430 MB more, two threads in one session 30%
more CPU for a sentence, and the model takes one sentence at a time, so nothing can be batched.

The price: it is forty times slower than the embedded voice, 1.4 times real time on one core, and a
worker takes about 0.8 GB.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mixer.errors import MixerError
from mixer.speech.embedded.engine import LocalEngine
from mixer.speech.embedded.kokoro.catalogue import ENGINE_NAME, describe_voices, find_voice
from mixer.speech.embedded.kokoro.files import is_installed
from mixer.speech.embedded.kokoro.phonemes import find_espeak
from mixer.speech.embedded.worker import ChunkSynthesizer, serve_synthesizer
from mixer.speech.engine import Speech, Voice, VoiceSettings

if TYPE_CHECKING:
    from mixer.speech.embedded.chunk import PhraseSynthesizer
    from mixer.speech.embedded.kokoro.model import KokoroModel

ENGLISH = frozenset({"en"})
WITH_ESPEAK = frozenset({"es", "fr", "pt"})
"""Languages that espeak-ng reads."""


@dataclass(frozen=True, slots=True)
class KokoroRequest:
    """A chunk in a voice or a blend, whose files are in a folder."""

    ssml: str
    voice: str
    folder: Path
    suffix: str


class KokoroEngine(LocalEngine[KokoroRequest]):
    """A SpeechEngine on this machine alone; MixerError where its files are not installed."""

    name = ENGINE_NAME
    worker_module = __name__

    def __init__(
        self,
        folder: Path,
        *,
        suffix: Literal["flac", "mp3"] = "flac",
        parallelism: int | None = None,
    ) -> None:
        super().__init__(suffix=suffix, parallelism=parallelism)
        if not is_installed(folder):
            raise MixerError(
                f"Kokoro's voices are not installed in {folder}: `mixer voices install` fetches "
                "them once (90 MB)."
            )
        self._folder = folder

    def voices(self) -> tuple[Voice, ...]:
        """English voices, and those of other languages where espeak-ng is installed."""
        return describe_voices(ENGLISH | (WITH_ESPEAK if find_espeak() else frozenset()))

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Synthesize one chunk; raises as `call_worker`.

        UnknownVoice for neither one of its voices nor a blend of them.
        """
        find_voice(voice_settings.voice)
        return self.call_worker(
            KokoroRequest(ssml, voice_settings.voice, self._folder, self.suffix)
        )


class KokoroSynthesizer(ChunkSynthesizer[KokoroRequest]):
    """Loads the model with the first request."""

    engine = "Kokoro"

    def select_voice(self, request: KokoroRequest) -> "PhraseSynthesizer":
        """The blend of voices that the request names."""
        blend, model = find_voice(request.voice), self._load_model(request.folder)
        return lambda phrase: model.synthesize(phrase.text, blend, phrase.rate)

    @functools.lru_cache(maxsize=1)  # noqa: B019 (as long as the process)
    def _load_model(self, folder: Path) -> "KokoroModel":
        from mixer.speech.embedded.kokoro.model import KokoroModel

        return KokoroModel(folder)


def main(descriptor: int) -> None:
    """Answer requests in a worker process until the engine is gone."""
    serve_synthesizer(descriptor, KokoroSynthesizer)

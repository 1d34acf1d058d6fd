"""What a worker process of the Kokoro engine runs."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mixer.speech.embedded.kokoro.catalogue import find_voice
from mixer.speech.embedded.worker import ChunkSynthesizer, serve_synthesizer

if TYPE_CHECKING:
    from mixer.speech.embedded.chunk import PhraseSynthesizer
    from mixer.speech.embedded.kokoro.model import KokoroModel


@dataclass(frozen=True, slots=True)
class KokoroRequest:
    """A chunk in a voice or a blend, whose files are in a folder."""

    ssml: str
    voice: str
    folder: Path
    suffix: str


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
    """Answer requests until the engine is gone."""
    serve_synthesizer(descriptor, KokoroSynthesizer)

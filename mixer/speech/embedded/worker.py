"""What a worker process of the embedded engine runs: requests in, speech out, one at a time.

Its standard input is a lifeline: the engine holds the other end and writes nothing, so that its
end means that the engine is gone, however it died, and the worker dies at once.
"""

import functools
import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from mixer.errors import MixerError, SpeechFailed
from mixer.sound import ffmpeg
from mixer.speech.embedded import encoding
from mixer.speech.embedded.ssml_reader import Phrase, read_ssml, snippet
from mixer.speech.engine import SampleSpan, Speech, WordTiming

if TYPE_CHECKING:
    from mixer.speech.embedded.model import EmbeddedModel

LIFELINE_DESCRIPTOR = 0


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """One chunk to say.

    Attributes:
        ssml: of the chunk.
        pitch: the voice's factor.
        suffix: of the audio wanted, `flac` or `mp3`.
    """

    ssml: str
    pitch: float
    suffix: str


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """Why a chunk could not be said; errors themselves do not travel well between processes."""

    message: str
    passages: tuple[str, ...]


Reply = Speech | WorkerFailure


def main(descriptor: int) -> None:
    """Answer requests until the engine is gone.

    Args:
        descriptor: of this end of the connection to the engine.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # what is said here stays here; read at import
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a package prints
    children = ffmpeg.ProcessGroup()
    threading.Thread(target=_exit_with_engine, args=(children,), daemon=True).start()
    speaker = ChunkSynthesizer(children)
    with Connection(descriptor) as engine:
        while True:
            try:
                request: WorkerRequest = engine.recv()
            except (EOFError, OSError):
                return
            engine.send(speaker.handle_request(request))


class ChunkSynthesizer:
    """The model, loaded with the first request, and what it says as audio files."""

    def __init__(self, processes: ffmpeg.ProcessGroup) -> None:
        self._processes = processes

    @functools.cached_property
    def _model(self) -> "EmbeddedModel":
        from mixer.speech.embedded.model import EmbeddedModel

        return EmbeddedModel()

    def handle_request(self, request: WorkerRequest) -> Reply:
        """Say a chunk; whatever goes wrong is the chunk's failure, not the process's."""
        try:
            return self._synthesize(request)
        except SpeechFailed as error:
            return WorkerFailure(str(error), error.passages)
        except MixerError as error:
            return WorkerFailure(str(error), (snippet(request.ssml),))
        except Exception as error:  # noqa: BLE001 (from packages, over any text there is)
            reason = f"The embedded voice stumbled: {type(error).__name__}: {error}"
            return WorkerFailure(reason, (snippet(request.ssml),))

    def _synthesize(self, request: WorkerRequest) -> Speech:
        from mixer.speech.embedded.chunk import assemble_chunk
        from mixer.speech.embedded.model import RATE_HZ, PhraseAudio

        def say(phrase: Phrase) -> PhraseAudio:
            return self._model.synthesize(phrase.text, pitch=request.pitch, rate=phrase.rate)

        recital = assemble_chunk(read_ssml(request.ssml), say)
        delay_samples = encoding.DELAY_SAMPLES[request.suffix]
        return Speech(
            audio=encoding.encode_audio(recital.pcm, RATE_HZ, request.suffix, self._processes),
            content_type=encoding.CONTENT_TYPES[request.suffix],
            rate_hz=RATE_HZ,
            billed_chars=0,
            sentences=tuple(
                span and _shift_span(span, delay_samples) for span in recital.sentences
            ),
            words=tuple(_shift_word(word, delay_samples) for word in recital.words),
        )


def _shift_span(span: SampleSpan, delay_samples: int) -> SampleSpan:
    return SampleSpan(span.start_samples + delay_samples, span.end_samples + delay_samples)


def _shift_word(word: WordTiming, delay_samples: int) -> WordTiming:
    return WordTiming(word.sentence, word.char, word.text, _shift_span(word.span, delay_samples))


def _exit_with_engine(processes: ffmpeg.ProcessGroup) -> None:
    while os.read(LIFELINE_DESCRIPTOR, 1):
        pass
    processes.stop()
    os._exit(0)

"""What a worker process of an embedded engine runs: requests in, speech out, one at a time.

Its standard input is a lifeline: the engine holds the other end and writes nothing, so that its
end means that the engine is gone, and the worker exits at once.
"""

import functools
import os
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from mixer.errors import MixerError, SpeechFailed
from mixer.sound import ffmpeg
from mixer.speech.embedded.ssml_reader import read_ssml, snippet
from mixer.speech.engine import CONTENT_TYPES, SampleSpan, Speech, WordTiming
from mixer.speech.workers import serve_requests

if TYPE_CHECKING:
    from mixer.speech.embedded.chunk import PhraseSynthesizer
    from mixer.speech.embedded.model import EmbeddedModel, PhraseAudio
    from mixer.speech.embedded.ssml_reader import Phrase

ENCODE_TIMEOUT_S = 120.0
"""Many times what the longest chunk takes."""

MAX_DECODED_S = 1_800
"""Half an hour; a chunk has a few minutes."""

KEPT_PHRASES = 64
"""Phrases that a process keeps, 25 MB: a changed sentence leaves the others of its chunk alone."""

BITEXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1")
"""No encoder version in the file: equal samples give equal bytes."""

FLAC_TOTAL_SAMPLES = slice(21, 26)
"""Where a FLAC file holds its length, in the lower 36 bits (source: RFC 9639, section 8.2)."""


class ChunkRequest(Protocol):
    """One chunk to synthesize; `suffix` is that of the audio file, `flac` or `mp3`."""

    @property
    def ssml(self) -> str:
        """The chunk."""
        ...

    @property
    def suffix(self) -> str:
        """Of the file."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """A chunk in the voice of a factor of pitch."""

    ssml: str
    pitch: float
    suffix: str


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """Why a chunk failed; exceptions themselves do not pickle well."""

    message: str
    passages: tuple[str, ...]


Reply = Speech | WorkerFailure


RequestT = TypeVar("RequestT", bound=ChunkRequest)


class ChunkSynthesizer(ABC, Generic[RequestT]):
    """Makes the audio files of chunks; `engine` names it in messages."""

    engine: ClassVar[str]

    def __init__(self, processes: ffmpeg.ProcessGroup) -> None:
        self._processes = processes

    @abstractmethod
    def select_voice(self, request: RequestT) -> "PhraseSynthesizer":
        """Load what the request's voice needs; returns what synthesizes its phrases."""

    def handle_request(self, request: RequestT) -> Reply:
        """Synthesize a chunk; any error is the chunk's failure, not the process's."""
        try:
            return self._synthesize(request)
        except SpeechFailed as error:
            return WorkerFailure(str(error), error.passages)
        except MixerError as error:
            return WorkerFailure(str(error), (snippet(request.ssml),))
        except Exception as error:  # noqa: BLE001 (from packages, over any text there is)
            reason = f"{self.engine} failed: {type(error).__name__}: {error}"
            return WorkerFailure(reason, (snippet(request.ssml),))

    def _synthesize(self, request: RequestT) -> Speech:
        from mixer.speech.embedded.chunk import assemble_chunk
        from mixer.speech.embedded.model import RATE_HZ

        items = read_ssml(request.ssml)
        chunk = assemble_chunk(items, self.select_voice(request))
        delay_samples = ENCODERS[request.suffix].delay_samples
        return Speech(
            audio=encode_audio(chunk.pcm, RATE_HZ, request.suffix, self._processes),
            content_type=CONTENT_TYPES[request.suffix],
            rate_hz=RATE_HZ,
            billed_chars=0,
            sentences=tuple(span and _shift_span(span, delay_samples) for span in chunk.sentences),
            words=tuple(_shift_word(word, delay_samples) for word in chunk.words),
        )


class HibariSynthesizer(ChunkSynthesizer[WorkerRequest]):
    """Loads hibari's model with the first request."""

    engine = "The embedded voice"

    @functools.cached_property
    def _model(self) -> "EmbeddedModel":
        from mixer.speech.embedded.model import EmbeddedModel

        return EmbeddedModel()

    def select_voice(self, request: WorkerRequest) -> "PhraseSynthesizer":
        """The one voice, at the request's pitch."""
        return functools.partial(self._synthesize_phrase, request.pitch)

    @functools.lru_cache(maxsize=KEPT_PHRASES)  # noqa: B019 (as long as the process)
    def _synthesize_phrase(self, pitch: float, phrase: "Phrase") -> "PhraseAudio":
        return self._model.synthesize(phrase.text, pitch=pitch, rate=phrase.rate)


def main(descriptor: int) -> None:
    """Answer requests over a connection, given by its descriptor, until the engine is gone."""
    serve_synthesizer(descriptor, HibariSynthesizer)


def serve_synthesizer(
    descriptor: int, synthesizer_type: Callable[[ffmpeg.ProcessGroup], ChunkSynthesizer[RequestT]]
) -> None:
    """Answer requests with one synthesizer until the engine is gone."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # privacy; read at import
    serve_requests(descriptor, lambda processes: synthesizer_type(processes).handle_request)


def _shift_span(span: SampleSpan, delay_samples: int) -> SampleSpan:
    return SampleSpan(span.start_samples + delay_samples, span.end_samples + delay_samples)


def _shift_word(word: WordTiming, delay_samples: int) -> WordTiming:
    return WordTiming(word.sentence, word.char, word.text, _shift_span(word.span, delay_samples))


def encode_audio(pcm: bytes, rate_hz: int, suffix: str, processes: ffmpeg.ProcessGroup) -> bytes:
    """Encode mono samples of 16 bits, little-endian, as a whole `flac` or `mp3` file."""
    if suffix not in ENCODERS:
        raise MixerError(f"{suffix} cannot be encoded: use flac or mp3.")
    encoder = ENCODERS[suffix]
    source = ("-f", "s16le", "-ar", str(rate_hz), "-ac", "1", *ffmpeg.confine_stdin())
    arguments = [*source, *BITEXACT, *encoder.arguments, "pipe:1"]
    audio = ffmpeg.run(arguments, stdin=pcm, timeout_s=ENCODE_TIMEOUT_S, processes=processes).stdout
    return encoder.set_length(audio, len(pcm) // 2)


def decode_audio(audio: bytes, rate_hz: int, processes: ffmpeg.ProcessGroup) -> bytes:
    """Decode a sound of any format to mono samples of 16 bits; at most MAX_DECODED_S.

    Raises:
        RenderFailed: it is not a sound that can be decoded.
    """
    target = ["-t", f"{MAX_DECODED_S}", "-ac", "1", "-ar", str(rate_hz), "-f", "s16le", "pipe:1"]
    arguments = [*ffmpeg.confine_stdin(), *target]
    return ffmpeg.run(
        arguments, stdin=audio, timeout_s=ENCODE_TIMEOUT_S, processes=processes
    ).stdout


def _keep_length(audio: bytes, _length_samples: int) -> bytes:
    return audio


def _set_flac_length(flac: bytes, length_samples: int) -> bytes:
    """Write the length into a FLAC header, to which FFmpeg cannot seek back in a pipe."""
    length = length_samples.to_bytes(5, "big")
    first = FLAC_TOTAL_SAMPLES.start
    field = bytes([flac[first] & 0xF0 | length[0]]) + length[1:]
    return flac[:first] + field + flac[FLAC_TOTAL_SAMPLES.stop :]


@dataclass(frozen=True, slots=True)
class SpeechEncoder:
    """How FFmpeg writes a chunk's file; `delay_samples` are inserted by decoding it."""

    arguments: Sequence[str]
    delay_samples: int
    set_length: Callable[[bytes, int], bytes]


ENCODERS = {
    "flac": SpeechEncoder(shlex.split("-c:a flac -f flac"), 0, _set_flac_length),
    # Without a LAME tag decoding inserts LAME's 576 samples and the decoder's 529.
    "mp3": SpeechEncoder(
        shlex.split("-c:a libmp3lame -b:a 64k -write_xing 0 -id3v2_version 0 -f mp3"),
        1_105,
        _keep_length,
    ),
}
"""By suffix."""

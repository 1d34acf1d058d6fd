"""One chunk in an embedded voice: its sentences and silences in order, at one level.

Runs inside worker processes only. The level is a constant gain and a soft limit, sample by
sample, so that the same sentence sounds the same in any chunk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mixer.speech.embedded.model import RATE_HZ, PhraseAudio, Samples
from mixer.speech.embedded.ssml_reader import Pause, Phrase, SsmlSentence
from mixer.speech.engine import SampleSpan, WordTiming

LIMIT_KNEE = 0.7
"""Of full scale: below it nothing changes; only a few peaks exceed it."""

LIMIT_CEILING = 0.89
"""Of full scale, -1 dB: no peak exceeds it."""

EMPTY_CHUNK_MS = 50
"""Of silence in a chunk without any sound, as an audio file cannot be empty."""

SAMPLE_BYTES = 2

PhraseSynthesizer = Callable[[Phrase], PhraseAudio]


@dataclass(frozen=True, slots=True)
class ChunkAudio:
    """A chunk as sound.

    `pcm` holds mono samples at RATE_HZ, 16 bits, little-endian; `sentences` one span per sentence,
    None for one that the voice cannot read.
    """

    pcm: bytes
    sentences: tuple[SampleSpan | None, ...]
    words: tuple[WordTiming, ...]


def assemble_chunk(
    items: tuple[SsmlSentence | Pause, ...], synthesize: PhraseSynthesizer, gain_db: float
) -> ChunkAudio:
    """Synthesize sentences and insert silences, in order, at a gain for all of the voice."""
    builder = _ChunkBuilder(gain_db)
    for item in items:
        if isinstance(item, Pause):
            builder.add_silence(item.duration_ms)
        else:
            builder.add_sentence(item, synthesize)
    if not builder.length_samples:
        builder.add_silence(EMPTY_CHUNK_MS)
    return ChunkAudio(b"".join(builder.pcm), tuple(builder.sentences), tuple(builder.words))


def level_samples(samples: Samples, gain_db: float) -> Samples:
    """Apply a gain, and bend peaks below LIMIT_CEILING."""
    lifted = samples * np.float32(10 ** (gain_db / 20))
    excess = np.abs(lifted) - LIMIT_KNEE
    room = LIMIT_CEILING - LIMIT_KNEE
    bent = np.sign(lifted) * (LIMIT_KNEE + room * np.tanh(np.maximum(excess, 0) / room))
    return np.where(excess > 0, bent, lifted).astype(np.float32)


class _ChunkBuilder:
    """Collects 16 bits a sample: long silences are cheap."""

    def __init__(self, gain_db: float) -> None:
        self._gain_db = gain_db
        self.pcm: list[bytes] = []
        self.length_samples = 0
        self.sentences: list[SampleSpan | None] = []
        self.words: list[WordTiming] = []

    def add_silence(self, duration_ms: int) -> None:
        self._append(bytes(RATE_HZ * duration_ms // 1000 * SAMPLE_BYTES))

    def add_sentence(self, sentence: SsmlSentence, synthesize: PhraseSynthesizer) -> None:
        """Synthesize a sentence; its span reaches from its first sound to its last."""
        spans = [self._add_part(sentence, part, synthesize) for part in sentence.parts]
        audible = [span for span in spans if span is not None]
        whole = SampleSpan(audible[0].start_samples, audible[-1].end_samples) if audible else None
        self.sentences.append(whole)

    def _add_part(
        self, sentence: SsmlSentence, part: Phrase | Pause, synthesize: PhraseSynthesizer
    ) -> SampleSpan | None:
        if isinstance(part, Pause):
            self.add_silence(part.duration_ms)
            return None
        phrase_audio = synthesize(part)
        self.words += self._place_words(phrase_audio, sentence)
        start_samples = self.length_samples
        levelled = level_samples(phrase_audio.samples, self._gain_db)
        self._append((levelled * 32767).astype("<i2").tobytes())
        end_samples = self.length_samples
        return SampleSpan(start_samples, end_samples) if end_samples > start_samples else None

    def _place_words(
        self, phrase_audio: PhraseAudio, sentence: SsmlSentence
    ) -> Iterator[WordTiming]:
        for word in phrase_audio.words:
            span = SampleSpan(
                self.length_samples + word.start_samples, self.length_samples + word.end_samples
            )
            text = sentence.text[word.start : word.end]
            yield WordTiming(len(self.sentences), word.start, text, span)

    def _append(self, pcm: bytes) -> None:
        self.pcm.append(pcm)
        self.length_samples += len(pcm) // SAMPLE_BYTES

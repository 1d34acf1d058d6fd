"""One chunk in the embedded voice: its sentences and silences laid end to end, at one level.

Runs inside worker processes only. The level is a constant gain and a soft limit, sample by
sample, so that the same sentence sounds the same in any chunk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mixer.speech.embedded.model import RATE_HZ, PhraseAudio, Samples
from mixer.speech.embedded.ssml_reader import Pause, Phrase, SsmlSentence
from mixer.speech.engine import SampleSpan, WordTiming

GAIN_DB = 6.0
"""Lifts the voice, which speaks at about -26 LUFS, to about -20."""

LIMIT_KNEE = 0.7
"""Of full scale: below it nothing changes; the lifted voice passes it on a few peaks only."""

LIMIT_CEILING = 0.89
"""Of full scale, -1 dB: no peak passes it."""

EMPTY_CHUNK_MS = 50
"""Of silence for a chunk without any sound, as an audio file cannot be empty."""

SAMPLE_BYTES = 2

PhraseSynthesizer = Callable[[Phrase], PhraseAudio]


@dataclass(frozen=True, slots=True)
class ChunkAudio:
    """A chunk as sound.

    Attributes:
        pcm: mono samples at RATE_HZ, 16 bits, little-endian.
        sentences: one per sentence, None for one that the voice cannot read.
        words: in reading order.
    """

    pcm: bytes
    sentences: tuple[SampleSpan | None, ...]
    words: tuple[WordTiming, ...]


def assemble_chunk(
    items: tuple[SsmlSentence | Pause, ...], synthesize: PhraseSynthesizer
) -> ChunkAudio:
    """Say sentences and keep silences, in order."""
    tape = _ChunkBuilder()
    for item in items:
        if isinstance(item, Pause):
            tape.add_silence(item.duration_ms)
        else:
            tape.add_sentence(item, synthesize)
    if not tape.length_samples:
        tape.add_silence(EMPTY_CHUNK_MS)
    return ChunkAudio(b"".join(tape.pcm), tuple(tape.sentences), tuple(tape.words))


def level_samples(samples: Samples) -> Samples:
    """Lifted by GAIN_DB, with peaks bent below LIMIT_CEILING."""
    lifted = samples * np.float32(10 ** (GAIN_DB / 20))
    over = np.abs(lifted) - LIMIT_KNEE
    room = LIMIT_CEILING - LIMIT_KNEE
    bent = np.sign(lifted) * (LIMIT_KNEE + room * np.tanh(np.maximum(over, 0) / room))
    return np.where(over > 0, bent, lifted).astype(np.float32)


class _ChunkBuilder:
    """What has been said so far. Keeps 16 bits a sample: long silences are cheap."""

    def __init__(self) -> None:
        self.pcm: list[bytes] = []
        self.length_samples = 0
        self.sentences: list[SampleSpan | None] = []
        self.words: list[WordTiming] = []

    def add_silence(self, duration_ms: int) -> None:
        self._append(bytes(RATE_HZ * duration_ms // 1000 * SAMPLE_BYTES))

    def add_sentence(self, sentence: SsmlSentence, synthesize: PhraseSynthesizer) -> None:
        """Say one; its span reaches from its first sound to its last."""
        spans = [self._add_part(sentence, part, synthesize) for part in sentence.parts]
        heard = [span for span in spans if span is not None]
        whole = SampleSpan(heard[0].start_samples, heard[-1].end_samples) if heard else None
        self.sentences.append(whole)

    def _add_part(
        self, sentence: SsmlSentence, part: Phrase | Pause, synthesize: PhraseSynthesizer
    ) -> SampleSpan | None:
        if isinstance(part, Pause):
            self.add_silence(part.duration_ms)
            return None
        voiced = synthesize(part)
        self.words += self._place_words(voiced, sentence)
        start_samples = self.length_samples
        self._append((level_samples(voiced.samples) * 32767).astype("<i2").tobytes())
        end_samples = self.length_samples
        return SampleSpan(start_samples, end_samples) if end_samples > start_samples else None

    def _place_words(
        self, phrase_audio: PhraseAudio, sentence: SsmlSentence
    ) -> Iterator[WordTiming]:
        """A phrase's words at their place in the chunk."""
        for word in phrase_audio.words:
            span = SampleSpan(
                self.length_samples + word.start_samples, self.length_samples + word.end_samples
            )
            text = sentence.text[word.start : word.end]
            yield WordTiming(len(self.sentences), word.start, text, span)

    def _append(self, pcm: bytes) -> None:
        self.pcm.append(pcm)
        self.length_samples += len(pcm) // SAMPLE_BYTES

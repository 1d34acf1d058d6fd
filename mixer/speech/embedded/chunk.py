"""One chunk in an embedded voice: its sentences and silences in order.

Runs inside worker processes only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mixer.sound import divide_gap
from mixer.speech.embedded.model import RATE_HZ, PhraseAudio
from mixer.speech.embedded.ssml_reader import Pause, Phrase, SsmlSentence
from mixer.speech.engine import SampleSpan, WordTiming

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
    items: tuple[SsmlSentence | Pause, ...], synthesize: PhraseSynthesizer
) -> ChunkAudio:
    """Synthesize sentences, with each pause as long as it says from speech to speech."""
    builder = _ChunkBuilder(synthesize)
    for item in items:
        if isinstance(item, Pause):
            builder.add_pause(item)
        else:
            builder.add_sentence(item)
    builder.finish()
    return ChunkAudio(b"".join(builder.pcm), tuple(builder.sentences), tuple(builder.words))


class _ChunkBuilder:
    """Collects 16 bits a sample: long silences are cheap."""

    def __init__(self, synthesize: PhraseSynthesizer) -> None:
        self._synthesize = synthesize
        self._length_samples = 0
        self._tail = 0
        self._pause: int | None = None
        self.pcm: list[bytes] = []
        self.sentences: list[SampleSpan | None] = []
        self.words: list[WordTiming] = []

    def add_pause(self, pause: Pause) -> None:
        self._pause = (self._pause or 0) + RATE_HZ * pause.duration_ms // 1000

    def add_sentence(self, sentence: SsmlSentence) -> None:
        """Synthesize a sentence; its span is from the beginning to the end of its speech."""
        spans = [self._add_part(sentence, part) for part in sentence.parts]
        audible = [span for span in spans if span is not None]
        whole = SampleSpan(audible[0].start_samples, audible[-1].end_samples) if audible else None
        self.sentences.append(whole)

    def finish(self) -> None:
        """Add the pause at the end; some silence if there is nothing else."""
        self._make_gap(0)
        if not self._length_samples:
            self._append(bytes(RATE_HZ * EMPTY_CHUNK_MS // 1000 * SAMPLE_BYTES))

    def _add_part(self, sentence: SsmlSentence, part: Phrase | Pause) -> SampleSpan | None:
        if isinstance(part, Pause):
            self.add_pause(part)
            return None
        phrase = self._synthesize(part)
        if not len(phrase.samples):
            return None
        cut = phrase.lead - self._make_gap(phrase.lead)
        self.words += self._place_words(phrase, sentence, self._length_samples - cut)
        start = self._length_samples + phrase.lead - cut
        self._append((phrase.samples[cut:] * 32767).astype("<i2").tobytes())
        self._tail = phrase.tail
        return SampleSpan(start, self._length_samples - phrase.tail)

    def _make_gap(self, lead: int) -> int:
        """Make the pending pause before speech with a quiet lead; returns what to keep of that."""
        if self._pause is None:
            return lead
        tail, kept, silence = divide_gap(self._tail, lead, self._pause)
        if tail < self._tail:
            self.pcm[-1] = self.pcm[-1][: (tail - self._tail) * SAMPLE_BYTES]
            self._length_samples += tail - self._tail
        self._append(bytes(silence * SAMPLE_BYTES))
        self._tail, self._pause = 0, None
        return kept

    def _place_words(
        self, phrase: PhraseAudio, sentence: SsmlSentence, start: int
    ) -> Iterator[WordTiming]:
        for word in phrase.words:
            span = SampleSpan(start + word.start_samples, start + word.end_samples)
            text = sentence.text[word.start : word.end]
            yield WordTiming(len(self.sentences), word.start, text, span)

    def _append(self, pcm: bytes) -> None:
        self.pcm.append(pcm)
        self._length_samples += len(pcm) // SAMPLE_BYTES

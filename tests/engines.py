"""ToneEngine: a small, fast SpeechEngine that says each word as a tone.

A stand-in for a voice where a test needs real audio, exact times or failures on demand:

    engine = ToneEngine(fail_texts=["storm"])

Equal words give equal tones: 60 ms a character, one of four pitches. All words, sentences and
pauses lie where it says, to the sample.
"""

import html
import math
import re
import threading
import time
import zlib
from array import array
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from mixer.errors import MixerError, SpeechFailed, UnknownVoice
from mixer.script.limits import POLLY_LIMITS, EngineLimits
from mixer.sound import ffmpeg
from mixer.speech.embedded.ssml_reader import Pause, Phrase, SsmlSentence, read_ssml, snippet
from mixer.speech.embedded.worker import ENCODERS, encode_audio
from mixer.speech.engine import CONTENT_TYPES, SampleSpan, Speech, Voice, VoiceSettings, WordTiming

RATE_HZ = 24_000
CHAR_SAMPLES = 1_440
WORD_GAP_SAMPLES = 1_200
PERIODS_SAMPLES = (48, 60, 80, 96)
STEP_SAMPLES = 480  # a multiple of every period: tones start and end at zero
ENGINES = ("generative", "neural", "standard")
VOICES = {"Joanna": 9_000, "Matthew": 6_000}  # peak of 32,767; 9,000 is -14 dB RMS

MAX_SPOKEN = 2_000
"""Chunks that a process keeps, some 10 kB each."""

_SPOKEN: dict[tuple[str, int, str, float], Speech] = {}


class ToneEngine:
    """Says words as tones; what is neither an ASCII letter nor a digit is unreadable to it.

    Args:
        suffix: `flac` or `mp3`.
        parallelism: what it claims; it speaks with any number of threads.
        delay_s: how long each call takes at least.
        fail_calls: numbers of calls that fail, from 1.
        fail_texts: passages that fail, in any call.
        pace: how many times faster than 60 ms a character it speaks, for long texts.

    Attributes:
        requests: the SSML of every call, in the order they began.
        most_at_once: calls.
        closed: whether `close` was called.
    """

    name = "tone"

    def __init__(
        self,
        *,
        suffix: str = "flac",
        parallelism: int = 4,
        delay_s: float = 0.0,
        fail_calls: Collection[int] = (),
        fail_texts: Collection[str] = (),
        pace: float = 1.0,
    ) -> None:
        self.suffix = suffix
        self.fail_calls, self.fail_texts = fail_calls, fail_texts
        self.requests: list[str] = []
        self.max_concurrency = 0
        self.closed = False
        self._parallelism, self._delay_s, self._pace = parallelism, delay_s, pace
        self._at_once = 0
        self._lock = threading.Lock()
        self._children = ffmpeg.ProcessGroup()

    @property
    def calls(self) -> int:
        return len(self.requests)

    @property
    def parallelism(self) -> int:
        return self._parallelism

    def limits(self, engine: str) -> EngineLimits:
        return POLLY_LIMITS.get(engine, POLLY_LIMITS["generative"])

    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(name, "en-US", ENGINES) for name in VOICES)

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        with self._track_call(ssml) as number:
            time.sleep(self._delay_s)
            if voice_settings.voice not in VOICES:
                raise UnknownVoice(f"ToneEngine has no voice {voice_settings.voice}.")
            if number in self.fail_calls or any(
                text in _plain_text(ssml) for text in self.fail_texts
            ):
                raise SpeechFailed("ToneEngine fails here, as the test wants.", [snippet(ssml)])
            return self._recall_speech(ssml, VOICES[voice_settings.voice])

    def close(self) -> None:
        self.closed = True
        self._children.stop()

    @contextmanager
    def _track_call(self, ssml: str) -> Iterator[int]:
        with self._lock:
            self.requests.append(ssml)
            number = len(self.requests)
            self._at_once += 1
            self.max_concurrency = max(self.max_concurrency, self._at_once)
        try:
            if self.closed:
                raise MixerError("ToneEngine is closed and speaks no more.")
            yield number
        finally:
            with self._lock:
                self._at_once -= 1

    def _recall_speech(self, ssml: str, amplitude: int) -> Speech:
        """Encode equal tones once: many tests speak the same few texts."""
        key = (ssml, amplitude, self.suffix, self._pace)
        speech = _SPOKEN.get(key) or self._build_speech(ssml, amplitude)
        if len(_SPOKEN) < MAX_SPOKEN:
            _SPOKEN[key] = speech
        return speech

    def _build_speech(self, ssml: str, amplitude: int) -> Speech:
        tape = _Tape(amplitude, ENCODERS[self.suffix].delay_samples, self._pace)
        for item in read_ssml(ssml):
            tape.add(item)
        pcm = b"".join(tape.pcm) or bytes(STEP_SAMPLES * 2)
        return Speech(
            audio=encode_audio(pcm, RATE_HZ, self.suffix, self._children),
            content_type=CONTENT_TYPES[self.suffix],
            rate_hz=RATE_HZ,
            billed_chars=len(html.unescape(re.sub(r"<[^>]*>", "", ssml))),
            sentences=tuple(tape.sentences),
            words=tuple(tape.words),
        )


def _plain_text(ssml: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", ssml).split())


def word_samples(word: str, rate: float = 1.0) -> int:
    """How long a word's tone lasts."""
    return max(round(len(word) * CHAR_SAMPLES / rate / STEP_SAMPLES), 1) * STEP_SAMPLES


class _Tape:
    """Tones and silences so far, and where they lie in the decoded audio."""

    def __init__(self, amplitude: int, delay_samples: int, pace: float) -> None:
        self.pcm: list[bytes] = []
        self.sentences: list[SampleSpan | None] = []
        self.words: list[WordTiming] = []
        self._amplitude, self._pace = amplitude, pace
        self._at_samples = delay_samples

    def add(self, item: SsmlSentence | Pause) -> None:
        if isinstance(item, Pause):
            self._add_silence(RATE_HZ * item.duration_ms // 1000)
            return
        first = len(self.words)
        for part in item.parts:
            self._add_part(part, item)
        mine = [word.span for word in self.words[first:]]
        whole = SampleSpan(mine[0].start_samples, mine[-1].end_samples) if mine else None
        self.sentences.append(whole)

    def _add_part(self, part: Phrase | Pause, sentence: SsmlSentence) -> None:
        if isinstance(part, Pause):
            self._add_silence(RATE_HZ * part.duration_ms // 1000)
            return
        at = 0
        for spoken_word in part.text.text.split():
            at = part.text.text.index(spoken_word, at)
            start, end = part.text.origin(at, at + len(spoken_word))
            at += len(spoken_word)
            if any(character.isalnum() and character.isascii() for character in spoken_word):
                span = self._add_tone(spoken_word, self._pace * part.rate)
                word = WordTiming(len(self.sentences), start, sentence.text[start:end], span)
                self.words.append(word)

    def _add_tone(self, word: str, rate: float) -> SampleSpan:
        if self.words:
            self._add_silence(WORD_GAP_SAMPLES)
        length_samples = word_samples(word, rate)
        period = _period(PERIODS_SAMPLES[zlib.crc32(word.encode()) % 4], self._amplitude)
        start_samples = self._at_samples
        self._append(period * (length_samples * 2 // len(period)))
        return SampleSpan(start_samples, self._at_samples)

    def _add_silence(self, samples: int) -> None:
        self._append(bytes(samples * 2))

    def _append(self, pcm: bytes) -> None:
        self.pcm.append(pcm)
        self._at_samples += len(pcm) // 2


def _period(samples: int, amplitude: int) -> bytes:
    """One period of a sine."""
    wave = (round(amplitude * math.sin(2 * math.pi * at / samples)) for at in range(samples))
    return array("h", wave).tobytes()

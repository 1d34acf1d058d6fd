"""The engine of a speech server: anything that speaks `POST /v1/audio/speech`.

A server takes plain text, so a chunk is sent in passages: the words between two silences that are
spoken at one rate, in one way (`[[as whispering: …]]`). Silences are made here, exactly. Whatever
audio a server sends, it is decoded here and written as FLAC at one rate, so that a server that
changes its rate or mistakes its format does no harm. It gives no times: those of sentences are
measured from the pauses, as with Polly's generative voices.
"""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mixer.errors import (
    MixerError,
    OutOfTime,
    RenderFailed,
    SpeechFailed,
    SpeechUnavailable,
    UnknownVoice,
)
from mixer.script import LIMITS, EngineLimits
from mixer.sound import ProcessGroup
from mixer.speech.embedded import (
    Pause,
    Phrase,
    SsmlSentence,
    decode_audio,
    encode_audio,
    read_ssml,
)
from mixer.speech.engine import CONTENT_TYPES, Speech, Voice, VoiceSettings
from mixer.speech.remote.client import RemoteClient, ServerFault
from mixer.speech.remote.settings import RemoteSettings

ENGINE_NAME = "http"

RATE_HZ = 24_000
"""Of the recordings: what most servers send."""

SAMPLE_BYTES = 2
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 20.0
MIN_SPEED, MAX_SPEED = 0.25, 4.0
"""Of the protocol's `speed`."""

MIN_CHAR_S = 0.005
"""Sound for each character, below which an answer is taken for broken; speech has 0.04 to 0.1."""

MAX_NAMED_VOICES = 12
"""In a message."""

DEFAULT_VOICES = ("alloy",)
"""Where a server lists none."""


@dataclass(frozen=True, slots=True)
class ServerPassage:
    """Words of one call; `direction` is how to say them, in the author's words."""

    text: str
    rate: float = 1.0
    direction: str = ""


class RemoteEngine:
    """A SpeechEngine over HTTP. Safe for many threads; `parallelism` calls run at once."""

    name = ENGINE_NAME
    suffix = "flac"

    def __init__(self, settings: RemoteSettings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._client = RemoteClient(settings, self._stop)
        self._slots = threading.BoundedSemaphore(settings.parallelism)
        self._processes = ProcessGroup()
        self._lock = threading.Lock()
        self._listed: tuple[tuple[str, str], ...] = settings.voices

    @property
    def parallelism(self) -> int:
        """Calls at once, by the settings."""
        return self._settings.parallelism

    def limits(self, engine: str) -> EngineLimits:  # noqa: ARG002 (it has one set of limits)
        """What one call may hold, by the settings."""
        limits, chars = LIMITS[ENGINE_NAME], self._settings.max_chars
        tags = limits.tags if self._settings.takes_instructions else limits.tags - {"direction"}
        return replace(limits, billed_chars=chars, total_chars=10 * chars, tags=tags)

    def voices(self) -> tuple[Voice, ...]:
        """The voices of the settings, or else those that the server lists."""
        with self._lock:
            self._listed = self._listed or self._list_voices()
        return tuple(
            Voice(
                name,
                language,
                (ENGINE_NAME,),
                note=f"{self._settings.model} at {self._settings.host}",
                usd_per_million_chars=self._settings.usd_per_million_chars,
                version=self._settings.version,
            )
            for name, language in self._listed
        )

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Synthesize one chunk, passage by passage.

        Raises:
            UnknownVoice: the server lists no such voice.
            SpeechUnavailable: the server is down, slow or busy, and tries did not help.
            SpeechFailed: malformed SSML, or the server refuses the text or sends no audio.
            OutOfTime: the engine was closed meanwhile.
        """
        self._require_voice(voice_settings.voice)
        pcm, billed_chars = bytearray(), 0
        for part in split_passages(read_ssml(ssml)):
            if isinstance(part, Pause):
                pcm += bytes(RATE_HZ * part.duration_ms // 1_000 * SAMPLE_BYTES)
                continue
            try:
                pcm += self._speak(part, voice_settings)
            except MixerError as error:
                error.billed_chars += billed_chars
                raise
            billed_chars += len(part.text)
        pcm = pcm or bytearray(RATE_HZ // 20 * SAMPLE_BYTES)
        audio = encode_audio(bytes(pcm), RATE_HZ, self.suffix, self._processes)
        return Speech(audio, CONTENT_TYPES[self.suffix], RATE_HZ, billed_chars)

    def close(self) -> None:
        """End all calls; safe to call twice."""
        self._stop.set()
        self._processes.stop()

    def _require_voice(self, voice: str) -> None:
        names = [each.id for each in self.voices()]
        if voice not in names:
            raise UnknownVoice(
                f"The speech server at {self._settings.host} lists no voice “{voice}”; choose one "
                f"of {', '.join(names[:MAX_NAMED_VOICES])}, or name it in ENGINE_VOICES.",
                voice=voice,
            )

    def _speak(self, passage: ServerPassage, voice_settings: VoiceSettings) -> bytes:
        body: dict[str, object] = {
            "model": self._settings.model,
            "input": passage.text,
            "voice": voice_settings.voice,
            "response_format": self._settings.format,
            "speed": min(max(passage.rate, MIN_SPEED), MAX_SPEED),
        }
        if passage.direction and self._settings.takes_instructions:
            body["instructions"] = passage.direction
        try:
            return self._decode(self._call(body), passage)
        except ServerFault as error:
            kind = SpeechUnavailable if error.is_temporary else SpeechFailed
            raise kind(str(error), [passage.text[:60]]) from error

    def _call(self, body: dict[str, object]) -> bytes:
        """The audio of a call, tried again while that can help."""
        for attempt in range(self._settings.tries):
            if self._stop.is_set():
                break
            try:
                with self._slots:
                    return self._client.synthesize(body)
            except ServerFault as error:
                if not error.is_temporary or attempt == self._settings.tries - 1:
                    raise
                backoff_s = min(FIRST_WAIT_S * 2**attempt, LONGEST_WAIT_S) * random.uniform(0.5, 1)
                self._stop.wait(max(error.wait_s, backoff_s))
        raise OutOfTime("The speech engine was closed in the middle of a chunk.")

    def _decode(self, audio: bytes, passage: ServerPassage) -> bytes:
        """Samples at RATE_HZ of whatever format the audio really has."""
        is_raw = self._settings.format == "pcm"
        try:
            pcm = audio if is_raw else decode_audio(audio, RATE_HZ, self._processes)
        except RenderFailed as error:
            raise self._not_audio("sent something that cannot be decoded as audio") from error
        pcm = pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES]
        if len(pcm) < MIN_CHAR_S * RATE_HZ * SAMPLE_BYTES * len(passage.text):
            raise self._not_audio("sent far less sound than the text has words")
        return pcm

    def _not_audio(self, what: str) -> ServerFault:
        return ServerFault(
            f"The speech server at {self._settings.host} {what}, though it calls it "
            f"{self._settings.format} (ENGINE_FORMAT).",
            is_temporary=False,
        )

    def _list_voices(self) -> tuple[tuple[str, str], ...]:
        """What `GET /audio/voices` lists, which not every server has."""
        try:
            answer = self._client.fetch_json("/audio/voices")
        except ServerFault:
            return tuple((name, "") for name in DEFAULT_VOICES)
        listed = answer.get("voices", answer.get("data")) if isinstance(answer, dict) else answer
        found = [_name_voice(each) for each in listed] if isinstance(listed, list) else []
        names = [name for name in found if name] or DEFAULT_VOICES
        return tuple((name, "") for name in dict.fromkeys(names))


def _name_voice(listed: object) -> str:
    """A voice's name, from a string or an object with an id or a name."""
    if isinstance(listed, dict):
        listed = listed.get("id") or listed.get("voice_id") or listed.get("name") or ""
    return listed.strip() if isinstance(listed, str) and len(listed) <= 100 else ""  # noqa: PLR2004


def split_passages(items: tuple[SsmlSentence | Pause, ...]) -> Iterator[ServerPassage | Pause]:
    """What to send and how long to be silent, in order.

    The pauses that stand for sentence and paragraph ends are the server's own, so that sentences go
    together; a `<break>` is a silence.
    """
    words = list[Phrase]()
    for item in items:
        if isinstance(item, Pause):
            if item.is_written:
                yield from _join_phrases(words)
                yield item
                words = []
            continue
        for part in item.parts:
            if isinstance(part, Phrase) and (not words or _is_alike(words[-1], part)):
                words.append(part)
                continue
            yield from _join_phrases(words)
            words = [part] if isinstance(part, Phrase) else []
            if isinstance(part, Pause):
                yield part
    yield from _join_phrases(words)


def _is_alike(one: Phrase, other: Phrase) -> bool:
    return (one.rate, one.direction) == (other.rate, other.direction)


def _join_phrases(phrases: list[Phrase]) -> Iterator[ServerPassage]:
    text = " ".join(" ".join(each.text.text for each in phrases).split())
    if any(character.isalnum() for character in text):
        yield ServerPassage(text, phrases[0].rate, phrases[0].direction)

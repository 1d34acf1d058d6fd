"""Amazon Polly behind the SpeechEngine protocol.

A chunk is synthesized in one call, and its speech marks, where they are wanted and the engine has
them, in a second one that Polly charges for like the first. Every call passes the limiter of its
engine and is retried while that can help; see `quota` and `retry`. What outlives a request (client,
quotas, catalogue of voices) can be passed in, so that a warm process neither connects nor lists
again, nor is granted a burst twice.
"""

import html
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from mixer.errors import MixerError, OutOfTime, SpeechFailed, UnknownVoice
from mixer.script import LIMITS, EngineLimits
from mixer.speech.engine import Speech, Voice, VoiceSettings
from mixer.speech.polly.client import DESCRIBE_VOICES, EngineQuotas
from mixer.speech.polly.retry import DamagedAnswer, Retry, parse_strictly, translate_error
from mixer.speech.polly.speech_marks import MARK_TYPES, align_marks, parse_marks, sample_count
from mixer.speech.polly.voices import ENGINES_BEST_FIRST, VoiceCatalogue, find_mismatch, parse_voice
from mixer.speech.voice_selection import ENGINES_WITH_MARKS, find_near_names

if TYPE_CHECKING:
    from mypy_boto3_polly import PollyClient
    from mypy_boto3_polly.literals import (
        EngineType,
        LanguageCodeType,
        SpeechMarkTypeType,
        VoiceIdType,
    )
    from mypy_boto3_polly.type_defs import SynthesizeSpeechInputTypeDef

BEST_RATE_HZ = {"generative": 24_000, "neural": 24_000, "long-form": 24_000, "standard": 22_050}
"""The rate each engine works at (Polly's own defaults): more would only be resampled."""

PASSAGE_CHARS = 60
"""Of a text, in messages."""

_TAG = re.compile(r"<[^>]*>")

Answer = TypeVar("Answer")


class PollyEngine:
    """Synthesizes chunks with Amazon Polly. Safe for many threads; starts none of its own.

    `quotas` and `catalogue` are kept for the life of the process, on the same clock as `retry`.
    With `speech_marks` each chunk costs a second call at the price of the first. `engine` sets the
    parallelism.
    """

    name = "polly"
    suffix = "mp3"

    def __init__(
        self,
        client: "PollyClient",
        *,
        quotas: EngineQuotas | None = None,
        catalogue: VoiceCatalogue | None = None,
        retry: Retry | None = None,
        speech_marks: bool = False,
        engine: str = "generative",
    ) -> None:
        self._client = client
        self._retry = retry or Retry()
        self._quotas = quotas or EngineQuotas(now=self._retry.now)
        self._catalogue = catalogue or VoiceCatalogue(now=self._retry.now)
        self._speech_marks = speech_marks
        self._engine = engine

    @property
    def parallelism(self) -> int:
        """The calls in flight that the engine's share of the quota allows."""
        return self._quotas.limiter(_require_engine(self._engine)).quota.in_flight

    def limits(self, engine: str) -> EngineLimits:
        """What one call of one of the four engines may hold; UnknownVoice for any other."""
        return LIMITS[_require_engine(engine)]

    def voices(self) -> tuple[Voice, ...]:
        """Every voice of the region, the default first; listed again after an hour."""
        return self._catalogue.voices(lambda: _list_voices(self._client, self._quotas, self._retry))

    def synthesize(self, ssml: str, voice_settings: VoiceSettings) -> Speech:
        """Synthesize one chunk.

        A chunk whose speech marks cannot be had, or match none of its sentences, is returned
        without times: its audio is paid for.

        Raises:
            SpeechFailed: Polly refuses the chunk, its faults did not pass, or the engine is closed.
            UnknownVoice: no such voice, or not with this engine; suggests similar ones.
            BadOption: no such lexicon, or the voice does not speak the language.
            OutOfTime: the deadline came first, or the engine was closed meanwhile.
        """
        if self._retry.stop.is_set():
            raise SpeechFailed("The speech engine is closed.", [_extract_passage(ssml)])
        rate_hz = BEST_RATE_HZ[_require_engine(voice_settings.engine)]
        audio, billed_chars = self._call_service(
            _audio_request(ssml, voice_settings, rate_hz), voice_settings, _require_audio
        )
        speech = Speech(audio, "audio/mpeg", rate_hz, billed_chars)
        if not self._speech_marks or voice_settings.engine not in ENGINES_WITH_MARKS:
            return speech
        try:
            return self._add_timings(speech, ssml, voice_settings)
        except (SpeechFailed, OutOfTime) as error:
            return replace(speech, billed_chars=speech.billed_chars + error.billed_chars)

    def close(self) -> None:
        """Stop; safe to call twice.

        Callers that wait for a permit or another try get OutOfTime at once. Calls under way end
        with their answers, since they are paid for. The client is closed by its creator.
        """
        self._retry.stop.set()
        self._quotas.wake_waiters()

    def _add_timings(self, speech: Speech, ssml: str, voice_settings: VoiceSettings) -> Speech:
        marks, billed_chars = self._call_service(
            _marks_request(ssml, voice_settings), voice_settings, parse_marks
        )
        length_samples = sample_count(speech.audio)
        sentences, words = align_marks(ssml, marks, speech.rate_hz, length_samples)
        is_lost = bool(marks) and not any(sentences)
        return replace(
            speech,
            billed_chars=speech.billed_chars + billed_chars,
            sentences=() if is_lost else sentences,
            words=words,
        )

    def _call_service(
        self,
        request: "SynthesizeSpeechInputTypeDef",
        voice_settings: VoiceSettings,
        parse: Callable[[bytes], Answer],
    ) -> tuple[Answer, int]:
        """Make a call; returns the whole answer and the characters charged for it."""
        from botocore.exceptions import BotoCoreError, ClientError

        passage = _extract_passage(request["Text"])
        chars, losses = _count_billed_chars(request["Text"]), list[int]()
        with _charge_losses(losses):
            try:
                answer, billed_chars = self._retry.call(
                    self._quotas.limiter(voice_settings.engine),
                    lambda: _call_once(self._client, request, parse, chars),
                    passage,
                    lambda: losses.append(chars),
                )
            except (BotoCoreError, ClientError) as error:
                raise translate_error(
                    error, voice_settings, passage, lambda: self._find_mismatch(voice_settings)
                ) from error
        return answer, billed_chars + sum(losses)

    def _find_mismatch(self, voice_settings: VoiceSettings) -> UnknownVoice | None:
        """Called only after a refusal: a usual chunk costs no listing of voices."""
        try:
            return find_mismatch(self.voices(), voice_settings)
        except MixerError:
            return None


def _call_once(
    client: "PollyClient",
    request: "SynthesizeSpeechInputTypeDef",
    parse: Callable[[bytes], Answer],
    chars: int,
) -> tuple[Answer, int]:
    """The whole answer, and the characters charged for it: `chars` if it does not state them."""
    with parse_strictly():
        answer = client.synthesize_speech(**request)
        with closing(answer["AudioStream"]) as stream:
            content = stream.read()
        billed_chars = answer.get("RequestCharacters", -1)
        return parse(content), billed_chars if billed_chars >= 0 else chars


@contextmanager
def _charge_losses(losses: list[int]) -> Iterator[None]:
    """Count the characters of tries whose answers were lost: the service may charge for them."""
    try:
        yield
    except MixerError as error:
        error.billed_chars += sum(losses)
        raise


def _list_voices(client: "PollyClient", quotas: EngineQuotas, retry: Retry) -> Iterator[Voice]:
    from botocore.exceptions import BotoCoreError, ClientError

    limiter, token = quotas.limiter(DESCRIBE_VOICES), ""
    while True:
        try:
            fetch = partial(_fetch_page, client, token)
            voices, token = retry.call(limiter, fetch, "the list of voices")
        except (SpeechFailed, BotoCoreError, ClientError) as error:
            reason = str(error.__cause__ or error).rstrip(".")
            raise SpeechFailed(
                f"Amazon Polly cannot list its voices: {reason}; check the AWS credentials, the "
                "region and the network."
            ) from error
        yield from voices
        if not token:
            return


def _fetch_page(client: "PollyClient", token: str) -> tuple[list[Voice], str]:
    """A page of voices, and the token of the next one."""
    with parse_strictly():
        page = client.describe_voices(NextToken=token) if token else client.describe_voices()
        return [parse_voice(listed) for listed in page["Voices"]], page.get("NextToken", "")


def _require_audio(content: bytes) -> bytes:
    if not sample_count(content):
        raise DamagedAnswer("it sent no audio")
    return content


def _extract_passage(ssml: str) -> str:
    text = " ".join(html.unescape(_TAG.sub(" ", ssml)).split())
    return text if len(text) <= PASSAGE_CHARS else text[: PASSAGE_CHARS - 1] + "…"


def _count_billed_chars(ssml: str) -> int:
    """All but the tags, in UTF-16 units, as Java services count."""
    return len(html.unescape(_TAG.sub("", ssml)).encode("utf-16-le")) // 2


def _require_engine(engine: str) -> str:
    if engine not in ENGINES_BEST_FIRST:
        near = find_near_names(engine, ENGINES_BEST_FIRST) or list(ENGINES_BEST_FIRST)
        names = ", ".join(ENGINES_BEST_FIRST)
        raise UnknownVoice(
            f"Amazon Polly has no engine “{engine}”; choose one of {names}.",
            engine=engine,
            near=near,
        )
    return engine


def _audio_request(
    ssml: str, voice_settings: VoiceSettings, rate_hz: int
) -> "SynthesizeSpeechInputTypeDef":
    return {
        **_base_request(ssml, voice_settings),
        "OutputFormat": "mp3",
        "SampleRate": str(rate_hz),
    }


def _marks_request(ssml: str, voice_settings: VoiceSettings) -> "SynthesizeSpeechInputTypeDef":
    return {
        **_base_request(ssml, voice_settings),
        "OutputFormat": "json",
        "SpeechMarkTypes": [cast("SpeechMarkTypeType", each) for each in MARK_TYPES],
    }


def _base_request(ssml: str, voice_settings: VoiceSettings) -> "SynthesizeSpeechInputTypeDef":
    """What both calls share. Names are sent as given: the service knows which there are."""
    request: SynthesizeSpeechInputTypeDef = {
        "Engine": cast("EngineType", voice_settings.engine),
        "OutputFormat": "mp3",
        "Text": ssml,
        "TextType": "ssml",
        "VoiceId": cast("VoiceIdType", voice_settings.voice),
    }
    if voice_settings.language:
        request["LanguageCode"] = cast("LanguageCodeType", voice_settings.language)
    if voice_settings.lexicons:
        request["LexiconNames"] = list(voice_settings.lexicons)
    return request

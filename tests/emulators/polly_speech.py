"""Decides what the strict server answers to SynthesizeSpeech and DescribeVoices; knows no HTTP."""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.emulators.polly_lexicons import Lexicons
from tests.emulators.polly_ssml import Reading, read_ssml, read_text
from tests.emulators.polly_tables import (
    BILLED_CHARS,
    DEFAULT_RATES_HZ,
    ENGINES,
    ENGINES_WITH_MARKS,
    LANGUAGE_NAMES,
    LEXICONS_PER_CALL,
    MARK_TYPES,
    RATES_HZ,
    TOTAL_CHARS,
    ListedVoice,
    Refusal,
)

Request = dict[str, object]


@dataclass(frozen=True, slots=True)
class PollyRequest:
    """A request for speech that passed every check."""

    text: str
    voice: ListedVoice
    engine: str
    output: str
    rate_hz: int
    mark_types: tuple[str, ...]
    reading: Reading


def read_engine(request: Request) -> str:
    """Which engine a request is for: decides whose allowance it takes."""
    engine = request.get("Engine", "standard")
    _validate("engine", engine, ENGINES)
    return str(engine)


def parse_request(
    request: Request, voices: Sequence[ListedVoice], lexicons: Lexicons
) -> PollyRequest:
    """Check a request as the service would; raises Refusal."""
    engine, text, output = (
        read_engine(request),
        _read_text(request),
        str(request.get("OutputFormat")),
    )
    _validate("outputFormat", output, RATES_HZ)
    voice = _find_voice(request, voices, engine)
    _check_language(request, voice)
    rate = str(request.get("SampleRate", DEFAULT_RATES_HZ[engine] if output != "pcm" else "16000"))
    if rate not in RATES_HZ[output]:
        raise Refusal("InvalidSampleRateException", "The specified sample rate is not valid.")
    mark_types = _read_mark_types(request, output, engine)
    _check_lexicons(request, lexicons)
    reading = _read_document(request, text, engine, voice)
    return PollyRequest(text, voice, engine, output, int(rate), mark_types, reading)


def _validate(name: str, value: object, allowed: Iterable[str]) -> None:
    if value not in tuple(allowed):
        raise Refusal(
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(allowed)}]",
        )


def _read_text(request: Request) -> str:
    text = request.get("Text")
    if not isinstance(text, str) or not text:
        raise Refusal("ValidationException", "Value at 'text' failed: Member must not be empty")
    return text


def _find_voice(request: Request, voices: Sequence[ListedVoice], engine: str) -> ListedVoice:
    by_id = {voice.id: voice for voice in voices}
    _validate("voiceId", request.get("VoiceId"), by_id)
    voice = by_id[str(request["VoiceId"])]
    if engine not in voice.engines:
        raise Refusal(
            "EngineNotSupportedException", "This voice does not support the selected engine"
        )
    return voice


def _check_language(request: Request, voice: ListedVoice) -> None:
    language = request.get("LanguageCode", voice.language)
    if language not in (voice.language, *voice.more_languages):
        raise Refusal("LanguageNotSupportedException", f"{voice.id} does not speak {language}")


def _read_mark_types(request: Request, output: str, engine: str) -> tuple[str, ...]:
    types = request.get("SpeechMarkTypes") or []
    assert isinstance(types, list)
    for each in types:
        _validate("speechMarkTypes", each, MARK_TYPES)
    if types and output != "json":
        raise Refusal("MarksNotSupportedForFormatException", "Speech marks need json")
    if output != "json":
        return ()
    if engine not in ENGINES_WITH_MARKS:
        raise Refusal("EngineNotSupportedException", f"{engine} voices give no speech marks")
    if not types:
        raise Refusal("ValidationException", "json needs speech mark types")
    if "ssml" in types and request.get("TextType") != "ssml":
        raise Refusal("SsmlMarksNotSupportedForTextTypeException", "ssml marks need ssml")
    return tuple(types)


def _check_lexicons(request: Request, lexicons: Lexicons) -> None:
    names = request.get("LexiconNames") or []
    assert isinstance(names, list)
    if len(names) > LEXICONS_PER_CALL:
        raise Refusal("ValidationException", "Value at 'lexiconNames' has more than 5 members")
    for name in names:
        lexicons.find(name)


def _read_document(request: Request, text: str, engine: str, voice: ListedVoice) -> Reading:
    text_type = request.get("TextType", "text")
    _validate("textType", text_type, ("text", "ssml"))
    if len(text) > TOTAL_CHARS:
        raise length_refusal()
    if text_type == "ssml":
        reading = read_ssml(text, engine, voice.id, voice.language)
    else:
        reading = read_text(text)
    if reading.billed_chars > BILLED_CHARS:
        raise length_refusal()
    return reading


def length_refusal() -> Refusal:
    return Refusal("TextLengthExceededException", "Maximum text length has been exceeded")


def speech_marks(reading: Reading, types: Sequence[str]) -> bytes:
    """One JSON object a line, in order of time, each sentence before its words."""
    said = [(each, "sentence") for each in reading.sentences]
    said += [(each, "word") for each in reading.words]
    rows = [
        {
            "time": each.time_ms,
            "type": kind,
            "start": each.start_byte,
            "end": each.end_byte,
            "value": each.value,
        }
        for each, kind in sorted(said, key=lambda pair: (pair[0].time_ms, pair[1]))
        if kind in types
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def build_voice_page(
    voices: Sequence[ListedVoice], query: dict[str, str], page_voices: int
) -> dict[str, object]:
    """Answer DescribeVoices."""
    if "Engine" in query:
        _validate("engine", query["Engine"], ENGINES)
    more = query.get("IncludeAdditionalLanguageCodes") == "true"
    fitting = [voice for voice in voices if _matches_query(voice, query, more)]
    start = _parse_page_token(query.get("NextToken", ""), len(fitting))
    page: dict[str, object] = {
        "Voices": [_format_voice(voice) for voice in fitting[start : start + page_voices]]
    }
    if start + page_voices < len(fitting):
        page["NextToken"] = base64.b64encode(f"page:{start + page_voices}".encode()).decode()
    return page


def _matches_query(voice: ListedVoice, query: dict[str, str], more: bool) -> bool:
    languages = (voice.language, *voice.more_languages) if more else (voice.language,)
    has_engine = "Engine" not in query or query["Engine"] in voice.engines
    return has_engine and query.get("LanguageCode", voice.language) in languages


def _parse_page_token(token: str, count: int) -> int:
    if not token:
        return 0
    try:
        kind, start = base64.b64decode(token, validate=True).decode().split(":")
        if kind != "page" or not 0 < int(start) < count:
            raise ValueError(token)
    except (ValueError, binascii.Error) as error:
        raise Refusal("InvalidNextTokenException", "The NextToken is invalid.") from error
    return int(start)


def _format_voice(voice: ListedVoice) -> dict[str, object]:
    listing: dict[str, object] = {
        "Gender": voice.gender,
        "Id": voice.id,
        "LanguageCode": voice.language,
        "LanguageName": LANGUAGE_NAMES[voice.language.split("-")[0]],
        "Name": voice.id,
        "SupportedEngines": list(voice.engines),
    }
    if voice.more_languages:
        listing["AdditionalLanguageCodes"] = list(voice.more_languages)
    return listing

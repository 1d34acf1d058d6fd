"""Selects voice and engine for a request that names one, both, neither or a blend. Pure.

A blend is `af_heart+bf_emma*0.3`: voices, each with a weight, 1 where none is written.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from mixer.errors import BadOption, UnknownVoice
from mixer.script import NARRATOR, Role
from mixer.script.normalise import is_same_language
from mixer.speech.charges import POLLY_USD_PER_MILLION_CHARS
from mixer.speech.engine import Voice, VoiceSettings

if TYPE_CHECKING:
    from mixer.requests import SpeechOptions


ANY_ENGINE = frozenset({"", "polly"})
"""Names that stand for the voice's best engine."""

EMBEDDED = "embedded"

POLLY_ENGINES = frozenset(POLLY_USD_PER_MILLION_CHARS)
"""Names of Polly's engines."""

FIRST_VERSION = "1"

VOICE_VERSIONS = {EMBEDDED: "5", "kokoro": "3"}
"""By engine; raised when the same SSML starts to sound different. 2: quotation marks are silent;
3: names after titles (`King Charles`), figures below zero, words with two sounds; 4 (Kokoro: 2):
accented words, and a written break is the whole pause."""

DEFAULT_VOICE = "Joanna"

ENGINES_WITH_MARKS = frozenset({"standard", "neural", "long-form"})
"""Polly's generative voices have no speech marks. Source: its generative voices page."""

MAX_NEAR_MATCHES = 5
MIN_SIMILARITY = 0.5
"""Of two names, as difflib counts it: `Joana` and `Joanna` 0.9, `Bob` and `Joanna` 0.2."""

OptionsT = TypeVar("OptionsT", bound="SpeechOptions")

MAX_LISTED_VOICES = 12
"""In a sentence."""


MAX_BLENDED_VOICES = 5
MAX_WEIGHT = 100.0


def select_voice(
    voices: Sequence[Voice], options: "SpeechOptions", cast: Sequence[Role] = ()
) -> tuple[Voice, VoiceSettings]:
    """Select the narrator's voice, and the settings of narrator and cast.

    Raises:
        UnknownVoice: no such voice, or not with that engine; suggests similar ones.
        BadOption: the engine cannot do what is requested.
    """
    voice, settings = _select_single_voice(voices, options)
    roles = [role for role in cast if role.name != NARRATOR]
    speakers = tuple((role.name, _select_role_voice(role, voices, options)) for role in roles)
    return voice, replace(settings, cast=speakers)


def apply_narrator(options: OptionsT, cast: Sequence[Role]) -> OptionsT:
    """The options with the narrator of the cast, where the request names no voice."""
    role = next((role for role in cast if role.name == NARRATOR), None)
    if role is None or options.voice:
        return options
    return _apply_role(options, role)


def _select_single_voice(
    voices: Sequence[Voice], options: "SpeechOptions"
) -> tuple[Voice, VoiceSettings]:
    voice = _find_voice(voices, options)
    engine = best_engine(voice) if options.engine in ANY_ENGINE else options.engine
    if engine not in voice.engines:
        raise _mismatch_error(voice, engine, voices)
    if engine not in POLLY_ENGINES:
        _require_support(voice, options)
    elif options.speech_marks and engine not in ENGINES_WITH_MARKS:
        raise BadOption(
            f"speech_marks: the {engine} engine has none; {_describe_mark_support(voice)}",
            field="speech_marks",
        )
    return voice, VoiceSettings(
        voice.id,
        engine,
        "" if options.language == voice.language else options.language,
        tuple(options.lexicons),
        voice.version or VOICE_VERSIONS.get(engine, FIRST_VERSION),
        usd_per_million_chars=voice.usd_per_million_chars,
        suffix=voice.suffix,
    )


def _select_role_voice(
    role: Role, voices: Sequence[Voice], options: "SpeechOptions"
) -> VoiceSettings:
    try:
        return _select_single_voice(voices, _release_engine(voices, options, role))[1]
    except (UnknownVoice, BadOption) as error:
        reason = str(error).partition(": ")[2]
        raise type(error)(
            f"cast: line {role.line} casts {role.name} as {role.voice}: {reason}", **error.details
        ) from error


def _release_engine(voices: Sequence[Voice], options: OptionsT, role: Role) -> OptionsT:
    """The options of a role; without the narrator's engine where the voice is of another kind."""
    options = _apply_role(options, role)
    engines = next((each.engines for each in voices if each.id == role.voice), ())
    is_polly = {options.engine in POLLY_ENGINES, *(each in POLLY_ENGINES for each in engines)}
    is_foreign = bool(engines) and (options.engine not in engines) and is_polly != {True}
    return options.model_copy(update={"engine": ""}) if is_foreign and not role.engine else options


def _apply_role(options: OptionsT, role: Role) -> OptionsT:
    return options.model_copy(
        update={
            "voice": role.voice,
            "engine": role.engine or options.engine,
            "language": role.language or options.language,
            "rate": role.rate_percent or options.rate,
        }
    )


def charge_factor(options: "SpeechOptions") -> int:
    """How often each character is charged for: speech marks are a second call at full price."""
    return 2 if options.speech_marks else 1


def _describe_mark_support(voice: Voice) -> str:
    engines = [engine for engine in voice.engines if engine in ENGINES_WITH_MARKS]
    if not engines:
        return f"nor has any other engine of {voice.id}."
    return f"{voice.id} has them with {' or '.join(engines)}."


def _require_support(voice: Voice, options: "SpeechOptions") -> None:
    """Refuse what a voice cannot do that is not Polly's, which answers for itself."""
    if options.lexicons:
        raise BadOption(
            f"lexicons: only Amazon Polly has these; the {voice.engines[0]} engine has none.",
            field="lexicons",
        )
    if not voice.language or not options.language:
        return
    if not is_same_language(options.language, voice.language):
        raise BadOption(
            f"language: {voice.id} reads {voice.language} only, not {options.language}; "
            "Amazon Polly has voices for more than 30 languages.",
            field="language",
        )


def _find_voice(voices: Sequence[Voice], options: "SpeechOptions") -> Voice:
    """The voice of a name, of the requested engine where several engines have it."""
    voice_id, engine = options.voice, options.engine
    own = [each for each in voices if engine in ANY_ENGINE or engine in each.engines]
    by_id: dict[str, Voice] = {}
    for each in (*own, *voices):
        by_id.setdefault(each.id, each)
    if not by_id:
        raise UnknownVoice("voice: no voice is available here.", field="voice")
    if not voice_id:
        return (own or voices)[0]
    if voice_id not in by_id:
        if blended := blend_voices(voice_id, by_id):
            return blended
        similar = find_near_names(voice_id, by_id)
        suggestion = _suggest_names(similar) or _list_names(by_id)
        raise UnknownVoice(
            f"voice: “{voice_id}” is not available.{suggestion}",
            field="voice",
            near=similar,
        )
    return by_id[voice_id]


def _list_names(names: Collection[str]) -> str:
    if len(names) <= MAX_LISTED_VOICES:
        return f" Choose one of {', '.join(names)}."
    return " List the voices to see all of them."


def _mismatch_error(voice: Voice, engine: str, voices: Iterable[Voice]) -> UnknownVoice:
    others = [v.id for v in voices if engine in v.engines and v.language == voice.language]
    return UnknownVoice(
        f"engine: the voice {voice.id} does not have “{engine}”, but "
        f"{', '.join(voice.engines)}.{_suggest_names(others[:5])}",
        field="engine",
        engines=list(voice.engines),
        near=others[:5],
    )


def _suggest_names(near: Sequence[str]) -> str:
    return f" Similar: {', '.join(near)}." if near else ""


def best_engine(voice: Voice) -> str:
    """The engine when none is requested: generative where the voice has it."""
    return voice.engines[0]


def find_near_names(query: str, names: Iterable[str]) -> list[str]:
    """Names similar to the query, best first, in any case."""
    from difflib import get_close_matches  # for a wrong name only

    by_folded = {name.casefold(): name for name in names}
    near = get_close_matches(query.casefold(), by_folded, MAX_NEAR_MATCHES, MIN_SIMILARITY)
    return [by_folded[folded] for folded in near]


@dataclass(frozen=True, slots=True)
class Blend:
    """Names of voices with their shares, which add up to 1; a single voice has the share 1."""

    shares: tuple[tuple[str, float], ...]


def parse_blend(text: str) -> Blend:
    """Parse a voice or a blend; raises UnknownVoice, naming what is wrong."""
    parts = [part.partition("*") for part in text.split("+")]
    if len(parts) > MAX_BLENDED_VOICES:
        raise UnknownVoice(
            f"voice: “{text}” blends {len(parts)} voices; blend at most {MAX_BLENDED_VOICES}.",
            field="voice",
        )
    weights = [(name.strip(), _parse_weight(weight, text)) for name, _, weight in parts]
    total = sum(weight for _, weight in weights)
    return Blend(tuple((name, weight / total) for name, weight in weights))


def blend_voices(text: str, by_id: Mapping[str, Voice]) -> Voice | None:
    """The voice that a blend describes, in the language of its first; None for another name.

    Raises:
        UnknownVoice: a voice of the blend is missing or cannot be blended, or a weight is wrong.
    """
    if not {"+", "*"} & set(text):
        return None
    names = [name for name, _ in parse_blend(text).shares]
    for name in names:
        if name not in by_id or not by_id[name].is_blendable:
            raise UnknownVoice(
                f"voice: “{name}” in “{text}” is not a voice that can be blended.",
                field="voice",
            )
    voices = [by_id[name] for name in names]
    genders = {each.gender for each in voices}
    return replace(
        voices[0],
        id=text,
        gender=voices[0].gender if len(genders) == 1 else "",
        quality="",
        note="A blend.",
    )


def _parse_weight(weight: str, text: str) -> float:
    try:
        value = float(weight.strip() or "1")
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_WEIGHT:
        raise UnknownVoice(
            f"voice: “{text}” has the weight “{weight.strip()}”; a weight is a number above 0, as "
            "in af_heart+bf_emma*0.3.",
            field="voice",
        )
    return value

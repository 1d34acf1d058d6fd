"""Which voice and which of its engines speak, when a request names one, both or neither. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from mixer.errors import BadOption, UnknownVoice
from mixer.requests import SpeechOptions
from mixer.script.front_matter import NARRATOR, Role
from mixer.speech.engine import Voice, VoiceSettings
from mixer.speech.polly.speech_marks import ENGINES_WITH_MARKS
from mixer.speech.polly.voices import DEFAULT_VOICE, best_engine, find_near_names

ANY_ENGINE = frozenset({"", "polly"})
"""Names that leave the choice to the voice: its best engine."""

EMBEDDED = "embedded"

OptionsT = TypeVar("OptionsT", bound=SpeechOptions)

MAX_LISTED_VOICES = 12
"""So many names fit into a sentence."""


def select_voice(voices: Sequence[Voice], options: SpeechOptions) -> tuple[Voice, VoiceSettings]:
    """The voice and the way of speaking that a request asks for.

    Args:
        voices: what there is, the default first.
        options: voice, engine and language count here.

    Raises:
        UnknownVoice: no such voice, or it does not speak with that engine; names near ones.
        BadOption: the engine has no such thing as was asked for.
    """
    voice = _find_voice({each.id: each for each in voices}, options.voice)
    engine = best_engine(voice) if options.engine in ANY_ENGINE else options.engine
    if engine not in voice.engines:
        raise _mismatch_error(voice, engine, voices)
    if engine == EMBEDDED:
        _require_embedded_support(voice, options)
    elif options.speech_marks and engine not in ENGINES_WITH_MARKS:
        raise BadOption(
            f"speech_marks: the {engine} engine gives none; {_describe_mark_support(voice)}",
            field="speech_marks",
        )
    language = "" if options.language == voice.language else options.language
    return voice, VoiceSettings(voice.id, engine, language, tuple(options.lexicons))


def apply_narrator(options: OptionsT, cast: Sequence[Role]) -> OptionsT:
    """What is asked for, with the narrator that the story casts where nobody else was named."""
    role = next((role for role in cast if role.name == NARRATOR), None)
    if role is None or options.voice:
        return options
    return _apply_role(options, role)


def add_cast(
    voice_settings: VoiceSettings,
    voices: Sequence[Voice],
    options: SpeechOptions,
    cast: Sequence[Role],
) -> VoiceSettings:
    """A delivery with the voices of everybody in a cast.

    Args:
        voice_settings: the narrator's.
        voices: what there is.
        options: what holds for all of them.
        cast: as the story's head names it.

    Raises:
        UnknownVoice: a role's voice does not exist here; names the role and its line.
        BadOption: it cannot do what is asked for.
    """
    others = [role for role in cast if role.name != NARRATOR]
    return replace(
        voice_settings, cast=tuple((r.name, _select_role_voice(r, voices, options)) for r in others)
    )


def _select_role_voice(
    role: Role, voices: Sequence[Voice], options: SpeechOptions
) -> VoiceSettings:
    try:
        return select_voice(voices, _apply_role(options, role))[1]
    except (UnknownVoice, BadOption) as error:
        why = str(error).partition(": ")[2]
        raise type(error)(
            f"cast: line {role.line} casts {role.name} as {role.voice}: {why}", **error.details
        ) from error


def _apply_role(options: OptionsT, role: Role) -> OptionsT:
    return options.model_copy(
        update={
            "voice": role.voice,
            "engine": role.engine or options.engine,
            "language": role.language or options.language,
            "rate": role.rate_percent or options.rate,
        }
    )


def billing_factor(options: SpeechOptions) -> int:
    """How often each character is charged for: speech marks are a second call at full price."""
    return 2 if options.speech_marks else 1


def _describe_mark_support(voice: Voice) -> str:
    """Where the voice has speech marks."""
    having = [engine for engine in voice.engines if engine in ENGINES_WITH_MARKS]
    if not having:
        return f"{voice.id} has no engine that does."
    return f"{voice.id} has them with {' or '.join(having)}."


def _require_embedded_support(voice: Voice, options: SpeechOptions) -> None:
    """The embedded voices know one language and no lexicons; Polly says itself what it knows."""
    if options.lexicons:
        raise BadOption(
            "lexicons: they belong to Amazon Polly; the embedded voice has none.", field="lexicons"
        )
    if options.language and _primary_language(options.language) != _primary_language(
        voice.language
    ):
        raise BadOption(
            f"language: {voice.id} reads {voice.language} only, not {options.language}; "
            "Amazon Polly has voices for 30 languages and more.",
            field="language",
        )


def _primary_language(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()


def _find_voice(by_id: dict[str, Voice], voice_id: str) -> Voice:
    if not by_id:
        raise UnknownVoice("voice: there is no voice here at all.", field="voice")
    if not voice_id:
        return by_id.get(DEFAULT_VOICE) or next(iter(by_id.values()))
    if voice_id not in by_id:
        near = find_near_names(voice_id, by_id)
        offer = _suggest_names(near) or _list_names(by_id)
        raise UnknownVoice(
            f"voice: there is no voice “{voice_id}” here.{offer}",
            field="voice",
            near=near,
        )
    return by_id[voice_id]


def _list_names(names: Collection[str]) -> str:
    """The names themselves, where they fit, or who lists them."""
    if len(names) <= MAX_LISTED_VOICES:
        return f" There are {', '.join(names)}."
    return " The list of voices names those there are."


def _mismatch_error(voice: Voice, engine: str, voices: Iterable[Voice]) -> UnknownVoice:
    others = [v.id for v in voices if engine in v.engines and v.language == voice.language]
    return UnknownVoice(
        f"engine: {voice.id} does not speak with “{engine}”, but with "
        f"{', '.join(voice.engines)}.{_suggest_names(others[:5])}",
        field="engine",
        engines=list(voice.engines),
        near=others[:5],
    )


def _suggest_names(near: Sequence[str]) -> str:
    return f" Near it: {', '.join(near)}." if near else ""

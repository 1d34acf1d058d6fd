"""Which voice and which of its engines speak, when a request names one, both or neither. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from mixer.errors import BadOption, UnknownVoice
from mixer.requests import SpeechOptions
from mixer.script.casting import NARRATOR, Role
from mixer.speech.engine import Delivery, Voice
from mixer.speech.polly.marks import ENGINES_WITH_MARKS
from mixer.speech.polly.voices import DEFAULT_VOICE, best_engine, near_names

ANY_ENGINE = frozenset({"", "polly"})
"""Names that leave the choice to the voice: its best engine."""

EMBEDDED = "embedded"

Asked = TypeVar("Asked", bound=SpeechOptions)

FEW_VOICES = 12
"""So many names fit into a sentence."""


def chosen(voices: Sequence[Voice], asked: SpeechOptions) -> tuple[Voice, Delivery]:
    """The voice and the way of speaking that a request asks for.

    Args:
        voices: what there is, the default first.
        asked: voice, engine and language count here.

    Raises:
        UnknownVoice: no such voice, or it does not speak with that engine; names near ones.
        BadOption: the engine has no such thing as was asked for.
    """
    voice = _voice({each.id: each for each in voices}, asked.voice)
    engine = best_engine(voice) if asked.engine in ANY_ENGINE else asked.engine
    if engine not in voice.engines:
        raise _mismatch(voice, engine, voices)
    if engine == EMBEDDED:
        _require_embedded_can(voice, asked)
    elif asked.speech_marks and engine not in ENGINES_WITH_MARKS:
        raise BadOption(
            f"speech_marks: the {engine} engine gives none; {_with_marks(voice)}",
            field="speech_marks",
        )
    language = "" if asked.language == voice.language else asked.language
    return voice, Delivery(voice.id, engine, language, tuple(asked.lexicons))


def as_narrator(asked: Asked, cast: Sequence[Role]) -> Asked:
    """What is asked for, with the narrator that the story casts where nobody else was named."""
    role = next((role for role in cast if role.name == NARRATOR), None)
    if role is None or asked.voice:
        return asked
    return _as_role(asked, role)


def with_cast(
    delivery: Delivery, voices: Sequence[Voice], asked: SpeechOptions, cast: Sequence[Role]
) -> Delivery:
    """A delivery with the voices of everybody in a cast.

    Args:
        delivery: the narrator's.
        voices: what there is.
        asked: what holds for all of them.
        cast: as the story's head names it.

    Raises:
        UnknownVoice: a role's voice does not exist here; names the role and its line.
        BadOption: it cannot do what is asked for.
    """
    others = [role for role in cast if role.name != NARRATOR]
    return replace(delivery, cast=tuple((r.name, _cast_as(r, voices, asked)) for r in others))


def _cast_as(role: Role, voices: Sequence[Voice], asked: SpeechOptions) -> Delivery:
    try:
        return chosen(voices, _as_role(asked, role))[1]
    except (UnknownVoice, BadOption) as error:
        why = str(error).partition(": ")[2]
        raise type(error)(
            f"cast: line {role.line} casts {role.name} as {role.voice}: {why}", **error.details
        ) from error


def _as_role(asked: Asked, role: Role) -> Asked:
    return asked.model_copy(
        update={
            "voice": role.voice,
            "engine": role.engine or asked.engine,
            "language": role.language or asked.language,
            "rate": role.rate_percent or asked.rate,
        }
    )


def times_paid(asked: SpeechOptions) -> int:
    """How often each character is charged for: speech marks are a second call at full price."""
    return 2 if asked.speech_marks else 1


def _with_marks(voice: Voice) -> str:
    """Where the voice has speech marks."""
    having = [engine for engine in voice.engines if engine in ENGINES_WITH_MARKS]
    if not having:
        return f"{voice.id} has no engine that does."
    return f"{voice.id} has them with {' or '.join(having)}."


def _require_embedded_can(voice: Voice, asked: SpeechOptions) -> None:
    """The embedded voices know one language and no lexicons; Polly says itself what it knows."""
    if asked.lexicons:
        raise BadOption(
            "lexicons: they belong to Amazon Polly; the embedded voice has none.", field="lexicons"
        )
    if asked.language and _primary(asked.language) != _primary(voice.language):
        raise BadOption(
            f"language: {voice.id} reads {voice.language} only, not {asked.language}; "
            "Amazon Polly has voices for 30 languages and more.",
            field="language",
        )


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()


def _voice(by_id: dict[str, Voice], asked: str) -> Voice:
    if not by_id:
        raise UnknownVoice("voice: there is no voice here at all.", field="voice")
    if not asked:
        return by_id.get(DEFAULT_VOICE) or next(iter(by_id.values()))
    if asked not in by_id:
        near = near_names(asked, by_id)
        raise UnknownVoice(
            f"voice: there is no voice “{asked}” here.{_offer(near) or _all(by_id)}",
            field="voice",
            near=near,
        )
    return by_id[asked]


def _all(names: Collection[str]) -> str:
    """The names themselves, where they fit, or who lists them."""
    if len(names) <= FEW_VOICES:
        return f" There are {', '.join(names)}."
    return " The list of voices names those there are."


def _mismatch(voice: Voice, engine: str, voices: Iterable[Voice]) -> UnknownVoice:
    others = [v.id for v in voices if engine in v.engines and v.language == voice.language]
    return UnknownVoice(
        f"engine: {voice.id} does not speak with “{engine}”, but with "
        f"{', '.join(voice.engines)}.{_offer(others[:5])}",
        field="engine",
        engines=list(voice.engines),
        near=others[:5],
    )


def _offer(near: Sequence[str]) -> str:
    return f" Near it: {', '.join(near)}." if near else ""

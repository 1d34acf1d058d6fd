"""Which voice and which of its engines speak, when a request names one, both or neither. Pure."""

from collections.abc import Iterable, Sequence

from mixer.errors import UnknownVoice
from mixer.requests import SpeechOptions
from mixer.speech.engine import Delivery, Voice
from mixer.speech.polly.voices import DEFAULT_VOICE, best_engine, near_names

ANY_ENGINE = frozenset({"", "polly"})
"""Names that leave the choice to the voice: its best engine."""


def chosen(voices: Sequence[Voice], asked: SpeechOptions) -> tuple[Voice, Delivery]:
    """The voice and the way of speaking that a request asks for.

    Args:
        voices: what there is, the default first.
        asked: voice, engine and language count here.

    Raises:
        UnknownVoice: no such voice, or it does not speak with that engine; names near ones.
    """
    voice = _voice({each.id: each for each in voices}, asked.voice)
    engine = best_engine(voice) if asked.engine in ANY_ENGINE else asked.engine
    if engine not in voice.engines:
        raise _mismatch(voice, engine, voices)
    language = "" if asked.language == voice.language else asked.language
    return voice, Delivery(voice.id, engine, language)


def _voice(by_id: dict[str, Voice], asked: str) -> Voice:
    if not by_id:
        raise UnknownVoice("voice: there is no voice here at all.", field="voice")
    if not asked:
        return by_id.get(DEFAULT_VOICE) or next(iter(by_id.values()))
    if asked not in by_id:
        near = near_names(asked, by_id)
        raise UnknownVoice(
            f"voice: there is no voice “{asked}” here.{_offer(near)}", field="voice", near=near
        )
    return by_id[asked]


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

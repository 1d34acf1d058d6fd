"""The voices of Amazon Polly in this region: listed by the service, cached for a while.

Which voice speaks with which engine differs between regions and changes over the years, so it is
never a table of ours.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mixer.errors import UnknownVoice
from mixer.speech.engine import Voice, VoiceSettings
from mixer.speech.voice_selection import DEFAULT_VOICE, MAX_NEAR_MATCHES, find_near_names

if TYPE_CHECKING:
    from mypy_boto3_polly.type_defs import VoiceTypeDef

ENGINES_BEST_FIRST = ("generative", "neural", "long-form", "standard")
"""By how natural they sound for the price: long-form costs six times as much as neural
(Polly pricing, 2026-10), so it is used only on request or where there is nothing else."""

MAX_AGE_S = 3600.0
"""New voices appear a few times a year; a long-lived process still finds them."""


def parse_voice(listed: "VoiceTypeDef") -> Voice:
    """A voice as DescribeVoices states it."""
    engines = [str(engine) for engine in listed.get("SupportedEngines", [])]
    return Voice(
        id=listed.get("Id", ""),
        language=listed.get("LanguageCode", ""),
        engines=tuple(sorted(engines, key=_rank)),
        gender=listed.get("Gender", ""),
    )


def _rank(engine: str) -> int:
    """Unknown engines last: a new one is not used by default."""
    known = engine in ENGINES_BEST_FIRST
    return ENGINES_BEST_FIRST.index(engine) if known else len(ENGINES_BEST_FIRST)


def sort_voices(voices: Iterable[Voice]) -> tuple[Voice, ...]:
    """The default voice first, then by language and name; drops voices without an engine."""
    speaking = [voice for voice in voices if voice.engines]
    return tuple(sorted(speaking, key=lambda v: (v.id != DEFAULT_VOICE, v.language, v.id)))


class VoiceCatalogue:
    """The voices of a service, listed when first needed and again when the list is old.

    Keep it for the life of the process. Safe for many threads: one lists, the others wait.
    """

    def __init__(
        self, *, max_age_s: float = MAX_AGE_S, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_age_s = max_age_s
        self._now = now
        self._lock = threading.Lock()
        self._voices: tuple[Voice, ...] = ()
        self._stale_s = now()

    def voices(self, list_voices: Callable[[], Iterable[Voice]]) -> tuple[Voice, ...]:
        """Every voice, the default first; errors of `list_voices` are raised here."""
        with self._lock:
            if not self._voices or self._now() >= self._stale_s:
                self._voices = sort_voices(list_voices())
                self._stale_s = self._now() + self._max_age_s
            return self._voices


def find_mismatch(voices: Iterable[Voice], voice_settings: VoiceSettings) -> UnknownVoice | None:
    """What is wrong with voice or engine, with similar ones; None when nothing is."""
    by_id = {voice.id: voice for voice in voices}
    voice = by_id.get(voice_settings.voice)
    if voice is None:
        return _unknown_voice_error(by_id, voice_settings.voice)
    if voice_settings.engine not in voice.engines:
        return _engine_mismatch_error(by_id.values(), voice, voice_settings.engine)
    return None


def _unknown_voice_error(by_id: dict[str, Voice], voice_id: str) -> UnknownVoice:
    near = find_near_names(voice_id, list(by_id))
    return UnknownVoice(
        f"Amazon Polly has no voice “{voice_id}” here. {_suggest_names(near)}",
        voice=voice_id,
        near=near,
    )


def _engine_mismatch_error(voices: Iterable[Voice], voice: Voice, engine: str) -> UnknownVoice:
    near = [v.id for v in voices if engine in v.engines and v.language == voice.language]
    return UnknownVoice(
        f"The voice {voice.id} does not have the engine “{engine}”, but "
        f"{', '.join(voice.engines)}. {_suggest_names(near[:MAX_NEAR_MATCHES])}",
        voice=voice.id,
        engine=engine,
        engines=list(voice.engines),
        near=near[:MAX_NEAR_MATCHES],
    )


def _suggest_names(near: list[str]) -> str:
    if not near:
        return "List the voices to see all of them."
    return f"Similar: {', '.join(near)}."

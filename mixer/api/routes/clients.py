"""What the routes of other protocols depend on: voices by their names, sound to answer with.

A name that is a voice here is that voice, in any case. Well-known names of other services, which
many programs cannot change, get a voice of the same gender; each of them always the same one.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mixer import stories
from mixer.api.events import RequestContext
from mixer.api.live import LiveSpeech, SpokenText, TimedBlock
from mixer.api.routes.speech import emit_speech_metrics
from mixer.errors import BadOption, UnknownModel
from mixer.requests import CostOptions, Options
from mixer.sound.live import convert_mix

if TYPE_CHECKING:
    from mixer.speech import Voice
    from mixer.stories import MixService, SpeechService

FEMALE, MALE = "Female", "Male"

KNOWN_NAMES = MappingProxyType(
    {
        **dict.fromkeys(("alloy", "coral", "nova", "sage", "shimmer", "marin"), FEMALE),
        **dict.fromkeys(("ash", "ballad", "echo", "fable", "onyx", "verse", "cedar"), MALE),
    }
)
"""OpenAI's voices (API reference, createSpeech)."""

KNOWN_IDS = MappingProxyType(
    {
        "21m00Tcm4TlvDq8ikWAM": FEMALE,
        "9BWtsMINqrJLrRacOk9x": FEMALE,
        "EXAVITQu4vr4xnSDxMaL": FEMALE,
        "XB0fDUnXU5powFXDhCwa": FEMALE,
        "pFZP5JQG7iQjIQuC4Bku": FEMALE,
        "cgSgspJ2msm6clMCkdW9": FEMALE,
        "JBFqnCBsd6RMkjVDRZzb": MALE,
        "TX3LPaxmHKxFdv7VOQHJ": MALE,
        "onwK4e9ZLuTAKqWW03F9": MALE,
        "pNInz6obpgDQGcFmaJgB": MALE,
        "CwhRBWXzGAHq8TQ4Fs17": MALE,
    }
)
"""Voices that ElevenLabs' own examples and integrations name by default."""


def select_client_voice(name: str, voices: "Sequence[Voice]", aliases: Mapping[str, str]) -> str:
    """Select the voice that a client means; a name that is neither known nor here is returned.

    `aliases` are the deployment's own, and come first.
    """
    name = aliases.get(name, name)
    by_name = {voice.id.casefold(): voice.id for voice in voices}
    if name.casefold() in by_name:
        return by_name[name.casefold()]
    gender = KNOWN_NAMES.get(name.casefold()) or KNOWN_IDS.get(name)
    if not gender or not voices:
        return name
    namesakes = [each.id for each in voices if each.id.casefold().endswith(f"_{name.casefold()}")]
    return namesakes[0] if namesakes else _select_by_gender(name, gender, voices)


def _select_by_gender(name: str, gender: str, voices: "Sequence[Voice]") -> str:
    """Select one of the voices of the default's language, in turn."""
    names = [*KNOWN_NAMES, *KNOWN_IDS]
    known = [each for each in names if (KNOWN_NAMES.get(each) or KNOWN_IDS.get(each)) == gender]
    language = voices[0].language
    fitting = [each.id for each in voices if (each.gender, each.language) == (gender, language)]
    position = known.index(name if name in known else name.casefold())
    return fitting[position % len(fitting)] if fitting else voices[0].id


SPEECH_MODEL, STORY_MODEL = "mixer", "mixer-story"
FOREIGN_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15")
"""Names of OpenAI's that programs have built in; they mean the model `mixer`."""

READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ClientServices:
    """Services for clients of other protocols.

    Attributes:
        mix: None where mixing takes longer than a request may.
        voice_names: the deployment's own names of voices.
        can_stream: whether the gateway passes on an answer while it is made.
    """

    speech: "SpeechService"
    mix: "MixService | None"
    voice_names: Mapping[str, str]
    can_stream: bool

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are offered."""
        own = (SPEECH_MODEL, STORY_MODEL) if self.mix else (SPEECH_MODEL,)
        return (*own, *FOREIGN_MODELS)

    def require_model(self, name: str) -> None:
        """Raise UnknownModel for a model that is not offered."""
        if name not in self.models:
            raise UnknownModel(
                f"model: “{name}” is not available; choose one of {', '.join(self.models)}.",
                field="model",
            )

    def read_options(self, body: CostOptions, language: str | None) -> dict[str, Any]:
        """Read the options of speech; raises BadOption for a dry run, which these routes lack."""
        if body.dry_run:
            raise BadOption(
                "dry_run: this route speaks at once; POST /estimate predicts the cost.",
                field="dry_run",
            )
        options = {"language": language, "max_cost_usd": body.max_cost_usd}
        return {name: value for name, value in options.items() if value is not None}

    def list_voices(self, deadline_s: float) -> "tuple[Voice, ...]":
        """List the voices, the default first."""
        return self.speech.list_voices(deadline_s)

    def select_voice(self, name: str, deadline_s: float) -> str:
        """Select the voice that a client means."""
        return select_client_voice(name, self.list_voices(deadline_s), self.voice_names)

    def stream_speech(
        self, spoken: SpokenText, request_context: RequestContext
    ) -> Generator[TimedBlock]:
        """Synthesize and encode at the same time."""
        return LiveSpeech(self.speech, emit_speech_metrics).stream(spoken, request_context)

    def render_story(
        self,
        spoken: SpokenText,
        mix_options: Mapping[str, Any],
        music: str,
        request_context: RequestContext,
    ) -> Generator[bytes]:
        """Synthesize, mix and master; the finished file, in blocks."""
        if self.mix is None:
            self.require_model(STORY_MODEL)
            return
        caller, deadline_s = request_context.caller or "", request_context.deadline_s
        synthesis = self.speech.synthesize(spoken.build_request(caller), deadline_s)
        emit_speech_metrics(synthesis)
        options = {**mix_options, "format": spoken.encoding.mix_format}
        keys = tuple(recording.key for recording in synthesis.recordings)
        known = {name: value for name, value in options.items() if name in Options.model_fields}
        request = stories.StoryRequest(
            stories.StoryKind.MIX, caller, known, chunk_keys=keys, music=music
        )
        mixed = self.mix.mix_chunks(request, None, deadline_s)
        content = convert_mix(
            self.mix.output.get(mixed.key), spoken.encoding, self.mix.new_processes()
        )
        for start in range(0, len(content), READ_BYTES):
            yield content[start : start + READ_BYTES]

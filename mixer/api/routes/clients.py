"""What the routes of other protocols depend on, and the sound that they answer with."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from mixer.api.client_voices import select_client_voice
from mixer.api.events import RequestContext
from mixer.api.live import LiveSpeech, SpokenText, TimedBlock
from mixer.api.routes.speech import emit_speech_metrics
from mixer.errors import BadOption, UnknownModel
from mixer.requests import CostOptions, Options
from mixer.sound.live import convert_mix
from mixer.speech import Voice
from mixer.stories import MixService, SpeechService, StoryKind, StoryRequest

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

    speech: SpeechService
    mix: MixService | None
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

    def list_voices(self, deadline_s: float) -> tuple[Voice, ...]:
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
        request = StoryRequest(StoryKind.MIX, caller, known, chunk_keys=keys, music=music)
        mixed = self.mix.mix_chunks(request, None, deadline_s)
        content = convert_mix(
            self.mix.output.get(mixed.key), spoken.encoding, self.mix.new_processes()
        )
        for start in range(0, len(content), READ_BYTES):
            yield content[start : start + READ_BYTES]

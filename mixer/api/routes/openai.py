"""OpenAI's protocol: POST /v1/audio/speech, GET /v1/models, GET /v1/audio/voices.

Open WebUI asks for GET /v1/audio/models, too.
"""

from base64 import b64encode
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel

from mixer.api.client_errors import shape_error
from mixer.api.client_schemas import (
    ClientVoicesAnswer,
    ElevenLabsModelsAnswer,
    Model,
    ModelsAnswer,
    OpenAIErrorAnswer,
    SpeechBody,
    SpeechModelsAnswer,
    VoiceObject,
)
from mixer.api.live import SpokenText, begin_sound, drop_times, dump_json
from mixer.api.operations import describe_route, describe_sound_route
from mixer.api.responses import error_body, http_status, json_response
from mixer.api.routes.clients import KNOWN_NAMES, STORY_MODEL, ClientServices
from mixer.api.routing import Api
from mixer.errors import MixerError
from mixer.requests import MixOptions
from mixer.sound.live import CLIENT_ENCODINGS, DEFAULT_ENCODING

if TYPE_CHECKING:
    from mixer.speech import Voice

PROTOCOL = "OpenAI's protocol"
EVENT_STREAM = "text/event-stream"
CREATED_S = 1_764_288_000
"""When the models were made, in seconds since 1970: the protocol wants a number."""

ELEVENLABS_HEADER = "xi-api-key"
MODELS_PATH, SPEECH_PATH = "/v1/models", "/v1/audio/speech"


def add_openai_routes(api: Api, load_services: Callable[[], ClientServices]) -> None:
    """Add the routes; the services are built with the first request."""
    routes = _OpenAIRoutes(api, load_services)
    sound_types = [EVENT_STREAM, *(each.content_type for each in CLIENT_ENCODINGS.values())]
    speech = describe_sound_route(f"Speak a text ({PROTOCOL})", sound_types, OpenAIErrorAnswer)
    voices = _describe("List the voices and names of voices", ClientVoicesAnswer)
    speech_models = _describe("List the models of speech", SpeechModelsAnswer)
    models = _describe("List the models", ModelsAnswer, ElevenLabsModelsAnswer)
    model = _describe("Get a model", Model)
    api.post(SPEECH_PATH, **speech)(routes.speak)
    api.get("/v1/audio/models", **speech_models)(routes.list_speech_models)
    api.get("/v1/audio/voices", **voices)(routes.list_voices)
    api.get(MODELS_PATH, **models)(routes.list_models)
    api.get(f"{MODELS_PATH}/<model_id>", **model)(routes.get_model)


def _describe(
    summary: str, body: type[BaseModel], *alternatives: type[BaseModel]
) -> dict[str, Any]:
    summary = f"{summary} ({PROTOCOL})"
    return describe_route(summary, body, *alternatives, failure=OpenAIErrorAnswer)


@dataclass(frozen=True, slots=True)
class _OpenAIRoutes:
    api: Api
    load_services: Callable[[], ClientServices]

    def speak(self, body: Annotated[SpeechBody, Body()]) -> Response[str]:
        services, request_context = self.load_services(), self.api.request_context
        services.require_model(body.model)
        spoken = self._build_spoken_text(body, services)
        sound = self._stream(body, spoken, services)
        content_type = spoken.encoding.content_type
        if body.stream_format == "sse":
            sound, content_type = (
                _write_events(sound, spoken, request_context.request_id),
                EVENT_STREAM,
            )
        begun = begin_sound(sound, request_context.request_id, can_stream=services.can_stream)
        return self.api.respond_with_sound(begun, content_type)

    def list_voices(self) -> Response[str]:
        services, deadline_s = self.load_services(), self.api.request_context.deadline_s
        voices = {voice.id: voice for voice in services.list_voices(deadline_s)}
        own = [_describe_voice(name, name, voice) for name, voice in voices.items()]
        names = [*services.voice_names, *KNOWN_NAMES]
        meant = {name: services.select_voice(name, deadline_s) for name in names}
        mapped = [
            _describe_voice(name, f"{name} ({voice})", voices[voice])
            for name, voice in meant.items()
            if voice in voices and name not in voices
        ]
        return json_response(200, {"voices": [*own, *mapped]})

    def list_models(self) -> Response[str]:
        models = self.load_services().models
        if ELEVENLABS_HEADER in self.api.current_event.headers:
            return json_response(200, [_describe_elevenlabs_model(each) for each in models])
        data = [_describe_model(each) for each in models]
        return json_response(200, {"object": "list", "data": data})

    def list_speech_models(self) -> Response[str]:
        models = [_describe_model(each) for each in self.load_services().models]
        return json_response(200, {"models": models})

    def get_model(self, model_id: str) -> Response[str]:
        self.load_services().require_model(model_id)
        return json_response(200, _describe_model(model_id))

    def _build_spoken_text(self, body: SpeechBody, services: ClientServices) -> SpokenText:
        name = body.voice.id if isinstance(body.voice, VoiceObject) else body.voice
        deadline_s = self.api.request_context.deadline_s
        return SpokenText(
            text=body.input,
            voice=services.select_voice(name, deadline_s),
            speed=1.0 if body.speed is None else body.speed,
            encoding=CLIENT_ENCODINGS[body.response_format or DEFAULT_ENCODING],
            options=services.read_options(body, body.language),
        )

    def _stream(
        self, body: SpeechBody, spoken: SpokenText, services: ClientServices
    ) -> Generator[bytes]:
        request_context = self.api.request_context
        if body.model == STORY_MODEL:
            given = body.model_dump(include={*MixOptions.model_fields}, exclude_unset=True)
            yield from services.render_story(spoken, given, body.music or "", request_context)
            return
        yield from drop_times(services.stream_speech(spoken, request_context))


def _write_events(sound: Generator[bytes], spoken: SpokenText, request_id: str) -> Generator[bytes]:
    """Write sound as server-sent events; an error after the first of them is an event too."""
    has_begun = False
    try:
        for block in sound:
            yield _write_event({"type": "speech.audio.delta", "audio": b64encode(block).decode()})
            has_begun = True
        yield _write_event({"type": "speech.audio.done", "usage": _count_usage(spoken.text)})
    except MixerError as error:
        if not has_begun:
            raise
        body = error_body(str(error), error.code, request_id, error.details)
        yield _write_event(
            {"type": "error", **shape_error(SPEECH_PATH, http_status(error), body)[1]}
        )
    finally:
        sound.close()


def _write_event(event: dict[str, Any]) -> bytes:
    return f"data: {dump_json(event)}\n\n".encode()


def _count_usage(text: str) -> dict[str, int]:
    """The protocol's counts of tokens; a token is a character here."""
    return {"input_tokens": len(text), "output_tokens": 0, "total_tokens": len(text)}


def _describe_voice(name: str, label: str, voice: "Voice") -> dict[str, str]:
    return {"id": name, "name": label, "language": voice.language, "gender": voice.gender}


def _describe_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED_S, "owned_by": "mixer"}


def _describe_elevenlabs_model(name: str) -> dict[str, Any]:
    return {"model_id": name, "name": name, "can_do_text_to_speech": True, "languages": []}

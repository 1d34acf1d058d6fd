"""ElevenLabs' protocol: POST /v1/text-to-speech/{voice_id} and its streams, GET /v1/voices."""

from base64 import b64encode
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel

from mixer.api.client_schemas import (
    ElevenLabsErrorAnswer,
    ElevenLabsVoice,
    ElevenLabsVoicesAnswer,
    TextToSpeechBody,
    TimedSpeechAnswer,
)
from mixer.api.live import SpokenText, TimedBlock, begin_sound, drop_times, dump_json
from mixer.api.operations import describe_route, describe_sound_route
from mixer.api.responses import json_response
from mixer.api.routes.clients import ClientServices
from mixer.api.routes.openai import add_openai_routes
from mixer.api.routing import Api
from mixer.errors import BadOption, UnknownVoice
from mixer.publish import timing
from mixer.sound.live import OUTPUTS

if TYPE_CHECKING:
    from mixer.speech import Voice

PROTOCOL = "ElevenLabs' protocol"
SOUND_TYPES = [each.content_type for each in OUTPUTS.values()]
SPEECH_PATH = "/v1/text-to-speech/<voice_id>"
DEFAULT_OUTPUT = "mp3_44100_128"
JSON_LINES = "application/x-ndjson"
"""One JSON object a line, as they come."""

OutputName = Annotated[str, Query(max_length=40)]


def add_client_routes(api: Api, load_services: Callable[[], ClientServices]) -> None:
    """Add the routes of other protocols: OpenAI's and ElevenLabs'."""
    add_openai_routes(api, load_services)
    _add_elevenlabs_routes(api, load_services)


def _add_elevenlabs_routes(api: Api, load_services: Callable[[], ClientServices]) -> None:
    """Add the routes; the services are built with the first request."""
    routes = _ElevenLabsRoutes(api, load_services)
    timed = _describe("Speak a text, with times", TimedSpeechAnswer)
    voices = _describe("List the voices", ElevenLabsVoicesAnswer)
    voice = _describe("Get a voice", ElevenLabsVoice)
    sound = _describe_sound("Speak a text", SOUND_TYPES)
    timed_sound = _describe_sound("Stream a text, with times", [JSON_LINES])
    api.post(SPEECH_PATH, **sound)(routes.speak)
    api.post(f"{SPEECH_PATH}/stream", **sound)(routes.stream)
    api.post(f"{SPEECH_PATH}/with-timestamps", **timed)(routes.speak_with_times)
    api.post(f"{SPEECH_PATH}/stream/with-timestamps", **timed_sound)(routes.stream_with_times)
    api.get("/v1/voices", **voices)(routes.list_voices)
    api.get("/v2/voices", **voices)(routes.search_voices)
    api.get("/v1/voices/<voice_id>", **voice)(routes.get_voice)


def _describe(summary: str, body: type[BaseModel]) -> dict[str, Any]:
    return describe_route(f"{summary} ({PROTOCOL})", body, failure=ElevenLabsErrorAnswer)


def _describe_sound(summary: str, content_types: Iterable[str]) -> dict[str, Any]:
    return describe_sound_route(f"{summary} ({PROTOCOL})", content_types, ElevenLabsErrorAnswer)


@dataclass(frozen=True, slots=True)
class _ElevenLabsRoutes:
    api: Api
    load_services: Callable[[], ClientServices]

    def speak(
        self,
        voice_id: str,
        body: Annotated[TextToSpeechBody, Body()],
        output_format: OutputName = DEFAULT_OUTPUT,
    ) -> Response[str]:
        spoken = self._build_spoken_text(voice_id, body, output_format)
        blocks = drop_times(self._stream(spoken))
        return self._respond(blocks, spoken.encoding.content_type)

    def stream(
        self,
        voice_id: str,
        body: Annotated[TextToSpeechBody, Body()],
        output_format: OutputName = DEFAULT_OUTPUT,
    ) -> Response[str]:
        return self.speak(voice_id, body, output_format)

    def speak_with_times(
        self,
        voice_id: str,
        body: Annotated[TextToSpeechBody, Body()],
        output_format: OutputName = DEFAULT_OUTPUT,
    ) -> Response[str]:
        times, content = timing.CharacterTimes(), bytearray()
        for block in self._stream(self._build_spoken_text(voice_id, body, output_format)):
            times.extend(block.times)
            content += block.content
        return json_response(200, _describe_block(TimedBlock(bytes(content), times)))

    def stream_with_times(
        self,
        voice_id: str,
        body: Annotated[TextToSpeechBody, Body()],
        output_format: OutputName = DEFAULT_OUTPUT,
    ) -> Response[str]:
        spoken = self._build_spoken_text(voice_id, body, output_format)
        return self._respond(_write_lines(self._stream(spoken)), JSON_LINES)

    def list_voices(self, search: str = "") -> Response[str]:
        voices = self.load_services().list_voices(self.api.request_context.deadline_s)
        wanted = search.strip().casefold()
        described = map(_describe_voice, voices)
        listed = [
            each
            for each in described
            if wanted in f"{each['name']}, {each['description']}".casefold()
        ]
        body = {"voices": listed, "has_more": False, "total_count": len(listed)}
        return json_response(200, {**body, "next_page_token": None})

    def search_voices(self) -> Response[str]:
        parameters = self.api.current_event.query_string_parameters or {}
        return self.list_voices(parameters.get("search", ""))

    def get_voice(self, voice_id: str) -> Response[str]:
        services, deadline_s = self.load_services(), self.api.request_context.deadline_s
        name = services.select_voice(voice_id, deadline_s)
        for voice in services.list_voices(deadline_s):
            if voice.id == name:
                return json_response(200, _describe_voice(voice))
        raise UnknownVoice(f"voice_id: “{voice_id}” is not available.", field="voice_id")

    def _build_spoken_text(
        self, voice_id: str, body: TextToSpeechBody, output_format: str
    ) -> SpokenText:
        services, deadline_s = self.load_services(), self.api.request_context.deadline_s
        encoding = OUTPUTS.get(output_format)
        if encoding is None:
            raise BadOption(
                f"output_format: “{output_format}” is unknown; send for instance "
                f"{DEFAULT_OUTPUT}, pcm_24000 or opus_48000_64.",
                field="output_format",
            )
        speed = body.voice_settings.speed if body.voice_settings else None
        return SpokenText(
            text=body.text,
            voice=services.select_voice(voice_id, deadline_s),
            speed=1.0 if speed is None else speed,
            encoding=encoding,
            options=services.read_options(body, body.language_code or None),
        )

    def _stream(self, spoken: SpokenText) -> Generator[TimedBlock]:
        return self.load_services().stream_speech(spoken, self.api.request_context)

    def _respond(self, blocks: Generator[bytes], content_type: str) -> Response[str]:
        can_stream = self.load_services().can_stream
        request_id = self.api.request_context.request_id
        sound = begin_sound(blocks, request_id, can_stream=can_stream)
        return self.api.respond_with_sound(sound, content_type)


def _write_lines(blocks: Generator[TimedBlock]) -> Generator[bytes]:
    try:
        for block in blocks:
            if block.content or block.times.characters:
                yield f"{dump_json(_describe_block(block))}\n".encode()
    finally:
        blocks.close()


def _describe_block(block: TimedBlock) -> dict[str, Any]:
    times = block.times
    alignment = {
        "characters": times.characters,
        "character_start_times_seconds": times.starts_s,
        "character_end_times_seconds": times.ends_s,
    }
    found = alignment if times.characters else None
    audio = b64encode(block.content).decode()
    return {"audio_base64": audio, "alignment": found, "normalized_alignment": found}


def _describe_voice(voice: "Voice") -> dict[str, Any]:
    labels = {"language": voice.language, "gender": voice.gender.lower()}
    return {
        "voice_id": voice.id,
        "name": voice.id,
        "category": "premade",
        "labels": labels,
        "description": ", ".join(filter(None, labels.values())),
        "preview_url": None,
    }

"""Bodies of the routes that speak the protocols of OpenAI and ElevenLabs."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, RootModel

from mixer.api.schemas import RequestBody
from mixer.requests import LANGUAGE_PATTERN, MAX_LANGUAGE_CHARS, CostOptions, MixOptions

MAX_NAME_CHARS = 200
MAX_INSTRUCTIONS_CHARS = 10_000

SPEED_MIN, SPEED_MAX = 0.25, 4.0
"""Range of OpenAI's `speed`."""

VoiceName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]


class VoiceObject(BaseModel):
    """A voice by its id."""

    id: VoiceName


class SpeechBody(MixOptions, CostOptions, RequestBody):
    """A text to speak, in OpenAI's protocol; options of a mix apply to the model mixer-story."""

    model: Annotated[
        str,
        Field(
            max_length=MAX_NAME_CHARS,
            description="mixer (speech), mixer-story (mixed and mastered), or a name of OpenAI's.",
            examples=["mixer"],
        ),
    ]
    input: Annotated[str, Field(description="The text.", examples=["Once upon a time."])]
    voice: Annotated[
        VoiceName | VoiceObject,
        Field(
            description="A voice of GET /v1/audio/voices, or a name of OpenAI's.",
            examples=["alloy"],
        ),
    ]
    instructions: Annotated[
        str | None,
        Field(max_length=MAX_INSTRUCTIONS_CHARS, description="Accepted, without effect."),
    ] = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    speed: Annotated[float | None, Field(ge=SPEED_MIN, le=SPEED_MAX)] = None
    stream_format: Annotated[
        Literal["audio", "sse"] | None,
        Field(description="The audio itself, or events that contain it."),
    ] = None
    language: Annotated[
        str | None,
        Field(
            max_length=MAX_LANGUAGE_CHARS,
            pattern=LANGUAGE_PATTERN,
            description="Language of the text (BCP 47); the voice's own by default.",
        ),
    ] = None
    music: Annotated[
        str | None,
        Field(description="Key of a sound in the music bucket; for mixer-story."),
    ] = None


class Model(BaseModel):
    """A model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelsAnswer(BaseModel):
    """The models."""

    object: Literal["list"] = "list"
    data: list[Model]


class SpeechModelsAnswer(BaseModel):
    """The models as Open WebUI asks for them."""

    models: list[Model]


class ElevenLabsModel(BaseModel):
    """A model, in ElevenLabs' shape."""

    model_id: str
    name: str
    can_do_text_to_speech: bool
    languages: list[dict[str, str]]


class ElevenLabsModelsAnswer(RootModel[list[ElevenLabsModel]]):
    """The models, for clients that send the header xi-api-key."""


class ClientVoice(BaseModel):
    """A voice."""

    id: str
    name: str
    language: str
    gender: str


class ClientVoicesAnswer(BaseModel):
    """The voices, the default first, then the names of OpenAI's that are mapped to them."""

    voices: list[ClientVoice]


class SpokenVoiceSettings(BaseModel):
    """How a voice speaks; only `speed` has an effect."""

    speed: Annotated[float | None, Field(ge=SPEED_MIN, le=SPEED_MAX)] = None


class TextToSpeechBody(CostOptions, RequestBody):
    """A text to speak, in ElevenLabs' protocol."""

    text: Annotated[str, Field(description="The text.", examples=["Once upon a time."])]
    model_id: Annotated[str | None, Field(max_length=MAX_NAME_CHARS)] = None
    language_code: Annotated[
        str | None,
        Field(max_length=MAX_LANGUAGE_CHARS, pattern=LANGUAGE_PATTERN),
    ] = None
    voice_settings: SpokenVoiceSettings | None = None


class Alignment(BaseModel):
    """When each character begins and ends, in seconds."""

    characters: list[str]
    character_start_times_seconds: list[float]
    character_end_times_seconds: list[float]


class TimedSpeechAnswer(BaseModel):
    """The sound, and when each character is spoken."""

    audio_base64: str
    alignment: Alignment
    normalized_alignment: Alignment


class ElevenLabsVoice(BaseModel):
    """A voice, in ElevenLabs' shape."""

    voice_id: str
    name: str
    category: Literal["premade"] = "premade"
    labels: dict[str, str]
    description: str = ""
    preview_url: str | None = None


class ElevenLabsVoicesAnswer(BaseModel):
    """The voices, the default first."""

    voices: list[ElevenLabsVoice]
    has_more: bool = False
    total_count: int
    next_page_token: str | None = None


class OpenAIErrorDetail(BaseModel):
    """What went wrong."""

    message: Annotated[str, Field(description="A message for people, in one sentence.")]
    type: Annotated[str, Field(description="invalid_request_error, server_error, …")]
    param: Annotated[str | None, Field(description="The field at fault.")]
    code: Annotated[str, Field(description="A stable code for programs.")]
    request_id: str


class OpenAIErrorAnswer(BaseModel):
    """An error in OpenAI's shape."""

    error: OpenAIErrorDetail


class ElevenLabsErrorDetail(BaseModel):
    """What went wrong."""

    status: Annotated[str, Field(description="A stable code for programs.")]
    message: Annotated[str, Field(description="A message for people, in one sentence.")]
    request_id: str


class ElevenLabsFieldError(BaseModel):
    """What is wrong with a field."""

    loc: list[str]
    msg: str
    type: str


class ElevenLabsErrorAnswer(BaseModel):
    """An error in ElevenLabs' shape; for invalid fields, a list of them."""

    detail: ElevenLabsErrorDetail | list[ElevenLabsFieldError]

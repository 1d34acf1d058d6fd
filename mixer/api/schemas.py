"""Bodies of requests and answers, as shown in the OpenAPI document.

Unknown fields are ignored and named in the warnings, so that newer clients can use older servers.
Known fields must have the described type: neither "100" is a number nor 0 a boolean.
"""

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mixer.requests import CostOptions, GapOption, MixOptions, Options, SpeechOptions

MAX_CHUNKS = 9_999
"""Limit of one mix; a book of ten hours has about a thousand."""

MAX_UNKNOWN_FIELDS = 20
MAX_FIELD_CHARS = 60


class RequestBody(BaseModel):
    """A request that says what it did not understand."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, strict=True)

    def warnings(self, ignored: Collection[str] = ()) -> list[str]:
        """List one sentence per unknown field that is not in `ignored`."""
        unknown = sorted({*(self.model_extra or {})} - {*ignored})[:MAX_UNKNOWN_FIELDS]
        return [f"Unknown field “{name[:MAX_FIELD_CHARS]}” was ignored." for name in unknown]

    def options(self) -> Options:
        """Select the options among the fields."""
        known = set(type(self).model_fields) & set(Options.model_fields)
        return Options.model_validate(self.model_dump(include=known))


class TextBody(SpeechOptions, GapOption, CostOptions, RequestBody):
    """A text to synthesize."""

    text: Annotated[str, Field(description="The story.", examples=["Once upon a time."])]


class MixBody(GapOption, MixOptions, RequestBody):
    """Chunks to be mixed."""

    chunk_keys: Annotated[
        list[str],
        Field(
            min_length=1,
            max_length=MAX_CHUNKS,
            description="Object keys in playing order, as returned by POST /synthesize, or any "
            "audio that FFmpeg can read.",
            examples=[["narration_chunks/0a1b2c.mp3"]],
        ),
    ]
    bucket: Annotated[
        str | None, Field(description="Bucket of the chunks. By default the service's own.")
    ] = None
    music: Annotated[
        str | None,
        Field(description="Key of a sound in the music bucket; only the path of a URL is used."),
    ] = None


class SynthesizeAnswer(BaseModel):
    """The text was synthesized."""

    chunk_keys: list[str]
    bucket: str
    voice: str
    engine: Annotated[
        str, Field(description="The engine that was used: the best one if none was named.")
    ]
    language: str
    characters: Annotated[int, Field(description="Of the whole text, as billed by an engine.")]
    billed_characters: Annotated[int, Field(description="Billed for this request.")]
    cost_usd: Annotated[float, Field(description="Cost of this request.")]
    duration_s: Annotated[float, Field(description="Duration of the chunks, without gaps.")]
    warnings: list[str]
    audio_base64: Annotated[str | None, Field(description="Only for a single chunk.")] = None


class EstimateAnswer(BaseModel):
    """Length and cost of a text; nothing was spent."""

    characters: int
    chunks: int
    chapters: int
    duration_s: float
    voice: str
    engine: str
    language: str
    cost_usd: Annotated[float, Field(description="With this engine, if nothing were in the store.")]
    costs_usd: Annotated[dict[str, float], Field(description="By engine of Amazon Polly.")]
    dry_run: bool
    warnings: list[str]


class VoiceAnswer(BaseModel):
    """A voice."""

    id: str
    language: str
    engines: Annotated[list[str], Field(description="Best first.")]
    gender: str


class VoicesAnswer(BaseModel):
    """The voices, the default first."""

    voices: list[VoiceAnswer]


class MixAnswer(BaseModel):
    """The mix is ready."""

    chunk_keys: list[str]
    bucket: str
    download_url: Annotated[str, Field(description="Temporary public link to the file.")]
    expires_s: Annotated[
        int,
        Field(description="Maximum lifetime of the link; it ends earlier if the credentials do."),
    ]
    key: str
    duration_s: float
    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    warnings: list[str]


class ErrorAnswer(BaseModel):
    """What went wrong."""

    error: Annotated[str, Field(description="A sentence for people.")]
    code: Annotated[str, Field(description="A word for programs.")]
    request_id: str
    details: dict[str, Any]

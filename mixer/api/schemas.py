"""Bodies of requests and answers, as shown in the OpenAPI document.

Unknown fields are ignored and named in the warnings, so that newer clients can use older servers.
Known fields must have the described type: neither "100" is a number nor 0 a boolean.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mixer.requests import (
    CostOptions,
    GapOption,
    MixOptions,
    Options,
    SpeechOptions,
)

Options.model_rebuild()  # while a function starts, not in its first request

MAX_CHUNKS = 9_999
"""Limit of one mix; a book of ten hours has about a thousand."""

MAX_UNKNOWN_FIELDS = 20
MAX_FIELD_CHARS = 60


def _describe_unknown(name: str, fields: Iterable[str]) -> str:
    near = get_close_matches(name[:MAX_FIELD_CHARS], fields, n=1)
    meant = f"; did you mean “{near[0]}”?" if near else "."
    return f"Unknown field “{name[:MAX_FIELD_CHARS]}” was ignored{meant}"


class RequestBody(BaseModel):
    """A request that says what it did not understand."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, strict=True, defer_build=False)

    def warnings(self, ignored: Collection[str] = ()) -> list[str]:
        """List one sentence per unknown field that is not in `ignored`."""
        unknown = sorted({*(self.model_extra or {})} - {*ignored})[:MAX_UNKNOWN_FIELDS]
        return [_describe_unknown(name, self.__class__.model_fields) for name in unknown]

    def options(self) -> Options:
        """Select the options among the fields."""
        return Options.model_validate(self.model_dump(include=self._option_names()))

    def select_given_options(self) -> dict[str, Any]:
        """Select the options that the request states; those of other routes are unknown fields."""
        return self.model_dump(include=self._option_names(), exclude_unset=True)

    def _option_names(self) -> set[str]:
        return {*type(self).model_fields} & {*Options.model_fields}


class TextBody(SpeechOptions, GapOption, CostOptions, RequestBody):
    """A text to synthesize."""

    text: Annotated[str, Field(description="The story.", examples=["Once upon a time."])]


class EstimateBody(SpeechOptions, GapOption, CostOptions, RequestBody):
    """A text to estimate, or an uploaded text or book."""

    text: Annotated[str | None, Field(description="The story.", examples=["Once upon a time."])] = (
        None
    )
    source: Annotated[
        str | None,
        Field(
            description="Key of an uploaded text, as returned by POST /uploads, instead of `text`."
        ),
    ] = None


class CastBody(RequestBody):
    """A book to cast, and the author's corrections."""

    text: Annotated[
        str | None, Field(description="The book, in English.", examples=["“No,” replied Ann."])
    ] = None
    source: Annotated[
        str | None,
        Field(
            description="Key of an uploaded text, as returned by POST /uploads, instead of `text`."
        ),
    ] = None
    narrator: Annotated[str | None, Field(description="The narrator's voice.")] = None
    voices: Annotated[
        dict[str, str], Field(description="Voices by character, instead of the proposed ones.")
    ] = {}
    speakers: Annotated[
        dict[str, str],
        Field(description="Characters by number of a quotation, instead of those that were found."),
    ] = {}
    model: Annotated[
        bool,
        Field(description="Ask the server's language model about the quotations in doubt, if any."),
    ] = False


class CharacterAnswer(BaseModel):
    """A person who speaks."""

    name: str
    names: Annotated[list[str], Field(description="All names, titles and descriptions.")]
    gender: Annotated[str, Field(description="`female`, `male` or `unknown`.")]
    age: Annotated[str, Field(description="`child`, `adult` or `old`; a guess.")]
    words: int
    quotations: int
    is_narrator: bool


class QuotationAnswer(BaseModel):
    """What one character speaks without interruption."""

    number: int
    spans: Annotated[
        list[tuple[int, int]],
        Field(description="Start and end of each of its parts, in characters of the text."),
    ]
    speaker: Annotated[str, Field(description="Empty where none was found.")]
    method: Annotated[str, Field(description="How the speaker was found.")]
    confidence: Annotated[float, Field(ge=0, le=1)]
    candidates: list[str]
    text: str


class CastAnswer(BaseModel):
    """Who says what in a book."""

    kind: Annotated[str, Field(description="`novel`, `play` or `prose`.")]
    notes: list[str]
    characters: list[CharacterAnswer]
    quotations: list[QuotationAnswer]
    voices: Annotated[dict[str, str], Field(description="Voices by character, and `Narrator`.")]
    certain_from: float
    doubtful_below: float
    marked_text: Annotated[str, Field(description="The book with its cast and marks, as a story.")]
    warnings: list[str]


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
        Field(description="Key of a sound in the music bucket; of a URL, only the path is used."),
    ] = None


class SynthesizeAnswer(BaseModel):
    """The text was synthesized."""

    chunk_keys: list[str]
    chunk_urls: Annotated[
        list[str],
        Field(description="Temporary links to the chunks; empty if they exceed 4 MB."),
    ]
    expires_s: Annotated[int, Field(description="Lifetime of the links in seconds.")]
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


class ChapterAnswer(BaseModel):
    """Length of a chapter."""

    number: Annotated[
        int, Field(description="Its number, for the option `chapters` (such as 2-5,9).")
    ]
    title: str
    characters: int
    duration_s: float


class DoubtfulWord(BaseModel):
    """A word that the voice may mispronounce."""

    word: str
    kind: Annotated[str, Field(description="abbreviation, mixed, name, … ")]
    times: int


class EstimateAnswer(BaseModel):
    """Length and cost of a text; nothing was spent."""

    title: str
    author: str
    characters: int
    chunks: int
    chapters: int
    duration_s: float
    voice: str
    engine: str
    language: str
    cost_usd: Annotated[
        float, Field(description="With this engine, if no chunk were in the store yet.")
    ]
    costs_usd: Annotated[dict[str, float], Field(description="By engine of Amazon Polly.")]
    contents: Annotated[list[ChapterAnswer], Field(description="The chapters, in order.")]
    doubtful_words: Annotated[
        list[DoubtfulWord], Field(description="Some of the words that the voice may mispronounce.")
    ]
    cover_base64: Annotated[
        str | None, Field(description="The cover of a book, small, as JPEG; only for `source`.")
    ] = None
    dry_run: bool
    warnings: list[str]


class VoiceAnswer(BaseModel):
    """A voice."""

    id: str
    language: str
    engines: Annotated[list[str], Field(description="Best first.")]
    gender: str
    quality: Annotated[
        str, Field(description="Grade from A to F by the voice's maker; empty where there is none.")
    ]
    realtime_factor: Annotated[
        float | None,
        Field(description="Seconds of sound that one core makes in a second; null for a service."),
    ]
    note: Annotated[str, Field(description="Other facts about the voice.")]
    is_blendable: Annotated[
        bool, Field(description="Whether it blends with others: af_heart+bf_emma*0.3.")
    ]


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

    error: Annotated[str, Field(description="A message for people, in one sentence.")]
    code: Annotated[str, Field(description="A stable code for programs.")]
    request_id: str
    details: dict[str, Any]


class StoryAccepted(BaseModel):
    """Accepted; request the status at `status_url`."""

    story_id: str
    status_url: Annotated[str, Field(description="URL of the story's status.")]
    warnings: list[str]
    webhook_secret: Annotated[str | None, Field(description="Key of the webhook's signature.")] = (
        None
    )

"""The options of a request, validated once for every interface.

Command line, HTTP and web page share their names, ranges, defaults and descriptions.
"""

import re
from collections.abc import Mapping
from textwrap import shorten
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from mixer.errors import BadOption
from mixer.formats import FormatName
from mixer.output_options import (
    DEFERRED,
    MAX_LINE_CHARS,
    TEXT_OUTPUTS,
    YEAR_PATTERN,
    FeedOptions,
    MetadataOptions,
    OutputOptions,
)
from mixer.targets import apply_target

MAX_MUSIC_S = 60

MAX_QUOTED_CHARS = 40  # of a wrong value in a message

PresetName = Literal["story", "podcast", "audiobook-acx", "broadcast"]
TextTypeName = Literal["text", "markdown", "html", "ssml", "epub", "docx", "odt", "pdf"]

CHAPTERS_PATTERN = r"^(\d{1,5}(-\d{1,5})?(, ?\d{1,5}(-\d{1,5})?)*)?$"
LEXICON_PATTERN = r"^[0-9A-Za-z]{1,20}$"
LexiconName = Annotated[str, Field(pattern=LEXICON_PATTERN)]
"""As Amazon Polly's API reference defines it (PutLexicon)."""

LANGUAGE_PATTERN = r"^([A-Za-z]{2,8}([-_][0-9A-Za-z]{1,8})*)?$"
MAX_LANGUAGE_CHARS = 35
"""Length that software should support (BCP 47: RFC 5646, 2.1 and 4.4.1)."""

MAX_LEXICON_CHARS = 500_000
"""Limit of a lexicon in a request: more than ten thousand words."""

MAX_LEXICONS = 5
"""Limit per call (Polly's API reference, SynthesizeSpeech)."""


class GapOption(BaseModel):
    """The option of both speech and mix."""

    model_config = DEFERRED

    gap_ms: Annotated[
        int | None, Field(ge=0, le=10_000, description="Silence between chunks, the same for all.")
    ] = None


class SpeechOptions(BaseModel):
    """Options of voice and speech."""

    model_config = DEFERRED

    voice: Annotated[str, Field(description="The voice; by default the first of the engine.")] = ""
    engine: Annotated[
        str,
        Field(
            description="The speech engine: embedded, kokoro, http (a server), polly (the best of "
            "Amazon Polly's), or one of those: generative, neural, long-form, standard."
        ),
    ] = ""
    language: Annotated[
        str,
        Field(
            max_length=MAX_LANGUAGE_CHARS,
            pattern=LANGUAGE_PATTERN,
            description="Language of the text (BCP 47); the voice's own by default.",
        ),
    ] = ""
    text_type: Annotated[
        TextTypeName | None,
        Field(
            description="Type of the text; by default detected from its contents and file name. "
            "The API takes an EPUB, a DOCX, an ODT or a PDF in Base64."
        ),
    ] = None
    skip_front_matter: Annotated[
        bool, Field(description="Leave out a book's title page, imprint, preface and the like.")
    ] = False
    titles: Annotated[
        Literal["spoken", "unspoken"],
        Field(description="Whether chapter titles are spoken, or only mark chapters."),
    ] = "spoken"
    chapters: Annotated[
        str,
        Field(
            max_length=MAX_LINE_CHARS,
            pattern=CHAPTERS_PATTERN,
            description="Chapters to narrate, by number: 2-5,9; by default all.",
        ),
    ] = ""
    lexicon: Annotated[
        str,
        Field(
            max_length=MAX_LEXICON_CHARS,
            description="Pronunciations: lines like “nginx = engine x” or “Boot = /boːt/”.",
        ),
    ] = ""
    pauses: Annotated[
        str | dict[str, int],
        Field(description="natural, expressive, none, or ms by kind: comma=200,paragraph=900."),
    ] = "natural"
    rate: Annotated[int, Field(ge=50, le=200, description="Speed of speech in percent.")] = 100
    lexicons: Annotated[
        list[LexiconName],
        Field(
            max_length=MAX_LEXICONS,
            description="Names of Amazon Polly lexicons to apply; at most five.",
        ),
    ] = []
    verify: Annotated[
        bool,
        Field(
            description="Listen to each passage, compare it with its text, and name those that "
            "differ (English; needs the extra “verify”)."
        ),
    ] = False
    speech_marks: Annotated[
        bool,
        Field(
            description="Get exact times of sentences from Amazon Polly, which doubles its "
            "price; generative voices have none."
        ),
    ] = False


class MixOptions(MetadataOptions):
    """Options of the mix and its metadata."""

    preset: Annotated[
        PresetName, Field(description="Purpose of the finished file; sets its loudness and levels.")
    ] = "story"
    music_level_lu: Annotated[
        float, Field(ge=6, le=40, description="How far the music is below the voice, in LU.")
    ] = 20.0
    duck_db: Annotated[
        float,
        Field(ge=0, le=24, description="How far the music drops under speech; 0 for not at all."),
    ] = 8.0
    duck_attack_s: Annotated[
        float | None,
        Field(ge=0.02, le=5, description="How long the music takes to drop before speech."),
    ] = None
    duck_hold_s: Annotated[
        float | None,
        Field(ge=0, le=10, description="How long it stays low after speech."),
    ] = None
    duck_release_s: Annotated[
        float | None, Field(ge=0.02, le=10, description="How long it takes to rise again.")
    ] = None
    de_ess: Annotated[
        float,
        Field(ge=0, le=1, description="How strongly sibilants are softened; 0 for not at all."),
    ] = 0.0
    music_intro_s: Annotated[
        float, Field(ge=0, le=MAX_MUSIC_S, description="Music before the first word.")
    ] = 0.0
    music_outro_s: Annotated[
        float, Field(ge=0, le=MAX_MUSIC_S, description="Music after the last word.")
    ] = 2.0
    fade_out_s: Annotated[
        float, Field(ge=0, le=MAX_MUSIC_S, description="Fade-out of the music at the end.")
    ] = 5.0
    format: Annotated[
        FormatName | None,
        Field(description="Format of the finished file; by default that of its name, or mp3."),
    ] = None
    bitrate_kbps: Annotated[
        Literal[64, 80, 96, 112, 128, 160, 192, 224, 256, 320] | None,
        Field(description="Bitrate of mp3, m4a, m4b and opus; by default that of the preset."),
    ] = None


class CostOptions(BaseModel):
    """Limits of cost."""

    model_config = DEFERRED

    max_cost_usd: Annotated[
        float | None, Field(ge=0, description="Fail before spending more than this.")
    ] = None
    dry_run: Annotated[bool, Field(description="Plan and estimate the cost only.")] = False


class Options(SpeechOptions, GapOption, MixOptions, OutputOptions, FeedOptions, CostOptions):
    """All options of a story, each with a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _apply_target(cls, values: Any) -> Any:  # noqa: ANN401 - whatever was given
        return apply_target(values) if isinstance(values, Mapping) else values

    @property
    def needs_cuts(self) -> bool:
        """Whether parts must be cut out of the finished file."""
        return bool({*self.outputs} - TEXT_OUTPUTS) or self.feed_episodes == "chapter"


def parse_options(values: Mapping[str, object]) -> Options:
    """Validate options, adding defaults; raises BadOption, naming the one that is invalid."""
    if not values:
        return Options.model_construct()
    try:
        return Options.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = shorten(str(first["loc"][0]), MAX_QUOTED_CHARS, placeholder="…")
        raise BadOption(f"{name}: {_describe_error(first)}", field=name) from error


LISTS = frozenset({"lexicons", "outputs"})
"""Options whose values are separated by commas where they are written as text."""


def parse_texts(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Parse lists and lengths in options that a person wrote; raises BadOption."""
    values = dict(texts)
    if isinstance(values.get("pauses"), str) and "=" in values["pauses"]:
        values["pauses"] = _parse_lengths(values["pauses"])
    for name in LISTS & values.keys():
        values[name] = [each.strip() for each in values[name].split(",")]
    return values


def _parse_lengths(text: str) -> dict[str, int]:
    """Parse `comma=200,paragraph=900`."""
    try:
        pairs = (part.split("=", 1) for part in text.split(","))
        return {kind.strip(): int(length) for kind, length in pairs}
    except ValueError as error:
        raise BadOption(f"pauses: “{text}” is not of the form comma=200,paragraph=900.") from error


def _describe_error(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "unknown option."
    return f"{reword_problem(error['msg'])}, not {_quote(error['input'])}."


def reword_problem(message: str) -> str:
    """Reword what the validator finds wrong with a value: `must be at least 0`."""
    for wording, replacement in _WORDINGS.items():
        message = message.replace(wording, replacement)
    for pattern, replacement in _PATTERN_WORDINGS.items():
        message = re.sub(pattern, replacement, message)
    return f"{message[:1].lower()}{message[1:]}"


def _quote(value: object) -> str:
    """Quote what was given for an option, up to a length."""
    if isinstance(value, float):
        return f"{value:g}"
    text = " ".join((", ".join(map(str, value)) if isinstance(value, list) else str(value)).split())
    shown = text if len(text) <= MAX_QUOTED_CHARS else f"{text[:MAX_QUOTED_CHARS]}…"
    return f"“{shown}”" if isinstance(value, str | list) else shown


_WORDINGS = {
    f"String should match pattern '{YEAR_PATTERN}'": "must be four digits",
    f"String should match pattern '{CHAPTERS_PATTERN}'": "must be numbers and ranges such as 2-5,9",
    f"String should match pattern '{LANGUAGE_PATTERN}'": "must be a language such as en or pt-BR",
    f"String should match pattern '{LEXICON_PATTERN}'": "must be up to 20 letters and digits",
    "less than or equal to": "at most",
    "greater than or equal to": "at least",
    "Field required": "is missing",
}
_PATTERN_WORDINGS = {
    r"^(?:Input|String|List|Dictionary) should": "must",
    r"(?<=^must )match pattern '.*'": "have another form",
    r"(?<= )a valid integer.*": "a whole number",
    r"(?<= )a valid number.*": "a number",
    r"(?<= )a valid string.*": "text",
    r"(?<= )a valid boolean.*": "true or false",
    r"(?<= )a valid list.*": "a list",
    r"(?<= )a valid dictionary.*": "an object",
    r" after validation.*": "",
    r"(?<!\w)'(.+?)'(?!\w)": r"\1",  # each value of a literal
    r"\.$": "",
}

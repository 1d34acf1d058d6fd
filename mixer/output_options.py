"""The options of what goes with the audio: metadata, extra outputs, a target, a podcast feed."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mixer.targets import TargetName

OutputName = Literal["chapter_files", "read_aloud", "stems", "words", "notes", "transcript"]
OUTPUTS: tuple[OutputName, ...] = get_args(OutputName)
TEXT_OUTPUTS = frozenset[OutputName]({"notes", "transcript"})

YEAR_PATTERN = r"^(\d{4})?$"
MAX_LINE_CHARS = 500
MAX_DESCRIPTION_CHARS = 4_000
"""Limit of Apple Podcasts (Apple's podcast guide for authors)."""

MAX_KEY_CHARS = 1_024
"""Limit of an object's key or a file's path."""

MAX_FEED_NAME_CHARS = 500
MAX_NUMBER = 100_000

DEFERRED = ConfigDict(defer_build=True)
"""Validators are built when they are first used: a command without options needs none."""

Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE_CHARS)
]
"""What is listed under it cannot be called by blanks."""


class MetadataOptions(BaseModel):
    """Metadata of the finished file; overrides those of the text."""

    model_config = DEFERRED

    title: Annotated[
        str, Field(max_length=MAX_LINE_CHARS, description="Title; by default that of the text.")
    ] = ""
    author: Annotated[
        str,
        Field(max_length=MAX_LINE_CHARS, description="Author; by default that of the text."),
    ] = ""
    narrator: Annotated[
        str,
        Field(max_length=MAX_LINE_CHARS, description="The narrator's name, as shown to listeners."),
    ] = ""
    series: Annotated[
        str,
        Field(max_length=MAX_LINE_CHARS, description="Series and volume, such as The Harbour 2."),
    ] = ""
    year: Annotated[str, Field(pattern=YEAR_PATTERN, description="Year of publication.")] = ""
    genre: Annotated[
        str, Field(max_length=MAX_LINE_CHARS, description="Genre, such as Mystery.")
    ] = ""
    description: Annotated[
        str,
        Field(max_length=MAX_DESCRIPTION_CHARS, description="A description in a few sentences."),
    ] = ""
    cover: Annotated[
        str,
        Field(
            max_length=MAX_KEY_CHARS,
            description="A JPEG or PNG picture: a file, or over the API the key of an upload; "
            "by default the book's own.",
        ),
    ] = ""


class OutputOptions(BaseModel):
    """Outputs to make in addition to the audio."""

    model_config = DEFERRED

    outputs: Annotated[
        list[OutputName],
        Field(
            max_length=len(OUTPUTS),
            description="Extra files: chapter_files (one for each chapter, and a playlist), "
            "read_aloud (an EPUB that highlights each sentence as it is spoken), "
            "stems (voice and music as separate FLAC files with labels for Audacity, in a zip), "
            "words (the time of each word: JSON, WebVTT with word stamps, ASS karaoke), "
            "notes (show notes in Markdown and HTML), transcript (with speakers).",
        ),
    ] = []
    read_aloud_by: Annotated[
        Literal["sentence", "word"],
        Field(description="What a read-aloud book highlights as it is spoken."),
    ] = "sentence"
    provenance: Annotated[
        Literal["signed", "tags", "none"],
        Field(
            description="Mark speech as synthetic: by a signed manifest and tags, by tags alone, "
            "or not at all."
        ),
    ] = "signed"
    disclose: Annotated[
        Literal["none", "start", "end"],
        Field(description="Where to add a spoken line that the voice is synthetic."),
    ] = "none"
    disclosure: Annotated[
        str,
        Field(
            max_length=MAX_LINE_CHARS,
            description="The words of that line; by default Mixer's, in the language of the text.",
        ),
    ] = ""
    plain_narrator: Annotated[
        bool,
        Field(description="Leave “(synthetic voice)” out of the narrator's name."),
    ] = False


class FeedOptions(BaseModel):
    """Where a story goes; overrides what the text states."""

    model_config = DEFERRED

    target: Annotated[
        TargetName | None,
        Field(description="Where the file goes; sets preset, format and bitrate unless given."),
    ] = None
    feed: Annotated[
        str,
        Field(
            max_length=MAX_FEED_NAME_CHARS,
            description="Name of the podcast feed that gets the story as an episode.",
        ),
    ] = ""
    feed_episodes: Annotated[
        Literal["story", "chapter"] | None,
        Field(description="Whether a feed has one episode per story, or one per chapter."),
    ] = None
    episode: Annotated[
        int | None,
        Field(ge=1, le=MAX_NUMBER, description="Episode number; by default the volume's."),
    ] = None
    season: Annotated[int | None, Field(ge=1, le=MAX_NUMBER, description="Season number.")] = None
    explicit: Annotated[
        bool | None,
        Field(
            description="Whether the story has explicit language; by default what the text states."
        ),
    ] = None

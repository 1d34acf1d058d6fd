"""Bodies of the story routes."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from mixer.api.schemas import RequestBody
from mixer.output_options import (
    MAX_KEY_CHARS,
    MAX_LINE_CHARS,
    FeedOptions,
    OutputOptions,
    Title,
)
from mixer.requests import CostOptions, GapOption, MixOptions, SpeechOptions
from mixer.stories import StoryState


class StoryBody(
    SpeechOptions, GapOption, MixOptions, OutputOptions, FeedOptions, CostOptions, RequestBody
):
    """A text to narrate."""

    text: Annotated[
        str | None,
        Field(description="The story.", examples=["Once upon a time."]),
    ] = None
    source: Annotated[
        str | None,
        Field(
            description="Key of an uploaded text, as returned by POST /uploads, instead of `text`."
        ),
    ] = None
    music: Annotated[
        str | None,
        Field(description="Key of a sound in the music bucket; of a URL, only the path is used."),
    ] = None
    webhook: Annotated[
        str | None,
        Field(
            max_length=2_000, description="An https address that is notified when the story ends."
        ),
    ] = None


class Count(BaseModel):
    """How many of how many."""

    done: int
    total: int


class StoryCost(BaseModel):
    """What a story costs."""

    so_far: float
    predicted: float


class StoryError(BaseModel):
    """Why a story failed."""

    error: str
    code: str
    details: dict[str, Any]


class StoryLinks(BaseModel):
    """Temporary links to the finished files."""

    audio: str | None = None
    captions_vtt: str | None = None
    captions_srt: str | None = None
    chapters: str | None = None
    chapters_json: Annotated[
        str | None, Field(description="For podcast players (podcast namespace, JSON chapters).")
    ] = None
    chapters_vtt: Annotated[str | None, Field(description="For `<track kind=chapters>`.")] = None
    chapter_files: Annotated[
        str | None, Field(description="A zip with a file for each chapter, if requested.")
    ] = None
    read_aloud: Annotated[
        str | None, Field(description="An EPUB with media overlays, if requested.")
    ] = None
    stems: Annotated[
        str | None, Field(description="A zip with voice.flac, music.flac and labels, if requested.")
    ] = None
    words_json: Annotated[
        str | None, Field(description="When each word is spoken, if requested.")
    ] = None
    words_vtt: str | None = None
    karaoke_ass: str | None = None
    credentials: Annotated[
        str | None,
        Field(description="The signed manifest of an Opus file; other formats contain theirs."),
    ] = None
    notes_md: Annotated[str | None, Field(description="Show notes, if requested.")] = None
    notes_html: str | None = None
    transcript: Annotated[
        str | None, Field(description="The transcript with speakers, if requested.")
    ] = None
    cover: str | None = None
    picture: str | None = None
    waveform: Annotated[
        str | None, Field(description="Waveform values, for drawing in a player.")
    ] = None
    report: str | None = None
    expires_s: int


class StoryListenLinks(BaseModel):
    """Temporary links that play a story while it is made, from `start` (seconds, or `live`)."""

    playlist: Annotated[
        str, Field(description="HLS with MP3 in MPEG-TS: an EVENT playlist that ends as VOD.")
    ]
    audio: Annotated[
        str | None, Field(description="An MP3 response that grows, for other players; not on AWS.")
    ] = None
    captions: Annotated[
        str | None,
        Field(description="WebVTT captions of what is made so far, from `start` on; not on AWS."),
    ] = None
    expires_s: int


class StorySummary(BaseModel):
    """A story in a list."""

    story_id: str
    title: str
    state: StoryState
    progress: Annotated[float, Field(description="From 0 to 1.")]
    created_at: str


class ListedStory(StorySummary):
    """A story in a list, with what distinguishes it from others of its title."""

    voice: Annotated[str | None, Field(description="Null until it is planned.")]
    duration_s: Annotated[float | None, Field(description="Null until it is done.")]


class StoryAnswer(StorySummary):
    """The status of a story."""

    chunks: Count
    segments: Count
    cost_usd: StoryCost
    time_left_s: float | None
    warnings: list[str]
    error: StoryError | None
    version: Annotated[
        int | None, Field(description="Of a story that was edited: its newest finished version.")
    ] = None
    newest_version: int | None = None
    links: StoryLinks | None = None
    listen: Annotated[
        StoryListenLinks | None, Field(description="While the story is being made.")
    ] = None
    duration_s: float | None = None
    integrated_loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    chunk_keys: Annotated[
        list[str] | None,
        Field(description="Only if POST /synthesize or POST /mixstory continued as this story."),
    ] = None
    chunk_urls: Annotated[
        list[str] | None, Field(description="As in the response of POST /synthesize.")
    ] = None
    bucket: str | None = None
    voice: Annotated[str | None, Field(description="As in the response of POST /synthesize.")] = (
        None
    )
    engine: str | None = None
    language: str | None = None
    characters: int | None = None
    download_url: Annotated[
        str | None, Field(description="As in the response of POST /mixstory.")
    ] = None
    expires_s: int | None = None
    key: str | None = None


class StoriesAnswer(BaseModel):
    """A caller's stories, the newest first."""

    stories: list[ListedStory]
    next: Annotated[str | None, Field(description="Send it as `cursor` for the next page.")]


MAX_NAMES, MAX_STORIES = 500, 50

Name = Annotated[str, Field(max_length=MAX_LINE_CHARS)]
Key = Annotated[str, Field(max_length=MAX_KEY_CHARS)]


class ProjectBody(StoryBody):
    """A project: the request for its story so far, and what belongs to it."""

    name: Annotated[Title, Field(examples=["The Lighthouse"])]
    cast: Annotated[
        dict[Name, Name],
        Field(max_length=MAX_NAMES, description="A voice for each name that speaks in the text."),
    ] = Field(default_factory=dict)
    sounds: Annotated[
        dict[Name, Key],
        Field(max_length=MAX_NAMES, description="The key of an upload for each name in the text."),
    ] = Field(default_factory=dict)
    files: Annotated[
        dict[Key, Name],
        Field(max_length=MAX_NAMES, description="The file name of each upload, by its key."),
    ] = Field(default_factory=dict)
    stories: Annotated[
        list[Name], Field(max_length=MAX_STORIES, description="Ids of stories made from it.")
    ] = Field(default_factory=list)

    def select_given(self) -> dict[str, Any]:
        """Select the fields that the request states, without unknown ones."""
        return self.model_dump(include={*type(self).model_fields}, exclude_unset=True)


class ProjectSummary(BaseModel):
    """A project in a list."""

    project_id: str
    etag: Annotated[str, Field(description="Send it as `If-Match` with a change.")]
    modified_at: str
    name: str
    title: str
    author: str
    stories: list[str]


class ProjectsAnswer(BaseModel):
    """A caller's projects, the newest first."""

    projects: list[ProjectSummary]
    next: Annotated[str | None, Field(description="Send it as `cursor` for the next page.")]


class ProjectAnswer(BaseModel):
    """A project."""

    project_id: str
    etag: Annotated[str, Field(description="Send it as `If-Match` with a change.")]
    modified_at: str
    project: Annotated[dict[str, Any], Field(description="As it was saved.")]
    links: Annotated[
        dict[str, str], Field(description="Temporary links to the uploads that it names, by key.")
    ]
    expires_s: int
    warnings: list[str]


class ProjectDeleted(BaseModel):
    """The project was deleted; its stories and uploads are kept like any others."""

    project_id: str

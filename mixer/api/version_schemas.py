"""Bodies of the routes that change stories."""

from typing import Annotated

from pydantic import BaseModel, Field

from mixer.api.schemas import RequestBody
from mixer.script import BreakKind
from mixer.stories import StoryState

MAX_PAUSE_MS = 10_000
"""As of `[[pause 10s]]`."""

MAX_CHANGES = 100
MAX_LEXICON_LINES = 100
MAX_LINE_CHARS = 300


class ChangeBody(RequestBody):
    """A change of a sentence; what is left out stays as it is."""

    sentence: Annotated[int, Field(ge=0, description="Its number, from GET …/sentences.")]
    text: Annotated[
        str | None, Field(description="The new words, with inline tags as in a text.")
    ] = None
    speaker: Annotated[
        str | None,
        Field(max_length=60, description="A name in the cast; empty for the narrator."),
    ] = None
    pause_ms: Annotated[
        int | None,
        Field(ge=0, le=MAX_PAUSE_MS, description="The pause after it; 0 for the natural one."),
    ] = None
    take: Annotated[
        int | None,
        Field(ge=0, le=99, description="Another take of the same words, by number."),
    ] = None


class ProposalBody(RequestBody):
    """Changes of a version of a story."""

    version: Annotated[
        int, Field(ge=0, description="The version that is changed; it must be the newest.")
    ]
    changes: Annotated[list[ChangeBody], Field(max_length=MAX_CHANGES)] = []  # noqa: RUF012 - pydantic copies it
    lexicon: Annotated[
        list[Annotated[str, Field(max_length=MAX_LINE_CHARS)]],
        Field(max_length=MAX_LEXICON_LINES, description="Lines such as “nginx = engine x”."),
    ] = []  # noqa: RUF012 - pydantic copies it
    max_cost_usd: Annotated[float | None, Field(ge=0)] = None


class VersionBody(ProposalBody):
    """Changes to keep, or an older version to go back to."""

    restore: Annotated[
        int | None, Field(ge=1, description="The version to restore, instead of `changes`.")
    ] = None


class PreviewAnswer(BaseModel):
    """A change, ready to be played."""

    version: Annotated[int, Field(description="The version that would be changed.")]
    audio_url: Annotated[str, Field(description="MP3: the sentence before, and the changed one.")]
    expires_s: int
    duration_s: float
    starts_s: Annotated[float, Field(description="When the changed sentence begins.")]
    ends_s: float
    sentence: Annotated[int, Field(description="Its number in the changed story.")]
    cost_usd: Annotated[
        float, Field(description="What the preview cost; keeping the change costs nothing more.")
    ]
    synthesized_chunks: int


class NoteAnswer(BaseModel):
    """How a sentence was changed: its first words before and after."""

    sentence: int
    before: str
    after: str


class VersionAnswer(BaseModel):
    """A version of a story."""

    version: int
    story_id: Annotated[
        str, Field(description="Its own id: GET /stories/{story_id} has its status and files.")
    ]
    base: Annotated[int, Field(description="The version that was changed; 0 for the first.")]
    restored: Annotated[int | None, Field(description="The version that it restores.")]
    created_at: str
    changes: list[NoteAnswer]
    lexicon: list[str]
    state: Annotated[
        StoryState, Field(description="State of its audio, which is made in the background.")
    ]
    progress: float
    audio_url: str | None = None
    captions_url: str | None = None
    duration_s: float | None = None


class VersionsAnswer(BaseModel):
    """The versions of a story, the newest first."""

    newest: int
    versions: list[VersionAnswer]
    expires_s: int


class SentenceAnswer(BaseModel):
    """A sentence of a version."""

    sentence: int
    text: str
    spoken: Annotated[str, Field(description="The text that is spoken.")]
    speaker: Annotated[str, Field(description="Empty for the narrator.")]
    ending: Annotated[
        BreakKind, Field(description="What ends with the sentence, such as a paragraph.")
    ]
    pause_ms: Annotated[
        int | None, Field(description="Set by the author; null for the natural pause.")
    ]
    chapter: str
    start_s: float | None
    end_s: float | None


class SentencesAnswer(BaseModel):
    """Some sentences of a version."""

    version: int
    newest: int
    total: int
    speakers: Annotated[list[str], Field(description="The names in the cast.")]
    sentences: list[SentenceAnswer]


class DifferenceAnswer(BaseModel):
    """A place where two versions differ."""

    before: list[SentenceAnswer]
    after: list[SentenceAnswer]


class ComparisonAnswer(BaseModel):
    """What differs between two versions, in reading order."""

    before: VersionAnswer
    after: VersionAnswer
    differences: list[DifferenceAnswer]
    expires_s: int

"""Bodies of the routes of projects."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from mixer.api.story_schemas import StoryBody
from mixer.output_options import MAX_KEY_CHARS, MAX_LINE_CHARS, Title

MAX_NAMES, MAX_STORIES = 500, 50

Name = Annotated[str, Field(max_length=MAX_LINE_CHARS)]
Key = Annotated[str, Field(max_length=MAX_KEY_CHARS)]


class ProjectBody(StoryBody):
    """A project: the request for its story as far as it has got, and what belongs to it."""

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
    """The project was deleted; its stories and uploads are kept as others are."""

    project_id: str

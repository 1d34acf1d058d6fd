"""Bodies of the feed routes."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from mixer.api.schemas import RequestBody
from mixer.output_options import MAX_DESCRIPTION_CHARS, MAX_KEY_CHARS, MAX_LINE_CHARS, Title
from mixer.publish.feed import EpisodeMode
from mixer.requests import LANGUAGE_PATTERN

MAX_CATEGORIES, MAX_REMOVALS = 3, 1_000


class FeedBody(RequestBody):
    """A feed to create or change; fields that are left out keep their values."""

    title: Annotated[
        Title,
        Field(
            description="Its title; stories name it by this in `feed`.",
            examples=["The Kettle"],
        ),
    ]
    description: Annotated[str | None, Field(max_length=MAX_DESCRIPTION_CHARS)] = None
    author: Annotated[str | None, Field(max_length=MAX_LINE_CHARS)] = None
    language: Annotated[str | None, Field(max_length=35, pattern=LANGUAGE_PATTERN)] = None
    link: Annotated[
        str | None, Field(max_length=2_000, pattern=r"^https?://\S+$", description="Its web page.")
    ] = None
    categories: Annotated[
        list[str] | None,
        Field(
            max_length=MAX_CATEGORIES,
            description="Categories of Apple Podcasts, such as Arts/Books.",
        ),
    ] = None
    explicit: Annotated[bool | None, Field(description="Whether it has explicit language.")] = None
    email: Annotated[
        str | None,
        Field(
            max_length=254,
            pattern=r"^\S+@\S+$",
            description="The owner's address; public in the feed.",
        ),
    ] = None
    locked: Annotated[
        bool | None, Field(description="Whether other hosts may not import it; true by default.")
    ] = None
    listed: Annotated[
        bool | None, Field(description="Whether directories may list it; false by default.")
    ] = None
    serial: Annotated[
        bool | None, Field(description="Whether episodes are meant to be played in order.")
    ] = None
    series: Annotated[
        str | None,
        Field(max_length=MAX_LINE_CHARS, description="Also add every story of this series."),
    ] = None
    all_stories: Annotated[
        bool | None, Field(description="Also add every story of the caller.")
    ] = None
    episodes: Annotated[
        EpisodeMode | None, Field(description="One episode per story (default), or per chapter.")
    ] = None
    cover: Annotated[
        str | None, Field(max_length=MAX_KEY_CHARS, description="Key of an uploaded picture.")
    ] = None


class FeedChange(RequestBody):
    """A change of a feed's link or stories."""

    link: Annotated[
        Literal["replace", "revoke"] | None,
        Field(
            description="Replace the link with a new one, or revoke it; the old one stops working "
            "at once."
        ),
    ] = None
    remove: Annotated[
        list[str] | None,
        Field(max_length=MAX_REMOVALS, description="Ids of the stories to remove from the feed."),
    ] = None


class FeedEpisodeAnswer(BaseModel):
    """A story in a feed."""

    story_id: str
    title: str
    published_at: str
    episodes: int


class FeedAnswer(BaseModel):
    """A feed."""

    feed_id: str
    title: str
    url: Annotated[
        str | None, Field(description="The link to subscribe to; null while it is revoked.")
    ]
    series: str
    all_stories: bool
    episodes: str
    stories: list[FeedEpisodeAnswer]
    warnings: Annotated[
        list[str],
        Field(description="Problems that keep directories or players from showing the feed well."),
    ]


class FeedSummary(BaseModel):
    """A feed in a list."""

    feed_id: str
    title: str
    url: str | None


class FeedsAnswer(BaseModel):
    """The caller's feeds, by title."""

    feeds: list[FeedSummary]

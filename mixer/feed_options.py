"""The options of where a story goes: a target, and a podcast feed with its episode."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from mixer.targets import TargetName

MAX_FEED_NAME_CHARS = 500
MAX_NUMBER = 100_000


class FeedOptions(BaseModel):
    """Where a story goes; overrides what the text states."""

    target: Annotated[
        TargetName | None,
        Field(description="Where it goes; sets preset, format and bitrate unless they are given."),
    ] = None
    feed: Annotated[
        str,
        Field(
            max_length=MAX_FEED_NAME_CHARS,
            description="Name of a podcast feed in which the story becomes an episode.",
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
        Field(description="Whether it has explicit language; by default what the text states."),
    ] = None

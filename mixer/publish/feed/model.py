"""A podcast feed, its episodes and its picture, as values."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from typing import Literal
from uuid import UUID, uuid5

from mixer.publish.cover import MAX_SIDE_PX, Picture, encode_cover

PODCAST_GUIDS = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
"""Namespace of podcast:guid (Podcasting 2.0 namespace, tag `guid`)."""

CATEGORIES = (
    *("Arts", "Business", "Comedy", "Education", "Fiction", "Government", "Health & Fitness"),
    *("History", "Kids & Family", "Leisure", "Music", "News", "Religion & Spirituality"),
    *("Science", "Society & Culture", "Sports", "TV & Film", "Technology", "True Crime"),
)
"""Of Apple Podcasts, without the narrower ones (its list of podcast categories)."""

EpisodeMode = Literal["story", "chapter"]


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A file of a feed; `path` is relative to the feed's address."""

    path: str
    content_type: str
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Who made an episode; group and role are those of the Podcast Taxonomy."""

    name: str
    role: str
    group: str = "cast"


@dataclass(frozen=True, slots=True)
class FeedChannel:
    """What a feed states about itself.

    Attributes:
        categories: of Apple Podcasts, such as `Arts/Books`.
        is_listed: whether directories may list it.
        is_serial: episodes are for hearing in their order, oldest first.
    """

    guid: str
    title: str
    description: str = ""
    author: str = ""
    language: str = "en"
    link: str = ""
    categories: tuple[str, ...] = ()
    is_explicit: bool = False
    owner_email: str = ""
    is_locked: bool = True
    is_listed: bool = False
    is_serial: bool = False
    artwork: FeedFile | None = None

    def list_gaps(self) -> Iterator[str]:
        """List what keeps directories from accepting the feed."""
        if self.artwork is None:
            yield (
                "The feed has no picture; directories require a square one of 1,400 to 3,000 "
                "pixels. Publish a story with a cover, or set `cover`."
            )
        if self.is_listed and not self.owner_email:
            yield "The feed has no owner's address; directories send a code there. Set `email`."
        for each in self.categories:
            if each.partition("/")[0].strip() not in CATEGORIES:
                known = ", ".join(CATEGORIES)
                yield f"“{each[:60]}” is not a category of Apple Podcasts; they are: {known}."


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode.

    Attributes:
        title: its identity within a feed, with the title of its story.
        summary: plain text.
        notes_html: show notes.
        chapters: JSON chapters of the podcast namespace.
        transcripts: captions in WebVTT and SubRip.
    """

    title: str
    audio: FeedFile
    duration_s: float
    summary: str = ""
    notes_html: str = ""
    number: int | None = None
    season: int | None = None
    is_explicit: bool | None = None
    chapters: FeedFile | None = None
    transcripts: tuple[FeedFile, ...] = ()
    people: tuple[Person, ...] = ()
    artwork: FeedFile | None = None

    @property
    def files(self) -> tuple[FeedFile, ...]:
        """All its files."""
        others = (self.chapters, self.artwork)
        return (self.audio, *self.transcripts, *(each for each in others if each))


@dataclass(frozen=True, slots=True)
class StoryEpisodes:
    """The episodes made of one story: one, or one for each chapter.

    Attributes:
        title: of the story, its identity within a feed.
        series: of which feeds may be made.
        language: BCP 47 tag.
    """

    title: str
    episodes: tuple[Episode, ...]
    series: str = ""
    author: str = ""
    description: str = ""
    language: str = ""

    @property
    def identity(self) -> str:
        """The same for two versions of a story."""
        return hash_text(" ".join(self.title.casefold().split()))


@dataclass(frozen=True, slots=True)
class PublishedStory:
    """A story in a feed; `published_s`, since 1970, stays when the story is edited."""

    story_id: str
    published_s: int
    content: StoryEpisodes


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An episode as a feed lists it."""

    guid: str
    published_s: int
    episode: Episode


def list_items(
    channel_guid: str, stories: Iterable[PublishedStory]
) -> tuple[tuple[FeedItem, ...], tuple[str, ...]]:
    """List the episodes of stories, the newest first, and warnings.

    Chapters of a story are a second apart, so that players keep their order. An episode number is
    used once: by the episode that had it first.
    """
    holders: dict[tuple[int | None, int], str] = {}
    items, warnings = [], []
    for story in sorted(stories, key=lambda each: (each.published_s, each.story_id)):
        for place, episode in enumerate(story.content.episodes):
            guid = str(uuid5(UUID(channel_guid), f"{story.content.identity}/{place}"))
            if episode.number is not None:
                numbered = (episode.season, episode.number)
                if numbered in holders:
                    clash = _describe_clash(episode.number, holders[numbered], episode.title)
                    warnings.append(clash)
                    episode = replace(episode, number=None)  # noqa: PLW2901
                holders.setdefault(numbered, episode.title)
            items.append(FeedItem(guid, story.published_s + place, episode))
    items.sort(key=lambda item: (-item.published_s, item.guid))
    return tuple(items), tuple(warnings)


def _describe_clash(number: int, first: str, title: str) -> str:
    return (
        f"“{title[:60]}” has the episode number {number} of “{first[:60]}”; the feed lists it "
        "without a number. Set another `episode`."
    )


def hash_text(*parts: str) -> str:
    """Hash some texts to 32 hexadecimal digits."""
    content = json.dumps(parts, ensure_ascii=False).encode(errors="surrogatepass")
    return sha256(content).hexdigest()[:32]


def derive_guid(address: str) -> str:
    """Derive a podcast:guid from a feed's address, without scheme and closing slashes."""
    return str(uuid5(PODCAST_GUIDS, address.partition("://")[2].rstrip("/") or address))


MIN_ARTWORK_PX, MAX_ARTWORK_PX = 1_400, MAX_SIDE_PX
"""Apple's artwork requirements for shows; Spotify and others accept the same."""

_QUALITY = 88


def is_valid_artwork(width_px: int, height_px: int) -> bool:
    """Whether directories accept a picture of this size."""
    return width_px == height_px and MIN_ARTWORK_PX <= width_px <= MAX_ARTWORK_PX


def fit_artwork(content: bytes, name: str) -> tuple[Picture, tuple[str, ...]]:
    """Make a picture square, on a ground of its edge's colour, and large enough.

    Returns the picture, and a sentence if it was changed so that it shows.

    Raises:
        UnusablePicture: it is not a picture, is broken, or is too large or too small.
    """
    cover = encode_cover(content, name)
    if is_valid_artwork(cover.width_px, cover.height_px):
        return cover, ()
    fitted = _square(cover)
    return fitted, (_describe_change(cover, fitted, name),)


def _square(cover: Picture) -> Picture:
    from PIL import Image

    with Image.open(BytesIO(cover.content)) as opened:
        image = opened.convert("RGB")
    side = min(MAX_ARTWORK_PX, max(MIN_ARTWORK_PX, *image.size))
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    ground = image.resize((1, 1), Image.Resampling.BOX, (0, 0, image.width, 1)).getpixel((0, 0))
    square = Image.new("RGB", (side, side), ground)
    scaled = image.resize(size, Image.Resampling.LANCZOS)
    square.paste(scaled, ((side - size[0]) // 2, (side - size[1]) // 2))
    file = BytesIO()
    square.save(file, "JPEG", quality=_QUALITY)
    return Picture(file.getvalue(), side, side)


def _describe_change(cover: Picture, fitted: Picture, name: str) -> str:
    return (
        f"The picture “{name}” has {cover.width_px} × {cover.height_px} pixels; podcast apps want a"
        f" square of {MIN_ARTWORK_PX:,} to {MAX_ARTWORK_PX:,} pixels, so it was centred on one of "
        f"{fitted.width_px} × {fitted.height_px}."
    )

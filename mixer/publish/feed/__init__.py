"""A podcast feed: its channel and episodes, its XML, its picture. Pure."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.publish.feed.model import (
        Episode,
        EpisodeMode,
        FeedChannel,
        FeedFile,
        FeedItem,
        Person,
        PublishedStory,
        StoryEpisodes,
        derive_guid,
        fit_artwork,
        hash_text,
        is_valid_artwork,
        list_items,
    )
    from mixer.publish.feed.rss import FEED_TYPE, format_feed

__getattr__ = export_lazily(__name__)

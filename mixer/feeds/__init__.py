"""Podcast feeds: kept in a store and opened by a key, or written into a folder for a web site."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.feeds.catalogue import FeedCatalogue
    from mixer.feeds.folder import FeedFolder, FolderEpisode, build_slug
    from mixer.feeds.records import FeedRecord
    from mixer.feeds.service import FeedService, FeedSettings, FeedStory

__getattr__ = export_lazily(__name__)

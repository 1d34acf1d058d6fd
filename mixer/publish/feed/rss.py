"""Writes a feed as RSS 2.0 with the names of Apple Podcasts and Podcasting 2.0.

Sources: RSS 2.0 specification; Apple's podcast RSS requirements; Podcasting 2.0 namespace 1.0. The
same feed gives the same bytes.
"""

from collections.abc import Sequence
from email.utils import formatdate
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import regex

from mixer.publish.feed.model import Episode, FeedChannel, FeedFile, FeedItem

if TYPE_CHECKING:
    from lxml.etree import _Element

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
ATOM = "http://www.w3.org/2005/Atom"
NAMES = {"itunes": ITUNES, "podcast": PODCAST, "content": CONTENT, "atom": ATOM}

FEED_TYPE = "application/rss+xml"
GENERATOR = "Mixer"

MAX_TITLE_CHARS = 200
"""Of a feed or an episode; apps show less than that."""

MAX_SUMMARY_BYTES = 4_000
"""Limit of Apple Podcasts for a description."""

DEFAULT_CATEGORY, DEFAULT_LANGUAGE = "Fiction", "en"

_FORBIDDEN = regex.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What XML 1.0 has no way to express (section 2.2)."""

_MARKUP = regex.compile(r"<|&#?\w+;")
"""What HTML would not show as it is written."""

_CUT_ENTITY = regex.compile(r"&[^;]*…$")

_URL_SIGNS = "%/:?#[]@!$&'()*+,;=~"
"""Signs that have a meaning in an address, or are escaped (RFC 3986)."""

_GRAPHEME = regex.compile(r"\X")


def format_feed(channel: FeedChannel, items: Sequence[FeedItem], address: str) -> bytes:
    """Format a feed whose files are below `address`; items are the newest first."""
    from lxml import etree

    rss = etree.Element("rss", nsmap=NAMES, version="2.0")
    writer = _Writer(etree.SubElement(rss, "channel"), address.rstrip("/"))
    writer.add_channel(channel)
    if items:
        newest = formatdate(items[0].published_s, usegmt=True)
        writer.add("pubDate", newest)
        writer.add("lastBuildDate", newest)
    for item in items:
        writer.enter("item").add_item(item)
    etree.indent(rss, space=" ")
    content: bytes = etree.tostring(rss, xml_declaration=True, encoding="UTF-8")
    return content


class _Writer:
    """Adds elements to a parent, escaped and without what XML cannot hold."""

    def __init__(self, parent: "_Element", address: str) -> None:
        self.parent, self.address = parent, quote(address, safe=_URL_SIGNS)

    def enter(self, name: str, **attributes: str) -> "_Writer":
        return _Writer(self._append(name, attributes), self.address)

    def add(self, name: str, text: str = "", **attributes: str) -> None:
        element = self._append(name, attributes)
        if text:
            element.text = clean_text(text)

    def _append(self, name: str, attributes: dict[str, str]) -> "_Element":
        from lxml import etree

        prefix, colon, local = name.partition(":")
        tag = f"{{{NAMES[prefix]}}}{local}" if colon else name
        cleaned = {key: clean_text(value) for key, value in attributes.items()}
        return etree.SubElement(self.parent, tag, cleaned)

    def url(self, file: FeedFile) -> str:
        return f"{self.address}/{quote(file.path)}"

    def add_channel(self, channel: FeedChannel) -> None:
        """Write what the feed states about itself."""
        own_url = f"{self.address}/feed.xml"
        self.add("title", shorten_title(channel.title))
        self.add("link", self._page(channel))
        self.add("description", format_summary(channel.description or channel.title))
        self.add("language", channel.language.lower() or DEFAULT_LANGUAGE)
        self.add("generator", GENERATOR)
        self.add("atom:link", href=own_url, rel="self", type=FEED_TYPE)
        self.add("itunes:type", "serial" if channel.is_serial else "episodic")
        self.add("itunes:explicit", _format_truth(value=channel.is_explicit))
        if channel.author:
            self.add("itunes:author", shorten_title(channel.author))
        self._add_owner(channel)
        self._add_categories(channel.categories or (DEFAULT_CATEGORY,))
        if not channel.is_listed:
            self.add("itunes:block", "Yes")
        if channel.artwork:
            self._add_artwork(channel, channel.artwork)
        self.add("podcast:guid", channel.guid)
        self.add("podcast:medium", "podcast")

    def add_item(self, item: FeedItem) -> None:
        """Write an episode."""
        episode = item.episode
        self.add("title", shorten_title(episode.title))
        self.add("guid", item.guid, isPermaLink="false")
        self.add("pubDate", formatdate(item.published_s, usegmt=True))
        self.add("description", format_summary(episode.summary or episode.title))
        if episode.notes_html:
            self.add("content:encoded", episode.notes_html)
        audio = episode.audio
        length = str(audio.size_bytes)
        self.add("enclosure", url=self.url(audio), length=length, type=audio.content_type)
        self.add("itunes:title", shorten_title(episode.title))
        self.add("itunes:duration", str(round(episode.duration_s)))
        self.add("itunes:episodeType", "full")
        if episode.number is not None:
            self.add("itunes:episode", str(episode.number))
        if episode.season is not None:
            self.add("itunes:season", str(episode.season))
        if episode.is_explicit is not None:
            self.add("itunes:explicit", _format_truth(value=episode.is_explicit))
        self._add_extras(episode)

    def _add_extras(self, episode: Episode) -> None:
        if episode.artwork:
            self.add("itunes:image", href=self.url(episode.artwork))
        if episode.chapters:
            kind = episode.chapters.content_type
            self.add("podcast:chapters", url=self.url(episode.chapters), type=kind)
        for file in episode.transcripts:
            kind = file.content_type.partition(";")[0]
            self.add("podcast:transcript", url=self.url(file), type=kind)
        for person in episode.people:
            self.add("podcast:person", person.name, role=person.role, group=person.group)

    def _add_owner(self, channel: FeedChannel) -> None:
        lock = {"owner": channel.owner_email} if channel.owner_email else {}
        self.add("podcast:locked", "yes" if channel.is_locked else "no", **lock)
        if channel.owner_email:
            owner = self.enter("itunes:owner")
            owner.add("itunes:name", shorten_title(channel.author or channel.title))
            owner.add("itunes:email", channel.owner_email)

    def _add_categories(self, categories: Sequence[str]) -> None:
        for category in categories:
            name, _, narrower = category.partition("/")
            entry = self.enter("itunes:category", text=name.strip())
            if narrower.strip():
                entry.enter("itunes:category", text=narrower.strip())

    def _add_artwork(self, channel: FeedChannel, artwork: FeedFile) -> None:
        self.add("itunes:image", href=self.url(artwork))
        image = self.enter("image")
        image.add("url", self.url(artwork))
        image.add("title", shorten_title(channel.title))
        image.add("link", self._page(channel))

    def _page(self, channel: FeedChannel) -> str:
        return quote(channel.link, safe=_URL_SIGNS) or f"{self.address}/feed.xml"


def _format_truth(*, value: bool) -> str:
    return "true" if value else "false"


def clean_text(text: str) -> str:
    """Leave out the characters that XML cannot hold."""
    return _FORBIDDEN.sub("", text)


def shorten_title(title: str) -> str:
    """Put a title on one line of at most MAX_TITLE_CHARS, cut between visible characters."""
    line = " ".join(clean_text(title[: 50 * MAX_TITLE_CHARS]).split())
    if len(line) <= MAX_TITLE_CHARS:
        return line
    kept = ""
    for match in _GRAPHEME.finditer(line):
        if match.end() >= MAX_TITLE_CHARS:
            break
        kept = line[: match.end()]
    return f"{kept.rstrip()}…"


def format_summary(text: str) -> str:
    """Format a plain text as a description, which players read as HTML, of at most 4,000 bytes."""
    if not _MARKUP.search(text):
        return _shorten_summary(text)
    return _CUT_ENTITY.sub("…", _shorten_summary(escape(text, quote=False)))


def _shorten_summary(text: str) -> str:
    """Cut a text to the bytes of UTF-8 that a summary may have."""
    content = clean_text(text).encode()
    if len(content) <= MAX_SUMMARY_BYTES:
        return content.decode()
    return f"{content[: MAX_SUMMARY_BYTES - 3].decode(errors='ignore').rstrip()}…"

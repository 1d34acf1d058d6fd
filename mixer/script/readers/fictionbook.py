"""FictionBook 2 (FB2) rewritten as a page of HTML, without its notes and pictures."""

import html
from dataclasses import dataclass, field

import regex

from mixer.lazy import compile_lazily

_START = compile_lazily(
    r"\s*+(?:<\?xml[^<>]*+>|<!--.{0,2000}?-->|<!DOCTYPE[^<>\[]*+(?:\[[^\]]*+\])?+\s*+>|\s++)*+"
    r"<FictionBook\b",
    regex.S,
)
_HIDDEN = compile_lazily(
    r"<binary\b[^<>]*+>[^<]*+</binary>|<stylesheet\b[^<>]*+>[^<]*+</stylesheet>"
)
_LINK = compile_lazily(
    r"<a\b(?P<attributes>[^<>]*+)>[^<]{0,60}(?:<su[bp]>[^<]{0,60}</su[bp]>)?[^<]{0,60}</a>"
)
_NOTE_LINK = compile_lazily(r"\btype=[\"']note[\"']")
_BODY = compile_lazily(r"<body\b(?P<attributes>[^<>]*+)>")
_NAME = compile_lazily(r"\bname=[\"']")
_TAG = compile_lazily(r"<(?P<closes>/?)(?P<name>[\w-]+)[^<>]*+>")
_FIELD = r"<{0}\b[^<>]*+>([^<>]*+)</{0}>"
_NAMES = ("first-name", "middle-name", "last-name")
_PLAIN = {
    **dict.fromkeys(("emphasis", "strong", "strikethrough", "sub", "sup", "code"), "span"),
    **dict.fromkeys(("p", "subtitle", "text-author", "date", "stanza"), "p"),
    **dict.fromkeys(("cite", "epigraph", "poem", "annotation", "section", "body"), "div"),
    **{name: name for name in ("table", "tr", "td", "th")},
}
"""Elements, and those of pages that are read like them."""

MAX_LEVEL = 6


def is_fictionbook(text: str) -> bool:
    """Whether a text is a FictionBook."""
    return _START.match(text) is not None


def rewrite_fictionbook(text: str) -> str:
    """Rewrite a FictionBook as a page of HTML."""
    text = _LINK.sub(_drop_note_link, _HIDDEN.sub("", text))
    head, closing, body = text.partition("</description>")
    description = head.partition("<title-info")[2].partition("</title-info>")[0]
    body = body if closing else text
    named = (each for each in _BODY.finditer(body) if _NAME.search(each["attributes"]))
    notes = next(named, None)
    body = body[: notes.start()] if notes else body
    title, author = _find_field(description, "book-title"), _find_author(description)
    return (
        f'<html lang="{html.escape(_find_field(description, "lang"))}"><head>'
        f'<title>{title}</title><meta name="author" content="{html.escape(author)}"></head>'
        f"<body>{_TAG.sub(_PageWriter().rewrite, body)}</body></html>"
    )


def _drop_note_link(link: regex.Match[str]) -> str:
    return "" if _NOTE_LINK.search(link["attributes"]) else link[0]


def _find_field(description: str, name: str) -> str:
    match = regex.search(_FIELD.format(name), description)
    return match[1].strip() if match else ""


def _find_author(description: str) -> str:
    author = description.partition("<author")[2].partition("</author>")[0]
    return " ".join(filter(None, (_find_field(author, name) for name in _NAMES)))


@dataclass
class _PageWriter:
    """Writes tags in order; a title is a heading of its section's depth, unless of a poem."""

    depth: int = 0
    titles: list[str] = field(default_factory=list)
    in_poem: bool = False

    def rewrite(self, match: regex.Match[str]) -> str:
        """Write a tag as that of a page; empty for what is not read."""
        name, closes = match["name"], match["closes"]
        is_empty = match[0].endswith("/>")
        self.depth += (name == "section" and not is_empty) * (-1 if closes else 1)
        self.in_poem = not closes if name == "poem" else self.in_poem
        if name == "title":
            return self._rewrite_title(closes)
        if name == "v" or (name == "p" and self.titles):
            return "<br>" if closes else ""
        return "" if is_empty else f"<{closes}{_PLAIN[name]}>" if name in _PLAIN else ""

    def _rewrite_title(self, closes: str) -> str:
        level = min(max(self.depth, 0) + 1, MAX_LEVEL)
        if not closes:
            self.titles.append("p" if self.in_poem else f"h{level}")
            return f"<{self.titles[-1]}>"
        return f"</{self.titles.pop()}>" if self.titles else ""

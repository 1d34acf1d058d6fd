"""Texts that go with a story: show notes (what it is, who made it), and transcripts. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

import regex

from mixer.publish.captions import CaptionedSentence

__all__ = [
    "ShowNotes",
    "format_clock",
    "format_notes_html",
    "format_notes_markdown",
    "format_transcript",
]

HOUR_S, MINUTE_S = 3_600, 60

MAX_SOUNDS = 50
"""Pieces of music that notes name."""

_MARKDOWN = regex.compile(r"([\\`*_{}\[\]<>#+|~])")
_LIST_START = regex.compile(r"^(\s*)(\d+)([.)])", regex.MULTILINE)


@dataclass(frozen=True, slots=True)
class ShowNotes:
    """What the notes of a story say.

    Attributes:
        chapters: start in seconds, and title.
        credits: what someone did, and the names.
        cast: role and voice.
    """

    title: str
    description: str = ""
    chapters: tuple[tuple[float, str], ...] = ()
    credits: tuple[tuple[str, str], ...] = ()
    cast: tuple[tuple[str, str], ...] = ()
    music: tuple[str, ...] = ()


def format_notes_markdown(notes: ShowNotes) -> bytes:
    """Format notes as Markdown."""
    return ("\n".join(_markdown_lines(notes)) + "\n").encode(errors="replace")


def format_notes_html(notes: ShowNotes, max_bytes: int | None = None) -> str:
    """Format notes as a fragment of HTML, as feeds and web sites take it, without the title.

    The last chapters are left out if it would exceed `max_bytes` with them.
    """
    text = "\n".join(_html_lines(notes))
    while max_bytes and notes.chapters and len(text.encode(errors="replace")) > max_bytes:
        notes = replace(notes, chapters=notes.chapters[: len(notes.chapters) // 2])
        text = "\n".join(_html_lines(notes))
    return text


def format_clock(at_s: float) -> str:
    """Format a time as players recognise it in notes: 04:05, or 1:04:05."""
    whole = int(at_s)
    hours, rest = divmod(whole, HOUR_S)
    minutes, seconds = divmod(rest, MINUTE_S)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def _markdown_lines(notes: ShowNotes) -> Iterator[str]:
    if notes.title:
        yield f"# {_escape_markdown(notes.title)}"
    if notes.description:
        yield from ("", _escape_markdown(notes.description))
    for heading, entries in _list_sections(notes):
        yield from ("", f"## {heading}", "")
        for label, text in entries:
            yield (
                f"- {_escape_markdown(label)}: {_escape_markdown(text)}"
                if label
                else (f"- {_escape_markdown(text)}")
            )
    if notes.chapters:
        yield from ("", "## Chapters", "")
        for start_s, name in notes.chapters:
            yield f"- {format_clock(start_s)} {_escape_markdown(name)}"


def _html_lines(notes: ShowNotes) -> Iterator[str]:
    for paragraph in filter(None, map(str.strip, notes.description.split("\n"))):
        yield f"<p>{escape(paragraph)}</p>"
    for heading, entries in _list_sections(notes):
        yield f"<p><strong>{heading}</strong></p>"
        yield "<ul>"
        for label, text in entries:
            yield f"<li>{escape(f'{label}: {text}' if label else text)}</li>"
        yield "</ul>"
    if notes.chapters:
        yield "<p><strong>Chapters</strong></p>"
        yield "<ul>"
        for start_s, name in notes.chapters:
            yield f"<li>{format_clock(start_s)} {escape(name)}</li>"
        yield "</ul>"


def _list_sections(notes: ShowNotes) -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
    if notes.credits:
        yield "Credits", notes.credits
    if notes.cast:
        yield "Cast", notes.cast
    if notes.music:
        yield "Music and sounds", [("", each) for each in notes.music[:MAX_SOUNDS]]


def _escape_markdown(text: str) -> str:
    """Escape what Markdown would read as marks, on one line."""
    line = _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
    return _LIST_START.sub(r"\1\2\\\3", line)


def format_transcript(title: str, sentences: Sequence[CaptionedSentence]) -> bytes:
    """Format what is spoken as plain text: a paragraph at a time, with its speaker."""
    lines = [title, ""] if title else []
    for chapter, speaker, start_s, words in _join_paragraphs(sentences):
        if chapter and chapter not in (title, words):
            lines += [chapter, ""]
        name = f"{speaker}: " if speaker else ""
        lines += [f"[{format_clock(start_s)}] {name}{words}", ""]
    return "\n".join(lines).encode(errors="replace")


def _join_paragraphs(
    sentences: Iterable[CaptionedSentence],
) -> Iterator[tuple[str, str, float, str]]:
    """Join the sentences of a paragraph: chapter that it opens, speaker, start, words."""
    words: list[str] = []
    first: CaptionedSentence | None = None
    for sentence in sentences:
        if first is not None and (sentence.voice != first.voice or sentence.chapter):
            yield first.chapter, first.voice, first.start_s, " ".join(words)
            first, words = None, []
        first = first or sentence
        words.append(" ".join(sentence.text.split()))
        if sentence.ends_paragraph:
            yield first.chapter, first.voice, first.start_s, " ".join(words)
            first, words = None, []
    if first is not None:
        yield first.chapter, first.voice, first.start_s, " ".join(words)

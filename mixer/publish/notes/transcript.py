"""Transcripts: every word that is spoken, a paragraph at a time. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from mixer.publish.captions import CaptionedSentence
from mixer.publish.notes.show_notes import format_clock


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

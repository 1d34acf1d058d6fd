"""Writes an edit into the author's text, which otherwise stays as it is to the letter. Pure.

A document does not know where its words stand in the text, so they are found by what they say; the
new text is used only if it reads as the edited document, block for block. Otherwise the edit stays
apart and is applied after reading.

A plan keeps the author's words of each sentence, but not their place in the document. Both are in
reading order, so the places follow from the words; what is skipped between two sentences must hold
no words.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import regex

from mixer.errors import BadInput, MixerError
from mixer.script.annotations import BREAK_TAG
from mixer.script.document import (
    Block,
    Document,
    TextOrigin,
    count_characters,
    has_words,
    take_spans,
)
from mixer.script.edits.document_edit import SentenceEdit, find_change
from mixer.script.planning import (
    UNWRITTEN,
    KnownPlan,
    PlanStyle,
    SpokenBlock,
    list_spoken_blocks,
)
from mixer.script.readers import TextType, read_document
from mixer.script.script import NARRATOR, Script, Utterance

WRITTEN_TYPES = frozenset({TextType.TEXT, TextType.MARKDOWN})
"""Types of text that have a notation for all that an edit can change."""

_EMPHASIS = r"[*_~`\\]*"
_TAG = r"(?:\[\[\s*(?:lang|emphasis)\b[^\[\]:]*:\s*)?"
_BETWEEN = rf"{_EMPHASIS}(?:\]\])?{_EMPHASIS}\s+(?:>\s*)*{_EMPHASIS}{_TAG}{_EMPHASIS}"
_PAUSE = r"(?:[ \t]*\[\[\s*pause\s[^\[\]]*\]\])?"
_VOICE = r"(?:\[\[\s*(?P<voice>[^\[\]:]+):\s*)?"


@dataclass(frozen=True, slots=True)
class _FoundSentence:
    """A sentence in the text: its words, one by one, and the tags around it."""

    start: int
    words: Sequence[tuple[int, int]]
    end: int
    is_wrapped: bool


def edit_source(
    source: str, text_type: TextType, before: Document, edit: SentenceEdit, after: Document
) -> str | None:
    """Write an edit into a text; None where that cannot be done.

    `before` and `after` are the documents without and with the edit.
    """
    if text_type not in WRITTEN_TYPES or edit.take is not None:
        return None
    found = _find_sentence(source, before, edit)
    written = found and _write_edit(source, before.blocks[edit.block], edit, found)
    if not written or not _reads_as(written, text_type, after):
        return None
    return written


def _find_sentence(source: str, document: Document, edit: SentenceEdit) -> _FoundSentence | None:
    """Find a sentence by its words, which may occur earlier too."""
    sentence = document.blocks[edit.block].text[edit.start : edit.end]
    words = [f"({_match_word(word)})" for word in sentence.split()]
    earlier = sum(block.text.count(sentence) for block in document.blocks[: edit.block])
    earlier += document.blocks[edit.block].text.count(sentence, 0, edit.start)
    pattern = regex.compile(
        f"{_VOICE}{_TAG}{_EMPHASIS}{_BETWEEN.join(words)}(?P<rest>{_EMPHASIS}){_PAUSE}"
    )
    matches = (m for number, m in enumerate(pattern.finditer(source)) if number == earlier)
    match = next(matches, None)
    if match is None:
        return None
    spans = [match.span(group) for group in range(2, len(words) + 2)]
    is_wrapped = match["voice"] is not None and source.startswith("]]", match.end())
    return _FoundSentence(match.start(), spans, match.end("rest"), is_wrapped)


def _match_word(word: str) -> str:
    """A pattern for a word, with the end of its emphasis in front of a mark."""
    return _EMPHASIS.join(map(regex.escape, regex.findall(r"\w+|\W+", word)))


def _write_edit(source: str, block: Block, edit: SentenceEdit, found: _FoundSentence) -> str:
    head, tail = source[: found.words[0][0]], source[found.end :]
    words = source[found.words[0][0] : found.end]
    if edit.text is not None and (change := find_change(block, edit)) is not None:
        first = len(block.text[edit.start : change.start].split())
        count = len(block.text[change.start : change.end].split())
        begin, end = found.words[first][0], found.words[first + count - 1][1]
        words = source[found.words[0][0] : begin] + change.words + source[end : found.end]
    if edit.speaker is not None:
        name = edit.speaker or NARRATOR
        if found.is_wrapped:
            head, tail = source[: found.start], tail.removeprefix("]]")
        words = words if name == (block.speaker or NARRATOR) else f"[[{name}: {words}]]"
    if edit.pause_ms is not None:
        tail = regex.sub(rf"\A{_PAUSE}", "", tail, count=1)
        words += f"[[pause {edit.pause_ms}ms]]" if edit.pause_ms else ""
    return head + words + tail


def _reads_as(source: str, text_type: TextType, wanted: Document) -> bool:
    try:
        read = read_document(source, text_type)
    except MixerError:
        return False
    return replace(read, blocks=_drop_lines(read)) == replace(wanted, blocks=_drop_lines(wanted))


def _drop_lines(document: Document) -> tuple[Block, ...]:
    """The blocks without the numbers of lines, which an edit may move."""
    return tuple(
        replace(block, annotations=tuple(replace(each, line=0) for each in block.annotations))
        for block in document.blocks
    )


__all__ = [
    "UNWRITTEN",
    "SentencePlace",
    "locate_sentences",
    "recall_utterances",
]


class SentencePlace(NamedTuple):
    """Where a sentence stands: a block, or `UNWRITTEN`, and characters of its text."""

    block: int
    start: int
    end: int


def locate_sentences(
    document: Document, script: Script, style: PlanStyle
) -> tuple[SentencePlace, ...]:
    """Locate each utterance of a script, in reading order.

    Raises:
        BadInput: the script is not a plan of this document in this style.
    """
    return tuple(place for place, _, _ in _match_sentences(document, script, style))


def locate_origins(
    document: Document, script: Script, style: PlanStyle
) -> tuple[TextOrigin | None, ...]:
    """Locate each utterance of a script on the pages of its book; None for what is not on one.

    Raises:
        BadInput: the script is not a plan of this document in this style.
    """
    return tuple(_iter_origins(document, locate_sentences(document, script, style)))


def _iter_origins(
    document: Document, places: Iterable[SentencePlace]
) -> Iterator[TextOrigin | None]:
    for number, own in groupby(places, key=lambda place: place.block):
        block, at = document.blocks[number], 0
        left = deque(block.origin.spans if block.origin else ())
        for place in own:
            if block.origin is None or not block.origin.is_exact:
                yield block.origin
                continue
            take_spans(left, count_characters(block.text[at : place.start]))
            spans = take_spans(left, count_characters(block.text[place.start : place.end]))
            at = place.end
            yield TextOrigin(block.origin.path, spans)


def recall_utterances(document: Document, script: Script, style: PlanStyle) -> KnownPlan:
    """Collect utterances and chunks, for a plan of another version of the document.

    Blocks with pauses of the author are left out: a pause may belong to the block before.
    """
    found: dict[int, tuple[SpokenBlock, list[Utterance]]] = {}
    for place, spoken, utterance in _match_sentences(document, script, style):
        found.setdefault(place.block, (spoken, []))[1].append(utterance)
    return KnownPlan(
        {
            (spoken.block, spoken.ending): tuple(utterances)
            for spoken, utterances in found.values()
            if _is_reusable(spoken, utterances)
        },
        {id(chunk.utterances[0]): chunk for chunk in script.chunks},
    )


def _is_reusable(spoken: SpokenBlock, utterances: list[Utterance]) -> bool:
    has_breaks = any(each.tag == BREAK_TAG for each in spoken.block.annotations)
    return not has_breaks and all(each.pause_ms is None for each in utterances)


def _match_sentences(
    document: Document, script: Script, style: PlanStyle
) -> Iterator[tuple[SentencePlace, SpokenBlock, Utterance]]:
    blocks = iter(list_spoken_blocks(document, style))
    spoken, at = next(blocks, None), 0
    for chunk in script.chunks:
        for utterance in chunk.utterances:
            while spoken and (start := _find_words(spoken, utterance, at)) is None:
                spoken, at = next(blocks, None), 0
            if spoken is None or start is None:
                raise BadInput("The plan of this story does not match its text; make it again.")
            at = start + len(utterance.text)
            yield SentencePlace(spoken.number, start, at), spoken, utterance


def _find_words(spoken: SpokenBlock, utterance: Utterance, at: int) -> int | None:
    start = spoken.block.text.find(utterance.text, at)
    return None if start < 0 or has_words(spoken.block.text[at:start]) else start

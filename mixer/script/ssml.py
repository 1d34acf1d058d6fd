"""Utterances to SSML: built as a tree, so that it is well-formed and escaped by construction.

Only elements that the engine honours are used. The text of the tree is the spoken text, letter
for letter; white space between sentences is the only addition.
"""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import regex

from mixer.script.annotations import VERBATIM_TAGS, Annotation
from mixer.script.limits import EngineLimits
from mixer.script.pauses import COMMA, NO_PAUSES, Pauses
from mixer.script.script import BreakKind, Utterance

FULL_RATE_PERCENT = 100


@dataclass(frozen=True, slots=True)
class SsmlStyle:
    """What shapes the SSML besides the words.

    Attributes:
        limits: of the engine it is for.
        pauses: whose `breaks_ms` become `<break>` elements.
        rate_percent: of the voice's own speed.
    """

    limits: EngineLimits
    pauses: Pauses
    rate_percent: int = FULL_RATE_PERCENT


def build_ssml(utterances: Sequence[Utterance], style: SsmlStyle) -> str:
    """The request for one chunk: a `<p>` for each paragraph, an `<s>` for each utterance."""
    root = ET.Element("speak")
    for group in _group_paragraphs(utterances):
        parent = ET.SubElement(root, "p")
        for utterance in group:
            _add_sentence(parent, utterance, style)
    _drop_final_break(root)
    return ET.tostring(root, encoding="unicode")


def weigh_text(spoken: str, style: SsmlStyle) -> int:
    """How much of a call's allowance a spoken text takes as an utterance, in billed characters.

    A call is limited twice, in billed characters and in characters overall. The weight is the
    larger share of the two, so that weights add up and one comparison keeps both limits. How the
    utterance ends is not known yet: the ending with the longest break is assumed.
    """
    paragraph = ET.Element("p")
    longest = max(BreakKind, key=lambda ending: style.pauses.breaks_ms.get(ending, -1))
    _add_sentence(paragraph, Utterance(spoken, spoken, longest), style)
    total_chars = utf16_chars(ET.tostring(paragraph, encoding="unicode"))
    share = style.limits.billed_chars / style.limits.total_chars
    return max(utf16_chars(spoken), math.ceil(total_chars * share))


def ssml_text(ssml: str) -> str:
    """The words that an SSML document of ours says, one sentence a line."""
    root = ET.fromstring(ssml)  # noqa: S314 - only what build_ssml made
    return "\n".join("".join(sentence.itertext()) for sentence in root.iter("s"))


def billed_chars(utterances: Sequence[Utterance]) -> int:
    """What an engine charges for: everything but the tags."""
    return sum(utf16_chars(utterance.spoken) for utterance in utterances)


def utf16_chars(text: str) -> int:
    """Length in UTF-16 units, the way Java services count: never less than in code points."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le")) // 2


def _group_paragraphs(utterances: Sequence[Utterance]) -> Iterator[list[Utterance]]:
    """The utterances grouped by the paragraphs that they form."""
    number = 0

    def paragraph_number(utterance: Utterance) -> int:
        nonlocal number
        mine = number
        number += utterance.ending in _PARAGRAPH_BREAKS
        return mine

    return (list(group) for _, group in groupby(utterances, paragraph_number))


_PARAGRAPH_BREAKS = frozenset(
    {BreakKind.PARAGRAPH, BreakKind.SCENE, BreakKind.HEADING, BreakKind.CHAPTER}
)


def _add_sentence(parent: ET.Element, utterance: Utterance, style: SsmlStyle) -> None:
    sentence = ET.SubElement(parent, "s")
    words = sentence
    if style.rate_percent != FULL_RATE_PERCENT and "prosody" in style.limits.tags:
        words = ET.SubElement(sentence, "prosody", rate=f"{style.rate_percent}%")
    marks = [mark for mark in utterance.annotations if mark.tag in style.limits.tags]
    if marks:
        _add_annotated_text(words, utterance.spoken, marks, style.pauses)
    else:
        _add_text(words, utterance.spoken, style.pauses)
    if utterance.ending in style.pauses.breaks_ms:
        _add_break(parent, style.pauses.breaks_ms[utterance.ending])


def _add_text(parent: ET.Element, text: str, pauses: Pauses) -> None:
    """Text with a `<break>` after each comma and clause for which the profile names a length."""
    start, last = 0, None
    for mark in _INNER_PAUSE.finditer(text):
        length_ms = pauses.breaks_ms.get(COMMA if mark["comma"] else BreakKind.CLAUSE)
        if length_ms is None:
            continue
        _append_text(parent, last, text[start : mark.end()])
        last, start = _add_break(parent, length_ms), mark.end()
    _append_text(parent, last, text[start:])


def _add_annotated_text(
    parent: ET.Element, text: str, annotations: Sequence[Annotation], pauses: Pauses
) -> None:
    """Text with its marks as elements, which nest as the marks do."""
    open_marks: list[tuple[Annotation, ET.Element]] = []
    at = 0

    def add_text_until(end: int) -> None:
        nonlocal at
        here = open_marks[-1][1] if open_marks else parent
        inner = ET.Element("text")
        is_whole = any(mark.tag in VERBATIM_TAGS for mark, _ in open_marks)
        _add_text(inner, text[at:end], NO_PAUSES if is_whole else pauses)
        _append_text(here, here[-1] if len(here) else None, inner.text or "")
        here.extend(inner)
        at = end

    for mark in [*annotations, Annotation(len(text), len(text), "")]:
        while open_marks and open_marks[-1][0].end <= mark.start:
            add_text_until(open_marks[-1][0].end)
            open_marks.pop()
        add_text_until(mark.start)
        if mark.tag:
            here = open_marks[-1][1] if open_marks else parent
            element = ET.SubElement(here, mark.tag, dict(mark.attributes))
            if mark.end > mark.start:
                open_marks.append((mark, element))


def weigh_annotations(annotations: Sequence[Annotation], style: SsmlStyle) -> int:
    """How much of a call's allowance marks take, in billed characters."""
    elements = (
        ET.Element(m.tag, dict(m.attributes)) for m in annotations if m.tag in style.limits.tags
    )
    chars = sum(utf16_chars(ET.tostring(e, encoding="unicode")) + len(e.tag) for e in elements)
    return math.ceil(chars * style.limits.billed_chars / style.limits.total_chars)


def _append_text(parent: ET.Element, last: ET.Element | None, text: str) -> None:
    if last is None:
        parent.text = (parent.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def _add_break(parent: ET.Element, length_ms: int) -> ET.Element:
    return ET.SubElement(parent, "break", time=f"{length_ms}ms")


def _drop_final_break(root: ET.Element) -> None:
    """What follows the last sentence is the mix's affair, whatever ends there."""
    for paragraph in root[-1:]:
        if paragraph[-1].tag == "break":
            paragraph.remove(paragraph[-1])


_INNER_PAUSE = regex.compile(r"(?P<comma>[,،、，])(?=\s|\p{Lo})|[;:；：؛—–…](?=\s)")

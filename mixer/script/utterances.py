"""Blocks to utterances: normalised first, then parted at sentences, then cut where too long."""

from collections.abc import Callable, Iterator

import regex

from mixer.script.document import Block, BlockKind, has_words
from mixer.script.normalise import NormalisedText, normalise
from mixer.script.script import Ending, Utterance
from mixer.script.sentences import split_sentences

FIRST_CUT_SHARE = 0.4
"""A piece of an overlong sentence fills at least so much of the limit, where a clause allows."""

_TERMINAL = regex.compile(r"""(?P<mark>[.!?…。！？।؟])[\p{Pf}\p{Pe}\p{Pi}"'’”»]*\s*$""")
_QUESTION_MARKS = frozenset("?？؟")
_EXCLAMATION_MARKS = frozenset("!！")

# Where a sentence may be cut: after a clause, between words, between graphemes.
_CLAUSE_CUT = regex.compile(r"[;:—–…](?=\s)|[,)](?=\s)|[；：，、—…]|[،؛](?=\s)")
_WORD_CUT = regex.compile(r"\s(?=\S)")
_GRAPHEME_CUT = regex.compile(r"\X")

# Where it may not: before what belongs to the character before, and inside a number, of which the
# spaces between its thousands are a part.
_JOINED = r"(?=[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}])"
_THOUSAND = r"\p{N}{3}(?!\p{N})"
_INSIDE_CHARACTER = regex.compile(_JOINED)
_INSIDE_NUMBER = regex.compile(
    rf"{_JOINED}|(?<=\p{{N}})(?=\p{{N}}|[.,:/'’٫٬]\p{{N}}|\s{_THOUSAND})"
    rf"|(?<=\p{{N}}[.,:/'’٫٬])(?=\p{{N}})|(?<=\p{{N}}\s)(?={_THOUSAND})"
)

_CUTS = (
    (_CLAUSE_CUT, _INSIDE_NUMBER, FIRST_CUT_SHARE),
    (_WORD_CUT, _INSIDE_NUMBER, 0.0),
    (_GRAPHEME_CUT, _INSIDE_NUMBER, 0.0),
    (_WORD_CUT, _INSIDE_CHARACTER, 0.0),
    (_GRAPHEME_CUT, _INSIDE_CHARACTER, 0.0),
)
"""What to try in turn: a place to cut, where it is none, and the least share of the limit."""

LOOKED_BEYOND_CHARS = 100
"""Of the text after the limit, so that a grapheme is seen whole."""


def is_said(text: str, language: str) -> bool:
    """Whether anything of a block is left to say once it is written the way it is said."""
    if any(map(str.isalnum, text)):
        return True
    return has_words(text) and has_words(normalise(text, language).spoken)


def utterances(
    block: Block, last_ending: Ending, language: str, weigh: Callable[[str], int], limit: int
) -> Iterator[Utterance]:
    """The utterances of one heading or paragraph.

    Args:
        block: with text; one without words gives nothing.
        last_ending: how the block as a whole ends.
        language: BCP 47 tag.
        weigh: what a text takes of a call's allowance, never less than its characters.
        limit: what one utterance may weigh.
    """
    text = normalise(block.text, language)
    if block.kind is BlockKind.HEADING:
        sentences: tuple[tuple[int, int], ...] = ((0, len(text.spoken)),)
    else:
        sentences = split_sentences(text.spoken, language)
    spans = list(_pieces(text, sentences, weigh, limit))
    for index, (start, end, is_whole) in enumerate(spans):
        spoken = text.spoken[start:end].strip()
        source = text.source[text.source_offset(start) : text.source_offset(end)].strip()
        if index == len(spans) - 1:
            yield Utterance(source, spoken, last_ending)
        else:
            yield Utterance(source, spoken, _ending(spoken) if is_whole else Ending.CLAUSE)


def _pieces(
    text: NormalisedText,
    sentences: tuple[tuple[int, int], ...],
    weigh: Callable[[str], int],
    limit: int,
) -> Iterator[tuple[int, int, bool]]:
    """Spans of the spoken text that fit, and whether each is the end of a sentence."""
    for start, end in sentences:
        if not has_words(text.spoken[start:end]):
            continue
        while end - start > limit or weigh(text.spoken[start:end]) > limit:
            cut = _cut(text, start, end, weigh, limit)
            yield start, cut, False
            start = cut  # noqa: PLW2901 - the rest of the sentence
        yield start, end, True


def _ending(spoken: str) -> Ending:
    terminal = _TERMINAL.search(spoken)
    if terminal and terminal["mark"] in _QUESTION_MARKS:
        return Ending.QUESTION
    if terminal and terminal["mark"] in _EXCLAMATION_MARKS:
        return Ending.EXCLAMATION
    return Ending.SENTENCE


def _cut(
    text: NormalisedText, start: int, end: int, weigh: Callable[[str], int], limit: int
) -> int:
    """Where to end the first piece of a sentence that is too long: the last good place."""
    furthest = _furthest(text.spoken, start, end, weigh, limit)
    seen = min(end, furthest + LOOKED_BEYOND_CHARS)
    for place, forbidden, share in _CUTS:
        least = start + int((furthest - start) * share)
        cuts = (match.end() for match in place.finditer(text.spoken, start, seen))
        fitting = [cut for cut in cuts if least < cut <= furthest and not text.inside_edit(cut)]
        for cut in reversed(fitting):
            if not forbidden.match(text.spoken, cut):
                return cut
    return furthest


def _furthest(spoken: str, start: int, end: int, weigh: Callable[[str], int], limit: int) -> int:
    """The furthest end of a piece from `start` that still fits, found by halving."""
    low, high = start + 1, min(end, start + limit)
    while low < high:
        middle = (low + high + 1) // 2
        if weigh(spoken[start:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low

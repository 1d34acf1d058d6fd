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

# Where a sentence may be cut, best first: after a clause, between words, between graphemes. A
# comma or point between digits belongs to a number and parts nothing.
_CLAUSE_CUT = regex.compile(r"[;:—–…](?=\s)|[,)](?=\s)|[；：，、—…]|[،؛](?=\s)")
_WORD_CUT = regex.compile(r"\s(?=\S)")
_GRAPHEME_CUT = regex.compile(r"\X(?<!\p{N})|\p{N}\X?(?!\p{N}|[.,]\p{N})")


def utterances(
    block: Block, last_ending: Ending, language: str, weigh: Callable[[str], int], limit: int
) -> Iterator[Utterance]:
    """The utterances of one heading or paragraph.

    Args:
        block: with text; one without words gives nothing.
        last_ending: how the block as a whole ends.
        language: BCP 47 tag.
        weigh: what a text takes of a call's allowance.
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
        while weigh(text.spoken[start:end]) > limit:
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
    least = start + int((furthest - start) * FIRST_CUT_SHARE)
    for pattern, lowest in ((_CLAUSE_CUT, least), (_WORD_CUT, start), (_GRAPHEME_CUT, start)):
        cuts = (match.end() for match in pattern.finditer(text.spoken, start, furthest))
        fitting = [cut for cut in cuts if lowest < cut <= furthest and not text.inside_edit(cut)]
        if fitting:
            return fitting[-1]
    return furthest


def _furthest(spoken: str, start: int, end: int, weigh: Callable[[str], int], limit: int) -> int:
    """The furthest end of a piece from `start` that still fits, found by halving."""
    low, high = start + 1, end
    while low < high:
        middle = (low + high + 1) // 2
        if weigh(spoken[start:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low

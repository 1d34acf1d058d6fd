"""Blocks to utterances: normalised first, then parted at sentences, then cut where too long."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from mixer.script.annotations import VERBATIM_TAGS, Annotation, clip_annotations, map_annotations
from mixer.script.document import Block, BlockKind, has_words
from mixer.script.normalise.passes import NormalisedText, normalise
from mixer.script.script import BreakKind, Utterance
from mixer.script.sentences import split_sentences
from mixer.script.sounds import SOUND_TAGS as SOUNDS
from mixer.script.sounds import assign_cues

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
_COMBINING = r"(?=[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}])"
_THOUSAND = r"\p{N}{3}(?!\p{N})"
_INSIDE_CHARACTER = regex.compile(_COMBINING)
_INSIDE_NUMBER = regex.compile(
    rf"{_COMBINING}|(?<=\p{{N}})(?=\p{{N}}|[.,:/'’٫٬]\p{{N}}|\s{_THOUSAND})"
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

SPANNING_TAGS = frozenset({"emphasis", "lang", "prosody", "amazon:effect"}) | VERBATIM_TAGS
"""Elements that mean nothing without words in them."""

LOOKAHEAD_CHARS = 100
"""Of the text after the limit, so that a grapheme is seen whole."""


def is_speakable(text: str, language: str) -> bool:
    """Whether anything of a block is left to say once it is written the way it is said."""
    if any(map(str.isalnum, text)):
        return True
    return has_words(text) and has_words(normalise(text, language).spoken)


def split_utterances(
    block: Block, last_ending: BreakKind, language: str, weigh: Callable[[str], int], limit: int
) -> Iterator[Utterance]:
    """The utterances of one heading or paragraph.

    Args:
        block: with text; one without words gives nothing.
        last_ending: how the block as a whole ends.
        language: BCP 47 tag.
        weigh: what a text takes of a call's allowance, never less than its characters.
        limit: what one utterance may weigh.
    """
    text, marks = _normalise_block(block, language)
    whole = [(mark.start, mark.end) for mark in marks if mark.tag in VERBATIM_TAGS]
    if block.kind is BlockKind.HEADING:
        sentences: tuple[tuple[int, int], ...] = ((0, len(text.spoken)),)
    else:
        sentences = _merge_sentences(split_sentences(text.spoken, language), whole)
    spans = list(_split_pieces(_CutContext(text, whole, weigh, limit), sentences))
    written = [_source_span(text, start, end) for start, end, _ in spans]
    sounds = (
        assign_cues(block.annotations, len(block.text), written)
        if block.annotations
        else [()] * len(spans)
    )
    for index, (start, end, is_whole) in enumerate(spans):
        spoken = text.spoken[start:end].strip()
        source = text.source[slice(*written[index])]
        is_last = index == len(spans) - 1
        ending = _detect_ending(spoken) if is_whole else BreakKind.CLAUSE
        inner = (
            _clip_to_utterance(marks, text.spoken, (start, end), is_last=is_last) if marks else ()
        )
        ending = last_ending if is_last else ending
        yield Utterance(source, spoken, ending, block.speaker, inner, sounds=sounds[index])


def _source_span(text: NormalisedText, start: int, end: int) -> tuple[int, int]:
    """A stretch of the spoken text on the author's own, without white space at its ends."""
    first, last = text.source_offset(start), text.source_offset(end)
    words = text.source[first:last]
    return last - len(words.lstrip()), first + len(words.rstrip())


def _normalise_block(block: Block, language: str) -> tuple[NormalisedText, tuple[Annotation, ...]]:
    """A block the way it is said, and its marks on that."""
    text = normalise(block.text, language)
    marks = [mark for mark in block.annotations if mark.tag not in SOUNDS]
    if not marks:
        return text, ()
    text = text.revert_edits((m.start, m.end) for m in marks if m.tag in VERBATIM_TAGS)
    return text, tuple(
        map_annotations(marks, lambda at, is_end: text.spoken_offset(at, is_end=is_end))
    )


def _merge_sentences(
    sentences: Sequence[tuple[int, int]], protected_spans: Sequence[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    """Sentences, of which none ends inside a stretch that must stay whole."""
    if not protected_spans:
        return tuple(sentences)
    ends = [
        end
        for _, end in sentences
        if end == sentences[-1][1] or not any(first < end < last for first, last in protected_spans)
    ]
    return tuple(pairwise([0, *ends])) if sentences else ()


def _clip_to_utterance(
    annotations: Sequence[Annotation], spoken: str, span: tuple[int, int], *, is_last: bool
) -> tuple[Annotation, ...]:
    """The marks of an utterance, whose text has no white space at its ends."""
    start, end = span
    inner = spoken[start:end]
    lead = len(inner) - len(inner.lstrip())
    length = len(inner.strip())
    own = clip_annotations(annotations, start, end, is_last=is_last)
    moved_in = map_annotations(own, lambda at, _: min(max(at - lead, 0), length))
    return tuple(
        mark for mark in moved_in if mark.end > mark.start or mark.tag not in SPANNING_TAGS
    )


@dataclass(frozen=True, slots=True)
class _CutContext:
    """What to know of a text that is cut where it is too long.

    Attributes:
        text: as it is said.
        protected_spans: stretches of the spoken text that are never parted.
        weigh: what a text takes of a call's allowance.
        limit: what one utterance may weigh.
    """

    text: NormalisedText
    protected_spans: Sequence[tuple[int, int]]
    weigh: Callable[[str], int]
    limit: int

    def may_cut(self, at: int) -> bool:
        """Whether a place lies outside of all that stays whole."""
        return not self.text.is_inside_edit(at) and not any(
            s < at < e for s, e in self.protected_spans
        )


def _split_pieces(
    context: _CutContext, sentences: tuple[tuple[int, int], ...]
) -> Iterator[tuple[int, int, bool]]:
    """Spans of the spoken text that fit, and whether each is the end of a sentence."""
    spoken, limit = context.text.spoken, context.limit
    for start, end in sentences:
        if not has_words(spoken[start:end]):
            continue
        while end - start > limit or context.weigh(spoken[start:end]) > limit:
            cut = _find_cut(context, start, end)
            yield start, cut, False
            start = cut  # noqa: PLW2901 - the rest of the sentence
        yield start, end, True


def ends_sentence(text: str) -> bool:
    """Whether a text's last mark ends a sentence."""
    return _TERMINAL.search(text) is not None


def _detect_ending(spoken: str) -> BreakKind:
    terminal = _TERMINAL.search(spoken)
    if terminal and terminal["mark"] in _QUESTION_MARKS:
        return BreakKind.QUESTION
    if terminal and terminal["mark"] in _EXCLAMATION_MARKS:
        return BreakKind.EXCLAMATION
    return BreakKind.SENTENCE


def _find_cut(context: _CutContext, start: int, end: int) -> int:
    """Where to end the first piece of a sentence that is too long: the last good place."""
    text = context.text
    furthest = _find_furthest_fit(text.spoken, start, end, context.weigh, context.limit)
    seen = min(end, furthest + LOOKAHEAD_CHARS)
    for place, forbidden, share in _CUTS:
        least = start + int((furthest - start) * share)
        cuts = (match.end() for match in place.finditer(text.spoken, start, seen))
        fitting = [cut for cut in cuts if least < cut <= furthest and context.may_cut(cut)]
        for cut in reversed(fitting):
            if not forbidden.match(text.spoken, cut):
                return cut
    return furthest


def _find_furthest_fit(
    spoken: str, start: int, end: int, weigh: Callable[[str], int], limit: int
) -> int:
    """The furthest end of a piece from `start` that still fits, found by halving."""
    low, high = start + 1, min(end, start + limit)
    while low < high:
        middle = (low + high + 1) // 2
        if weigh(spoken[start:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low

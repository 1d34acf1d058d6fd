"""Blocks to utterances: normalised first, then split at sentences, then cut where too long."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from mixer.lazy import compile_lazily
from mixer.script.annotations import (
    BREAK_TAG,
    NO_SPANS,
    VERBATIM_TAGS,
    Annotation,
    SpanIndex,
    clip_annotations,
    iter_windows,
    map_annotations,
    parse_duration_ms,
    sort_annotations,
)
from mixer.script.document import SOUND_TAGS, Block, BlockKind, has_words
from mixer.script.normalise import NormalisedText, normalise
from mixer.script.planning.sentences import split_sentences
from mixer.script.script import BreakKind, Utterance
from mixer.script.sounds import assign_cues

LONG_PAUSE_MS = 700
"""From here on the mix makes a silence between two sentences, to the sample: engines honour long
breaks only in part."""

FIRST_CUT_SHARE = 0.4
"""Least share of the limit that a piece of an overlong sentence fills, where it ends a clause."""

_TERMINAL = compile_lazily(r"""(?r)(?P<mark>[.!?…。！？।؟])[\p{Pf}\p{Pe}\p{Pi}"'’”»]*\s*$""")
"""Searched for from the end (`(?r)`)."""

_QUESTION_MARKS = frozenset("?？؟")
_EXCLAMATION_MARKS = frozenset("!！")

# Where a sentence may be cut: after a clause, between words, between graphemes.
_CLAUSE_CUT = compile_lazily(r"[;:—–…](?=\s)|[,)](?=\s)|[；：，、—…]|[،؛](?=\s)")
_WORD_CUT = compile_lazily(r"\s(?=\S)")
_GRAPHEME_CUT = compile_lazily(r"\X")

# Where it may not be cut: before a combining character, and inside a number, spaces between
# thousands included.
_COMBINING = r"(?=[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}])"
_THOUSAND = r"\p{N}{3}(?!\p{N})"
_INSIDE_CHARACTER = compile_lazily(_COMBINING)
_INSIDE_NUMBER = compile_lazily(
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
"""Tried in turn: where to cut, where not to, and the least share of the limit."""

SPANNING_TAGS = frozenset({"emphasis", "lang", "prosody", "amazon:effect"}) | VERBATIM_TAGS
"""Elements that mean nothing without words inside."""

LOOKAHEAD_CHARS = 100
"""After the limit, so that the last grapheme is complete."""


def is_speakable(text: str, language: str) -> bool:
    """Whether anything of a text is left to say once it is normalised."""
    if any(map(str.isalnum, text)):
        return True
    return has_words(text) and has_words(normalise(text, language).spoken)


def split_utterances(
    block: Block, last_ending: BreakKind, language: str, weigh: Callable[[str], int], limit: int
) -> Iterable[Utterance]:
    """Split one heading or paragraph into utterances; a block without words gives none.

    Args:
        last_ending: how the block as a whole ends.
        weigh: a text's share of a call's allowance, never less than its characters.
        limit: the most that one utterance may weigh.
    """
    text, annotations = _normalise_block(block, language)
    verbatim = _index_verbatim(annotations) if annotations else NO_SPANS
    sentences: tuple[tuple[int, int], ...] = ((0, len(text.spoken)),)
    if block.kind is not BlockKind.HEADING:
        sentences = _merge_sentences(split_sentences(text.spoken, language), verbatim)
    pieces = _split_pieces(_CutContext(text, verbatim, weigh, limit), sentences)
    last = len(pieces) - 1
    utterances = [
        _build_utterance(text, piece, block.speaker, last_ending if number == last else None)
        for number, piece in enumerate(pieces)
    ]
    is_plain = not block.annotations
    return utterances if is_plain else _annotate(utterances, pieces, block, text, annotations)


def _build_utterance(
    text: NormalisedText, piece: "_SpokenPiece", speaker: str, ending: BreakKind | None
) -> Utterance:
    """An utterance without annotations; without an ending, it has that of its own words."""
    spoken = text.spoken[piece.start : piece.end].strip()
    first, end = _source_span(text, piece.start, piece.end)
    return Utterance(
        text.source[first:end], spoken, ending or _detect_ending(spoken, piece), speaker
    )


def _annotate(
    utterances: Sequence[Utterance],
    pieces: Sequence["_SpokenPiece"],
    block: Block,
    text: NormalisedText,
    annotations: Sequence[Annotation],
) -> Iterator[Utterance]:
    """Add a block's annotations, which refer to its spoken text, and its sounds."""
    written = [_source_span(text, piece.start, piece.end) for piece in pieces]
    sounds = assign_cues(block.annotations, len(block.text), written)
    windows = iter_windows(annotations, ((piece.start, piece.end) for piece in pieces))
    for utterance, piece, own, cues in zip(utterances, pieces, windows, sounds, strict=True):
        clipped = _clip_to_utterance(own, text.spoken, piece, is_last=piece is pieces[-1])
        yield replace(utterance, annotations=clipped, sounds=cues)


class _SpokenPiece(NamedTuple):
    """A span of the spoken text that fits into a call."""

    start: int
    end: int
    ends_sentence: bool


def _source_span(text: NormalisedText, start: int, end: int) -> tuple[int, int]:
    """Map a span of the spoken text to the source, without white space at its ends."""
    first, last = text.find_source_offset(start), text.find_source_offset(end)
    words = text.source[first:last]
    return last - len(words.lstrip()), first + len(words.rstrip())


def _normalise_block(block: Block, language: str) -> tuple[NormalisedText, tuple[Annotation, ...]]:
    """A block's text as it is spoken, and its annotations on that, sounds excluded."""
    text = normalise(block.text, language)
    annotations = [each for each in block.annotations if each.tag not in SOUND_TAGS]
    if not annotations:
        return text, ()
    text = text.revert_edits(_index_verbatim(annotations).overlaps)
    return text, tuple(
        map_annotations(annotations, lambda at, is_end: text.find_spoken_offset(at, is_end=is_end))
    )


def _index_verbatim(annotations: Sequence[Annotation]) -> SpanIndex:
    spans = [(each.start, each.end) for each in annotations if each.tag in VERBATIM_TAGS]
    return SpanIndex(spans) if spans else NO_SPANS


def _merge_sentences(
    sentences: tuple[tuple[int, int], ...], protected_spans: SpanIndex
) -> tuple[tuple[int, int], ...]:
    if protected_spans is NO_SPANS:
        return sentences
    ends = [
        end for _, end in sentences if end == sentences[-1][1] or not protected_spans.is_inside(end)
    ]
    return tuple(pairwise([0, *ends])) if sentences else ()


def _clip_to_utterance(
    annotations: Sequence[Annotation], spoken: str, piece: _SpokenPiece, *, is_last: bool
) -> tuple[Annotation, ...]:
    if not annotations:
        return ()
    inner = spoken[piece.start : piece.end]
    lead = len(inner) - len(inner.lstrip())
    length = len(inner.strip())
    own = clip_annotations(annotations, piece.start, piece.end, is_last=is_last)
    shifted = map_annotations(own, lambda at, _: min(max(at - lead, 0), length))
    return tuple(each for each in shifted if each.end > each.start or each.tag not in SPANNING_TAGS)


class _CutContext(NamedTuple):
    """A text that is cut where it is too long, but never inside its protected spans."""

    text: NormalisedText
    protected_spans: SpanIndex
    weigh: Callable[[str], int]
    limit: int

    def may_cut(self, at: int) -> bool:
        return not (self.text.is_inside_edit(at) or self.protected_spans.is_inside(at))


def _split_pieces(
    context: _CutContext, sentences: tuple[tuple[int, int], ...]
) -> list[_SpokenPiece]:
    spoken, limit = context.text.spoken, context.limit
    pieces: list[_SpokenPiece] = []
    for start, end in sentences:
        if not has_words(spoken[start:end]):
            continue
        while end - start > limit or context.weigh(spoken[start:end]) > limit:
            cut = _find_cut(context, start, end)
            pieces.append(_SpokenPiece(start, cut, ends_sentence=False))
            start = cut  # noqa: PLW2901 - the rest of the sentence
        pieces.append(_SpokenPiece(start, end, ends_sentence=True))
    return pieces


def ends_sentence(text: str) -> bool:
    """Whether a text's last mark ends a sentence."""
    return _TERMINAL.search(text) is not None


def _detect_ending(spoken: str, piece: _SpokenPiece) -> BreakKind:
    if not piece.ends_sentence:
        return BreakKind.CLAUSE
    terminal = _TERMINAL.search(spoken)
    if terminal and terminal["mark"] in _QUESTION_MARKS:
        return BreakKind.QUESTION
    if terminal and terminal["mark"] in _EXCLAMATION_MARKS:
        return BreakKind.EXCLAMATION
    return BreakKind.SENTENCE


def _find_cut(context: _CutContext, start: int, end: int) -> int:
    """The last good place to end the first piece of a sentence that is too long."""
    text = context.text
    furthest = _find_furthest_fit(context, start, end)
    search_end = min(end, furthest + LOOKAHEAD_CHARS)
    for place, forbidden, share in _CUTS:
        least = start + int((furthest - start) * share)
        cuts = (match.end() for match in place.finditer(text.spoken, start, search_end))
        fitting = [cut for cut in cuts if least < cut <= furthest and context.may_cut(cut)]
        for cut in reversed(fitting):
            if not forbidden.match(text.spoken, cut):
                return cut
    return furthest


def _find_furthest_fit(context: _CutContext, start: int, end: int) -> int:
    spoken, limit = context.text.spoken, context.limit
    low, high = start + 1, min(end, start + limit)
    while low < high:
        middle = (low + high + 1) // 2
        if context.weigh(spoken[start:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def extract_long_pauses(utterances: list[Utterance]) -> list[Utterance]:
    """Turn long silences at the ends of sentences into pauses of the mix."""
    if not any(utterance.annotations for utterance in utterances):
        return utterances
    extracted: list[Utterance] = []
    for utterance in utterances:
        kept = [each for each in utterance.annotations if not _is_long_pause(each)]
        long = [each for each in utterance.annotations if _is_long_pause(each)]
        kept += [each for each in long if 0 < each.start < len(utterance.spoken)]
        before_ms = sum(break_ms(each) for each in long if each.start == 0)
        if before_ms and extracted:
            pause_ms = (extracted[-1].pause_ms or 0) + before_ms
            extracted[-1] = replace(extracted[-1], pause_ms=pause_ms)
        elif before_ms:
            kept += [each for each in long if each.start == 0]
        after_ms = sum(break_ms(each) for each in long if each.start == len(utterance.spoken))
        extracted.append(
            replace(
                utterance,
                annotations=tuple(sort_annotations(kept)),
                pause_ms=after_ms or utterance.pause_ms,
            )
        )
    return extracted


def _is_long_pause(annotation: Annotation) -> bool:
    return annotation.tag == BREAK_TAG and break_ms(annotation) >= LONG_PAUSE_MS


def break_ms(annotation: Annotation) -> int:
    """The length of a silence; 0 where its time cannot be read."""
    return parse_duration_ms(annotation.attribute("time")) or 0

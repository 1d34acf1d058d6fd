"""From sentences to cues: what is on the screen, and from when to when.

1. Sentences get clean times: in order, none running into the next.
2. Short ones that would flash by share a cue with a neighbour of their paragraph.
3. Each passage is laid out: cues at phrases, one or two lines each.
4. Each cue stays until its words are said, or longer, into a pause, until it can be read.

A cue appears with its first sound, never before: what is read is what is heard.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from mixer.publish.captions.layout import (
    LONGEST_S,
    READING_CPS,
    SHORTEST_S,
    CaptionLayout,
    Passage,
    break_lines,
    fits_one_cue,
    lay_out_cues,
)
from mixer.publish.captions.unit_times import compute_unit_times
from mixer.publish.captions.units import (
    LINE_COLUMNS,
    count_columns,
    join_units,
    split_units,
    visible_text,
)
from mixer.publish.captions.values import CaptionCue, CaptionedSentence

SHARED_GAP_S = 1.0
"""Sentences further apart than this do not share a cue: a paragraph ends there, or a thought."""

CLOSED_GAP_S = 0.25
"""A shorter blank between two cues flickers; the first then stays until the second. Our own
figure: subtitlers close longer ones, but the end of a cue shall stay true to the sound."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Sentences that share a cue; almost always one."""

    sentences: tuple[CaptionedSentence, ...]
    columns: int

    @property
    def start_s(self) -> float:
        return self.sentences[0].start_s

    @property
    def end_s(self) -> float:
        return self.sentences[-1].end_s


@dataclass(frozen=True, slots=True)
class _Draft:
    """A cue whose end is not yet known for good."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]
    voice: str
    chapter: str


def build_cues(sentences: Iterable[CaptionedSentence], *, total_s: float) -> tuple[CaptionCue, ...]:
    """Turns sentences into cues.

    Args:
        sentences: in the order in which they are heard; ones without visible text are left out.
        total_s: length of the finished audio; no cue outlasts it.
    """
    groups = list(_group_sentences(_order_sentences(sentences, total_s), total_s))
    frees_s = [group.start_s for group in groups[1:]] + [total_s]
    drafts = list(chain.from_iterable(map(_draft_cues, groups, frees_s)))
    return tuple(_schedule_cues(drafts, total_s))


def _order_sentences(
    sentences: Iterable[CaptionedSentence], total_s: float
) -> list[CaptionedSentence]:
    """Sentences with something to show, none beginning before or reaching into another."""
    visible = [sentence for sentence in sentences if visible_text(sentence.text)]
    ordered: list[CaptionedSentence] = []
    next_s = total_s
    for sentence in reversed(visible):
        start_s = max(0.0, min(sentence.start_s, next_s))
        end_s = max(start_s, min(sentence.end_s, next_s))
        changed = start_s != sentence.start_s or end_s != sentence.end_s
        ordered.append(replace(sentence, start_s=start_s, end_s=end_s) if changed else sentence)
        next_s = start_s
    return ordered[::-1]


def _group_sentences(sentences: Sequence[CaptionedSentence], total_s: float) -> Iterator[_Group]:
    """Lets sentences that would flash by share a cue with a neighbour."""
    group: _Group | None = None
    frees_s = [*(sentence.start_s for sentence in sentences[1:]), total_s]
    for sentence, free_s in zip(sentences, frees_s, strict=False):
        alone = _Group((sentence,), count_columns(visible_text(sentence.text)))
        if group is None:
            group = alone
        elif (
            _is_too_brief(group, sentence.start_s) or _is_too_brief(alone, free_s)
        ) and _can_share(group, alone):
            group = _Group((*group.sentences, sentence), group.columns + 1 + alone.columns)
        else:
            yield group
            group = alone
    if group is not None:
        yield group


def _is_too_brief(group: _Group, next_start_s: float) -> bool:
    """Whether a short cue would be gone before it is read."""
    needed_s = max(SHORTEST_S, group.columns / READING_CPS)
    return group.columns <= LINE_COLUMNS and next_start_s - group.start_s < needed_s


def _can_share(first: _Group, second: _Group) -> bool:
    """Whether two neighbours may stand on the screen together, each on a line or both on one."""
    before, after = first.sentences[-1], second.sentences[0]
    one_line = first.columns + 1 + second.columns <= LINE_COLUMNS
    return (
        (one_line or max(first.columns, second.columns) <= LINE_COLUMNS)
        and not (before.ends_paragraph or before.chapter or after.chapter)
        and before.voice == after.voice
        and after.start_s - before.end_s <= SHARED_GAP_S
        and second.end_s - first.start_s <= LONGEST_S
    )


def _draft_cues(group: _Group, next_start_s: float) -> Iterator[_Draft]:
    """The cues of a group, in order."""
    lead = group.sentences[0]
    if len(group.sentences) == 1 and group.end_s - group.start_s <= LONGEST_S:
        written = _fit_sentence(lead, group.columns)
        if written:
            yield _Draft(group.start_s, group.end_s, written, lead.voice, lead.chapter)
            return
    passage = _build_group_passage(group, next_start_s)
    for layout in lay_out_cues(passage):
        yield _draft_cue(passage, layout, lead)


def _fit_sentence(sentence: CaptionedSentence, width: int) -> tuple[str, ...]:
    """The lines of a sentence that fits one cue; nothing for one that does not."""
    if width <= LINE_COLUMNS:
        return (visible_text(sentence.text),)
    if width > 2 * LINE_COLUMNS + 1:
        return ()
    units = split_units(sentence.text)
    return break_lines(units, 0, len(units)) if fits_one_cue(units) else ()


def _draft_cue(passage: Passage, layout: CaptionLayout, lead: CaptionedSentence) -> _Draft:
    """One cue of a passage; the chapter it may open is named in the first only."""
    return _Draft(
        start_s=passage.unit_times_s[layout.first],
        end_s=passage.unit_times_s[layout.stop],
        lines=layout.lines,
        voice=lead.voice,
        chapter="" if layout.first else lead.chapter,
    )


def _build_group_passage(group: _Group, next_start_s: float) -> Passage:
    """The units of a group and when each is heard."""
    passages = [_build_sentence_passage(sentence, next_start_s) for sentence in group.sentences]
    whole = passages[0]
    for passage in passages[1:]:
        whole = Passage(
            join_units(whole.units, passage.units),
            whole.unit_times_s[:-1] + passage.unit_times_s,
            next_start_s,
        )
    return whole


def _build_sentence_passage(sentence: CaptionedSentence, next_start_s: float) -> Passage:
    units = split_units(sentence.text)
    return Passage(units, compute_unit_times(sentence, units), next_start_s)


def _schedule_cues(drafts: Sequence[_Draft], total_s: float) -> Iterator[CaptionCue]:
    """Settles when each cue appears and goes, in whole milliseconds, strictly one after another."""
    starts_ms: list[int] = []
    for draft in drafts:
        earliest_ms = starts_ms[-1] + 1 if starts_ms else 0
        starts_ms.append(max(round(draft.start_s * 1000), earliest_ms))
    total_ms = int(total_s * 1000)
    frees_ms = [*starts_ms[1:], total_ms]
    for draft, start_ms, free_ms in zip(drafts, starts_ms, frees_ms, strict=False):
        end_ms = max(start_ms + 1, _end_ms(draft, start_ms, free_ms))
        yield CaptionCue(start_ms, end_ms, draft.lines, draft.voice, draft.chapter)


def _end_ms(draft: _Draft, start_ms: int, next_start_ms: int) -> int:
    """When a cue goes: not before it is said and can be read, not after the next begins."""
    needed_s = max(SHORTEST_S, sum(map(count_columns, draft.lines)) / READING_CPS)
    wanted_ms = max(round(draft.end_s * 1000), start_ms + round(needed_s * 1000))
    latest_ms = min(next_start_ms, start_ms + round(LONGEST_S * 1000))
    if next_start_ms - wanted_ms < CLOSED_GAP_S * 1000:
        wanted_ms = next_start_ms
    return min(wanted_ms, latest_ms)

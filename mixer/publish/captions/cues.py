"""Turns sentences into cues, and writes cues as WebVTT and SubRip, chapters as WebVTT.

1. Sentences are put in order, without overlaps.
2. Sentences too short to be read share a cue with a neighbour of their paragraph.
3. Each passage is laid out: cues at phrases, one or two lines each.
4. Each cue stays until its words are spoken, or longer, into a pause, until it can be read.

A cue appears with its first sound, never before.

WebVTT: https://www.w3.org/TR/webvtt1/ (syntax: section 4). SubRip has no standard; players agree
on numbered blocks, comma milliseconds and a few HTML-like tags, which text must not imitate.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from mixer.publish.captions.layout import (
    LONGEST_S,
    READING_CPS,
    SHORTEST_S,
    CaptionLayout,
    break_lines,
    fits_one_cue,
    lay_out_cues,
)
from mixer.publish.captions.passages import CaptionedSentence, Passage, build_passage
from mixer.publish.captions.units import LINE_COLUMNS, count_columns, split_units, visible_text

SHARED_GAP_S = 1.0
"""Sentences farther apart than this do not share a cue."""

CLOSED_GAP_S = 0.25
"""A shorter gap between two cues flickers; the first then stays until the second. Our own figure:
subtitlers close longer ones, but the end of a cue should match the sound."""


@dataclass(frozen=True, slots=True)
class CaptionCue:
    """A text on the screen.

    Attributes:
        start_ms: later than the start of the cue before.
        end_ms: later than `start_ms`, never later than the next cue's start.
        lines: one or two, top first; not escaped for any file format.
        voice: may be empty.
        chapter: title of the chapter that opens here; may be empty.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    voice: str = ""
    chapter: str = ""


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
    start_s: float
    end_s: float
    lines: tuple[str, ...]
    voice: str
    chapter: str


def build_cues(sentences: Iterable[CaptionedSentence], *, total_s: float) -> tuple[CaptionCue, ...]:
    """Build cues of sentences.

    Args:
        sentences: in the order in which they are spoken; those without visible text are left out.
        total_s: length of the finished audio; no cue outlasts it.
    """
    groups = list(_group_sentences(order_sentences(sentences, total_s), total_s))
    next_starts_s = [group.start_s for group in groups[1:]] + [total_s]
    drafts = list(chain.from_iterable(map(_draft_cues, groups, next_starts_s)))
    return tuple(_schedule_cues(drafts, total_s))


def order_sentences(
    sentences: Iterable[CaptionedSentence], total_s: float
) -> list[CaptionedSentence]:
    """Put visible sentences in order, without overlaps and within the audio."""
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
    group: _Group | None = None
    next_starts_s = [*(sentence.start_s for sentence in sentences[1:]), total_s]
    for sentence, next_start_s in zip(sentences, next_starts_s, strict=False):
        single = _Group((sentence,), count_columns(visible_text(sentence.text)))
        if group is None:
            group = single
        elif (
            _is_too_brief(group, sentence.start_s) or _is_too_brief(single, next_start_s)
        ) and _can_share(group, single):
            group = _Group((*group.sentences, sentence), group.columns + 1 + single.columns)
        else:
            yield group
            group = single
    if group is not None:
        yield group


def _is_too_brief(group: _Group, next_start_s: float) -> bool:
    needed_s = max(SHORTEST_S, group.columns / READING_CPS)
    return group.columns <= LINE_COLUMNS and next_start_s - group.start_s < needed_s


def _can_share(first: _Group, second: _Group) -> bool:
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
    first = group.sentences[0]
    if len(group.sentences) == 1 and group.end_s - group.start_s <= LONGEST_S:
        lines = _fit_sentence(first, group.columns)
        if lines:
            yield _Draft(group.start_s, group.end_s, lines, first.voice, first.chapter)
            return
    passage = build_passage(group.sentences, next_start_s)
    for layout in lay_out_cues(passage):
        yield _draft_cue(passage, layout, first)


def _fit_sentence(sentence: CaptionedSentence, width: int) -> tuple[str, ...]:
    """The lines of a sentence that fits one cue; none for one that does not."""
    if width <= LINE_COLUMNS:
        return (visible_text(sentence.text),)
    if width > 2 * LINE_COLUMNS + 1:
        return ()
    units = split_units(sentence.text)
    return break_lines(units, 0, len(units)) if fits_one_cue(units) else ()


def _draft_cue(passage: Passage, layout: CaptionLayout, first: CaptionedSentence) -> _Draft:
    """Draft a cue of a passage; only the first names the chapter that opens."""
    return _Draft(
        start_s=passage.unit_times_s[layout.first],
        end_s=passage.unit_times_s[layout.stop],
        lines=layout.lines,
        voice=first.voice,
        chapter="" if layout.first else first.chapter,
    )


def _schedule_cues(drafts: Sequence[_Draft], total_s: float) -> Iterator[CaptionCue]:
    """Schedule the cues in whole milliseconds, strictly one after another."""
    starts_ms: list[int] = []
    for draft in drafts:
        earliest_ms = starts_ms[-1] + 1 if starts_ms else 0
        starts_ms.append(max(round(draft.start_s * 1000), earliest_ms))
    total_ms = int(total_s * 1000)
    next_starts_ms = [*starts_ms[1:], total_ms]
    for draft, start_ms, next_ms in zip(drafts, starts_ms, next_starts_ms, strict=False):
        end_ms = max(start_ms + 1, _end_ms(draft, start_ms, next_ms))
        yield CaptionCue(start_ms, end_ms, draft.lines, draft.voice, draft.chapter)


def _end_ms(draft: _Draft, start_ms: int, next_start_ms: int) -> int:
    """The end of a cue: when it is spoken and can be read, at the latest when the next begins."""
    needed_s = max(SHORTEST_S, sum(map(count_columns, draft.lines)) / READING_CPS)
    wanted_ms = max(round(draft.end_s * 1000), start_ms + round(needed_s * 1000))
    latest_ms = min(next_start_ms, start_ms + round(LONGEST_S * 1000))
    if next_start_ms - wanted_ms < CLOSED_GAP_S * 1000:
        wanted_ms = next_start_ms
    return min(wanted_ms, latest_ms)


ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_TAG = re.compile(r"<(?=[/A-Za-z])|\{(?=\\)")
_WORD_JOINER = "\u2060"
"""Invisible, without width: follows a `<` that a SubRip player would take for a tag."""


def format_webvtt(cues: Iterable[CaptionCue], *, title: str = "", language: str = "") -> str:
    """Format cues as WebVTT; language (a BCP 47 tag) and chapters become notes."""
    head = f"WEBVTT - {format_one_line(title)}" if format_one_line(title) else "WEBVTT"
    notes = [f"NOTE Language: {format_one_line(language)}"] if language else []
    return join_blocks([head, *notes, *_format_cue_blocks(cues)])


def format_srt(cues: Iterable[CaptionCue]) -> str:
    """Format cues as SubRip, which has no titles, voices or chapters."""
    return "\n".join(
        f"{number}\n{_srt_time(cue.start_ms)} --> {_srt_time(cue.end_ms)}\n{_srt_text(cue)}\n"
        for number, cue in enumerate(cues, start=1)
    )


def format_chapters_vtt(chapters: Sequence[tuple[float, str]], *, total_s: float) -> str:
    """Format chapters as WebVTT for `<track kind="chapters">`.

    Args:
        chapters: (start in seconds, title), in order; one without length or title is left out.
        total_s: end of the last chapter.
    """
    ends_s = [start_s for start_s, _ in chapters[1:]] + [total_s]
    spans = [
        (round(start_s * 1000), round(end_s * 1000), format_one_line(title))
        for (start_s, title), end_s in zip(chapters, ends_s, strict=True)
    ]
    return join_blocks(
        [
            "WEBVTT",
            *(
                f"{format_vtt_time(start_ms)} --> {format_vtt_time(end_ms)}\n"
                f"{title.translate(ESCAPES)}"
                for start_ms, end_ms, title in spans
                if title and 0 <= start_ms < end_ms
            ),
        ]
    )


def _format_cue_blocks(cues: Iterable[CaptionCue]) -> Iterator[str]:
    for cue in cues:
        if chapter := format_one_line(cue.chapter):
            yield f"NOTE Chapter: {chapter}"
        text = "\n".join(cue.lines).translate(ESCAPES)
        voice = f"<v {format_one_line(cue.voice).translate(ESCAPES)}>" if cue.voice else ""
        yield f"{format_vtt_time(cue.start_ms)} --> {format_vtt_time(cue.end_ms)}\n{voice}{text}"


def join_blocks(blocks: Sequence[str]) -> str:
    """Join blocks with the blank line that the format requires after each."""
    return "\n\n".join(blocks) + ("\n" if len(blocks) > 1 else "\n\n")


def _srt_text(cue: CaptionCue) -> str:
    return _TAG.sub(lambda found: found[0] + _WORD_JOINER, _replace_arrows("\n".join(cue.lines)))


def format_one_line(text: str) -> str:
    """Format a text for a line that must not look like a time."""
    return _replace_arrows(visible_text(text))


def _replace_arrows(text: str) -> str:
    """Replace the sign that both formats take for a timing line."""
    return text.replace("-->", "→")


def format_vtt_time(time_ms: int) -> str:
    """Format a time as WebVTT does."""
    seconds, ms = divmod(time_ms, 1000)
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours:02}:{m:02}:{s:02}.{ms:03}"


def _srt_time(time_ms: int) -> str:
    return format_vtt_time(time_ms).replace(".", ",")

"""Changes a sentence of a document: its words, who says it, the pause behind it. Pure.

Only the words that differ are replaced, so that annotations of the others stay. What is written in
place of them may have inline tags, as in the author's text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mixer.errors import BadOption
from mixer.script.annotations import (
    BREAK_TAG,
    VERBATIM_TAGS,
    Annotation,
    clip_annotations,
    sort_annotations,
)
from mixer.script.document import Block, Document, collapse_whitespace, has_words
from mixer.script.readers import read_sentence
from mixer.script.script import NARRATOR

TAKE_TAG = "mark"
"""Speech marks are accepted by every engine of Polly and mean nothing to the voice; a name that
differs makes a request that differs."""


@dataclass(frozen=True, slots=True)
class SentenceEdit:
    """A change of what stands at a place of a document; None leaves as it is.

    Attributes:
        block, start, end: characters of a block's text.
        text: in place of the words there.
        speaker: a name of the cast.
        pause_ms: behind it, instead of another pause of the author; 0 for the natural one.
        take: another recording of the same words, by number; 0 for the first.
    """

    block: int
    start: int
    end: int
    text: str | None = None
    speaker: str | None = None
    pause_ms: int | None = None
    take: int | None = None


@dataclass(frozen=True, slots=True)
class WordChange:
    """The words of a block that differ, as a span, and what is written in their place."""

    start: int
    end: int
    words: str


def edit_document(document: Document, edit: SentenceEdit, *, is_markdown: bool) -> Document:
    """Change a sentence of a document; blocks in front of it keep their numbers.

    Raises:
        UnreadableText: a tag of the new text is malformed.
        BadOption: the speaker is not in the cast, or the new text is without words.
    """
    block = document.blocks[edit.block]
    if (edit.text is not None or edit.speaker is not None) and block.origin is not None:
        block = replace(block, origin=replace(block.origin, is_exact=False))
    end, voices = edit.end, list[tuple[int, int, str]]()
    if edit.text is not None and (change := find_change(block, edit)) is not None:
        parts = _read_words(document, block, change, is_markdown=is_markdown)
        end += sum(len(part.text) for part in parts) + len(parts) - 1 - change.end + change.start
        block = _replace_words(block, change, parts)
        voices = list(_list_voices(parts, change.start, block.speaker))
    if edit.pause_ms is not None:
        block = _replace_pause(block, end, edit.pause_ms)
    if edit.take is not None:
        block = _replace_take(block, edit.start, edit.take)
    if edit.speaker is not None:
        voices = [(edit.start, end, _find_speaker(document, edit.speaker))]
    blocks = _split_at_voices(block, voices)
    rest = document.blocks[edit.block + 1 :]
    return replace(document, blocks=(*document.blocks[: edit.block], *blocks, *rest))


def find_change(block: Block, edit: SentenceEdit) -> WordChange | None:
    """Find what differs between a sentence and its new text, in whole words; None for nothing."""
    before = block.text[edit.start : edit.end].split()
    after = collapse_whitespace(edit.text or "").split()
    if not has_words(" ".join(after)):
        raise BadOption("text: the sentence would have no words left.", field="text")
    if before == after:
        return None
    first = _count_equal(before, after)
    last = min(_count_equal(before[::-1], after[::-1]), min(len(before), len(after)) - first)
    while first + last and not has_words(" ".join(after[first : len(after) - last])):
        first, last = max(0, first - 1), max(0, last - 1)
    if first + last == len(before):  # only new words: one of the old is written again
        first, last = (first, last - 1) if last else (first - 1, last)
    kept = before[first : len(before) - last]
    start = edit.start + sum(len(word) + 1 for word in before[:first])
    end = start + len(" ".join(kept))
    return WordChange(start, end, " ".join(after[first : len(after) - last]))


def _count_equal(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _read_words(
    document: Document, block: Block, change: WordChange, *, is_markdown: bool
) -> tuple[Block, ...]:
    parts = read_sentence(change.words, document.cast, block.speaker, is_markdown=is_markdown)
    if not parts:
        raise BadOption("text: the sentence would have no words left.", field="text")
    return parts


def _replace_words(block: Block, change: WordChange, parts: Sequence[Block]) -> Block:
    words, added, at = " ".join(part.text for part in parts), list[Annotation](), change.start
    for part in parts:
        added += [_shift(each, at) for each in part.annotations]
        at += len(part.text) + 1
    grown = len(words) - (change.end - change.start)
    kept = (_fit_annotation(each, change, grown) for each in block.annotations)
    return replace(
        block,
        text=block.text[: change.start] + words + block.text[change.end :],
        annotations=tuple(sort_annotations([*filter(None, kept), *added])),
    )


def _shift(annotation: Annotation, by: int) -> Annotation:
    return replace(annotation, start=annotation.start + by, end=annotation.end + by)


def _fit_annotation(annotation: Annotation, change: WordChange, grown: int) -> Annotation | None:
    """Keep what is in front of the words, behind or around them; what was on them goes."""
    start, end = annotation.start, annotation.end
    if end <= change.start:
        return annotation
    if start >= change.end:
        return _shift(annotation, grown)
    begins_before, ends_after = start < change.start, end > change.end
    is_around = start <= change.start and end >= change.end
    if is_around and (begins_before or ends_after):
        is_lost = annotation.tag in VERBATIM_TAGS
        return None if is_lost else replace(annotation, end=end + grown)
    if begins_before:
        return replace(annotation, end=change.start)
    return replace(annotation, start=change.end + grown, end=end + grown) if ends_after else None


def _list_voices(parts: Sequence[Block], at: int, speaker: str) -> Iterator[tuple[int, int, str]]:
    for part in parts:
        if part.speaker != speaker:
            yield at, at + len(part.text), part.speaker
        at += len(part.text) + 1


def _replace_pause(block: Block, at: int, pause_ms: int) -> Block:
    """Replace the pause behind a sentence, which ends at a character of the block."""
    following = len(block.text) - len(block.text[at:].lstrip())
    kept = [
        each
        for each in block.annotations
        if each.tag != BREAK_TAG or not at <= each.start <= following
    ]
    pause = [Annotation(at, at, BREAK_TAG, (("time", f"{pause_ms}ms"),))] if pause_ms else []
    return replace(block, annotations=tuple(sort_annotations([*kept, *pause])))


def _replace_take(block: Block, at: int, take: int) -> Block:
    kept = [each for each in block.annotations if (each.tag, each.start) != (TAKE_TAG, at)]
    mark = [Annotation(at, at, TAKE_TAG, (("name", f"take{take}"),))] if take else []
    return replace(block, annotations=tuple(sort_annotations([*mark, *kept])))


def _find_speaker(document: Document, name: str) -> str:
    """Find a speaker as blocks name it."""
    if name in ("", NARRATOR):
        return ""
    names = [role.name for role in document.cast]
    if name not in names:
        there = f"there are {', '.join(names)}" if names else "the text has no cast"
        raise BadOption(f"speaker: “{name[:40]}” is not in the cast; {there}.", field="speaker")
    return name


def _split_at_voices(block: Block, voices: Sequence[tuple[int, int, str]]) -> tuple[Block, ...]:
    """Split a block into parts of one voice each."""
    parts, at = list[Block](), 0
    for start, end, speaker in voices:
        parts += [
            _cut_block(block, at, start, block.speaker),
            _cut_block(block, start, end, speaker),
        ]
        at = end
    parts.append(_cut_block(block, at, len(block.text), block.speaker))
    kept = [part for part in parts if has_words(part.text) or part.annotations]
    return tuple(
        replace(part, continues=number < len(kept) - 1 or block.continues)
        for number, part in enumerate(kept)
    )


def _cut_block(block: Block, start: int, end: int, speaker: str) -> Block:
    """Cut a part without white space at its ends; a pause at its end belongs to it."""
    words = block.text[start:end]
    start, end = start + len(words) - len(words.lstrip()), start + len(words.rstrip())
    is_last = end == len(block.text)
    following = len(block.text) - len(block.text[end:].lstrip())
    pauses = [each for each in block.annotations if each.tag == BREAK_TAG]
    before = [each for each in pauses if 0 < each.start <= start]
    behind = [each for each in pauses if end <= each.start <= following and not is_last]
    others = [each for each in block.annotations if each not in (*before, *behind)]
    own = [*clip_annotations(others, start, max(start, end), is_last=is_last)]
    own += [replace(each, start=end - start, end=end - start) for each in behind]
    return replace(block, text=block.text[start:end], annotations=tuple(own), speaker=speaker)

"""Text to Script, in order: read the source, part it into chapters, utter, group, write SSML.

Everything here is decided from the text and the style alone; planning the same text twice gives
the same Script, and costs nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from mixer.errors import BadInput, UnreadableText
from mixer.script.annotations import BREAK_TAG, Annotation, sort_annotations
from mixer.script.chunks import group_utterances
from mixer.script.document import Block, BlockKind, Document, collapse_whitespace
from mixer.script.front_matter import NARRATOR
from mixer.script.lexicon import Lexicon, Pronunciation
from mixer.script.limits import POLLY_LIMITS, EngineLimits
from mixer.script.pauses import NATURAL
from mixer.script.readers.sources import TextType, read_document
from mixer.script.readers.ssml_text import parse_duration_ms
from mixer.script.script import BreakKind, Chapter, Chunk, Script, Utterance
from mixer.script.sounds import place_sounds
from mixer.script.ssml import SsmlStyle, billed_chars, build_ssml, weigh_annotations, weigh_text
from mixer.script.utterances import ends_sentence, is_speakable, split_utterances

ALLOWANCE_SHARE = 0.9
"""How much of an engine's limit is used: how a service counts is not documented to the letter."""


@dataclass(frozen=True, slots=True)
class PlanStyle:
    """What shapes a Script besides the text.

    Attributes:
        language: BCP 47 tag of the text.
        ssml: engine limits, pauses and rate.
        gap_ms: one length for every silence between chunks; None for the pauses' own.
        reads_titles: whether titles of chapters are said; they are named in any case.
        lexicon: how to say words that a voice would misread.
        voices: what shapes the SSML of those in the cast, where it is not the narrator's.
    """

    language: str = "en-US"
    ssml: SsmlStyle = field(default_factory=lambda: SsmlStyle(POLLY_LIMITS["generative"], NATURAL))
    gap_ms: int | None = None
    reads_titles: bool = True
    lexicon: tuple[Pronunciation, ...] = ()
    voices: Mapping[str, SsmlStyle] = field(default_factory=dict)

    def speaker_style(self, speaker: str) -> SsmlStyle:
        """What shapes the SSML of a speaker."""
        return self.voices.get(speaker, self.ssml)


def plan_text(
    text: str, text_type: TextType = TextType.TEXT, style: PlanStyle | None = None
) -> Script:
    """Decide what is said.

    Args:
        text: the whole story.
        text_type: how it is written.
        style: language, engine limits, pauses; American English on Polly's generative engine
            where it is missing.

    Raises:
        UnreadableText: for a text without a word in it.
    """
    return plan_document(read_document(text, text_type), style)


def plan_document(document: Document, style: PlanStyle | None = None) -> Script:
    """Decide what is said of a document.

    Args:
        document: as it was read.
        style: as for `plan`.

    Raises:
        UnreadableText: there is not a word in it.
        BadInput: the author's own SSML asks for what the engine has not.
    """
    style = style or PlanStyle()
    if document.must_honour_tags:
        _require_supported_tags(document.blocks, style.ssml.limits)
    if not style.reads_titles:
        document = replace(document, blocks=tuple(map(_silence_title, document.blocks)))
    document = replace(document, blocks=place_sounds(document.blocks))
    if style.lexicon:
        document = replace(document, blocks=tuple(_apply_lexicon(document.blocks, style)))
    title, parts = _split_chapters(document, style.language)
    if not parts:
        raise UnreadableText("The story holds no words to say.")
    levels_db = {role.name: role.level_db for role in document.cast}
    chapters = tuple(_build_chapter(name, blocks, style, levels_db) for name, blocks in parts)
    author = collapse_whitespace(document.author)
    return Script(
        *(title, style.language, chapters, author, document.metadata, document.cast, document.music)
    )


def _apply_lexicon(blocks: Sequence[Block], style: PlanStyle) -> Iterator[Block]:
    """Blocks with the lexicon's words marked, as the engine of each speaker can be told."""
    lexicons: dict[frozenset[str], Lexicon] = {}
    for block in blocks:
        tags = style.speaker_style(block.speaker).limits.tags
        if tags not in lexicons:
            lexicons[tags] = Lexicon(style.lexicon, style.language, tags)
        yield lexicons[tags].annotate_block(block)


def _require_supported_tags(blocks: Sequence[Block], limits: EngineLimits) -> None:
    """Refuse SSML with elements that the engine would ignore or refuse."""
    lost = (mark for block in blocks for mark in block.annotations if mark.tag not in limits.tags)
    for mark in lost:
        honoured = ", ".join(sorted(limits.tags))
        raise BadInput(
            f"The SSML is refused: line {mark.line}: this engine does not honour <{mark.tag}>; it "
            f"honours {honoured}."
        )


def _split_chapters(document: Document, language: str) -> tuple[str, list[tuple[str, list[Block]]]]:
    """The story's title, and its blocks under the titles of their chapters."""
    blocks = [block for block in document.blocks if _has_content(block, language)]
    headings = [block for block in blocks if block.kind is BlockKind.HEADING]
    title = _find_title(headings, blocks)
    level = min((block.level for block in headings if block is not title), default=0)
    parts: list[tuple[str, list[Block]]] = [(title.text if title else "", [])]
    for block in blocks:
        if block.kind is BlockKind.HEADING and block.level == level and block is not title:
            parts.append((block.text, []))
        parts[-1][1].append(block)
    return collapse_whitespace(document.title) or (title.text if title else ""), _merge_opening(
        parts
    )


def _silence_title(block: Block) -> Block:
    return replace(block, is_silent=True) if block.kind is BlockKind.HEADING else block


def _is_audible(block: Block) -> bool:
    return bool(block.text) and not block.is_silent


def _has_content(block: Block, language: str) -> bool:
    return block.kind is BlockKind.SCENE_BREAK or is_speakable(block.text, language)


def _find_title(headings: Sequence[Block], blocks: Sequence[Block]) -> Block | None:
    """The story's own title: a first block that is the one heading of the highest level."""
    if not headings or blocks[0] is not headings[0]:
        return None
    first = headings[0]
    alone = all(block.level > first.level for block in headings[1:])
    return first if alone else None


def _merge_opening(parts: list[tuple[str, list[Block]]]) -> list[tuple[str, list[Block]]]:
    """Chapters with something to say; a title without text of its own opens the first chapter."""
    told = [(name, blocks) for name, blocks in parts if any(map(_is_audible, blocks))]
    opening_only = len(told) > 1 and all(
        block.kind is not BlockKind.PARAGRAPH for block in told[0][1]
    )
    if opening_only and told[0][1] is parts[0][1]:
        (_, opening), (name, blocks), *rest = told
        return [(name, opening + blocks), *rest]
    return told


def _build_chapter(
    title: str, blocks: Sequence[Block], style: PlanStyle, levels_db: Mapping[str, float]
) -> Chapter:
    def weigh(utterance: Utterance) -> int:
        spoken_by = style.speaker_style(utterance.speaker)
        marks = weigh_annotations(utterance.annotations, spoken_by) if utterance.annotations else 0
        return weigh_text(utterance.spoken, spoken_by) + marks

    told = _extract_long_pauses(list(_build_utterances(blocks, style)))
    groups = group_utterances(told, weigh, _allowance(style.ssml))
    return Chapter(title, tuple(_build_chunk(each, style, levels_db) for each in groups))


def _allowance(style: SsmlStyle) -> int:
    """What a chunk may weigh; engines of one cast differ in tags, not in length."""
    return int(style.limits.billed_chars * ALLOWANCE_SHARE)


def _build_utterances(blocks: Sequence[Block], style: PlanStyle) -> Iterator[Utterance]:
    told = [index for index, block in enumerate(blocks) if _is_audible(block)]
    for index in told:
        block = blocks[index]
        spoken_by = style.speaker_style(block.speaker)
        ending = BreakKind.CHAPTER if index == told[-1] else _detect_block_ending(blocks, index)
        weigh = partial(weigh_text, style=spoken_by)
        yield from split_utterances(block, ending, style.language, weigh, _allowance(spoken_by))


def _detect_block_ending(blocks: Sequence[Block], index: int) -> BreakKind:
    if blocks[index].kind is BlockKind.HEADING:
        return BreakKind.HEADING
    if blocks[index + 1].kind is BlockKind.SCENE_BREAK:
        return BreakKind.SCENE
    if not blocks[index].continues:
        return BreakKind.PARAGRAPH
    return BreakKind.SENTENCE if ends_sentence(blocks[index].text) else BreakKind.CLAUSE


LONG_PAUSE_MS = 700
"""From here on a silence between two sentences is made in the mix, to the sample: engines honour
long breaks only in part."""


def _extract_long_pauses(utterances: list[Utterance]) -> list[Utterance]:
    """Utterances with the long breaks at their ends taken out of the SSML, into the mix."""
    if not any(utterance.annotations for utterance in utterances):
        return utterances
    found: list[Utterance] = []
    for utterance in utterances:
        inner = [mark for mark in utterance.annotations if not _is_long_pause(mark)]
        long = [mark for mark in utterance.annotations if _is_long_pause(mark)]
        inner += [mark for mark in long if 0 < mark.start < len(utterance.spoken)]
        before = sum(_break_ms(mark) for mark in long if mark.start == 0)
        if before and found:
            pause_ms = (found[-1].pause_ms or 0) + before
            found[-1] = replace(found[-1], pause_ms=pause_ms)
        elif before:
            inner += [mark for mark in long if mark.start == 0]
        after = sum(_break_ms(mark) for mark in long if mark.start == len(utterance.spoken))
        marks = tuple(sort_annotations(inner))
        found.append(replace(utterance, annotations=marks, pause_ms=after or utterance.pause_ms))
    return found


def _is_long_pause(annotation: Annotation) -> bool:
    return annotation.tag == BREAK_TAG and _break_ms(annotation) >= LONG_PAUSE_MS


def _break_ms(annotation: Annotation) -> int:
    return parse_duration_ms(annotation.attribute("time")) or 0


def _build_chunk(
    group: tuple[Utterance, ...], style: PlanStyle, levels_db: Mapping[str, float]
) -> Chunk:
    ending = group[-1].ending
    gap_ms = style.ssml.pauses.gap_ms(ending) if style.gap_ms is None else style.gap_ms
    gap_ms = gap_ms if group[-1].pause_ms is None else group[-1].pause_ms
    speaker = group[0].speaker
    ssml = build_ssml(group, style.speaker_style(speaker))
    level_db = levels_db.get(speaker or NARRATOR, 0.0)
    return Chunk(group, ssml, billed_chars(group), gap_ms, level_db)

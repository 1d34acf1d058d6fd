"""Text to Script, in order: read the source, part it into chapters, utter, group, write SSML.

Everything here is decided from the text and the style alone; planning the same text twice gives
the same Script, and costs nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from mixer.errors import BadInput, UnreadableText
from mixer.script.casting import NARRATOR
from mixer.script.chunks import group
from mixer.script.document import Block, BlockKind, Document, tidy
from mixer.script.lexicon import Lexicon, Pronunciation
from mixer.script.limits import POLLY_LIMITS, EngineLimits
from mixer.script.marking import PAUSE, Mark, in_order
from mixer.script.pauses import NATURAL
from mixer.script.script import Chapter, Chunk, Ending, Script, Utterance
from mixer.script.sounds import settled
from mixer.script.sources import TextType, read
from mixer.script.ssml import SsmlStyle, billed_chars, build_ssml, marks_weight, weight
from mixer.script.ssml_source import duration_ms
from mixer.script.utterances import ends_sentence, is_said, utterances

ALLOWANCE_SHARE = 0.9
"""How much of an engine's limit is used: how a service counts is not documented to the letter."""


@dataclass(frozen=True, slots=True)
class PlanStyle:
    """What shapes a Script besides the text.

    Attributes:
        language: BCP 47 tag of the text.
        ssml: engine limits, pauses and rate.
        gap_ms: one length for every silence between chunks; None for the pauses' own.
        says_titles: whether titles of chapters are said; they are named in any case.
        lexicon: how to say words that a voice would misread.
        voices: what shapes the SSML of those in the cast, where it is not the narrator's.
    """

    language: str = "en-US"
    ssml: SsmlStyle = field(default_factory=lambda: SsmlStyle(POLLY_LIMITS["generative"], NATURAL))
    gap_ms: int | None = None
    says_titles: bool = True
    lexicon: tuple[Pronunciation, ...] = ()
    voices: Mapping[str, SsmlStyle] = field(default_factory=dict)

    def of(self, speaker: str) -> SsmlStyle:
        """What shapes the SSML of a speaker."""
        return self.voices.get(speaker, self.ssml)


def plan(text: str, text_type: TextType = TextType.TEXT, style: PlanStyle | None = None) -> Script:
    """Decide what is said.

    Args:
        text: the whole story.
        text_type: how it is written.
        style: language, engine limits, pauses; American English on Polly's generative engine
            where it is missing.

    Raises:
        UnreadableText: for a text without a word in it.
    """
    return plan_document(read(text, text_type), style)


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
    if document.must_honour_marks:
        _require_honoured(document.blocks, style.ssml.limits)
    if not style.says_titles:
        document = replace(document, blocks=tuple(map(_unsaid_title, document.blocks)))
    document = replace(document, blocks=settled(document.blocks))
    if style.lexicon:
        document = replace(document, blocks=tuple(_with_lexicon(document.blocks, style)))
    title, parts = _chapters(document, style.language)
    if not parts:
        raise UnreadableText("The story holds no words to say.")
    levels_db = {role.name: role.level_db for role in document.cast}
    chapters = tuple(_chapter(name, blocks, style, levels_db) for name, blocks in parts)
    author = tidy(document.author)
    return Script(
        *(title, style.language, chapters, author, document.about, document.cast, document.music)
    )


def _with_lexicon(blocks: Sequence[Block], style: PlanStyle) -> Iterator[Block]:
    """Blocks with the lexicon's words marked, as the engine of each speaker can be told."""
    lexicons: dict[frozenset[str], Lexicon] = {}
    for block in blocks:
        tags = style.of(block.speaker).limits.tags
        if tags not in lexicons:
            lexicons[tags] = Lexicon(style.lexicon, style.language, tags)
        yield lexicons[tags].applied(block)


def _require_honoured(blocks: Sequence[Block], limits: EngineLimits) -> None:
    """Refuse SSML with elements that the engine would ignore or refuse."""
    lost = (mark for block in blocks for mark in block.marks if mark.tag not in limits.tags)
    for mark in lost:
        honoured = ", ".join(sorted(limits.tags))
        raise BadInput(
            f"The SSML is refused: line {mark.line}: this engine does not honour <{mark.tag}>; it "
            f"honours {honoured}."
        )


def _chapters(document: Document, language: str) -> tuple[str, list[tuple[str, list[Block]]]]:
    """The story's title, and its blocks under the titles of their chapters."""
    blocks = [block for block in document.blocks if _counts(block, language)]
    headings = [block for block in blocks if block.kind is BlockKind.HEADING]
    title = _title(headings, blocks)
    level = min((block.level for block in headings if block is not title), default=0)
    parts: list[tuple[str, list[Block]]] = [(title.text if title else "", [])]
    for block in blocks:
        if block.kind is BlockKind.HEADING and block.level == level and block is not title:
            parts.append((block.text, []))
        parts[-1][1].append(block)
    return tidy(document.title) or (title.text if title else ""), _joined(parts)


def _unsaid_title(block: Block) -> Block:
    return replace(block, is_silent=True) if block.kind is BlockKind.HEADING else block


def _is_told(block: Block) -> bool:
    return bool(block.text) and not block.is_silent


def _counts(block: Block, language: str) -> bool:
    return block.kind is BlockKind.SCENE_BREAK or is_said(block.text, language)


def _title(headings: Sequence[Block], blocks: Sequence[Block]) -> Block | None:
    """The story's own title: a first block that is the one heading of the highest level."""
    if not headings or blocks[0] is not headings[0]:
        return None
    first = headings[0]
    alone = all(block.level > first.level for block in headings[1:])
    return first if alone else None


def _joined(parts: list[tuple[str, list[Block]]]) -> list[tuple[str, list[Block]]]:
    """Chapters with something to say; a title without text of its own opens the first chapter."""
    told = [(name, blocks) for name, blocks in parts if any(map(_is_told, blocks))]
    opening_only = len(told) > 1 and all(
        block.kind is not BlockKind.PARAGRAPH for block in told[0][1]
    )
    if opening_only and told[0][1] is parts[0][1]:
        (_, opening), (name, blocks), *rest = told
        return [(name, opening + blocks), *rest]
    return told


def _chapter(
    title: str, blocks: Sequence[Block], style: PlanStyle, levels_db: Mapping[str, float]
) -> Chapter:
    def weigh(utterance: Utterance) -> int:
        spoken_by = style.of(utterance.speaker)
        marks = marks_weight(utterance.marks, spoken_by) if utterance.marks else 0
        return weight(utterance.spoken, spoken_by) + marks

    told = _with_silences(list(_utterances(blocks, style)))
    groups = group(told, weigh, _allowance(style.ssml))
    return Chapter(title, tuple(_chunk(each, style, levels_db) for each in groups))


def _allowance(style: SsmlStyle) -> int:
    """What a chunk may weigh; engines of one cast differ in tags, not in length."""
    return int(style.limits.billed_chars * ALLOWANCE_SHARE)


def _utterances(blocks: Sequence[Block], style: PlanStyle) -> Iterator[Utterance]:
    told = [index for index, block in enumerate(blocks) if _is_told(block)]
    for index in told:
        block = blocks[index]
        spoken_by = style.of(block.speaker)
        ending = Ending.CHAPTER if index == told[-1] else _block_ending(blocks, index)
        weigh = partial(weight, style=spoken_by)
        yield from utterances(block, ending, style.language, weigh, _allowance(spoken_by))


def _block_ending(blocks: Sequence[Block], index: int) -> Ending:
    if blocks[index].kind is BlockKind.HEADING:
        return Ending.HEADING
    if blocks[index + 1].kind is BlockKind.SCENE_BREAK:
        return Ending.SCENE
    if not blocks[index].continues:
        return Ending.PARAGRAPH
    return Ending.SENTENCE if ends_sentence(blocks[index].text) else Ending.CLAUSE


LONG_PAUSE_MS = 700
"""From here on a silence between two sentences is made in the mix, to the sample: engines honour
long breaks only in part."""


def _with_silences(told: list[Utterance]) -> list[Utterance]:
    """Utterances with the long breaks at their ends taken out of the SSML, into the mix."""
    if not any(utterance.marks for utterance in told):
        return told
    found: list[Utterance] = []
    for utterance in told:
        inner = [mark for mark in utterance.marks if not _is_long(mark)]
        long = [mark for mark in utterance.marks if _is_long(mark)]
        inner += [mark for mark in long if 0 < mark.start < len(utterance.spoken)]
        before = sum(_length_ms(mark) for mark in long if mark.start == 0)
        if before and found:
            pause_ms = (found[-1].pause_ms or 0) + before
            found[-1] = replace(found[-1], pause_ms=pause_ms)
        elif before:
            inner += [mark for mark in long if mark.start == 0]
        after = sum(_length_ms(mark) for mark in long if mark.start == len(utterance.spoken))
        marks = tuple(in_order(inner))
        found.append(replace(utterance, marks=marks, pause_ms=after or utterance.pause_ms))
    return found


def _is_long(mark: Mark) -> bool:
    return mark.tag == PAUSE and _length_ms(mark) >= LONG_PAUSE_MS


def _length_ms(mark: Mark) -> int:
    return duration_ms(mark.attribute("time")) or 0


def _chunk(group: tuple[Utterance, ...], style: PlanStyle, levels_db: Mapping[str, float]) -> Chunk:
    ending = group[-1].ending
    gap_ms = style.ssml.pauses.gap_ms(ending) if style.gap_ms is None else style.gap_ms
    gap_ms = gap_ms if group[-1].pause_ms is None else group[-1].pause_ms
    speaker = group[0].speaker
    ssml = build_ssml(group, style.of(speaker))
    level_db = levels_db.get(speaker or NARRATOR, 0.0)
    return Chunk(group, ssml, billed_chars(group), gap_ms, level_db)

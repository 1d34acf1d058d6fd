"""Document to Script: split into chapters, then utterances, then chunks, then write the SSML.

Everything is decided from the document and the style alone: planning the same text twice gives
the same Script, and costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import is_

from mixer.errors import BadInput, UnreadableText
from mixer.script.annotations import BREAK_TAG
from mixer.script.document import Block, BlockKind, Document, collapse_whitespace
from mixer.script.limits import POLLY_LIMITS, EngineLimits
from mixer.script.planning.chapters import (
    Disclosure,
    add_disclosure,
    iter_spoken_blocks,
    select_chapters,
    split_chapters,
)
from mixer.script.planning.chunks import group_utterances, split_opening
from mixer.script.planning.lexicon import Lexicon, Pronunciation
from mixer.script.planning.pauses import NATURAL
from mixer.script.planning.ssml import (
    SsmlStyle,
    TextScale,
    build_ssml,
    count_billed_chars,
    weigh_annotations,
)
from mixer.script.planning.utterances import break_ms, extract_long_pauses, split_utterances
from mixer.script.script import NARRATOR, BreakKind, Chapter, Chunk, Script, Utterance
from mixer.script.sounds import place_sounds

ALLOWANCE_SHARE = 0.9
"""Used share of an engine's limit, since how a service counts is not documented exactly."""


@dataclass(frozen=True, slots=True)
class KnownPlan:
    """What another version of a text has in common with this one.

    Attributes:
        utterances: by their block, as it is planned, and how that ends.
        chunks: by the identity of their first utterance.
    """

    utterances: Mapping[tuple[Block, BreakKind], tuple[Utterance, ...]] = field(
        default_factory=dict
    )
    chunks: Mapping[int, Chunk] = field(default_factory=dict)

    def find_chunk(self, group: tuple[Utterance, ...]) -> Chunk | None:
        """Find the chunk that has the very utterances of a group."""
        chunk = self.chunks.get(id(group[0]))
        if chunk is None or len(chunk.utterances) != len(group):
            return None
        return chunk if all(map(is_, chunk.utterances, group)) else None


@dataclass(frozen=True, slots=True)
class PlanStyle:
    """What shapes a Script in addition to the text.

    Attributes:
        language: BCP 47 tag of the text.
        ssml: for the narrator.
        gap_ms: of every silence between chunks; None for the pauses' own.
        reads_titles: whether titles of chapters are spoken; chapters are named in any case.
        chapters: those to plan, by number, such as `2-5,9`; empty for all.
        voices: by name of the cast, where they differ from the narrator's.
        check_time: called for each block; an error that it raises ends the planning.
        known: what was planned before in the same style.
        opening_chars: of the first chunk, about; None where no listener waits for it.
    """

    language: str = "en-US"
    ssml: SsmlStyle = field(default_factory=lambda: SsmlStyle(POLLY_LIMITS["generative"], NATURAL))
    gap_ms: int | None = None
    reads_titles: bool = True
    chapters: str = ""
    lexicon: tuple[Pronunciation, ...] = ()
    voices: Mapping[str, SsmlStyle] = field(default_factory=dict)
    check_time: Callable[[], None] = lambda: None
    known: KnownPlan = field(default_factory=KnownPlan)
    opening_chars: int | None = None
    disclosure: Disclosure | None = None

    def speaker_style(self, speaker: str) -> SsmlStyle:
        """The SSML style of a speaker."""
        return self.voices.get(speaker, self.ssml)


def plan_document(document: Document, style: PlanStyle | None = None) -> Script:
    """Decide what is spoken; without a style, American English on Polly's generative engine.

    Raises:
        UnreadableText: there is not a word in the document.
        BadInput: the author's SSML has elements that the engine does not honour.
        BadOption: a chapter does not exist.
    """
    style = style or PlanStyle()
    if document.must_honour_tags:
        _require_supported_tags(document.blocks, style.ssml.limits)
    document = _prepare_blocks(document, style)
    title, parts = _select_parts(document, style)
    levels_db = {role.name: role.level_db for role in document.cast}
    return Script(
        title=title,
        language=style.language,
        chapters=tuple(_build_chapters(parts, style, levels_db)),
        author=collapse_whitespace(document.author),
        metadata=document.metadata,
        cast=document.cast,
        music=document.music,
    )


def _prepare_blocks(document: Document, style: PlanStyle) -> Document:
    """Apply what shapes each block, without adding or dropping one."""
    blocks = document.blocks
    if not style.reads_titles:
        blocks = tuple(map(_silence_title, blocks))
    blocks = place_sounds(blocks)
    if style.lexicon:
        blocks = tuple(_apply_lexicon(blocks, style))
    return replace(document, blocks=blocks)


def _select_parts(
    document: Document, style: PlanStyle
) -> tuple[str, list[tuple[str, list[Block]]]]:
    title, parts = split_chapters(document, style.language)
    if not parts:
        raise UnreadableText("The story contains no words to speak.")
    chosen = select_chapters(parts, style.chapters)
    return title, add_disclosure(chosen, style.disclosure) if style.disclosure else chosen


UNWRITTEN = -1


@dataclass(frozen=True, slots=True)
class SpokenBlock:
    """A block that is spoken, as it is planned.

    `number` is its place in the document, `UNWRITTEN` for a line that is not in it.
    """

    number: int
    block: Block
    ending: BreakKind


def list_spoken_blocks(document: Document, style: PlanStyle) -> list[SpokenBlock]:
    """List the blocks that a plan speaks, in reading order."""
    prepared = _prepare_blocks(document, style)
    numbers = {id(block): number for number, block in enumerate(prepared.blocks)}
    _, parts = _select_parts(prepared, style)
    return [
        SpokenBlock(numbers.get(id(block), UNWRITTEN), block, ending)
        for _, blocks in parts
        for block, ending in iter_spoken_blocks(blocks)
    ]


def _apply_lexicon(blocks: Sequence[Block], style: PlanStyle) -> Iterator[Block]:
    lexicons: dict[frozenset[str], Lexicon] = {}
    for block in blocks:
        style.check_time()
        tags = style.speaker_style(block.speaker).limits.tags
        if tags not in lexicons:
            lexicons[tags] = Lexicon(style.lexicon, style.language, tags)
        yield lexicons[tags].annotate_block(block)


def _require_supported_tags(blocks: Sequence[Block], limits: EngineLimits) -> None:
    annotations = (each for block in blocks for each in block.annotations)
    for each in annotations:
        if unsupported := limits.find_unsupported(each.tag, each.attributes):
            raise BadInput(
                f"The SSML cannot be used: line {each.line}: this engine does not support "
                f"{unsupported}; it supports {', '.join(sorted(limits.tags))}."
            )


def _silence_title(block: Block) -> Block:
    return replace(block, is_silent=True) if block.kind is BlockKind.HEADING else block


def _build_chapters(
    parts: Sequence[tuple[str, Sequence[Block]]], style: PlanStyle, levels_db: Mapping[str, float]
) -> Iterator[Chapter]:
    scales = _Scales(style)
    for number, (name, blocks) in enumerate(parts):
        own_style = replace(style, opening_chars=None) if number else style
        yield _build_chapter(name, blocks, own_style, levels_db, scales)


class _Scales(dict[str, TextScale]):
    """The scales of a plan, by speaker."""

    def __init__(self, style: PlanStyle) -> None:
        super().__init__()
        self._style = style

    def __missing__(self, speaker: str) -> TextScale:
        scale = self[speaker] = TextScale(self._style.speaker_style(speaker))
        return scale


def _build_chapter(
    title: str,
    blocks: Sequence[Block],
    style: PlanStyle,
    levels_db: Mapping[str, float],
    scales: _Scales,
) -> Chapter:
    def weigh(utterance: Utterance) -> int:
        weight = scales[utterance.speaker].weigh_text(utterance.spoken)
        if not utterance.annotations:
            return weight
        ssml_style = style.speaker_style(utterance.speaker)
        return weight + weigh_annotations(utterance.annotations, ssml_style)

    utterances = extract_long_pauses(list(_build_utterances(blocks, style, scales)))
    groups = group_utterances(utterances, weigh, _allowance(style.ssml))
    if style.opening_chars is not None:
        groups = split_opening(groups, weigh, style.opening_chars)
    chunks = (
        style.known.find_chunk(group) or _build_chunk(group, style, levels_db)
        for group in _settle_pauses(groups)
    )
    return Chapter(title, tuple(chunks))


def _settle_pauses(groups: Iterable[tuple[Utterance, ...]]) -> Iterator[tuple[Utterance, ...]]:
    """Let the mix make short pauses of the author between two chunks."""
    held: tuple[Utterance, ...] = ()
    for group in groups:
        opening_ms = _sum_breaks_ms(group[0], 0)
        if held:
            yield _add_pause(held, opening_ms)
        held = group
    if held:
        yield _add_pause(held, 0)


def _add_pause(group: tuple[Utterance, ...], opening_ms: int) -> tuple[Utterance, ...]:
    last = group[-1]
    pause_ms = opening_ms + _sum_breaks_ms(last, len(last.spoken))
    return (
        (*group[:-1], replace(last, pause_ms=(last.pause_ms or 0) + pause_ms))
        if pause_ms
        else group
    )


def _sum_breaks_ms(utterance: Utterance, at: int) -> int:
    breaks = (each for each in utterance.annotations if each.tag == BREAK_TAG and each.start == at)
    return sum(map(break_ms, breaks))


def _allowance(style: SsmlStyle) -> int:
    """The most that a chunk may weigh; engines of one cast differ in tags, not in length."""
    return int(style.limits.billed_chars * ALLOWANCE_SHARE)


def _build_utterances(
    blocks: Sequence[Block], style: PlanStyle, scales: _Scales
) -> Iterator[Utterance]:
    recalled = style.known.utterances
    for block, ending in iter_spoken_blocks(blocks):
        style.check_time()
        known = recalled.get((block, ending)) if recalled else None
        if known is None:
            limit = _allowance(style.speaker_style(block.speaker))
            weigh = scales[block.speaker].weigh_text
            yield from split_utterances(block, ending, style.language, weigh, limit)
        else:
            yield from known


def _build_chunk(
    group: tuple[Utterance, ...], style: PlanStyle, levels_db: Mapping[str, float]
) -> Chunk:
    ending = group[-1].ending
    gap_ms = style.ssml.pauses.gap_ms(ending) if style.gap_ms is None else style.gap_ms
    gap_ms = gap_ms if group[-1].pause_ms is None else group[-1].pause_ms
    speaker = group[0].speaker
    ssml = build_ssml(group, style.speaker_style(speaker))
    level_db = levels_db.get(speaker or NARRATOR, 0.0)
    return Chunk(group, ssml, count_billed_chars(group), gap_ms, level_db)

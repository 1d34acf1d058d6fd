"""From quotations to turns: what one person says at a time, and who is named around it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mixer.script.speakers.mentions import Mention, MentionKind
from mixer.script.speakers.model import Gender, Span
from mixer.script.speakers.quote_marks import Paragraph, looks_like_speech
from mixer.script.speakers.tags import SpeakerTag, Surroundings, TagReader

MAX_MENTIONS = 12
"""Of those around one turn that are looked at."""

MAX_TAG_PARAGRAPHS = 2
"""After these, a speech of several paragraphs is a story, whose tags name those who speak in it."""


@dataclass(slots=True)
class Turn:
    """What one person says in one place.

    Attributes:
        paragraph: the index of the one in which it begins.
        last_paragraph: in which it ends.
        tags: who is named as its speaker.
        beats: who acts next to it.
        is_speech: no title or word in marks.
    """

    spans: list[Span]
    paragraph: int
    last_paragraph: int
    tags: list[SpeakerTag] = field(default_factory=list)
    beats: list[SpeakerTag] = field(default_factory=list)
    is_speech: bool = True
    has_bare_verb: bool = False

    def add(self, quote: Span, around: Surroundings, *, names_speaker: bool) -> None:
        """Add a quotation with what is around it; its tag only where that names the speaker."""
        self.spans.append(quote)
        if names_speaker and around.tag is not None and len(self.tags) < MAX_MENTIONS:
            self.tags.append(around.tag)
        for each in around.beats if len(self.beats) < MAX_MENTIONS else ():
            if each not in self.beats:
                self.beats.append(each)
        self.has_bare_verb |= around.has_bare_verb


class TurnReader:
    """Groups the quotations of a text into turns."""

    def __init__(self, text: str, paragraphs: Sequence[Paragraph], tags: TagReader) -> None:
        """Prepare it."""
        self._text = text
        self._paragraphs = paragraphs
        self._tags = tags

    def read(self) -> list[Turn]:
        """All turns, in reading order."""
        turns = list[Turn]()
        for index, paragraph in enumerate(self._paragraphs):
            if paragraph.quotes:
                opened = turns[-1] if turns and paragraph.continues else None
                turns += self._read_paragraph(index, paragraph, opened)
        return turns

    def _read_paragraph(
        self, index: int, paragraph: Paragraph, opened: Turn | None
    ) -> Iterator[Turn]:
        narration = _list_narration(paragraph)
        turn, joins = opened, opened is not None
        for place, quote in enumerate(paragraph.quotes):
            before = narration[place]
            if place == 0 and before.end == before.start and index > 0:
                before = self._find_introduction(index)
            around = self._tags.read(before, quote, narration[place + 1])
            is_speech = looks_like_speech(self._text, quote, paragraph)
            if not (is_speech or around.tag or around.has_bare_verb or joins):
                yield Turn([quote], index, index, is_speech=False)
                continue
            if turn is None or (not joins and place and self._is_new_speaker(turn, around, before)):
                turn = Turn([], index, index)
                yield turn
            names_speaker = self._names_speaker(turn, around, index, joins=joins)
            turn.add(quote, around, names_speaker=names_speaker)
            turn.last_paragraph = index
            joins = around.joins_next

    def _find_introduction(self, index: int) -> Span:
        """The narration at the end of the paragraph before; empty where that ends in speech."""
        previous = self._paragraphs[index - 1]
        return _list_narration(previous)[-1]

    @staticmethod
    def _names_speaker(turn: Turn, around: Surroundings, index: int, *, joins: bool) -> bool:
        """Whether a tag is the turn's own: not one in a story within it, nor the same again."""
        is_again = joins and bool(turn.tags) and not (around.tag and around.tag.is_after)
        return not is_again and index - turn.paragraph <= MAX_TAG_PARAGRAPHS

    def _is_new_speaker(self, turn: Turn, around: Surroundings, between: Span) -> bool:
        """Whether a quotation in the same paragraph may be another person's.

        It is where its tag names one, or where the narration in between turns to one.
        """
        if not turn.tags:
            return False
        last, tag = turn.tags[-1].mention, around.tag
        if tag is not None and not _may_be_same(last, tag.mention):
            return True
        if tag is None:
            others = [each.mention for each in around.beats if not each.is_after]
        elif tag.mention.kind is MentionKind.PRONOUN and not tag.is_after:
            others = list(self._tags.list_mentions(between))
        else:
            return False
        return any(each.name and not _may_be_same(last, each) for each in others)


def _may_be_same(first: Mention, second: Mention) -> bool:
    """Whether two mentions of one paragraph may be one person."""
    if first.start == second.start:
        return True
    if first.name is not None and second.name is not None:
        return bool({*first.name.words} & {*second.name.words})
    if MentionKind.PRONOUN in (first.kind, second.kind):
        is_mine = [each.noun in ("i", "we") for each in (first, second)]
        is_unclear = Gender.UNKNOWN in (first.gender, second.gender)
        return is_mine[0] == is_mine[1] and (is_unclear or first.gender is second.gender)
    return True


def _list_narration(paragraph: Paragraph) -> list[Span]:
    """The stretches around a paragraph's quotations: one more than there are quotations."""
    starts = [paragraph.start, *(quote.end for quote in paragraph.quotes)]
    ends = [*(quote.start for quote in paragraph.quotes), paragraph.end]
    return [Span(start, max(start, end)) for start, end in zip(starts, ends, strict=True)]

"""The clauses of narration: where sentences end, and which mention may be a subject."""

from bisect import bisect_left
from collections.abc import Sequence

from mixer.lazy import compile_lazily
from mixer.script.speakers.mentions import ABBREVIATED, Mention
from mixer.script.speakers.model import Span
from mixer.script.speakers.vocabulary import CLAUSE_STARTS, OBJECT_BEFORE

WORD = compile_lazily(r"\p{L}+(?:['’-]\p{L}+)*")
_SENTENCE_END = compile_lazily(r"[.!?](?=[\s\"”'’)]|$)")
_ABBREVIATION_END = compile_lazily(rf"\b(?:{ABBREVIATED}|\p{{Lu}})$")
_WHO = compile_lazily(r",?\s+who\b")
_ADVERB = compile_lazily(r"\s+(?:(?:\p{Ll}+ly|only|then|again|at last|had|merely|just|also)\s+)?")
SUBORDINATORS = frozenset(("when", "while", "as", "after", "before", "if", "though", "although"))
"""Words whose clause has its own subject."""


class ClauseReader:
    """Reads stretches of narration."""

    def __init__(self, text: str, narrated: Sequence[Mention]) -> None:
        """Prepare it; `narrated` are the mentions outside of quotations, in order."""
        self._text = text
        self._mentions = narrated
        self._starts = [each.start for each in narrated]

    def list_mentions(self, span: Span) -> Sequence[Mention]:
        """The narrated mentions within a span."""
        low = bisect_left(self._starts, span.start)
        return self._mentions[low : bisect_left(self._starts, span.end)]

    def find_last_sentence(self, start: int, end: int) -> Span:
        """The last sentence of a stretch, which its end may interrupt."""
        begin, stop = start, end
        while stop > start and self._text[stop - 1] in " \t\r\n\"”'’":
            stop -= 1
        for match in _SENTENCE_END.finditer(self._text, start, max(start, stop - 1)):
            if not self._is_abbreviation(match.start()):
                begin = match.end()
        return Span(begin, end)

    def find_sentence_end(self, start: int, end: int) -> int:
        """Where the first sentence of a stretch ends."""
        for match in _SENTENCE_END.finditer(self._text, start, end):
            if not self._is_abbreviation(match.start()):
                return match.end()
        return end

    def _is_abbreviation(self, at: int) -> bool:
        if self._text[at] != ".":
            return False
        return _ABBREVIATION_END.search(self._text, max(0, at - 8), at) is not None

    def ends_open(self, at: int) -> bool:
        """Whether narration goes on in the quotation that follows it."""
        stripped = self._text[max(0, at - 20) : at].rstrip()
        return stripped.endswith((",", ":", "—", "--", ";"))

    @staticmethod
    def is_object_form(mention: Mention) -> bool:
        """Whether a mention is never a subject."""
        return mention.noun in ("him", "me", "himself", "herself", "myself")

    def find_subject(self, mentions: Sequence[Mention], span: Span) -> Mention | None:
        """The first mention that may be a subject: no object, no owner."""
        for mention in mentions:
            if mention.is_possessive or self.is_object_form(mention):
                continue
            before = WORD.findall(self._text[max(span.start, mention.start - 30) : mention.start])
            if before and before[-1].lower() in OBJECT_BEFORE:
                continue
            return mention
        return None

    def find_last_subject(
        self, mentions: Sequence[Mention], span: Span, verb: int
    ) -> Mention | None:
        """The subject that is nearest to the verb behind it: one that begins a clause."""
        is_resumed = self._text[span.start : verb].rstrip().endswith(",")
        for mention in reversed(mentions):
            if mention.is_possessive or self.is_object_form(mention):
                continue
            if _WHO.match(self._text, mention.end):
                return mention
            before = self._text[max(span.start, mention.start - 30) : mention.start].rstrip()
            last = [each.lower() for each in WORD.findall(before)][-1:]
            if is_resumed and {*last} & SUBORDINATORS:
                continue
            if not last or before[-1:] in ",;:—-" or last[0] in CLAUSE_STARTS:
                return mention
            between = self._text[mention.end : verb]
            is_apposed = is_resumed and between.startswith(",") and between.count(",") > 1
            if last[0] not in OBJECT_BEFORE and (is_apposed or _ADVERB.fullmatch(between)):
                return mention
        return self.find_subject(mentions, span)

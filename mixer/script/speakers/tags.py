"""The narration around a quotation: who is named as its speaker, and who acts next to it.

`"Come in," cried Tom` names the speaker after a verb, `Tom cried, "Come in"` before one. Where no
verb of saying is near, the subject of the next sentence is a hint: `Tom rose. "Come in."`
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mixer.lazy import compile_lazily
from mixer.script.speakers.clauses import WORD, ClauseReader
from mixer.script.speakers.mentions import Mention, MentionKind
from mixer.script.speakers.model import Span
from mixer.script.speakers.vocabulary import (
    LEADING_VERBS,
    NO_NOUNS,
    NOT_BEFORE_SUBJECT,
    SAYING_NOUNS,
    SAYING_VERBS,
    WEAK_VERBS,
    guess_gender,
)

MAX_TAG_CHARS = 300
"""Of narration that are looked at on either side of a quotation."""

MAX_SUBJECT_GAP = 40

_VERB_FIRST = compile_lazily(
    r"[\s,;—–-]*(?:(?:\p{Ll}+ly|then|here|now|again|at last)\s+)?(?P<verb>\p{Ll}+)\b"
    r"(?:\s+(?:in|out|up|on|forth|back)\b)?(?!-)"
)
_REPLY = compile_lazily(r"[\s,;—–-]*(?:was|were|came|is|comes)\b")
_UNKNOWN_PERSON = compile_lazily(
    r"\s+(?P<determiner>the|an?|this|that|another|one|his|her)\s+(?P<words>\p{Ll}[\p{L}’'-]*(?:\s+\p{Ll}[\p{L}’'-]*){0,3})"
)

_PERCEPTION = compile_lazily(
    r"\b(?:hear|heard|hears|hearing)\s+"
    r"(him|her|it|them|one|\p{Lu}[\p{L}.]*(?:\s\p{Lu}\p{L}*)*)\s+$"
)
_REPORT = compile_lazily(
    r"\s+(?:\p{Ll}+ly\s+)?(?:\p{Ll}+ed|said|told|thought|spoke)\s+"
    r"(?:that|nothing|something|so|to it|he|she|they)\b"
)
"""Speech that is reported, not quoted: "Tom replied that it was", "Mary declared she knew"."""

_ADJECTIVES = compile_lazily(r"\s+the(?:\s+\p{Ll}[\p{L}-]*){1,2}\s+")
"""Between a verb and a name: "said the gentle Mrs. Quill"."""

_PASSIVE = compile_lazily(r"[\s,]*(?:was|were)\b")
_NEXT_CLAUSE = compile_lazily(r"[\s,;—–-]*(?:and|but|which|on which|while|until|till|when)\b")
"""Behind a quotation: what follows is not a tag of its own."""

DASHES = ("—", "--", "–")


@dataclass(frozen=True, slots=True)
class SpeakerTag:
    """A mention next to a quotation.

    Attributes:
        is_saying: with a verb of saying.
        is_after: it follows the quotation.
    """

    mention: Mention
    is_saying: bool
    is_after: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around one quotation.

    Attributes:
        tag: the mention that is named as the speaker, if one is.
        beats: subjects of sentences before and after that have no verb of saying.
        joins_next: the tag is in the middle of a sentence that the next quotation continues.
        has_bare_verb: there is a verb of saying without a person that we know.
    """

    tag: SpeakerTag | None
    beats: tuple[SpeakerTag, ...] = ()
    joins_next: bool = False
    has_bare_verb: bool = False


class TagReader:
    """Reads the surroundings of quotations."""

    def __init__(self, text: str, narrated: Sequence[Mention]) -> None:
        """Prepare it; `narrated` are the mentions outside of quotations, in order."""
        self._text = text
        self._clauses = ClauseReader(text, narrated)

    def list_mentions(self, span: Span) -> Sequence[Mention]:
        """The narrated mentions within a span."""
        return self._clauses.list_mentions(span)

    def read(self, before: Span, quote: Span, after: Span) -> Surroundings:
        """Read what is narrated before and after a quotation, up to the next ones."""
        start = max(before.start, before.end - MAX_TAG_CHARS)
        first = self._clauses.find_last_sentence(start, before.end)
        end = self._clauses.find_sentence_end(
            after.start, min(after.end, after.start + MAX_TAG_CHARS)
        )
        following = self._read_after(quote, Span(after.start, end))
        leading = self._read_before(first, is_far=before.end != quote.start)
        goes_on = self._continues_sentence(quote, Span(after.start, end))
        goes_on = goes_on and not _NEXT_CLAUSE.match(self._text, after.start, end)
        tags = (following, leading) if goes_on else (leading, following)
        tag = next((each for each in tags if each and each.is_saying), None)
        is_own = before.end == quote.start
        if tag and leading and is_own and _is_meant(tag.mention, leading.mention):
            tag = SpeakerTag(leading.mention, is_saying=True, is_after=True)
        joins = (
            end == after.end
            and self._clauses.ends_open(end)
            and not self._changes(following, after)
        )
        beats = [each for each in (leading, following) if each and each is not tag]
        has_bare = tag is None and self._starts_with_verb(after.start, end)
        return Surroundings(tag, tuple(beats), joins, has_bare)

    def _changes(self, following: SpeakerTag | None, after: Span) -> bool:
        """Whether the end of a narration names another speaker than its beginning."""
        last = self._clauses.find_last_sentence(after.start, after.end)
        leading = self._read_before(last, is_far=False)
        if leading is None or not leading.is_saying:
            return False
        first = following.mention.start if following and following.is_saying else -1
        words = {each.lower() for each in WORD.findall(self._text[leading.mention.end : after.end])}
        return leading.mention.start > first and bool(words & SAYING_VERBS)

    def _read_after(self, quote: Span, span: Span) -> SpeakerTag | None:
        mentions = self._clauses.list_mentions(span)
        tag = (
            self._read_verb_first(span, mentions)
            or self._read_reply(span, mentions)
            or self._read_subject_first(span, mentions)
        )
        if tag is None and mentions:
            subject = self._clauses.find_subject(mentions, span)
            if subject is not None:
                is_passive = _PASSIVE.match(self._text, span.start, span.end) is not None
                continues = self._continues_sentence(quote, span) and not is_passive
                return SpeakerTag(subject, is_saying=continues, is_after=True)
        if tag is not None and self._is_apart(tag, quote, span):
            return SpeakerTag(tag.mention, is_saying=False, is_after=True)
        return tag

    def _is_apart(self, tag: SpeakerTag, quote: Span, span: Span) -> bool:
        """Whether the verb of saying behind a quotation may be that of another sentence."""
        if self._continues_sentence(quote, span):
            return False
        if _REPORT.search(self._text, tag.mention.end, span.end):
            return True
        is_broken = self._read_end(quote).endswith(DASHES)
        return not is_broken and (self._is_weak(span) or self._is_far(tag.mention, span))

    def _is_far(self, subject: Mention, span: Span) -> bool:
        """Whether no verb of saying is near a subject: "Tom only laughed, rose and called it"."""
        near = Span(span.start, min(span.end, subject.end + MAX_SUBJECT_GAP))
        words = {each.lower() for each in WORD.findall(self._text[near.start : near.end])}
        return not words & (SAYING_VERBS - WEAK_VERBS)

    def _read_end(self, quote: Span) -> str:
        return self._text[max(quote.start, quote.end - 4) : quote.end].rstrip("'’\"”»_ )")

    def _continues_sentence(self, quote: Span, span: Span) -> bool:
        """Whether the narration behind a quotation is part of its sentence."""
        end = self._read_end(quote)
        is_lower = self._text[span.start : span.end].lstrip()[:1].islower()
        return end.endswith(",") or (is_lower and end.endswith(("!", "?", "…", *DASHES)))

    def _is_weak(self, span: Span) -> bool:
        words = {each.lower() for each in WORD.findall(self._text[span.start : span.end])}
        return not (words & (SAYING_VERBS - WEAK_VERBS)) or self._clauses.ends_open(span.end)

    def _starts_with_verb(self, start: int, end: int) -> bool:
        match = _VERB_FIRST.match(self._text, start, end)
        return match is not None and match["verb"] in SAYING_VERBS

    def _read_verb_first(self, span: Span, mentions: Sequence[Mention]) -> SpeakerTag | None:
        """`cried Tom`."""
        match = _VERB_FIRST.match(self._text, span.start, span.end)
        if match is None or match["verb"] not in SAYING_VERBS:
            return None
        unknown = self._read_unknown_person(match.end(), span.end)
        for mention in mentions:
            if mention.start < match.end():
                continue
            gap = self._text[match.end() : mention.start]
            is_described = mention.name is not None and _ADJECTIVES.fullmatch(gap)
            if unknown is not None and mention.start > unknown.start and not is_described:
                break
            words = set(WORD.findall(gap.lower()))
            is_far = len(gap) > MAX_SUBJECT_GAP or words & NOT_BEFORE_SUBJECT or "," in gap
            if is_far or self._clauses.is_object_form(mention):
                return None
            return SpeakerTag(self._skip_owner(mention, mentions), is_saying=True, is_after=True)
        return None if unknown is None else SpeakerTag(unknown, is_saying=True, is_after=True)

    def _read_unknown_person(self, start: int, end: int) -> Mention | None:
        """A description whose noun is in no list: "cried a looker-on"."""
        match = _UNKNOWN_PERSON.match(self._text, start, end)
        if match is None:
            return None
        words = list[str]()
        for word in match["words"].split():
            if word in NO_NOUNS or (words and word.endswith("ly")):
                break
            words.append(word)
        if not words:
            return None
        return Mention(
            match.start("determiner"),
            match.start("words") + len(words[0]),
            MentionKind.NOUN,
            guess_gender(words[-1]),
            in_quote=False,
            noun=" ".join([match["determiner"], *words]),
            head=words[-1],
        )

    def _read_reply(self, span: Span, mentions: Sequence[Mention]) -> SpeakerTag | None:
        """`was his reply`, `came Tom's answer`."""
        match = _REPLY.match(self._text, span.start, span.end)
        if match is None:
            return None
        words = set(WORD.findall(self._text[match.end() : match.end() + 60].lower()))
        if words & SAYING_NOUNS:
            for mention in mentions:
                is_her = mention.noun == "her"
                if mention.start - match.end() < MAX_SUBJECT_GAP and (
                    mention.is_possessive or is_her
                ):
                    return SpeakerTag(mention, is_saying=True, is_after=True)
        return None

    @staticmethod
    def _skip_owner(mention: Mention, mentions: Sequence[Mention]) -> Mention:
        """The owned one of "Tom's brother"."""
        if not mention.is_possessive:
            return mention
        owned = (
            each
            for each in mentions
            if each.kind is MentionKind.NOUN and mention.start <= each.start <= mention.end + 3
        )
        return next(owned, mention)

    def _read_subject_first(self, span: Span, mentions: Sequence[Mention]) -> SpeakerTag | None:
        """`Tom cried`, `Tom, who was cold, cried`."""
        subject = self._clauses.find_subject(mentions, span)
        if subject is None or _PASSIVE.match(self._text, span.start, span.end):
            return None
        words = WORD.findall(self._text[subject.end : span.end].lower())
        if any(word in SAYING_VERBS for word in words):
            return SpeakerTag(subject, is_saying=True, is_after=True)
        return None

    def _read_before(self, span: Span, *, is_far: bool) -> SpeakerTag | None:
        """`Tom cried, "…"`, or who acts in the sentence before a quotation."""
        mentions = self._clauses.list_mentions(span)
        is_open = self._clauses.ends_open(span.end) or self._runs_into(span)
        words = list(WORD.finditer(self._text, span.start, span.end))
        saying = [each for each in words if each.group().lower() in LEADING_VERBS]
        if is_open and saying:
            subject = self._find_speaker(mentions, span, saying[-1].start())
            if subject is not None:
                return SpeakerTag(subject, is_saying=True, is_after=False)
        if is_far and not is_open:
            return None
        found = self._clauses.find_subject(mentions, span)
        return None if found is None else SpeakerTag(found, is_saying=False, is_after=False)

    def _find_speaker(self, mentions: Sequence[Mention], span: Span, verb: int) -> Mention | None:
        """The subject of a verb of saying; of "hear him cry" it is him."""
        earlier = [each for each in mentions if each.start < verb]
        perceived = _PERCEPTION.search(self._text, span.start, verb)
        if perceived is not None:
            return next((each for each in earlier if each.start >= perceived.start(1)), None)
        return self._clauses.find_last_subject(earlier, span, verb) or self._clauses.find_subject(
            [each for each in mentions if each.start > verb], span
        )

    def _runs_into(self, span: Span) -> bool:
        """Whether a sentence goes on in a quotation without a mark: `and Tom added "Come on!"`."""
        before = self._text[span.start : span.end].rstrip()
        return before[-1:].isalpha() and self._text[span.end + 1 : span.end + 2].isupper()


def _is_meant(pronoun: Mention, described: Mention) -> bool:
    """Whether a pronoun means who is described: `The boy considered. "No," he said`."""
    kinds = (pronoun.kind, described.kind)
    is_description = kinds == (MentionKind.PRONOUN, MentionKind.NOUN)
    return is_description and pronoun.gender is described.gender

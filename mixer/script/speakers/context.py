"""All that is known about a text before its turns are given to persons."""

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.lazy import compile_lazily
from mixer.script.speakers.characters import CharacterIndex
from mixer.script.speakers.mentions import (
    Mention,
    MentionKind,
    MentionReader,
    Name,
)
from mixer.script.speakers.model import Gender
from mixer.script.speakers.persons import (
    BookPerson,
    count_fathers,
    find_genders,
    has_known_name,
)
from mixer.script.speakers.quote_marks import Paragraph, find_quotes
from mixer.script.speakers.tags import TagReader
from mixer.script.speakers.turns import Turn, TurnReader
from mixer.script.speakers.vocabulary import (
    OBJECT_BEFORE,
    PLACE_NOUNS,
    SUBJECT_VERBS,
)

MIN_CALLS = 2
"""By name, before the narrator is taken to have that name."""

MIN_NOUN_COUNT = 3
"""A description that is never a speaker becomes a person from this count on."""

FIRST_PERSON_SHARE = 0.006
"""Of the narrated words that are "I", where one of the persons is the narrator."""

_SENTENCE_END = compile_lazily(r"[.!?][\"”'’)]*\s")
_CALL_BEFORE = compile_lazily(
    r"(?:^|[,“\"'‘!?.;:—–-])\s*(?:(?:my|dear|dearest|oh|ah|o|poor|old|well|no|yes|good|sir|come|now)[\s,]+){0,3}$",
    regex.IGNORECASE,
)
_CALL_AFTER = compile_lazily(r"\s*(?:[,!?.;:—–\"”'’-]|$)")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person mentioned in narration or in speech; `is_call` where the speech addresses it."""

    person: int
    mention: Mention
    is_subject: bool = False
    is_call: bool = False


class BookContext:
    """A text with its turns, its persons and where they are mentioned."""

    def __init__(self, text: str) -> None:
        """Read a text."""
        self.text = text
        self.paragraphs: list[Paragraph] = find_quotes(text)
        mention_reader = MentionReader(text, self.paragraphs)
        self.mentions = mention_reader.read()
        self._inner = mention_reader.inner
        narrated = [each for each in self.mentions if not each.in_quote]
        self.tags = TagReader(text, narrated)
        self.turns: list[Turn] = TurnReader(text, self.paragraphs, self.tags).read()
        self.index = CharacterIndex(self.mentions, self._number_sentences(), self._count_talks())
        self._add_nouns()
        find_genders(text, self.mentions, self.persons, self.index.find)
        self.is_first_person = self._measure_first_person(narrated)
        self.narrator: BookPerson | None = self._find_narrator() if self.is_first_person else None
        self.narrated: dict[int, list[Sighting]] = defaultdict(list)
        self.spoken: list[list[Sighting]] = [[] for _ in self.turns]
        self._place_mentions()
        self.actors = self._find_actors()
        self.adjectives = self._count_adjectives()
        self.shares = self._weigh_persons()

    @property
    def persons(self) -> Sequence[BookPerson]:
        """All of them, by identity."""
        return self.index.persons

    def find_person(self, mention: Mention) -> BookPerson | None:
        """The person of a mention; None for most pronouns."""
        if mention.noun in ("i", "me", "my", "myself"):
            return self.narrator
        return self.index.find(mention)

    def _number_sentences(self) -> list[int]:
        ends = [match.end() for match in _SENTENCE_END.finditer(self.text)]
        return [bisect_right(ends, each.start) for each in self.mentions]

    def _count_talks(self) -> Counter[frozenset[Name]]:
        """How often two names belong to turns that follow each other, or one calls the other."""
        talks = Counter[frozenset[Name]]()
        previous: tuple[int, Name | None] = (-9, None)
        for turn in self.turns:
            name = next((each.mention.name for each in turn.tags if each.mention.name), None)
            if name is not None:
                called = {
                    each.name
                    for each in self._list_quoted(turn)
                    if each.name and self._is_call(each)
                }
                if turn.paragraph - previous[0] in (1, 2) and previous[1]:
                    called.add(previous[1])
                talks.update(frozenset((name, each)) for each in called if each != name)
            previous = (turn.last_paragraph, name)
        starts = [each.start for each in self.paragraphs]
        return talks + count_fathers(self.mentions, starts)

    def _add_nouns(self) -> None:
        """Make persons of descriptions: those of speakers, and those that are frequent."""
        tagged = {
            tag.mention.noun: tag.mention
            for turn in self.turns
            for tag in turn.tags
            if tag.mention.kind is MentionKind.NOUN
        }
        counts = Counter(each.noun for each in self.mentions if each.kind is MentionKind.NOUN)
        genders = {noun: mention.gender for noun, mention in tagged.items()}
        genders |= {each.noun: each.gender for each in self.mentions if each.noun}
        frequent = {
            noun for noun, count in counts.items() if noun[:4] == "the " and count >= MIN_NOUN_COUNT
        }
        for noun in sorted(frequent | tagged.keys()):
            self.index.add_noun(simplify_noun(noun), genders[noun])
            self.index.by_noun[noun] = self.index.by_noun[simplify_noun(noun)]

    def _measure_first_person(self, narrated: Sequence[Mention]) -> bool:
        count = sum(each.noun == "i" for each in narrated)
        quoted = sum(q.end - q.start for each in self.paragraphs for q in each.quotes)
        words = max(1, (len(self.text) - quoted) / 6)
        return count / words > FIRST_PERSON_SHARE

    def _find_narrator(self) -> BookPerson:
        """The person called by name in answers to "I", and never named as a speaker.

        Also one who is called by name and never narrated of.
        """
        tags = Counter(
            person.identity
            for turn in self.turns
            for tag in turn.tags
            if (person := self.index.find(tag.mention)) is not None
        )
        for identity, count in Counter(self._list_calls()).most_common(3):
            if count >= MIN_CALLS and tags[identity] * 4 < count:
                return self.persons[identity]
        narrated = {
            person.identity
            for each in self.mentions
            if not each.in_quote and (person := self.index.find(each)) is not None
        }
        for identity, count in Counter(self._list_calls(near=False)).most_common():
            if count >= MIN_CALLS and identity not in narrated:
                return self.persons[identity]
        return self.index.add_noun("I", Gender.UNKNOWN)

    def _list_calls(self, *, near: bool = True) -> Iterator[int]:
        """Who is called by name: in turns next to those of "I", or in all."""
        for number, turn in enumerate(self.turns):
            group = self.turns[max(0, number - 1) : number + 2]
            if near and not any(tag.mention.noun == "i" for each in group for tag in each.tags):
                continue
            for mention in self._list_quoted(turn):
                person = self.index.find(mention)
                if person is not None and person.names and self._is_call(mention):
                    yield person.identity

    def _list_quoted(self, turn: Turn) -> Iterator[Mention]:
        if not hasattr(self, "_quoted"):
            self._quoted = [each for each in self.mentions if each.in_quote]
            self._quoted_starts = [each.start for each in self._quoted]
        for span in turn.spans:
            low = bisect_right(self._quoted_starts, span.start - 1)
            high = bisect_right(self._quoted_starts, span.end)
            yield from self._quoted[low:high]

    def _is_call(self, mention: Mention) -> bool:
        before = self.text[max(0, mention.start - 30) : mention.start]
        after = self.text[mention.end : mention.end + 3]
        return bool(_CALL_BEFORE.search(before)) and bool(_CALL_AFTER.match(after))

    def _place_mentions(self) -> None:
        """Sort mentions into paragraphs and turns."""
        starts = [each.start for each in self.paragraphs]
        subjects = self._find_subjects()
        for mention in self.mentions:
            person = self.find_person(mention)
            if person is not None and not mention.in_quote:
                place = bisect_right(starts, mention.start) - 1
                is_subject = mention.start in subjects
                self.narrated[place].append(Sighting(person.identity, mention, is_subject))
        for number, turn in enumerate(self.turns):
            for mention in self._list_quoted(turn):
                person = self.index.find(mention)
                if person is not None and mention.kind is MentionKind.NAME:
                    call = self._is_call(mention)
                    self.spoken[number].append(Sighting(person.identity, mention, is_call=call))

    def _find_subjects(self) -> frozenset[int]:
        """Where mentions begin that look like subjects: first in their clause, or before a verb."""
        found = set[int]()
        for mention in self.mentions:
            if mention.in_quote or mention.is_possessive:
                continue
            before = self.text[max(0, mention.start - 12) : mention.start]
            if _SUBJECT_BEFORE.search(before) or _SUBJECT_AFTER.match(self.text, mention.end):
                found.add(mention.start)
        return frozenset(found)

    def _find_actors(self) -> frozenset[int]:
        """Who may speak: a description, a bearer of a given name, one who acts, speaks or listens.

        Others are places, things and exclamations. A title alone is one if it acts or speaks.
        """
        found = {each.identity for each in self.persons if each.noun or has_known_name(each)}
        mentions = [tag.mention for turn in self.turns for tag in turn.tags]
        mentions += [each for each in self.mentions if each.name and self._is_acting(each)]
        mentions += [
            each.mention
            for group in self.spoken
            for each in group
            if each.is_call
            and each.mention.name
            and each.mention.name.words
            and self._inner[each.mention.name.words[-1]]
        ]
        found.update(
            each.identity for mention in mentions if (each := self.index.find(mention)) is not None
        )
        return frozenset(found)

    def _is_acting(self, mention: Mention) -> bool:
        """Whether a name is the subject of a verb."""
        name = mention.name
        is_place = name and len(name.words) > 1 and name.words[-1].lower() in PLACE_NOUNS
        if mention.in_quote or mention.is_possessive or is_place:
            return False
        before = self.text[max(0, mention.start - 12) : mention.start].split()
        is_object = bool(before) and before[-1].lower() in OBJECT_BEFORE
        return not is_object and _SUBJECT_AFTER.match(self.text, mention.end) is not None

    def _count_adjectives(self) -> dict[int, Counter[str]]:
        """The words right before each person's names: "old", "little"."""
        found = defaultdict[int, Counter[str]](Counter)
        for mention in self.mentions:
            person = self.index.find(mention) if mention.name else None
            if person is not None:
                before = self.text[max(0, mention.start - 12) : mention.start].lower().split()
                first = self.text[mention.start : mention.end].lower().split()[0]
                found[person.identity].update([*before[-1:], first])
        return found

    def _weigh_persons(self) -> dict[int, float]:
        """How much each person is mentioned, as the logarithm of its share of the most."""
        counts = Counter(sighting.person for group in self.narrated.values() for sighting in group)
        top = max(counts.values(), default=1)
        return {
            each.identity: math.log((counts[each.identity] + 0.5) / top) for each in self.persons
        }


_SUBJECT_BEFORE = compile_lazily(
    r"(?:^|[.!?;:,—\"”“(-]|\b(?:and|but|when|as|while|that|then|if|for|so|because|where|which|though"
    r"|until|before|after))\s*$"
)
_SUBJECT_AFTER = compile_lazily(
    rf"\s+(?:\p{{Ll}}+ly\s+)?(?:\p{{Ll}}+ed|{'|'.join(SUBJECT_VERBS)})\b"
)


def simplify_noun(noun: str) -> str:
    """A description without its determiner: "the old man" and "that old man" are one."""
    determiner, _, rest = noun.partition(" ")
    return f"the {rest}" if determiner in ("the", "a", "an", "this", "that", "another") else noun

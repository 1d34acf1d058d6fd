"""The turns of a book with the evidence for their speakers, and who may speak each of them."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mixer.script.speakers.context import BookContext, Sighting
from mixer.script.speakers.mentions import Mention, MentionKind
from mixer.script.speakers.model import Gender
from mixer.script.speakers.tags import SpeakerTag
from mixer.script.speakers.turns import Turn

MAX_CANDIDATES = 12
OTHERS = -1
"""The candidate that stands for all persons who are not in the list."""

FAR_PARAGRAPHS = 90
RECENT_PERSONS = 2
LOOK_BACK = 14
"""Paragraphs before a turn in which candidates are looked for."""

LOOK_AHEAD = 3
NEAR_TURNS = 8
CHAIN_GAP = 3
"""More paragraphs without speech than these end a conversation."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The kind of a turn's evidence, and its mention.

    `kind` is "name", "noun", "pronoun", "I" or "none".
    """

    kind: str
    mention: Mention | None = None
    person: int | None = None


class CandidateFinder:
    """Finds the evidence and the candidates of all turns of a book."""

    def __init__(self, book: BookContext) -> None:
        """Find what is named, and where conversations end."""
        self.book = book
        self.turns = [each for each in book.turns if each.is_speech]
        self.mentioned = [
            mentioned
            for turn, mentioned in zip(book.turns, book.spoken, strict=True)
            if turn.is_speech
        ]
        self.evidence = [self._read_evidence(each) for each in self.turns]
        self.gaps = self._measure_gaps()
        self._starts = [each.start for each in book.paragraphs]
        self._recent = list(self._rank_recent())

    def _read_evidence(self, turn: Turn) -> Evidence:
        """The best tag of a turn: a name before a description before a pronoun."""
        found = [self._classify(tag) for tag in turn.tags]
        for kind in ("name", "noun", "I", "pronoun"):
            for each in found:
                if each.kind == kind:
                    return each
        return Evidence("none")

    def _classify(self, tag: SpeakerTag) -> Evidence:
        mention = tag.mention
        person = self.book.find_person(mention)
        identity = None if person is None else person.identity
        if mention.kind is MentionKind.NAME:
            return Evidence("name", mention, identity)
        if mention.kind is MentionKind.NOUN:
            return Evidence("noun", mention, identity)
        return Evidence("I" if mention.noun in ("i", "we") else "pronoun", mention, identity)

    def _measure_gaps(self) -> list[int]:
        """Between each turn and the one before: paragraphs without speech; -1 in the same one."""
        gaps = [99]
        for before, turn in zip(self.turns, self.turns[1:], strict=False):
            gaps.append(turn.paragraph - before.last_paragraph - 1)
        return gaps

    def list_candidates(self, number: int) -> list[int]:
        """The persons who may speak, those mentioned nearest first."""
        turn, evidence = self.turns[number], self.evidence[number]
        if evidence.kind == "I" and evidence.person is not None:
            return [evidence.person]
        scores: dict[int, float] = {}
        for person, score in self._score_mentions(number, turn):
            scores[person] = scores.get(person, 0.0) + score
        if self.book.narrator is not None:
            scores[self.book.narrator.identity] = scores.get(self.book.narrator.identity, 0) + 1.0
        for person in self._recent[turn.paragraph]:
            scores.setdefault(person, 0.01)
        ranked = sorted(
            scores.keys() & self.book.actors, key=lambda person: (-scores[person], person)
        )
        return [*ranked[:MAX_CANDIDATES], OTHERS]

    def _rank_recent(self) -> Iterator[list[int]]:
        """For each paragraph the persons of each gender who were named last, however long ago."""
        seen: dict[Gender, dict[int, int]] = {Gender.MALE: {}, Gender.FEMALE: {}}
        for place in range(len(self._starts)):
            for sighting in self.book.narrated.get(place, ()):
                person = self.book.persons[sighting.person]
                known = seen.get(person.gender)
                if known is not None and person.names:
                    known.pop(person.identity, None)
                    known[person.identity] = place
            latest = (islice(reversed(each.items()), RECENT_PERSONS) for each in seen.values())
            yield [person for each in latest for person, at in each if place - at < FAR_PARAGRAPHS]

    def _score_mentions(self, number: int, turn: Turn) -> Iterator[tuple[int, float]]:
        first = max(0, turn.paragraph - LOOK_BACK)
        for place in range(first, turn.last_paragraph + LOOK_AHEAD + 1):
            away = max(turn.paragraph - place, place - turn.last_paragraph, 0)
            for sighting in self.book.narrated.get(place, ()):
                yield sighting.person, (2.0 if sighting.is_subject else 1.0) / (1 + away)
        for other in range(
            max(0, number - NEAR_TURNS), min(len(self.turns), number + NEAR_TURNS + 1)
        ):
            away = abs(other - number)
            evidence = self.evidence[other]
            if evidence.person is not None:
                yield evidence.person, 4.0 / (1 + away) + (100.0 if away == 0 else 0)
            for sighting in self.mentioned[other]:
                if sighting.is_call or away <= 1:
                    yield sighting.person, (1.5 if sighting.is_call else 0.5) / (1 + away)

    def is_apart(self, first: int, second: int) -> bool:
        """Whether two turns are of different conversations."""
        low, high = min(first, second), max(first, second)
        return any(self.gaps[each] > CHAIN_GAP for each in range(low + 1, high + 1))

    def find_last_seen(self, turn: Turn) -> list[Sighting]:
        """Who was last mentioned in narration before a turn's evidence, latest first."""
        place = turn.tags[0].mention.start if turn.tags else turn.spans[0].start
        seen = dict[int, Sighting]()
        for index in range(turn.paragraph, max(-1, turn.paragraph - LOOK_BACK), -1):
            for sighting in reversed(self.book.narrated.get(index, ())):
                if sighting.mention.start < place and sighting.person not in seen:
                    seen[sighting.person] = sighting
        return list(seen.values())

    def find_paragraph(self, mention: Mention) -> int:
        """The number of the paragraph that a mention is in."""
        return bisect_right(self._starts, mention.start) - 1

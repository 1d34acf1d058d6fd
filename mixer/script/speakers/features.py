"""What speaks for a candidate: features of a turn and a person, by name.

The weights of the features were learned from annotated novels; `weights.json` has them.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mixer.script.speakers.context import BookContext, Sighting
from mixer.script.speakers.mentions import Mention, MentionKind
from mixer.script.speakers.model import Gender
from mixer.script.speakers.tags import SpeakerTag
from mixer.script.speakers.turns import Turn
from mixer.script.speakers.vocabulary import GENERIC_NOUNS, KIN, TITLED_NOUNS

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
MAX_PRONOUN_TURNS = 2
NEAR_PARAGRAPHS = 4
"""Nouns that say little about a person, so that they often stand for one with a name."""

SAME_TITLES = {"doctor": {"dr", "doctor"}, "clergyman": {"rev", "reverend"}}
"""More paragraphs without speech than these end a conversation."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The kind of a turn's evidence, and its mention.

    `kind` is "name", "noun", "pronoun", "I" or "none".
    """

    kind: str
    mention: Mention | None = None
    person: int | None = None


class FeatureReader:
    """Reads the features of all turns of a book."""

    def __init__(self, book: BookContext) -> None:
        """Find what is named, and where conversations end."""
        self.book = book
        self.turns = [each for each in book.turns if each.is_speech]
        self.spoken = [
            spoken for turn, spoken in zip(book.turns, book.spoken, strict=True) if turn.is_speech
        ]
        self.evidence = [self._read_evidence(each) for each in self.turns]
        self.gaps = self._measure_gaps()
        self._uses = self._count_uses()
        self._starts = [each.start for each in book.paragraphs]

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

    def _count_uses(self) -> Counter[int]:
        """How often each description names a speaker."""
        return Counter(
            each.person for each in self.evidence if each.kind == "noun" and each.person is not None
        )

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
        for person in self._list_recent(turn.paragraph):
            scores.setdefault(person, 0.01)
        ranked = sorted(scores, key=lambda person: (-scores[person], person))
        return [*ranked[:MAX_CANDIDATES], OTHERS]

    def _list_recent(self, paragraph: int) -> Iterator[int]:
        """The persons of each gender who were named last, however long ago."""
        found: dict[Gender, list[int]] = {Gender.MALE: [], Gender.FEMALE: []}
        for place in range(paragraph, max(-1, paragraph - FAR_PARAGRAPHS), -1):
            for sighting in reversed(self.book.narrated.get(place, ())):
                person = self.book.persons[sighting.person]
                known = found.get(person.gender)
                is_new = known is not None and person.identity not in known
                if known is not None and is_new and len(known) < RECENT_PERSONS and person.names:
                    known.append(person.identity)
            if all(len(each) == RECENT_PERSONS for each in found.values()):
                break
        for each in found.values():
            yield from each

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
            for sighting in self.spoken[other]:
                if sighting.is_call or away <= 1:
                    yield sighting.person, (1.5 if sighting.is_call else 0.5) / (1 + away)

    def read(self, number: int, candidates: Sequence[int]) -> list[list[str]]:
        """The features of each candidate, without those of the turns before."""
        turn = self.turns[number]
        last_seen = self._find_last_seen(turn)
        return [
            [*self._read_candidate(number, turn, person, last_seen)]
            if person != OTHERS
            else [*self._read_others(number, candidates)]
            for person in candidates
        ]

    def _read_others(self, number: int, candidates: Sequence[int]) -> Iterator[str]:
        """What speaks for another person than all candidates."""
        evidence = self.evidence[number]
        yield f"others:{evidence.kind}"
        yield f"others:{evidence.kind}:{min(len(candidates), 6)}"
        if evidence.mention is not None:
            fits = (
                _compare(evidence.mention.gender, self.book.persons[each].gender) == "agree"
                for each in candidates
                if each != OTHERS
            )
            yield f"others:{evidence.kind}:agree:{min(sum(fits), 2)}"

    def _read_candidate(
        self, number: int, turn: Turn, person: int, last_seen: Sequence[Sighting]
    ) -> Iterator[str]:
        kind = self.evidence[number].kind
        yield from self._read_tag(number, person)
        yield from self._read_beats(turn, person, kind)
        yield from self._read_speech(number, person, kind)
        yield from self._read_recency(turn, person, last_seen, kind)
        yield from self._read_anchors(number, person, kind)
        yield from self._read_identity(person, kind)
        yield from self._read_description(number, turn, person, last_seen)

    def _read_description(
        self, number: int, turn: Turn, person: int, last_seen: Sequence[Sighting]
    ) -> Iterator[str]:
        """Whether a description is a person of its own, or may be one with a name."""
        evidence = self.evidence[number]
        described = self._find_described(evidence)
        if described is None or evidence.mention is None:
            return
        noun, candidate = self.book.persons[described], self.book.persons[person]
        words = noun.find_display_name().lower().split()
        if person == described:
            rivals = 0
            for sighting in last_seen:
                other = self.book.persons[sighting.person]
                away = turn.paragraph - self._place_of(sighting)
                is_rival = other.names and other is not noun and away <= NEAR_PARAGRAPHS
                rivals += bool(is_rival) and other.gender is noun.gender
            kind = "generic" if words[-1] in GENERIC_NOUNS else "kin" if words[-1] in KIN else "own"
            yield f"noun:self:{kind}:{min(rivals, 2)}"
            yield f"noun:often:{kind}:{min(self._uses[described], 3)}"
        elif candidate.names:
            titles = sorted(candidate.titles & {"mr", "mrs", "miss", "lady", "lord", "master"})
            title = titles[0] if titles else "none"
            age = next((each for each in words if each in ("old", "young", "little")), "")
            if SAME_TITLES.get(words[-1], {words[-1]}) & candidate.titles:
                yield "noun:rank"
            yield f"noun:{words[-1] if words[-1] in TITLED_NOUNS else age}:{title}"

    @staticmethod
    def _find_described(evidence: Evidence) -> int | None:
        """The person of a tag that is a description, also one in capitals: "the Jew"."""
        mention = evidence.mention
        if mention is None or mention.kind is MentionKind.PRONOUN:
            return None
        is_name = mention.name is not None and not mention.name.has_article
        return None if is_name else evidence.person

    def _read_tag(self, number: int, person: int) -> Iterator[str]:
        evidence = self.evidence[number]
        candidate = self.book.persons[person]
        is_narrator = candidate is self.book.narrator
        if evidence.kind == "I":
            yield "tag:I:narrator" if is_narrator else "tag:I:other"
            return
        if evidence.mention is None:
            yield "tag:none"
            if is_narrator:
                yield "tag:none:narrator"
            return
        if is_narrator:
            yield f"tag:{evidence.kind}:narrator"
        if evidence.kind in ("name", "noun"):
            yield f"tag:{evidence.kind}:{'same' if evidence.person == person else 'other'}"
        if evidence.person != person:
            yield f"tag:{evidence.kind}:{_compare(evidence.mention.gender, candidate.gender)}"
            if evidence.kind == "noun":
                yield f"tag:noun:for:{'noun' if candidate.noun else 'named'}"

    def _read_beats(self, turn: Turn, person: int, kind: str) -> Iterator[str]:
        candidate = self.book.persons[person]
        for beat in turn.beats:
            place = "after" if beat.is_after else "before"
            near = "own" if turn.paragraph <= self._place(beat) <= turn.last_paragraph else "far"
            found = self.book.find_person(beat.mention)
            key = f"beat:{place}:{near}:{kind if kind in ('none', 'pronoun') else 'tagged'}"
            if found is not None:
                yield f"{key}:{'same' if found.identity == person else 'other'}"
            else:
                yield f"{key}:{_compare(beat.mention.gender, candidate.gender)}"

    def has_beat_of(self, number: int, person: int) -> bool:
        """Whether a person acts next to a turn."""
        found = [self.book.find_person(each.mention) for each in self.turns[number].beats]
        return any(each is not None and each.identity == person for each in found)

    def _place(self, beat: SpeakerTag) -> int:
        return bisect_right(self._starts, beat.mention.start) - 1

    def _read_speech(self, number: int, person: int, kind: str) -> Iterator[str]:
        for away in (-1, 0, 1):
            other = number + away
            if not 0 <= other < len(self.turns) or self._is_apart(number, other):
                continue
            mine = [each for each in self.spoken[other] if each.person == person]
            calls = any(each.is_call for each in mine)
            if calls:
                yield f"call:{away}:{kind}"
            elif mine:
                yield f"named:{away}:{kind}"
            elif any(each.is_call for each in self.spoken[other]):
                yield f"call:{away}:other:{kind}"

    def _is_apart(self, first: int, second: int) -> bool:
        low, high = min(first, second), max(first, second)
        return any(self.gaps[each] > CHAIN_GAP for each in range(low + 1, high + 1))

    def _find_last_seen(self, turn: Turn) -> list[Sighting]:
        """Who was last mentioned in narration before a turn's evidence, latest first."""
        place = turn.tags[0].mention.start if turn.tags else turn.spans[0].start
        seen = dict[int, Sighting]()
        for index in range(turn.paragraph, max(-1, turn.paragraph - LOOK_BACK), -1):
            for sighting in reversed(self.book.narrated.get(index, ())):
                if sighting.mention.start < place and sighting.person not in seen:
                    seen[sighting.person] = sighting
        return list(seen.values())

    def _read_recency(
        self, turn: Turn, person: int, last_seen: Sequence[Sighting], kind: str
    ) -> Iterator[str]:
        agreeing, rank = 0, -1
        wanted = turn.tags[0].mention.gender if turn.tags else Gender.UNKNOWN
        for sighting in last_seen:
            if sighting.person == person:
                rank = agreeing
                away = turn.paragraph - self._place_of(sighting)
                yield f"seen:{min(away, 6)}:{kind}"
                if sighting.is_subject:
                    yield f"seen:subject:{min(away, 2)}:{kind}"
                break
            if Gender.UNKNOWN in (wanted, self.book.persons[sighting.person].gender) or (
                self.book.persons[sighting.person].gender is wanted
            ):
                agreeing += 1
        yield f"rank:{min(rank, 4)}:{kind}"
        here = [
            each
            for place in range(turn.paragraph, turn.last_paragraph + 1)
            for each in self.book.narrated.get(place, ())
            if each.person == person
        ]
        if here:
            yield f"here:{kind}:{'subject' if any(each.is_subject for each in here) else 'object'}"

    def _place_of(self, sighting: Sighting) -> int:
        return self._place(SpeakerTag(sighting.mention, is_saying=False, is_after=False))

    def _read_anchors(self, number: int, person: int, kind: str) -> Iterator[str]:
        """Which turns near by are named to be the candidate's."""
        for step in (-1, 1):
            for away in range(1, 5):
                other = number + step * away
                if not 0 <= other < len(self.turns) or self._is_apart(number, other):
                    break
                evidence = self.evidence[other]
                is_certain = evidence.person is not None and evidence.kind in ("name", "I")
                if is_certain:
                    same = "same" if evidence.person == person else "other"
                    if same == "same" or away == 1:
                        yield f"anchor:{step * away}:{same}:{kind}"
                elif evidence.kind == "pronoun" and evidence.mention and away <= MAX_PRONOUN_TURNS:
                    fit = _compare(evidence.mention.gender, self.book.persons[person].gender)
                    yield f"anchor:{step * away}:pronoun:{fit}:{kind}"

    def _read_identity(self, person: int, kind: str) -> Iterator[str]:
        share = self.book.shares.get(person, -9.0)
        yield f"share:{max(-6, round(share))}:{kind}"
        candidate = self.book.persons[person]
        if not candidate.names:
            yield f"is:noun:{kind}"
        elif candidate.gender is Gender.UNKNOWN:
            yield f"is:unknown:{kind}"


def read_history(gap: int, kind: str, person: int, previous: int, earlier: int) -> Iterator[str]:
    """The features of a candidate that depend on the two turns before; -1 where there is none."""
    near = min(gap, 3) if gap >= 0 else -1
    if person == OTHERS:
        return
    if previous >= 0:
        yield f"history:1:{near}:{'same' if previous == person else 'other'}:{kind}"
    if earlier >= 0 and gap <= CHAIN_GAP:
        same = "same" if earlier == person else "other"
        yield f"history:2:{near}:{same}:{kind}"


def _compare(first: Gender, second: Gender) -> str:
    if Gender.UNKNOWN in (first, second):
        return "unknown"
    return "agree" if first is second else "differ"

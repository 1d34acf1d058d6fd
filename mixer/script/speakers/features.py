"""What speaks for a candidate: features of a turn and a person, by name.

The weights of the features were learned from annotated novels; `weights.json` has them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from mixer.script.speakers.candidates import CHAIN_GAP, OTHERS, CandidateFinder, Evidence
from mixer.script.speakers.context import Sighting
from mixer.script.speakers.focus import FocusReader
from mixer.script.speakers.mentions import Mention, MentionKind
from mixer.script.speakers.model import Gender
from mixer.script.speakers.persons import BookPerson
from mixer.script.speakers.turns import Turn
from mixer.script.speakers.vocabulary import GENERIC_NOUNS, KIN, TITLED_NOUNS

MAX_PRONOUN_TURNS = 2
NEAR_PARAGRAPHS = 4

OWNERS = {"his": Gender.MALE, "her": Gender.FEMALE}

SAME_TITLES = {"doctor": {"dr", "doctor"}, "clergyman": {"rev", "reverend"}}


class FeatureReader:
    """Reads the features of all turns of a book."""

    def __init__(self, finder: CandidateFinder) -> None:
        """Prepare it for the turns and the persons of a book."""
        self.finder, self.book = finder, finder.book
        self._uses = self._count_uses()
        self._talks = self._count_talks()
        self._focus = FocusReader(self.book)

    def _count_uses(self) -> Counter[int]:
        """How often each description names a speaker."""
        return Counter(
            each.person
            for each in self.finder.evidence
            if each.kind == "noun" and each.person is not None
        )

    def _count_talks(self) -> Counter[tuple[int, int]]:
        """How often one who is described speaks to each person: then they are two."""
        found = Counter[tuple[int, int]]()
        for number, each in enumerate(self.finder.evidence):
            if each.kind != "noun" or each.person is None:
                continue
            for other in (number - 1, number + 1):
                if 0 <= other < len(self.finder.turns):
                    near = self.finder.evidence[other]
                    is_near = self.finder.gaps[max(number, other)] <= 0
                    if is_near and near.kind == "name" and near.person is not None:
                        found[each.person, near.person] += 1
            found.update(
                (each.person, called.person)
                for called in self.finder.mentioned[number]
                if called.is_call
            )
        return found

    def read(self, number: int, candidates: Sequence[int]) -> list[list[str]]:
        """The features of each candidate, without those of the turns before."""
        turn = self.finder.turns[number]
        last_seen = self.finder.find_last_seen(turn)
        return [
            [*self._read_candidate(number, turn, person, last_seen)]
            if person != OTHERS
            else [*self._read_others(number, candidates)]
            for person in candidates
        ]

    def _read_others(self, number: int, candidates: Sequence[int]) -> Iterator[str]:
        """What speaks for another person than all candidates."""
        evidence = self.finder.evidence[number]
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
        kind = self.finder.evidence[number].kind
        yield from self._read_tag(number, person)
        yield from self._read_beats(turn, person, kind)
        yield from self._read_speech(number, person, kind)
        yield from self._read_recency(turn, person, last_seen, kind)
        yield from self._read_anchors(number, person, kind)
        yield from self._read_focus(turn, person, kind)
        yield from self._read_identity(person, kind)
        yield from self._read_description(number, turn, person, last_seen)

    def _read_description(
        self, number: int, turn: Turn, person: int, last_seen: Sequence[Sighting]
    ) -> Iterator[str]:
        """Whether a description is a person of its own, or may be one with a name."""
        evidence = self.finder.evidence[number]
        described = self._find_described(evidence)
        if described is None or evidence.mention is None:
            return
        candidate = self.book.persons[person]
        words = self.book.persons[described].find_display_name().lower().split()
        if person == described:
            kind = "generic" if words[-1] in GENERIC_NOUNS else "kin" if words[-1] in KIN else "own"
            rivals = self._count_rivals(turn, described, last_seen)
            yield f"noun:self:{kind}:{min(rivals, 2)}"
            yield f"noun:often:{kind}:{min(self._uses[described], 3)}"
        elif candidate.names:
            titles = sorted(candidate.titles & {"mr", "mrs", "miss", "lady", "lord", "master"})
            title = titles[0] if titles else "none"
            age = next((each for each in words if each in ("old", "young", "little")), "")
            if SAME_TITLES.get(words[-1], {words[-1]}) & candidate.titles:
                yield "noun:rank"
            yield f"noun:talks:{min(self._talks[described, person], 3)}"
            yield from self._read_kin(evidence.mention, words[-1], candidate)
            yield f"noun:{words[-1] if words[-1] in TITLED_NOUNS else age}:{title}"

    def _read_kin(self, mention: Mention, word: str, candidate: BookPerson) -> Iterator[str]:
        """Whether a relation's owner is the candidate: "her mother" is not herself."""
        determiner = mention.noun.partition(" ")[0]
        owner = self._focus.find(mention.start, OWNERS.get(determiner, Gender.UNKNOWN))
        if word not in KIN or owner < 0:
            return
        if owner == candidate.identity:
            yield "noun:kin:owner"
        else:
            shared = candidate.surnames & self.book.persons[owner].surnames
            yield f"noun:kin:{'family' if shared else 'stranger'}"

    def _count_rivals(self, turn: Turn, described: int, last_seen: Sequence[Sighting]) -> int:
        """How many persons with a name, near by, may be the one that is described."""
        noun = self.book.persons[described]
        near = (
            self.book.persons[each.person]
            for each in last_seen
            if turn.paragraph - self.finder.find_paragraph(each.mention) <= NEAR_PARAGRAPHS
        )
        return sum(
            bool(each.names) and each is not noun and each.gender is noun.gender for each in near
        )

    @staticmethod
    def _find_described(evidence: Evidence) -> int | None:
        """The person of a tag that is a description, also one in capitals: "the Jew"."""
        mention = evidence.mention
        if mention is None or mention.kind is MentionKind.PRONOUN:
            return None
        is_name = mention.name is not None and not mention.name.has_article
        return None if is_name else evidence.person

    def _read_tag(self, number: int, person: int) -> Iterator[str]:
        evidence = self.finder.evidence[number]
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
            near = (
                "own"
                if turn.paragraph <= self.finder.find_paragraph(beat.mention) <= turn.last_paragraph
                else "far"
            )
            found = self.book.find_person(beat.mention)
            key = f"beat:{place}:{near}:{kind if kind in ('none', 'pronoun') else 'tagged'}"
            if found is not None:
                yield f"{key}:{'same' if found.identity == person else 'other'}"
            else:
                yield f"{key}:{_compare(beat.mention.gender, candidate.gender)}"

    def has_beat_of(self, number: int, person: int) -> bool:
        """Whether a person acts next to a turn."""
        found = [self.book.find_person(each.mention) for each in self.finder.turns[number].beats]
        return any(each is not None and each.identity == person for each in found)

    def _read_speech(self, number: int, person: int, kind: str) -> Iterator[str]:
        for away in (-1, 0, 1):
            other = number + away
            if not 0 <= other < len(self.finder.turns) or self.finder.is_apart(number, other):
                continue
            mine = [each for each in self.finder.mentioned[other] if each.person == person]
            calls = any(each.is_call for each in mine)
            if calls:
                yield f"call:{away}:{kind}"
            elif mine:
                yield f"named:{away}:{kind}"
            elif any(each.is_call for each in self.finder.mentioned[other]):
                yield f"call:{away}:other:{kind}"

    def _read_recency(
        self, turn: Turn, person: int, last_seen: Sequence[Sighting], kind: str
    ) -> Iterator[str]:
        rank = -1
        persons = [each.person for each in last_seen]
        if person in persons:
            place = persons.index(person)
            rank = self._count_agreeing(turn, persons[:place])
            away = turn.paragraph - self.finder.find_paragraph(last_seen[place].mention)
            yield f"seen:{min(away, 6)}:{kind}"
            if last_seen[place].is_subject:
                yield f"seen:subject:{min(away, 2)}:{kind}"
        yield f"rank:{min(rank, 4)}:{kind}"
        here = [
            each
            for place in range(turn.paragraph, turn.last_paragraph + 1)
            for each in self.book.narrated.get(place, ())
            if each.person == person
        ]
        if here:
            yield f"here:{kind}:{'subject' if any(each.is_subject for each in here) else 'object'}"

    def _read_focus(self, turn: Turn, person: int, kind: str) -> Iterator[str]:
        """Whether a candidate is at the centre of attention, and how much."""
        place = turn.tags[0].mention.start if turn.tags else turn.spans[0].start
        gender = self.book.persons[person].gender
        centre = self._focus.find(place, gender)
        if centre >= 0:
            yield f"focus:{kind}:{'same' if centre == person else 'other'}"
        yield f"recent:{min(self._focus.count(place, person), 4)}:{kind}"

    def _count_agreeing(self, turn: Turn, persons: Sequence[int]) -> int:
        """How many persons have the gender of a turn's tag, as far as both are known."""
        wanted = turn.tags[0].mention.gender if turn.tags else Gender.UNKNOWN
        return sum(_compare(wanted, self.book.persons[each].gender) != "differ" for each in persons)

    def _read_anchors(self, number: int, person: int, kind: str) -> Iterator[str]:
        """Which turns near by are named to be the candidate's."""
        for step in (-1, 1):
            for away in range(1, 5):
                other = number + step * away
                if not 0 <= other < len(self.finder.turns) or self.finder.is_apart(number, other):
                    break
                evidence = self.finder.evidence[other]
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

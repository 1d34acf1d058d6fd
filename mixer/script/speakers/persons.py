"""A person of a book while names are collected, and what the text shows about it."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mixer.lazy import compile_lazily
from mixer.script.speakers.mentions import Mention, MentionKind, Name, guess_name_gender
from mixer.script.speakers.model import Gender
from mixer.script.speakers.vocabulary import (
    EITHER_TITLES,
    MALE_NAMES,
    MARRIED_TITLES,
    RANKS,
    SHORT_NAMES,
    guess_gender,
)

SURE_SHARE, CONTRARY_SHARE, CONTRARY_VOTES = 0.65, 0.8, 8
"""Of the pronouns behind a name that agree: to settle a gender, and to change one."""

MAX_PRONOUN_CHARS = 80
"""Between a name and the pronoun that shows its gender."""

MIN_SHARED, SHARED_PART = 3, 0.06
"""Paragraphs with both names, and their part of those with the rarer one, that show two men."""

MAX_NAMES_IN_PARAGRAPH = 12
_PARAGRAPH_END = compile_lazily(r"\n[ \t\r]*\n")


@dataclass(slots=True)
class BookPerson:
    """A character while names are collected.

    `names` counts each form; `given` and `surnames` are in lower case.
    """

    identity: int
    names: Counter[Name] = field(default_factory=Counter)
    given: set[str] = field(default_factory=set)
    surnames: set[str] = field(default_factory=set)
    titles: set[str] = field(default_factory=set)
    gender: Gender = Gender.UNKNOWN
    noun: str = ""

    @property
    def count(self) -> int:
        """How often it is mentioned by name."""
        return self.names.total()

    def count_word(self, word: str) -> int:
        """How often one of its names has a word, which is in lower case."""
        return sum(
            count
            for name, count in self.names.items()
            if any(each.lower() == word for each in name.words)
        )

    def add(self, name: Name, count: int) -> None:
        """Add a form of the name."""
        self.names[name] += count
        if name.title:
            self.titles.add(name.title)
        if self.gender is Gender.UNKNOWN:
            self.gender = guess_name_gender(name)

    def find_display_name(self) -> str:
        """The most frequent form; a title alone only if nothing else is known."""
        if not self.names:
            return self.noun
        return max(
            self.names, key=lambda each: (each.words != (), self.names[each], each.text)
        ).text


def has_known_name(person: BookPerson) -> bool:
    """Whether a name has a title or a given name in front of another word, or is one."""
    return any(
        each.words and guess_name_gender(each) is not Gender.UNKNOWN for each in person.names
    )


def find_genders(
    text: str,
    mentions: Sequence[Mention],
    persons: Sequence[BookPerson],
    find: Callable[[Mention], BookPerson | None],
) -> None:
    """Learn genders from the pronouns that follow names in their paragraph."""
    votes = _count_votes(text, mentions, find)
    for person in persons:
        _settle_gender(person, votes.get(person.identity, Counter()))
        if person.gender is Gender.UNKNOWN:  # "Captain" is a man unless a pronoun says more
            genders = {guess_gender(title) for title in person.titles} - {Gender.UNKNOWN}
            person.gender = genders.pop() if len(genders) == 1 else Gender.UNKNOWN


def _count_votes(
    text: str, mentions: Iterable[Mention], find: Callable[[Mention], BookPerson | None]
) -> Mapping[int, Counter[Gender]]:
    """How often each person's mention is followed by a pronoun of each gender."""
    votes: dict[int, Counter[Gender]] = defaultdict(Counter)
    last: Mention | None = None
    for mention in mentions:
        if mention.in_quote:
            continue
        if mention.kind is not MentionKind.PRONOUN:
            last = mention
        elif last is not None and mention.gender is not Gender.UNKNOWN:
            between = text[last.end : mention.start]
            is_near = len(between) < MAX_PRONOUN_CHARS and not _PARAGRAPH_END.search(between)
            person = find(last) if is_near else None
            if person is not None:
                votes[person.identity][mention.gender] += 1
            last = None
    return votes


def _settle_gender(person: BookPerson, votes: Counter[Gender]) -> None:
    male, female = votes[Gender.MALE], votes[Gender.FEMALE]
    total = male + female
    is_titled = bool(person.titles - EITHER_TITLES) and person.gender is not Gender.UNKNOWN
    if is_titled or total == 0:
        return
    best = Gender.MALE if male >= female else Gender.FEMALE
    share = max(male, female) / total
    is_contrary = total >= CONTRARY_VOTES and share >= CONTRARY_SHARE
    if is_contrary or (person.gender is Gender.UNKNOWN and share >= SURE_SHARE):
        person.gender = best


def is_same_given(first: str, second: str) -> bool:
    """Whether two given names are equal or one is short for the other."""
    if first == second or first in SHORT_NAMES.get(second, ()):
        return True
    return second in SHORT_NAMES.get(first, ())


_RANK_NAMES = {"capt": "captain", "col": "colonel", "lt": "lieutenant", "prof": "professor"}


def _shares_rank(name: Name, person: BookPerson) -> bool:
    """Whether a person has the rank of a title, or neither another one nor "Mr." or "Miss"."""
    ranks = {_RANK_NAMES.get(each, each) for each in person.titles} & (RANKS | {"mr", "miss"})
    title = _RANK_NAMES.get(name.title, name.title)
    return not ranks or title in ranks or (title in ("dr", "doctor") and ranks == {"mr"})


def is_married(person: BookPerson) -> bool:
    """Whether a title of hers is a wife's."""
    return bool(person.titles & MARRIED_TITLES)


def is_compatible(name: Name, person: BookPerson) -> bool:
    """Whether title and gender of a name fit a person."""
    gender = guess_name_gender(name)
    if Gender.UNKNOWN not in (gender, person.gender) and gender is not person.gender:
        return False
    is_wife = name.title in MARRIED_TITLES
    if _RANK_NAMES.get(name.title, name.title) in RANKS and not _shares_rank(name, person):
        return False
    return not (is_wife and "miss" in person.titles) and not (
        name.title == "miss" and person.titles & (MARRIED_TITLES | RANKS)
    )


def count_fathers(mentions: Sequence[Mention], starts: Sequence[int]) -> Counter[frozenset[Name]]:
    """Names of two men: "Mr. Smith" and "George", where one paragraph often has both.

    `starts` are those of the paragraphs.
    """
    groups, uses = defaultdict[int, set[Name]](set), Counter[Name]()
    for mention in mentions:
        name = mention.name
        if name is None or mention.in_quote or len(name.words) != 1:
            continue
        if name.title == "mr" or (not name.title and name.words[0].lower() in MALE_NAMES):
            place = bisect_right(starts, mention.start)
            uses[name] += name not in groups[place]
            groups[place].add(name)
    pairs = Counter(
        frozenset((first, second))
        for group in groups.values()
        if len(group) <= MAX_NAMES_IN_PARAGRAPH
        for first in group
        for second in group
        if first.title and not second.title
    )
    found = Counter[frozenset[Name]]()
    for pair, count in pairs.items():
        if count >= MIN_SHARED and count >= SHARED_PART * min(uses[each] for each in pair):
            found[pair] = MIN_SHARED
    return found

"""From names to characters: which of a book's names are one person's.

"Mr. Bennet" and "Mrs. Bennet" are two; "Elizabeth Bennet", "Miss Elizabeth" and "Lizzy" are one.
Full names come first, then titles with a surname, then single names and short forms. Two names that
often stand in one sentence are two persons.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from mixer.script.speakers.mentions import Mention, Name, count_name_pairs
from mixer.script.speakers.model import Gender
from mixer.script.speakers.persons import BookPerson, is_compatible, is_married, is_same_given
from mixer.script.speakers.vocabulary import (
    FEMALE_NAMES,
    GIVEN_TITLES,
    MALE_NAMES,
    MARRIED_TITLES,
    SHORT_NAMES,
)

MIN_QUOTED_SHARE = 0.5
"""Of the uses of a short name that are in speech, if it stands for a longer one."""

MIN_CLIPPED = 3
"""Letters of a name that is cut short."""

MAX_CHARACTERS = 3_000
"""Names beyond these, by how often they are used, are left to the narrator."""


APART_SHARE = 0.1
"""From this share of the sentences with the rarer name on, two names are two persons."""

MIN_APART = 2


class CharacterIndex:
    """The persons of a text, by the names that refer to them."""

    def __init__(
        self,
        mentions: Sequence[Mention],
        sentences: Sequence[int],
        talks: Counter[frozenset[Name]],
    ) -> None:
        """Collect them.

        Args:
            mentions: of the whole text.
            sentences: for each mention the number of its sentence.
            talks: how often the bearers of two names speak to each other.
        """
        self.persons: list[BookPerson] = []
        self.by_name: dict[Name, BookPerson] = {}
        self.by_noun: dict[str, BookPerson] = {}
        self._by_given: dict[str, list[BookPerson]] = {}
        self._by_surname: dict[str, list[BookPerson]] = {}
        self._talks = talks
        self._apart = count_name_pairs(mentions, sentences)
        counts = Counter(each.name for each in mentions if each.name)
        quoted = Counter(each.name for each in mentions if each.name and each.in_quote)
        self._quoted_share = {name: quoted[name] / counts[name] for name in counts}
        self._counts = counts
        self._build(counts)

    def find(self, mention: Mention) -> BookPerson | None:
        """The person of a name or a description; None for a pronoun."""
        if mention.name is not None:
            return self.by_name.get(mention.name)
        return self.by_noun.get(mention.noun)

    def add_noun(self, noun: str, gender: Gender) -> BookPerson:
        """The person of a description, added where it is new."""
        if noun not in self.by_noun:
            person = self._create()
            person.noun, person.gender = noun, gender
            self.by_noun[noun] = person
        return self.by_noun[noun]

    def _build(self, counts: Counter[Name]) -> None:
        ranked = sorted(counts, key=lambda name: (-counts[name], name.text))[:MAX_CHARACTERS]
        whole = [each for each in ranked if len(each.words) > 1 and not each.has_article]
        titled = [each for each in ranked if len(each.words) == 1 and each.title]
        single = [each for each in ranked if len(each.words) == 1 and not each.title]
        for name in sorted(whole, key=lambda each: -counts[each]):
            self._add(name, self._find_same_whole(name))
        for name in titled:
            if not name.has_article:
                self._add(name, self._match_titled(name))
        for name in single:
            if not name.has_article:
                self._add(name, self._match_single(name))
        rest = [each for each in ranked if each not in self.by_name]
        for name in sorted(rest, key=lambda each: len(each.words)):
            self._add(name, self._match_article(name))

    def _create(self) -> BookPerson:
        person = BookPerson(len(self.persons))
        self.persons.append(person)
        return person

    def _add(self, name: Name, person: BookPerson | None) -> None:
        person = person or self._create()
        person.add(name, self._counts[name])
        self.by_name[name] = person
        if len(name.words) > 1 and not name.has_article:
            self._index(person, name.words[0], name.words[-1])
        elif name.words and not person.given and not person.surnames:
            word = name.words[-1]
            is_given = word.lower() in MALE_NAMES or word.lower() in FEMALE_NAMES
            has_surname = name.title and name.title not in GIVEN_TITLES - {"mr", "miss"}
            if name.title in ("mr", "mrs", "miss") or has_surname or not is_given:
                self._index(person, "", word)
            else:
                self._index(person, word, "")

    def _index(self, person: BookPerson, given: str, surname: str) -> None:
        for word, own, index in (
            (given.lower(), person.given, self._by_given),
            (surname.lower(), person.surnames, self._by_surname),
        ):
            if word and word not in own:
                own.add(word)
                index.setdefault(word, []).append(person)

    def _find_same_whole(self, name: Name) -> BookPerson | None:
        """The person of a full name with the same surname and an equal or short given name."""
        given = name.words[0].lower()
        for person in self._by_surname.get(name.words[-1].lower(), ()):
            if any(is_same_given(given, each) for each in person.given) and is_compatible(
                name, person
            ):
                return person
        return None

    def _match_titled(self, name: Name) -> BookPerson | None:
        word = name.words[0].lower()
        given = self._by_given.get(word, ()) if name.title in GIVEN_TITLES else ()
        if found := self._select(name, given):
            return found
        if name.title in MARRIED_TITLES:
            named = [*self._by_surname.get(word, ()), *self._by_given.get(word, ())]
            wives = [each for each in named if each.titles & MARRIED_TITLES]
            return self._select(name, wives) or self._find_untitled_wife(name)
        options = [each for each in self._by_surname.get(word, ()) if not is_married(each)]
        if name.title == "mr":
            options = [each for each in options if not self._is_junior(each)]
        return self._select(name, options, only=name.title == "miss")

    def _find_untitled_wife(self, name: Name) -> BookPerson | None:
        """The only woman with a surname, if she is never "Miss": Rita Salvo is Mrs. Salvo."""
        word = name.words[0].lower()
        women = [
            each
            for each in self._by_surname.get(word, ())
            if each.gender is Gender.FEMALE
            and not each.titles
            and not any(Name("miss", form.words[:1]) in self._counts for form in each.names)
        ]
        has_daughter = Name("miss", name.words) in self._counts
        return None if has_daughter else self._select(name, women, only=True)

    def _is_junior(self, person: BookPerson) -> bool:
        """Whether someone is called "Master Tom": then "Mr. Quill" is his father."""
        names = (Name("master", each.words[:1]) for each in person.names if len(each.words) > 1)
        return any(each in self._counts for each in names)

    def _match_single(self, name: Name) -> BookPerson | None:
        word = name.words[0].lower()
        given = self._select(name, self._by_given.get(word, ()))
        bearers = self._by_surname.get(word, ())
        if self._quoted_share[name] < MIN_QUOTED_SHARE:  # narration calls no wife "Quill"
            bearers = [each for each in bearers if not is_married(each)]
        family = self._select(name, bearers, prefers_men=True)
        if given is not None and (
            family is None or family.count_word(word) <= 5 * given.count_word(word)
        ):
            return given
        for whole in sorted(SHORT_NAMES.get(word, ())):
            options = self._by_given.get(whole, ())
            is_familiar = self._quoted_share[name] >= MIN_QUOTED_SHARE
            if is_familiar and (found := self._select(name, options)):
                return found
        return family or self._match_clipped(name, word)

    def _match_clipped(self, name: Name, word: str) -> BookPerson | None:
        """The only person whose name begins with one that is used in speech: "Mar" for Mara."""
        is_known = word in MALE_NAMES or word in FEMALE_NAMES
        if is_known or len(word) < MIN_CLIPPED or self._quoted_share[name] < MIN_QUOTED_SHARE:
            return None
        longer = [
            person
            for known, bearers in self._by_given.items()
            if known.startswith(word)
            for person in bearers
        ]
        return self._select(name, longer, only=True)

    def _match_article(self, name: Name) -> BookPerson | None:
        """The person of "the White Rabbit": of the same words without, or of its last word."""
        if not name.words:
            bearers = [each for each in self.persons if name.title in each.titles and each.surnames]
            return bearers[0] if len(bearers) == 1 else None
        bare = Name(name.title, name.words)
        if bare in self.by_name:
            return self.by_name[bare]
        if name.title and len(name.words) == 1:
            known = self.by_name.get(Name("", name.words))
            if found := self._match_titled(bare) or self._select(bare, [known] if known else []):
                return found
        head = name.words[-1]
        last = Name("", (head,), has_article=True)
        if last in self.by_name:
            return self.by_name[last]
        wholes = [
            each
            for each in self._by_surname.get(head.lower(), ())
            if any(
                Name(form.title, form.words, has_article=True) in self._counts
                for form in each.names
            )
        ]
        return max(wholes, key=lambda each: each.count) if wholes and name.has_article else None

    def _select(
        self,
        name: Name,
        options: Iterable[BookPerson],
        *,
        only: bool = False,
        prefers_men: bool = False,
    ) -> BookPerson | None:
        """The most frequent person that a name may be; with `only`, if it is the only one."""
        fits = [each for each in options if is_compatible(name, each)]
        fits = [each for each in fits if not self._are_apart(name, each)]
        if not fits or (only and len(fits) > 1):
            return None
        return max(
            fits,
            key=lambda each: (
                prefers_men and each.gender is Gender.MALE and bool(each.titles),
                each.count,
                -each.identity,
            ),
        )

    def _are_apart(self, name: Name, person: BookPerson) -> bool:
        """Whether a name often stands in one sentence with a name of the person."""
        together = sum(self._apart[frozenset((name, each))] for each in person.names)
        alone = {Name("", each.words[:1]) for each in person.names} - person.names.keys()
        names = [*person.names, *(alone if name.title else ())]
        if sum(self._talks[frozenset((name, each))] for each in names) >= MIN_APART:
            return True
        least = min(self._counts[name], person.count)
        return together >= MIN_APART and together >= APART_SHARE * least

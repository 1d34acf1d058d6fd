"""Finding mentions of persons: names with their titles, descriptions, pronouns.

A capitalised word is a name where the book does not also write it in lower case. Names are found in
quotations too, where they address a listener or speak of a person who is absent.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import combinations

import regex

from mixer.lazy import compile_lazily
from mixer.script.speakers.model import Gender, Span
from mixer.script.speakers.quote_marks import Paragraph
from mixer.script.speakers.vocabulary import (
    ABBREVIATIONS,
    ADJECTIVES,
    DASH_VERBS,
    EITHER_TITLES,
    NEVER_NAMES,
    NO_ADJECTIVES,
    PERSON_NOUNS,
    TITLES,
    guess_gender,
)

MAX_NAMES_IN_SENTENCE = 8


class MentionKind(Enum):
    """What words refer to a person."""

    NAME = auto()
    NOUN = auto()
    PRONOUN = auto()


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is written: `title` in lower case without its dot, `words` as they are.

    `has_article` where "the" belongs to it: the White Rabbit.
    """

    title: str
    words: tuple[str, ...]
    has_article: bool = False

    @property
    def text(self) -> str:
        """As it is shown."""
        title = self.title.capitalize() + ("." if self.title in ABBREVIATIONS else "")
        words = " ".join(filter(None, (title, *self.words)))
        return f"the {words}" if self.has_article else words


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that refer to a person.

    Attributes:
        name: for names only.
        noun: for descriptions, all of it in lower case: "the old gentleman"; for pronouns the word.
        head: the last word of a description.
        is_possessive: "Tom's", "his".
    """

    start: int
    end: int
    kind: MentionKind
    gender: Gender
    in_quote: bool
    name: Name | None = None
    noun: str = ""
    head: str = ""
    is_possessive: bool = False


ABBREVIATED = "|".join(each.capitalize() for each in sorted(ABBREVIATIONS))
_SPACE = r"(?:[ \t]+|[ \t]*\r?\n[ \t]*)"
_INVENTED = r"(?!(?:ll|re|ve|er|en)\b)\p{Ll}(?=\p{Ll})"  # "Ysmir'el", but not "I'll"
_WORD = (
    rf"\p{{Lu}}\p{{L}}*+(?:['’](?:\p{{Lu}}|{_INVENTED})\p{{L}}++|-\p{{L}}++)*+"
    r"(?!['’](?![sS]\b)\p{L})"
)
_TOKEN = rf"(?:(?:{ABBREVIATED})\.|(?:\p{{Lu}}\.){{2,4}}|\p{{Lu}}\.(?=[ \t]+\p{{Lu}})|{_WORD})"
_LINK = r"(?:de|du|de[ ]la|la|le|van|von|der|den|del|della|di|da|the)"
_PHRASE = compile_lazily(
    rf"(?<![\p{{L}}'’-])(?P<article>[Tt]he{_SPACE})?"
    rf"(?P<words>{_TOKEN}(?:{_SPACE}(?:{_LINK}{_SPACE})?{_TOKEN}){{0,6}})"
)
_TOKENS = compile_lazily(_TOKEN)
_LOWER_WORD = compile_lazily(r"(?<![\p{L}'’])\p{Ll}[\p{L}]*+")
_DESCRIPTION = compile_lazily(
    rf"(?:(?<![\p{{L}}])(?P<determiner>[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Mm]y|[Tt]heir|[Oo]ur|[Yy]our"
    rf"|[Aa]nother|[Tt]his|[Tt]hat|[Oo]ne|[Ee]very|[Ee]ach)|(?P<owner>\p{{L}}['’]s))"
    rf"(?P<words>(?:{_SPACE}\p{{Ll}}[\p{{L}}'’-]*+){{1,5}})"
)
_VERB = "|".join(DASH_VERBS)
_CAPITALS = compile_lazily(
    rf"\b(?:{_VERB})\s+(\p{{Lu}}{{2,}})\b|\b(\p{{Lu}}{{2,}})\s+(?:{_VERB})\b"
)
"""Who speaks and is written in capitals: "TJ said"."""

_PRONOUN = compile_lazily(
    r"(?<![\p{L}'’])(?:he|she|him|her|his|hers|himself|herself|I|me|my|myself|they|we)(?![\p{L}'’])",
    regex.IGNORECASE,
)
_PRONOUN_GENDERS = dict.fromkeys(("he", "him", "his", "himself"), Gender.MALE) | dict.fromkeys(
    ("she", "her", "hers", "herself"), Gender.FEMALE
)
_INITIAL = frozenset(".!?:;\"“”‘’'—–-(*_[«»")


@dataclass(slots=True)
class MentionReader:
    """Reads the mentions of a text whose quotations are known."""

    text: str
    paragraphs: Sequence[Paragraph]
    lower: Counter[str] = field(default_factory=Counter)
    inner: Counter[str] = field(default_factory=Counter)
    capitals: set[str] = field(default_factory=set)
    _quotes: list[Span] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)

    def read(self) -> list[Mention]:
        """All mentions, in reading order; a description that contains a name gives way to it."""
        self._quotes = [quote for each in self.paragraphs for quote in each.quotes]
        self._starts = [quote.start for quote in self._quotes]
        self.lower = Counter(_LOWER_WORD.findall(self.text))
        self.capitals = {name for match in _CAPITALS.findall(self.text) for name in match if name}
        phrases = list(_PHRASE.finditer(self.text))
        for match in phrases:
            self._count_inner(match)
        names = [mention for match in phrases for mention in self._read_phrase(match)]
        others = [*self._read_descriptions(), *self._read_pronouns()]
        return sorted([*names, *others], key=lambda each: (each.start, -each.end))

    def is_quoted(self, at: int) -> bool:
        """Whether a place is inside a quotation."""
        index = bisect_right(self._starts, at) - 1
        return index >= 0 and at < self._quotes[index].end

    def _count_inner(self, match: "regex.Match[str]") -> None:
        tokens = [each.group() for each in _TOKENS.finditer(match["words"])]
        is_initial = match["article"] is None and self._is_initial(match.start("words"))
        self.inner.update(tokens[1:] if is_initial else tokens)

    def _is_initial(self, at: int) -> bool:
        """Whether a place begins a sentence."""
        before = at - 1
        while before >= 0 and self.text[before] in " \t\r\n":
            before -= 1
        return before < 0 or self.text[before] in _INITIAL or "\n\n" in self.text[before:at]

    def _read_phrase(self, match: "regex.Match[str]") -> Iterator[Mention]:
        """The names in a row of capitalised words."""
        start = match.start("words")
        is_initial = match["article"] is None and self._is_initial(start)
        is_whole = match["article"] is not None and " " in match["words"].strip()
        group: list[tuple[str, int, int]] = []
        for token in _TOKENS.finditer(match["words"]):
            word, begin, end = token.group(), start + token.start(), start + token.end()
            if not is_whole and self._is_no_name(word, is_initial=is_initial and not group):
                yield from self._build_name(group, match)
                group = []
            else:
                group.append((word, begin, end))
            is_initial = False
        yield from self._build_name(group, match)

    def _is_no_name(self, word: str, *, is_initial: bool) -> bool:
        lower = word.lower().rstrip(".")
        if lower in TITLES:
            return False
        if word in self.capitals and lower not in NEVER_NAMES:
            return False
        if lower in NEVER_NAMES or (word.isupper() and len(word) > 1 and word[1] != "."):
            return True
        written_lower, written_inside = self.lower[lower], self.inner[word]
        if is_initial and lower.endswith("ly") and guess_gender(lower) is Gender.UNKNOWN:
            return written_inside == 0
        if is_initial:
            return written_lower > 0 and written_lower >= written_inside
        return written_lower > 20 * written_inside

    def _build_name(
        self, group: list[tuple[str, int, int]], match: "regex.Match[str]"
    ) -> Iterator[Mention]:
        title, words = "", list[str]()
        for word, _, _ in group:
            lower = word.lower().rstrip(".")
            if not words and lower in TITLES:
                title = title if lower in ADJECTIVES else lower
            else:
                words.append(word)
        if not group or not (words or (title and title not in ABBREVIATIONS)):
            return
        start, end = group[0][1], group[-1][2]
        has_article = match["article"] is not None and start == match.start("words")
        name = Name(title, tuple(words), has_article)
        owner = self.text[end : end + 2]
        is_possessive = owner[:1] in ("'", "’") and (owner[1:] == "s" or words[-1:] == ["s"])
        begin = match.start() if has_article else start
        mention = Mention(
            begin, end, MentionKind.NAME, guess_name_gender(name), self.is_quoted(start), name
        )
        yield replace(mention, is_possessive=is_possessive)

    def _read_descriptions(self) -> Iterator[Mention]:
        at = 0
        while match := _DESCRIPTION.search(self.text, at):
            at = match.end("determiner") if match["determiner"] else match.end("owner")
            mention = self._read_description(match)
            if mention is not None:
                at = mention.end
                yield mention

    def _read_description(self, match: "regex.Match[str]") -> Mention | None:
        start = match.start("words")
        words = match["words"].split()
        for index, word in enumerate(words):
            head = word.removesuffix("'s").removesuffix("’s")
            if head in NO_ADJECTIVES:
                return None
            if head == "voice" and match["determiner"] not in ("a", "A", "the", "The", "another"):
                return None
            if head in PERSON_NOUNS and not self._continues(words[index + 1 :]):
                place = start + match["words"].index(word)
                noun = " ".join([(match["determiner"] or "whose").lower(), *words[:index], head])
                return Mention(
                    match.start("determiner") if match["determiner"] else match.start("words") + 1,
                    place + len(head),
                    MentionKind.NOUN,
                    guess_gender(head),
                    self.is_quoted(place),
                    noun=noun,
                    head=head,
                    is_possessive=head != word,
                )
        return None

    @staticmethod
    def _continues(rest: list[str]) -> bool:
        """Whether the next word is the head: "the servant girl"."""
        return bool(rest) and rest[0].removesuffix("'s") in PERSON_NOUNS

    def _read_pronouns(self) -> Iterator[Mention]:
        for match in _PRONOUN.finditer(self.text):
            word = match.group().lower()
            gender = _PRONOUN_GENDERS.get(word, Gender.UNKNOWN)
            if not self.is_quoted(match.start()):
                yield Mention(
                    match.start(),
                    match.end(),
                    MentionKind.PRONOUN,
                    gender,
                    in_quote=False,
                    noun=word,
                    is_possessive=word in ("his", "my"),
                )


def guess_name_gender(name: Name) -> Gender:
    """The gender that a name's title or its first word implies."""
    is_clear = name.title and name.title not in EITHER_TITLES
    gender = guess_gender(name.title) if is_clear else Gender.UNKNOWN
    if gender is Gender.UNKNOWN and name.words:
        gender = guess_gender(name.words[0].lower())
    if gender is Gender.UNKNOWN and name.has_article and name.words:
        gender = guess_gender(name.words[-1].lower())
    return gender


def count_name_pairs(
    mentions: Sequence[Mention], sentences: Sequence[int]
) -> Counter[frozenset[Name]]:
    """How often two names that share a word stand in one sentence of narration."""
    pairs = Counter[frozenset[Name]]()
    group, current = set[Name](), -1
    for mention, sentence in zip(mentions, sentences, strict=True):
        if mention.name is None or mention.in_quote:
            continue
        if sentence != current:
            pairs.update(frozenset(pair) for pair in combinations(_sort_names(group), 2))
            group, current = set(), sentence
        if len(group) < MAX_NAMES_IN_SENTENCE:
            group.add(mention.name)
    pairs.update(frozenset(pair) for pair in combinations(_sort_names(group), 2))
    return pairs


def _sort_names(names: Iterable[Name]) -> list[Name]:
    """Names in a fixed order."""
    return sorted(names, key=lambda name: name.text)

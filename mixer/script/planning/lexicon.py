"""A lexicon: pronunciations of words that a voice would misread, for any engine.

One word a line; lines under a language in brackets apply to that language only:

    # names
    nginx = engine x
    Siobhan = Shivawn /ʃɪˈvɔːn/
    [de-DE]
    Boot = /boːt/

An engine that reads IPA gets it, any other gets the other words. A word in lower case is found in
any case, others only as they are written. A section of the text's own region (en-GB) goes before
one of its language (en), and that before other regions and the lines without a section.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.annotations import (
    VERBATIM_TAGS,
    Annotation,
    Attributes,
    SpanIndex,
    sort_annotations,
)
from mixer.script.document import Block, build_line_error
from mixer.script.normalise import is_same_language

MAX_WORDS = 10_000
MAX_WORD_CHARS = 100

_SECTION = compile_lazily(r"\[\s*(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*\]")
_IPA = compile_lazily(r"/(?P<ipa>[^/]+)/")
_WORD = compile_lazily(r"[\p{L}\p{M}\p{N}_]+")


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How to say a word, or several.

    `alias` (other words) or `ipa` may be empty, not both; `language` is empty for all languages.
    """

    word: str
    alias: str = ""
    ipa: str = ""
    language: str = ""


def read_lexicon(text: str, name: str = "The lexicon") -> tuple[Pronunciation, ...]:
    """Read a lexicon; UnreadableText names the text, and a line with a mistake.

    A word that is defined again in the same section must have the same pronunciation.
    """
    found: dict[tuple[str, str], tuple[int, Pronunciation]] = {}
    for number, language, line in _iter_entries(text):
        entry = _parse_entry(line, language) if len(line) <= MAX_WORD_CHARS * 3 else None
        if entry is None:
            reason = f"write “word = other words” or “word = /IPA/”, not “{line[:40]}”"
            raise build_line_error(name, number, reason)
        first, same = found.setdefault((entry.word, language.lower()), (number, entry))
        if (entry.alias, entry.ipa) != (same.alias, same.ipa):
            reason = f"line {first} defines another pronunciation of “{entry.word}”"
            raise build_line_error(name, number, reason)
    if len(found) > MAX_WORDS:
        raise UnreadableText(f"{name} is too long: it has more than {MAX_WORDS:,} words.")
    return tuple(entry for _, entry in found.values())


def add_entries(lexicon: str, lines: Sequence[str]) -> str:
    """Add entries in front of a lexicon's sections, in place of others for the same words.

    Raises UnreadableText for a line that is not an entry.
    """
    added = "\n".join(lines)
    words = {entry.word for entry in read_lexicon(added)}
    for number, line in enumerate(added.splitlines(), start=1):
        if _SECTION.fullmatch(line.strip()):
            raise build_line_error("The lexicon", number, "a change cannot add sections")
    kept = [line for line in lexicon.splitlines() if line.partition("=")[0].strip() not in words]
    return "\n".join([added, *kept])


def _iter_entries(text: str) -> Iterator[tuple[int, str, str]]:
    """Iterate over lines with entries: number, language of the section, content."""
    language = ""
    for number, source_line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = source_line.strip()
        if section := _SECTION.fullmatch(line):
            language = section["language"]
        elif line and not line.startswith("#"):
            yield number, language, line


def _parse_entry(line: str, language: str) -> Pronunciation | None:
    """Read `word = other words /IPA/`, of which one may be missing; None for anything else."""
    word, equals, spoken = (part.strip() for part in line.partition("="))
    alias, slash, rest = spoken.partition("/")
    ipa = _IPA.fullmatch(slash + rest)
    if not (word and equals) or bool(slash) != bool(ipa) or not (alias or ipa):
        return None
    return Pronunciation(word, alias.strip(), ipa["ipa"] if ipa else "", language)


class _Words:
    """Entries that share their first word, by their text: one look-up for each length."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self._exact: dict[str, Pronunciation] = {}
        self._folded: dict[str, Pronunciation] = {}
        self._lengths: list[int] = []

    def add(self, entry: Pronunciation) -> None:
        self._exact[entry.word] = entry
        if entry.word == entry.word.lower():
            self._folded[entry.word] = entry
        self._lengths = sorted({len(entry.word), *self._lengths}, reverse=True)

    def find(self, text: str, start: int) -> Pronunciation | None:
        """The longest entry at a place, as a whole word; in lower case it matches any case."""
        for length in self._lengths:
            candidate = text[start : start + length]
            entry = self._exact.get(candidate) or self._folded.get(candidate.lower())
            if entry is not None and _is_whole_word(entry.word, text, start):
                return entry
        return None


class Lexicon:
    """Pronunciations for a language and an engine, indexed by their first words.

    Of a word's entries, that of the nearest language counts; `tags` are the SSML elements of the
    engine.
    """

    def __init__(self, words: Sequence[Pronunciation], language: str, tags: frozenset[str]) -> None:
        self._tags = tags
        self._by_first: dict[str, dict[int, _Words]] = {}
        for each in _select_entries(words, language):
            first = _WORD.search(each.word)
            if first is not None:
                by_offset = self._by_first.setdefault(first[0].lower(), {})
                by_offset.setdefault(first.start(), _Words(first.start())).add(each)

    def annotate_block(self, block: Block) -> Block:
        """Annotate the words of a block that have a pronunciation."""
        annotations = list(self._find_annotations(block))
        if not annotations:
            return block
        return replace(
            block, annotations=tuple(sort_annotations([*block.annotations, *annotations]))
        )

    def _find_annotations(self, block: Block) -> Iterator[Annotation]:
        free_from = 0
        blocks = _Obstacles(block.annotations)
        for match in _WORD.finditer(block.text):
            found = self._match_entry(block.text, match)
            if found is None:
                continue
            start, entry = found
            end = start + len(entry.word)
            element = self._build_element(entry)
            if element and start >= free_from and not blocks.block(start, end):
                yield Annotation(start, end, *element)
                free_from = end

    def _match_entry(self, text: str, first: regex.Match[str]) -> tuple[int, Pronunciation] | None:
        found = [
            (first.start() - words.offset, entry)
            for words in self._by_first.get(first[0].lower(), {}).values()
            if first.start() >= words.offset
            and (entry := words.find(text, first.start() - words.offset)) is not None
        ]
        return max(found, key=lambda each: len(each[1].word), default=None)

    def _build_element(self, entry: Pronunciation) -> tuple[str, Attributes] | None:
        """The element for a word; None where the engine honours neither form."""
        if entry.ipa and "phoneme" in self._tags:
            return "phoneme", (("alphabet", "ipa"), ("ph", entry.ipa))
        if entry.alias and "sub" in self._tags:
            return "sub", (("alias", entry.alias),)
        return None


def _select_entries(words: Sequence[Pronunciation], language: str) -> list[Pronunciation]:
    """Entries for a language, the nearest last: of all, of another region, of none, of its own."""

    def rank(entry: Pronunciation) -> int:
        if not entry.language:
            return 0
        if entry.language.lower() == language.lower():
            return 3
        return 1 if "-" in entry.language else 2

    applying = (
        each for each in words if not each.language or is_same_language(each.language, language)
    )
    return sorted(applying, key=rank)


def _is_whole_word(word: str, text: str, start: int) -> bool:
    following = text[start + len(word) : start + len(word) + 1]
    return not (_WORD.match(word[-1]) and following and _WORD.match(following))


class _Obstacles:
    """Annotations of a block, of which none may begin, end or be verbatim inside a word."""

    def __init__(self, annotations: Sequence[Annotation]) -> None:
        self._borders = sorted({at for each in annotations for at in (each.start, each.end)})
        self._verbatim = SpanIndex(
            (each.start, each.end) for each in annotations if each.tag in VERBATIM_TAGS
        )

    def block(self, start: int, end: int) -> bool:
        """Whether a span cannot be annotated."""
        index = bisect_right(self._borders, start)
        is_cut = index < len(self._borders) and self._borders[index] < end
        return is_cut or self._verbatim.overlaps(start, end)

"""A lexicon: pronunciations of words that a voice would misread, for any engine.

One word a line; lines under a language in brackets apply to that language only:

    # names
    nginx = engine x
    Siobhan = Shivawn /ʃɪˈvɔːn/
    [de-DE]
    Boot = /boːt/

An engine that reads IPA gets it, any other gets the other words. A word in lower case is found in
any case, others only as they are written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from mixer.errors import UnreadableText
from mixer.script.annotations import VERBATIM_TAGS, Annotation, Attributes, sort_annotations
from mixer.script.document import Block, build_line_error
from mixer.script.normalise import is_same_language

MAX_WORDS = 10_000
MAX_WORD_CHARS = 100

_SECTION = regex.compile(r"\[\s*(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*\]")
_ENTRY = regex.compile(
    r"(?P<word>[^=]*[^=\s])\s*=\s*(?P<alias>[^/]*?)\s*(?:/(?P<ipa>[^/]+)/)?", regex.V1
)


_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]+")


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
    """Read a lexicon; UnreadableText names the text and its first malformed line."""
    words, language = [], ""
    for number, source_line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = source_line.strip()
        if not line or line.startswith("#"):
            continue
        if section := _SECTION.fullmatch(line):
            language = section["language"]
            continue
        entry = _ENTRY.fullmatch(line)
        if entry is None or not (entry["alias"] or entry["ipa"]) or len(line) > MAX_WORD_CHARS * 3:
            reason = f"write “word = other words” or “word = /IPA/”, not “{line[:40]}”"
            raise build_line_error(name, number, reason)
        words.append(
            Pronunciation(entry["word"], entry["alias"] or "", entry["ipa"] or "", language)
        )
    if len(words) > MAX_WORDS:
        raise UnreadableText(f"{name} is too long: it has more than {MAX_WORDS:,} words.")
    return tuple(words)


class Lexicon:
    """Pronunciations for a language and an engine, indexed by their first words.

    Of a word that occurs twice, the last counts; `tags` are the SSML elements of the engine.
    """

    def __init__(self, words: Sequence[Pronunciation], language: str, tags: frozenset[str]) -> None:
        self._tags = tags
        self._by_first: dict[str, dict[str, Pronunciation]] = {}
        for each in words:
            first = _WORD.search(each.word)
            applies = not each.language or is_same_language(each.language, language)
            if first is not None and applies:
                self._by_first.setdefault(first[0].lower(), {})[each.word] = each

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
        for match in _WORD.finditer(block.text):
            for start, entry in self._match_entry(block.text, match):
                end = start + len(entry.word)
                element = self._build_element(entry)
                is_free = not any(_is_blocked_by(each, start, end) for each in block.annotations)
                if element and is_free and start >= free_from:
                    yield Annotation(start, end, *element)
                    free_from = end

    def _match_entry(
        self, text: str, first: regex.Match[str]
    ) -> Iterator[tuple[int, Pronunciation]]:
        entries = self._by_first.get(first[0].lower(), {})
        for entry in sorted(entries.values(), key=lambda each: -len(each.word)):
            opening = _WORD.search(entry.word)
            start = first.start() - (opening.start() if opening else 0)
            if start >= 0 and _is_word_at(entry.word, text, start):
                yield start, entry
                return

    def _build_element(self, entry: Pronunciation) -> tuple[str, Attributes] | None:
        """The element for a word; None where the engine honours neither form."""
        if entry.ipa and "phoneme" in self._tags:
            return "phoneme", (("alphabet", "ipa"), ("ph", entry.ipa))
        if entry.alias and "sub" in self._tags:
            return "sub", (("alias", entry.alias),)
        return None


def _is_word_at(word: str, text: str, start: int) -> bool:
    """Whether a whole word stands at a place; in lower case it matches any case."""
    candidate = text[start : start + len(word)]
    if candidate != word and not (word == word.lower() and candidate.lower() == word):
        return False
    following = text[start + len(word) : start + len(word) + 1]
    return not (_WORD.match(word[-1]) and following and _WORD.match(following))


def _is_blocked_by(annotation: Annotation, start: int, end: int) -> bool:
    if annotation.end <= start or annotation.start >= end or annotation.start == annotation.end:
        return start < annotation.start < end
    return annotation.tag in VERBATIM_TAGS or not (
        annotation.start <= start and end <= annotation.end
    )

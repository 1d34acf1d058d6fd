"""A lexicon: how to say words that a voice would misread, for any engine.

A line for each word; what stands under a language in brackets counts for that language only:

    # names
    nginx = engine x
    Siobhan = Shivawn /ʃɪˈvɔːn/
    [de-DE]
    Boot = /boːt/

An engine that reads sounds (IPA) gets them, any other gets the other words. A word written in
lower case is found in any case, others only as they are written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from mixer.errors import UnreadableText
from mixer.script.annotations import VERBATIM_TAGS, Annotation, sort_annotations
from mixer.script.document import Block
from mixer.script.language import is_same_language

MAX_WORDS = 10_000
MAX_WORD_CHARS = 100

_SECTION = regex.compile(r"\[\s*(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*\]")
_ENTRY = regex.compile(
    r"(?P<word>[^=]*[^=\s])\s*=\s*(?P<alias>[^/]*?)\s*(?:/(?P<ipa>[^/]+)/)?", regex.V1
)


_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]+")


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How to say a word.

    Attributes:
        word: as it is written; perhaps several words.
        alias: other words to say instead; empty where only the sounds are known.
        ipa: its sounds; empty where only other words are known.
        language: BCP 47 tag for which it counts; empty for all.
    """

    word: str
    alias: str = ""
    ipa: str = ""
    language: str = ""


def read_lexicon(text: str, name: str = "The lexicon") -> tuple[Pronunciation, ...]:
    """Read a lexicon.

    Args:
        text: the file.
        name: what to call it in errors.

    Raises:
        UnreadableText: a line says nothing that can be followed; it is named.
    """
    found, language = [], ""
    for number, written in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = written.strip()
        if not line or line.startswith("#"):
            continue
        if section := _SECTION.fullmatch(line):
            language = section["language"]
            continue
        entry = _ENTRY.fullmatch(line)
        if entry is None or not (entry["alias"] or entry["ipa"]) or len(line) > MAX_WORD_CHARS * 3:
            raise UnreadableText(
                f"{name} is refused: line {number}: write “word = other words” or “word = /IPA/”,"
                f" not “{line[:40]}”."
            )
        found.append(
            Pronunciation(entry["word"], entry["alias"] or "", entry["ipa"] or "", language)
        )
    if len(found) > MAX_WORDS:
        raise UnreadableText(f"{name} is refused: it has more than {MAX_WORDS:,} words.")
    return tuple(found)


class Lexicon:
    """Pronunciations that count for a language and an engine, ready to be looked for.

    Args:
        words: all there are; of a word that stands there twice the last counts.
        language: BCP 47 tag of the text.
        tags: the SSML elements that the engine honours.
    """

    def __init__(self, words: Sequence[Pronunciation], language: str, tags: frozenset[str]) -> None:
        self._tags = tags
        self._by_first: dict[str, dict[str, Pronunciation]] = {}
        for each in words:
            first = _WORD.search(each.word)
            counts = not each.language or is_same_language(each.language, language)
            if first is not None and counts:
                self._by_first.setdefault(first[0].lower(), {})[each.word] = each

    def annotate_block(self, block: Block) -> Block:
        """A block with its words marked that are said otherwise."""
        marks = list(self._find_annotations(block))
        if not marks:
            return block
        return replace(block, annotations=tuple(sort_annotations([*block.annotations, *marks])))

    def _find_annotations(self, block: Block) -> Iterator[Annotation]:
        behind = 0
        for match in _WORD.finditer(block.text):
            for start, known in self._match_entry(block.text, match):
                end = start + len(known.word)
                element = self._build_element(known)
                free = not any(_is_blocked_by(mark, start, end) for mark in block.annotations)
                if element and free and start >= behind:
                    yield Annotation(start, end, *element)
                    behind = end

    def _match_entry(
        self, text: str, first: regex.Match[str]
    ) -> Iterator[tuple[int, Pronunciation]]:
        """The longest entry that begins with a word of the text, and where it begins."""
        known = self._by_first.get(first[0].lower(), {})
        for entry in sorted(known.values(), key=lambda each: -len(each.word)):
            opening = _WORD.search(entry.word)
            start = first.start() - (opening.start() if opening else 0)
            if start >= 0 and _is_word_at(entry.word, text, start):
                yield start, entry
                return

    def _build_element(
        self, known: Pronunciation
    ) -> tuple[str, tuple[tuple[str, str], ...]] | None:
        """What the engine can be told of a word; None where it honours neither way."""
        if known.ipa and "phoneme" in self._tags:
            return "phoneme", (("alphabet", "ipa"), ("ph", known.ipa))
        if known.alias and "sub" in self._tags:
            return "sub", (("alias", known.alias),)
        return None


def _is_word_at(word: str, text: str, start: int) -> bool:
    """Whether a word, whole, stands at a place of a text; in lower case it stands for any case."""
    there = text[start : start + len(word)]
    if there != word and not (word == word.lower() and there.lower() == word):
        return False
    behind = text[start + len(word) : start + len(word) + 1]
    return not (_WORD.match(word[-1]) and behind and _WORD.match(behind))


def _is_blocked_by(annotation: Annotation, start: int, end: int) -> bool:
    """Whether a mark of the author's has judged a word already, or would cross it."""
    if annotation.end <= start or annotation.start >= end or annotation.start == annotation.end:
        return start < annotation.start < end
    return annotation.tag in VERBATIM_TAGS or not (
        annotation.start <= start and end <= annotation.end
    )

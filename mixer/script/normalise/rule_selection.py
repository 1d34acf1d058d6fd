"""Which rules a text calls for, by its characters and words: of four hundred, a few."""

from collections.abc import Iterable, Iterator
from itertools import chain, compress, product

from mixer.script.normalise.rule import NormalisationRule, needs_digit
from mixer.start_cache import compile_pattern

MAX_KEPT_MASKS = 1_000

_DIGIT = compile_pattern(r"\d")
_WORD = compile_pattern(r"\w+\.?")
_RARE_SIGNS = "&/°§-"
_BITS = bytes.maketrans(b"01", b"\0\1")


def list_marks(phrases: Iterable[str]) -> Iterator[str]:
    """What rules require for phrases: every text with one of these has one of the marks.

    A word with a full stop is rarer than the words around it. A phrase without one may have it
    behind, and spaces may be left out.
    """
    for phrase in phrases:
        if phrase.isalnum():  # most are one word
            yield from (phrase, f"{phrase}.")
            continue
        if phrase[-1] == "." and phrase[:-1].isalnum():
            yield phrase
            continue
        parts = phrase.split(" ")
        stopped = next((n for n, part in enumerate(parts, start=1) if "." in part), 0)
        starts = range(stopped) if stopped else [0]
        ends = [stopped] if stopped else range(1, len(parts) + 1)
        for start, end in product(starts, ends):
            mark = _find_mark("".join(parts[start:end]))
            yield from (mark, f"{mark}.") if mark[-1].isalnum() else (mark,)


def _find_mark(phrase: str) -> str:
    """The first word of a phrase; if that is a letter, which most texts have, a rarer sign."""
    words = _WORD.findall(phrase)
    if words and len(words[0]) > 1:
        return str(words[0])
    sign = next((char for char in phrase if char in _RARE_SIGNS), "")
    return sign or str(words[-1] if words else phrase[0])


def _find_words(text: str) -> Iterator[str]:
    """The words of a text with their full stops; most stand between spaces, without a mark."""
    words = text.split()
    marked = " ".join([word for word in words if not word.isalnum()])
    return chain(words, _WORD.findall(marked))


class RuleSelection:
    """The rules of passes, of which a text gets those that its characters and words call for.

    Each rule is a bit of a mask, and each character has the mask of the rules that require it or
    its like; the rules of a pass's mask are kept, since a book has few of them.
    """

    def __init__(self, passes: Iterable[Iterable[NormalisationRule]]) -> None:
        self._rules = tuple(map(tuple, passes))
        self._always, self._by_required, self._needs_digit = 0, dict[str, int](), 0
        for number, rule in enumerate(chain.from_iterable(self._rules)):
            self._always |= 0 if rule.required else 1 << number
            self._needs_digit |= 1 << number if needs_digit(rule.hint) else 0
            for each in rule.required:
                self._by_required[each] = self._by_required.get(each, 0) | 1 << number
        self._by_mask = [dict[int, tuple[NormalisationRule, ...]]() for _ in self._rules]
        self._required = frozenset(self._by_required)
        self.pass_count = len(self._rules)

    def select_rules(self, text: str) -> list[tuple[NormalisationRule, ...]]:
        """The rules of each pass for a text, in their order."""
        mask = self._always
        for each in self._required.intersection(chain(text, _find_words(text))):
            mask |= self._by_required[each]
        if not _DIGIT.search(text):
            mask &= ~self._needs_digit
        selected = []
        for rules, by_mask in zip(self._rules, self._by_mask, strict=True):
            own = mask & (1 << len(rules)) - 1
            mask >>= len(rules)
            found = by_mask.get(own)
            if found is None:
                if len(by_mask) >= MAX_KEPT_MASKS:
                    by_mask.clear()
                found = tuple(compress(rules, f"{own:b}"[::-1].encode().translate(_BITS)))
                by_mask[own] = found
            selected.append(found)
        return selected

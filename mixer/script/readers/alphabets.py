"""In which encoding a text's letters are those of one language.

Encodings of the Latin script share most bytes: Polish of Windows-1250 is valid Windows-1252 too,
with letters and signs that no language has in its words together.
"""

from collections import Counter
from collections.abc import Iterator

from mixer.lazy import compile_lazily

MIN_LETTERS = 4
"""Beyond ASCII, in words: fewer show no language."""

MIN_SHARE, MAX_WESTERN_SHARE = 0.97, 0.9
"""Of those that an alphabet has: in the encoding of a language, in any other."""

_WESTERN = (
    "äöüßé", "àâæçèéêëîïôœùûüÿ", "áéíñóúü", "áâãàçéêíóôõúü", "àèéìíîòóùú", "æøåéèêóôòü", "åäöéü",
    "áéëèêïíóöúü", "áðéíóúýþæö", "àçèéíïòóúü",
)  # fmt: skip
_CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž",
)  # fmt: skip
_ALPHABETS = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp1254": ("çğıöşüâî",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž"),
    "mac-roman": _WESTERN,
    "mac-latin2": _CENTRAL,
    "cp852": _CENTRAL,
    "cp850": _WESTERN,
}
"""By encoding, the letters beyond ASCII of the languages that are written in it."""

_OUTSIDE = compile_lazily(r"(?<before>.?)(?<sign>[^\x00-\x7f])(?=(?<after>.?))")
_JOINERS = frozenset("’‘–—…·-\u00ad\u00a0")
"""What may stand between letters without a space."""


def detect_latin_encoding(sample: bytes) -> str:
    """The encoding in which nearly all letters belong to one language; empty if Windows-1252 is."""
    if _measure_share(sample, "cp1252") >= MAX_WESTERN_SHARE:
        return ""
    shares = {encoding: _measure_share(sample, encoding) for encoding in _ALPHABETS}
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] >= MIN_SHARE else ""


def _measure_share(sample: bytes, encoding: str) -> float:
    """Of the letters beyond ASCII and the signs inside of words, how many an alphabet explains."""
    found = Counter(_iter_letters(sample.decode(encoding, "replace")))
    total = found.total()
    if total < MIN_LETTERS:
        return float(encoding == "cp1252")
    known = max(
        sum(found[letter] for letter in alphabet) for alphabet in map(set, _ALPHABETS[encoding])
    )
    return known / total


def _iter_letters(text: str) -> Iterator[str]:
    """Letters beyond ASCII, small where one may be large there; signs between letters as well."""
    for match in _OUTSIDE.finditer(text):
        before, sign, after = match["before"], match["sign"], match["after"]
        if sign.isalpha():
            yield sign if before.islower() else sign.lower()
            continue
        is_inside = before.isalpha() and after.isalpha() and sign not in _JOINERS
        if is_inside or (before.islower() and sign.isnumeric()):
            yield sign

"""Headings in plain text: lines that name a chapter, and lone numbers that count chapters.

A chapter's word with a number is a heading anywhere. A lone number ("II.", "3", "Four") is one only
in a sequence; a line in capitals only where prose stands before and after it.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.line_starts import list_starts, starts_like
from mixer.script.readers.marks import strip_note_marks
from mixer.script.readers.number_words import NUMBER_VALUES, TEENS, TENS, UNITS

CHAPTER_LEVEL = 2
"""Level of a heading that opens a chapter; level 1 is the title of the whole."""

TITLE_CHARS = 80
"""A longer line is prose."""

SUBTITLE_CHARS = 60
"""Of the chapter's name in a line of its own."""

MIN_CAPITALISED_CHARS = 4
"""Of the words of a title that are not articles or prepositions."""

MAX_STEP = 2
"""From one chapter's number to the next: one may be missing, or written otherwise."""

_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    r"thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth "
    "thirtieth fortieth fiftieth last final"
).replace(" ", "|")
_TENS_WORDS = "|".join(TENS)
_CARDINALS = "|".join(sorted(UNITS + TEENS + TENS, key=len, reverse=True))
_NUMBER = (
    rf"(?:\d{{1,4}}|[ivxlcdm]+\b|(?:(?:{_TENS_WORDS})[-\s])?(?:(?:{_CARDINALS})\b|(?:{_ORDINALS})\b)"
    rf"|the\s+(?:(?:{_TENS_WORDS})[-\s])?(?:{_ORDINALS})\b)"
)
_NAMED = r"(?:chapter|chap\.?|ch\.?|kapitel|chapitre|cap[ií]tulo|capitolo|hoofdstuk)\s*\b"
_NAMED_STARTS = ("ch", "ka", "ca", "ho")
_CHAPTER_WORD = compile_lazily(_NAMED, regex.IGNORECASE)
_ENGLISH_WORDS = (
    r"chapter|chap\.?|ch\.?|part|book|act|scene|canto|volume|vol\.|stave|adventure|letter|day|night"
    r"|week|year|episode|section|lesson|story|tale|fit|fytte|appendix|lecture|sermon|essay|entry"
)
_OTHER_WORDS = (
    "kapitel|teil|buch|akt|chapitre|partie|livre|acte"
    "|cap[ií]tulo|cap[ií]tol|parte|libro|livro|capitolo|atto|hoofdstuk|deel|boek|kapittel|luku|kafli"
    "|rozdział|część|kapitola|část|capitolul|partea|bölüm|kısım|pennod|rhan|глава|часть|книга"
    "|अध्याय|भाग|الفصل|الجزء"
)
_ORDINAL_HEADINGS = (
    rf"(?:the\s+)?(?:(?:{_TENS_WORDS})[-\s])?(?:{_ORDINALS})\s+(?:chapter|part|book|act|scene|canto|letter)"
    r"|(?:\d{1,3}\.|\p{L}{3,20}te[rs]?)\s+(?:kapitel|teil|buch|akt|aufzug|brief)"
    r"|(?:premi[eè]re?|derni[eè]re?|seconde?|\p{L}{4,12}i[eè]me)\s+(?:partie|livre|chapitre|lettre|acte)"
    r"|(?:primer[oa]?|segund[oa]|tercera?|cuart[oa]|quint[oa]|sext[oa]|prim[oa]|second[oa]|terz[oa]"
    r"|primeir[oa]|terceir[oa]|quart[oa])\s+(?:parte|cap[ií]tulo|libro|livro|capitolo|atto|acto|ato)"
    r"|(?:eerste|tweede|derde|vierde|vijfde|zesde|zevende|achtste|negende|tiende|elfde|twaalfde"
    r"|(?:der|veer|vijf|zes|zeven|acht|negen)tiende|twintigste)\s+(?:hoofdstuk|deel|boek)"
    r"|(?:första|første|andra|andre|ande[nt]|andet|tredje|fj[äe]rde|femte|sj[äe]tte|sju(?:nde|ende)|syvende"
    r"|åttonde|åttende|ottende|nionde|niende|tionde|tiende|elfte|ell?evte|tolfte|tolvte)\s+"
    r"(?:kapitlet|kapitt?el|boken|bogen|delen|brevet|akten)"
)
_STANDALONE_WORDS = (
    "prologue|epilogue|foreword|preface|introduction|afterword|interlude|intermezzo|overture|coda"
    "|finale|conclusion|postscript|appendix|the end|finis"
    "|prolog|epilog|vorwort|nachwort|einleitung|zwischenspiel|prologo|prólogo|epílogo|epilogo"
    "|épilogue|avant-propos|préface|introducción|introduzione|пролог|эпилог"
)
_BACK_WORDS = (
    "notes|acknowledge?ments|dedication|glossary|bibliography|principal sources|sources"
    "|further reading|works cited|about the authors?"
    "|(?:author|translator|editor)[’']?s (?:note|preface)"
    "|a note on [\\p{L} ]{3,30}|note to the reader|dramatis personae|chronology"
    "|glossar|danksagung|bibliographie|literaturverzeichnis|über (?:den autor|die autorin)"
    "|glossaire|remerciements|à propos de l[’']auteure?|glosario|bibliografía|agradecimientos"
    "|glossario|bibliografia|ringraziamenti|agradecimentos|dankwoord|verklarende woordenlijst"
)
"""Of sections without a number, which have no title behind these words."""

_CHAPTER_LINE = compile_lazily(
    rf"(?:(?P<counted>(?:(?:{_ENGLISH_WORDS})\s+|chapter(?=\d))(?:no\.?\s*|№\s*|#)?(?P<number>{_NUMBER})"
    rf"|(?:{_OTHER_WORDS})\s+(?:\d+|[ivxlcdm]+\b|\p{{L}}[\p{{L}}-]*)|appendix\s+[a-z]|§\s*\d+"
    rf"|{_ORDINAL_HEADINGS})"
    r"(?P<title>\s*[.:–—-].*|\s+\S.*)?"
    rf"|(?P<single>{_STANDALONE_WORDS})(?P<more>\s*[.:–—-].*)?"
    rf"|(?:{_BACK_WORDS})\s*[.:]?"
    r"|第\s*[\d一二三四五六七八九十百千〇零两]+\s*[章回部节節話话編编巻卷幕].*"
    r"|제\s*\d+\s*[장부화막].*)",
    regex.IGNORECASE,
)
_COUNTED_NOUNS = (
    "kapitel", "teil", "buch", "akt", "aufzug", "brief", "partie", "livre", "chapitre", "lettre",
    "acte",
)  # fmt: skip
"""They follow any number, in figures or as a word."""

_PART_LINE = compile_lazily(
    r"(?:(?:the\s+)?[\p{L}-]{3,12}\s+|\d{1,2}\.\s+)?(?:part|book|volume|vol\.?|act|teil|buch|akt|band|partie"
    r"|livre|tome|acte|parte|libro|livro|atto|acto|ato|deel|boek)(?!\w).*",
    regex.IGNORECASE,
)
_RUN_IN = compile_lazily(
    rf"(?P<title>(?i:{_NAMED}{_NUMBER})\s*(?:[.:]|(?=--|[–—]))"
    r"(?:\s+(?:\p{Lu}[\p{Lu}\d’',]*+[\s-]+){1,10}\p{Lu}[\p{Lu}\d’']+[.:]\s)?)"
    r"\s*(?:--|[–—])?\s*(?P<text>[“\"‘'«„(]?\p{Lu}.*)"
)
_LONE_NUMBER = compile_lazily(
    r"[-–—*~\[(\s]*+(?:(?P<digits>\d{1,3})|(?P<roman>[IVXLC]{1,8})"
    r"|(?P<word>\p{L}{2,10}(?:[- ]\p{L}{3,6})?))"
    r"(?P<end>[.):]?[-–—*~\])\s]*)(?P<title>(?<=[.):–—\s-])\p{Lu}.*|(?<=[.):–—\s-])[“\"‘]\p{Lu}.*)?"
)
_ROMAN = compile_lazily(
    r"(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})|C{1,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
)
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_SENTENCE_END = compile_lazily(r"""[.!?…。！？।॥؟۔,;:，；：][\p{Pf}\p{Pe}"'’”»]*+$""")
_FULL_STOP = compile_lazily(r"""[.!?…。！？।॥؟۔][\p{Pf}\p{Pe}\p{Pi}"'’”»]*+$""")
_CHAPTER_PUNCTUATION = (".", ":", "–", "—", "-")


def ends_sentence(text: str) -> bool:
    """Whether a line ends a sentence or a clause; a note mark behind it does not matter."""
    return _SENTENCE_END.search(strip_note_marks(text)) is not None


def ends_statement(text: str) -> bool:
    """Whether a text ends a whole sentence."""
    return _FULL_STOP.search(strip_note_marks(text)) is not None


def is_chapter_line(text: str) -> bool:
    """Whether a line names a chapter by its usual words, perhaps with a title behind."""
    match = _match_chapter_line(text) if len(text) <= TITLE_CHARS else None
    if match is None:
        return False
    title = match["title"] or ""
    if text[:1].islower():
        return text.startswith("chapter") and not title
    if not title or title.lstrip()[:1] in _CHAPTER_PUNCTUATION:
        return True
    return not title.lstrip()[0].islower() and not ends_sentence(title)


def _match_chapter_line(text: str) -> "regex.Match[str] | None":
    """Match a line that names a chapter; few lines begin like one, and the pattern is long."""
    is_counted = any(map(text.casefold().__contains__, _COUNTED_NOUNS))
    is_possible = is_counted or starts_like(text, _list_starts())
    return _CHAPTER_LINE.fullmatch(text) if is_possible else None


@cache
def _list_starts() -> tuple[str, ...]:
    words = (_ENGLISH_WORDS, _OTHER_WORDS, _ORDINALS, _TENS_WORDS, _STANDALONE_WORDS, _BACK_WORDS)
    return list_starts("|".join([*words, _ORDINAL_HEADINGS, "§|第|제"]))


def names_chapter(text: str) -> bool:
    """Whether a heading begins with the word for a chapter."""
    return _is_named(text) and _CHAPTER_WORD.match(text) is not None


def _is_named(text: str) -> bool:
    return text[:2].casefold() in _NAMED_STARTS


def names_part(text: str) -> bool:
    """Whether a heading is that of a part, which chapters follow."""
    return _PART_LINE.fullmatch(text) is not None


def split_run_in(line: str) -> tuple[str, str] | None:
    """A chapter's number, and what stands behind it in the line: "Chapter 1. It was late."."""
    match = _RUN_IN.fullmatch(line) if _is_named(line) else None
    return (match["title"].strip(), match["text"]) if match else None


def is_end_line(text: str) -> bool:
    """Whether a line says that the text ends; behind the last chapter it opens none."""
    return text.strip(" .").casefold() in ("the end", "finis", "end")


def is_numbered_only(text: str) -> bool:
    """Whether a heading has a number, and no title yet."""
    match = _match_chapter_line(text)
    if match is not None and match["counted"]:
        return not (match["title"] or "").strip(" .:–—-")
    lone = parse_lone_number(text)
    return lone is not None and not lone.has_title


def is_counted_line(text: str) -> bool:
    """Whether a heading's line is a chapter's number, perhaps with its word."""
    return is_numbered_only(text.strip())


def is_capitals(text: str) -> bool:
    """Whether a line of several words is all in capitals, and names no place."""
    return text.isupper() and len(text.split()) > 1 and "," not in text


def is_title_case(text: str) -> bool:
    """Whether several words of a line begin with capitals, all that are long among them."""
    words = [word.strip("“”‘’\"'()[],;:.!?") for word in text.split()]
    long = [word for word in words if len(word) >= MIN_CAPITALISED_CHARS]
    is_title = (
        len(long) > 1 and not text.endswith((".", ",")) and all(word[0].isupper() for word in long)
    )
    return text.isupper() or is_title


def join_title(number: str, title: str) -> str:
    """A chapter's number and its name, as one heading."""
    return f"{number}{' ' if number.endswith(_CHAPTER_PUNCTUATION) else ': '}{title}"


@dataclass(frozen=True, slots=True)
class LoneNumber:
    """A line that is a number, perhaps with a title behind: `IV.`, `4`, `Four`, `4. The Sea`."""

    value: int
    kind: str
    has_title: bool


def parse_lone_number(text: str) -> LoneNumber | None:
    """Read a lone number; None for any other line."""
    match = _LONE_NUMBER.fullmatch(text) if len(text) <= SUBTITLE_CHARS else None
    if match is None:
        return None
    title = match["title"] or ""
    is_sentence = ends_sentence(title) and not title.isupper()
    if title and (is_sentence or (not match["end"].strip() and not match["digits"])):
        return None
    if title and not match["end"].strip():
        return LoneNumber(int(match["digits"]), "bare digits", has_title=True)
    if match["digits"]:
        return LoneNumber(int(match["digits"]), "digits", bool(title))
    if match["roman"] and _ROMAN.fullmatch(match["roman"]):
        return LoneNumber(_roman_value(match["roman"]), "roman", bool(title))
    value = NUMBER_VALUES.get((match["word"] or "").lower())
    is_name = bool(match["word"]) and match["word"][0].isupper()
    return LoneNumber(value, "word", bool(title)) if value and is_name else None


def _roman_value(written: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in written]
    following = [*values[1:], 0]
    return sum(-one if one < other else one for one, other in zip(values, following, strict=True))


def find_sequences(lines: Sequence[str], named: Container[int] | None = None) -> set[int]:
    """The indices of lone numbers that count chapters: 1, 2, 3 …, perhaps again from 1.

    Args:
        lines: paragraphs in reading order; those of several lines as empty strings.
        named: the indices of those that name chapters, where they are known.
    """
    candidates: dict[str, list[tuple[int, LoneNumber]]] = {}
    for index, line in enumerate(lines):
        is_named = bool(line) and (is_chapter_line(line) if named is None else index in named)
        number = _parse_counted(line) if is_named else None
        number = number or (parse_lone_number(line) if line else None)
        if number is not None:
            candidates.setdefault(number.kind, []).append((index, number))
    return {index for found in candidates.values() for index in _iter_counted(found)}


def _parse_counted(line: str) -> LoneNumber | None:
    """The number of a line such as "Chapter IV", which lone numbers may continue."""
    match = _CHAPTER_LINE.fullmatch(line)
    written = (match["number"] or "") if match else ""
    return parse_lone_number(written.upper() if _ROMAN.fullmatch(written.upper()) else written)


def _iter_counted(candidates: Sequence[tuple[int, LoneNumber]]) -> Iterator[int]:
    """The longest runs that begin with 1; lists, whose items follow each other, are none."""
    runs: list[list[int]] = []
    last = 0
    for index, number in candidates:
        if runs and last < number.value <= last + MAX_STEP:
            runs[-1].append(index)
            last = number.value
        elif number.value == 1:
            runs.append([index])
            last = 1
    is_counted = any(len(run) > 1 for run in runs)
    for run in runs:
        adjacent = sum(one + 1 == other for one, other in pairwise(run))
        if is_counted and adjacent * 2 <= len(run) - 1:
            yield from run

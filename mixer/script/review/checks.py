"""What deserves a look before it is spoken: language, chapters, words, and what is unsaid. Pure.

Words that a voice may misread (abbreviations, names, foreign letters, figures in words) are
recognised by their looks; where an engine states which words it knows, by that as well. Listed
are words as they will be spoken, except those with a pronunciation by the author or a lexicon,
those written out of figures and abbreviations, and names of days and months. In headings every
word may have a capital, so they yield no names. German nouns look like names: such a language
gets a long list.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from mixer.errors import BadInput
from mixer.lazy import compile_lazily
from mixer.script.annotations import DIRECTION_TAG, VERBATIM_TAGS
from mixer.script.limits import EngineLimits
from mixer.script.normalise import ROMAN_NUMERALS, is_same_language, primary_code
from mixer.script.script import BreakKind, Chapter, Script, Utterance

_WORD = compile_lazily(r"[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’-]*")
_ABBREVIATION = compile_lazily(r"\p{Lu}{2,}s?")
_MIXED = compile_lazily(r"(?=.*\p{L})(?=.*\p{N}).+|\p{Ll}+\p{Lu}.*")
_FOREIGN = compile_lazily(r".*[^\P{L}A-Za-z].*")
_NAME = compile_lazily(r"\p{Lu}\p{Ll}.*")
_ROMAN = compile_lazily(r"[IVXLCDM]+")

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_CALENDAR = compile_lazily(rf"{_MONTHS}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day")


@dataclass(frozen=True, slots=True)
class PronunciationHint:
    """A word to listen to.

    `kind` is `abbreviation`, `mixed`, `foreign letters`, `name` or, of a voice that states which
    words it knows, `unknown word`; `times` how often it is spoken.
    """

    word: str
    kind: str
    times: int


UNKNOWN = "unknown word"
KnowsWord = Callable[[str], bool]
"""Whether the voice's lexicon has a word."""


def find_pronunciation_hints(
    script: Script, is_known: KnowsWord | None = None
) -> tuple[PronunciationHint, ...]:
    """Find words that a voice may misread, the most frequent of each kind first.

    A name that the voice knows is none of them, and a plain word that it does not know is one.
    """
    plain, kinds, times = set[str](), dict[str, str](), Counter[str]()
    for chunk in script.chunks:
        for utterance in chunk.utterances:
            for word, is_opening in _iter_words(utterance):
                kind = _classify_word(word, script.language, is_opening=is_opening)
                times[word] += 1
                plain |= {word} if word.islower() else set()
                if kind or (is_known and word.isalpha()):
                    kinds[word] = kind or kinds.get(word, UNKNOWN)
    if is_known:
        checked = {word for word, kind in kinds.items() if kind in ("name", UNKNOWN)}
        kinds = {w: k for w, k in kinds.items() if w not in checked or not is_known(w)}
    hints = [PronunciationHint(word, kind, times[word]) for word, kind in kinds.items()]
    wanted = (each for each in hints if each.kind != "name" or each.word.lower() not in plain)
    return tuple(sorted(wanted, key=lambda each: (each.kind, -each.times, each.word)))


def _iter_words(utterance: Utterance) -> Iterator[tuple[str, bool]]:
    """The author's words without a set pronunciation, and whether their place gives a capital."""
    verbatim = [each for each in utterance.annotations if each.tag in VERBATIM_TAGS]
    is_heading = utterance.ending is BreakKind.HEADING
    for number, match in enumerate(_WORD.finditer(utterance.spoken)):
        is_verbatim = any(m.start < match.end() and match.start() < m.end for m in verbatim)
        if not is_verbatim and match[0] in utterance.text:
            yield match[0].removesuffix("'s").removesuffix("’s"), number == 0 or is_heading


WORDS_KEPT = 1 << 16
"""Of a book, a word occurs again and again."""


@lru_cache(WORDS_KEPT)
def _classify_word(word: str, language: str, *, is_opening: bool) -> str:
    if _ABBREVIATION.fullmatch(word) and not _ROMAN.fullmatch(word):
        return "abbreviation"
    if _MIXED.fullmatch(word):
        return "mixed"
    if language.startswith("en") and _FOREIGN.fullmatch(word):
        return "foreign letters"
    is_name = _NAME.fullmatch(word) and not is_opening and not _CALENDAR.fullmatch(word)
    return "name" if is_name else ""


READABLE_SHARE = 0.2
"""Of a text's letters, below which a voice that knows no others says nothing intelligible."""

SHORT_CHAPTER_CHARS = 300
LONG_CHAPTER_CHARS = 100_000
"""About two hours."""

MANY_TIMES_MEDIAN = 6
LONG_TEXT_CHARS = 40_000
"""From here on a text is expected to have more than one chapter."""

MAX_LISTED_WORDS = 40

_UNREADABLE = compile_lazily(
    r"(?:(?![\p{Latin}µ])\p{L}){2,}|[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
)
"""A word of which a voice that reads Latin letters alone says nothing."""

_LETTER = compile_lazily(r"\p{L}")
_SCRIPTS = {
    "Latin": compile_lazily(r"\p{Latin}"),
    "Greek": compile_lazily(r"\p{Greek}"),
    "Cyrillic": compile_lazily(r"\p{Cyrillic}"),
    "Arabic": compile_lazily(r"\p{Arabic}"),
    "Hebrew": compile_lazily(r"\p{Hebrew}"),
    "Devanagari": compile_lazily(r"\p{Devanagari}"),
    "Chinese, Japanese or Korean": compile_lazily(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"),
}
_LETTERS_OF = {
    **dict.fromkeys(("ru", "uk", "bg", "sr", "be", "mk"), "Cyrillic"),
    **dict.fromkeys(("ar", "fa", "ur"), "Arabic"),
    **dict.fromkeys(("zh", "ja", "ko"), "Chinese, Japanese or Korean"),
    "el": "Greek",
    "he": "Hebrew",
    "hi": "Devanagari",
}
_TITLE_NUMBER = compile_lazily(
    r"(?:\p{L}+ )?(?P<number>[0-9]{1,3}|[IVXLC]+|\p{L}+(?:-\p{L}+)?)(?![\p{L}\p{N}'’])"
)
_NOTE_MARK = compile_lazily(r"\[[1-9]\d{0,2}\]|(?<=[\p{L}.,;:!?])[¹²³⁰⁴-⁹†‡]+")


def count_letters(script: Script) -> Counter[str]:
    """Count the letters of a plan by their writing system."""
    characters: Counter[str] = Counter()
    for chunk in script.chunks:
        characters.update("".join([each.spoken for each in chunk.utterances]))
    letters: Counter[str] = Counter()
    for character, count in characters.items():
        found = [name for name, pattern in _SCRIPTS.items() if pattern.match(character)]
        letters.update(dict.fromkeys(found or ["other"] * bool(_LETTER.match(character)), count))
    return letters


def _describe_mismatch(script: Script, voice_language: str) -> str:
    """Say in a sentence that a text is in another language than its voice; empty if it is not."""
    if not is_same_language(script.language, voice_language):
        return (
            f"The text is in “{script.language}”, but the voice speaks {voice_language}: choose a "
            "voice of that language, or state the text's own language."
        )
    letters = count_letters(script)
    expected = _LETTERS_OF.get(primary_code(voice_language), "Latin")
    most = max(letters, key=letters.__getitem__, default=expected)
    if letters[most] and most != expected:
        return (
            f"Most of the text is written in {most} letters, but the voice speaks "
            f"{voice_language}: choose a voice of the text's language."
        )
    return ""


def _is_intelligible(script: Script) -> bool:
    """Whether a voice that reads Latin letters alone has something to say."""
    letters = count_letters(script)
    return letters["Latin"] >= letters.total() * READABLE_SHARE


def check_language(
    script: Script, voice_language: str, *, reads_latin_only: bool
) -> tuple[str, ...]:
    """Warn of a text in another language than its voice.

    Raises:
        BadInput: the voice reads Latin letters only, and could say next to nothing of the text.
    """
    mismatch = _describe_mismatch(script, voice_language)
    if mismatch and reads_latin_only and not _is_intelligible(script):
        raise BadInput(
            "Hardly any of the text is in Latin letters, and the embedded voice reads no others: "
            "use a voice of Amazon Polly that speaks its language."
        )
    return (mismatch,) if mismatch else ()


def check_directions(script: Script, limits: Mapping[str, EngineLimits]) -> tuple[str, ...]:
    """Warn of directions that engines do not take, by the limits of speakers ("": narrator)."""
    ignored = [
        annotation.attribute("as")
        for chunk in script.chunks
        if DIRECTION_TAG not in limits.get(chunk.speaker, limits[""]).tags
        for utterance in chunk.utterances
        for annotation in utterance.annotations
        if annotation.tag == DIRECTION_TAG
    ]
    if not ignored:
        return ()
    return (
        f"{len(ignored)} directions such as “{ignored[0]}” are ignored: this engine takes "
        "none. A speech server may (ENGINE_INSTRUCTIONS)."
        if len(ignored) > 1
        else f"The direction “{ignored[0]}” is ignored: this engine takes none. A speech "
        "server may (ENGINE_INSTRUCTIONS).",
    )


@dataclass(frozen=True, slots=True)
class Review:
    """What deserves a look: sentences, words, and counts of what is left unsaid."""

    chapters: tuple[str, ...]
    words: tuple[PronunciationHint, ...]
    unsaid: tuple[tuple[str, int], ...]


def review_script(script: Script, is_known: KnowsWord | None = None) -> Review:
    """Collect what deserves a look before a plan is spoken.

    Args:
        script: the plan.
        is_known: of a voice that reads Latin letters only, whether it knows a word.
    """
    utterances = [each for chunk in script.chunks for each in chunk.utterances]
    unsaid = {
        "marks of notes": sum(
            len(_NOTE_MARK.findall(each.text)) - len(_NOTE_MARK.findall(each.spoken))
            for each in utterances
        ),
        "words in letters that the voice cannot read": sum(
            len(_UNREADABLE.findall(each.spoken)) for each in utterances if is_known
        ),
    }
    return Review(
        tuple(_find_odd_chapters(script.chapters)),
        find_pronunciation_hints(script, is_known)[:MAX_LISTED_WORDS],
        tuple((what, count) for what, count in unsaid.items() if count > 0),
    )


def _find_odd_chapters(chapters: Sequence[Chapter]) -> Iterator[str]:
    chars = [sum(chunk.billed_chars for chunk in chapter.chunks) for chapter in chapters]
    if len(chapters) == 1 and chars[0] > LONG_TEXT_CHARS:
        yield f"The whole text, {chars[0]:,} characters, is one chapter."
        return
    from statistics import median  # a plan that is not reviewed starts sooner

    usual = median(chars)
    for number, (chapter, length) in enumerate(zip(chapters, chars, strict=True), start=1):
        size = _name_odd_size(length, usual if len(chapters) > 1 else length)
        if size:
            yield f"Chapter {number}, “{chapter.title}”, is very {size}: {length:,} characters."
    yield from _find_gaps([chapter.title for chapter in chapters])


def _name_odd_size(chars: int, usual: float) -> str:
    if chars < SHORT_CHAPTER_CHARS < usual:
        return "short"
    return "long" if chars > min(LONG_CHAPTER_CHARS, usual * MANY_TIMES_MEDIAN) else ""


def _find_gaps(titles: Sequence[str]) -> Iterator[str]:
    """Numbers of chapters that neither follow the one before nor start again."""
    numbered = [(number, title) for title in titles if (number := _read_number(title))]
    for (before, _), (number, title) in pairwise(numbered):
        if number not in (1, before + 1):
            yield f"“{title}” follows number {before}."


def _read_number(title: str) -> int | None:
    """The number that a title begins with, after one word at most: `Chapter IV`, `Three`."""
    match = _TITLE_NUMBER.match(title)
    if match is None:
        return None
    written = match["number"]
    if written.isdecimal():
        return int(written)
    return ROMAN_NUMERALS.get(written) or _number_words().get(written.lower())


@cache
def _number_words() -> dict[str, int]:
    from num2words import num2words

    return {str(num2words(value)): value for value in range(1, 100)}

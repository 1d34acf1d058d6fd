"""Places in books of verses and in plays: `Gen. 1:1`, `1 Cor. 13:4–7`, `IV.iii.20`."""

import re
from collections.abc import Iterator, Mapping

from mixer.script.normalise.language import Language
from mixer.script.normalise.numerals import ROMAN_NUMERALS
from mixer.script.normalise.rule import (
    DIGITS,
    NormalisationRule,
    build_alternation,
    compile_rule,
)


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """References by chapter and verse; the books are a table of the language."""
    books = language.spellings("references.books")
    if not books:
        return
    numbered = language.spellings("references.numbered")
    number, book = build_alternation(numbered), build_alternation(books)
    joint = language.phrase("references.joint") or ":"

    def expand(match: re.Match[str]) -> str | None:
        is_known = match["number"] or match["book"] not in only_numbered
        return _format_place(match, match["chapter"], language) if is_known else None

    only_numbered = language.words("references.only_numbered")
    yield compile_rule(
        rf"(?<![\w.:])(?:(?P<number>{number}) )?(?P<book>{book})\.? (?P<chapter>\d{{1,3}})"
        rf"{joint}(?P<verse>\d{{1,3}})(?:[–-](?P<last>(?:\d{{1,3}}:)?\d{{1,3}}))?"
        r"(?:(?![\w:]|[–-]\d)|(?=ff?(?!\w)))",
        expand,
        ":,",
        rf"\d{joint}\d",
    )
    yield _build_chapter_rule(language, books)
    if language.words("references.alone"):
        yield from _build_old_rules(language, books)


def _build_old_rules(language: Language, books: Mapping[str, str]) -> Iterator[NormalisationRule]:
    """The ways of old books and scholars."""
    yield _build_roman_rule(language, books)
    yield _build_work_rule(language.spellings("references.works"))
    yield from _build_lone_rules(language, books)


def _format_place(match: re.Match[str], chapter: str, language: Language) -> str:
    number = language.spellings("references.numbered").get(match["number"], "")
    book = f"{number} {language.spellings('references.books')[match['book']]}".lstrip()
    form = language.phrase(f"references.{'verse' if match['verse'] else 'chapter'}")
    place = form.format(book=book, chapter=chapter, verse=match["verse"])
    last_verse = language.phrase("references.last_verse") if match["last"] else ""
    return place + last_verse.format(verse=(match["last"] or "").replace(":", " "))


def _build_lone_rules(language: Language, books: Mapping[str, str]) -> Iterator[NormalisationRule]:
    """A chapter after a book cut short (`Matt. 5`), and a scene after an act (`III.i`)."""
    yield compile_rule(
        rf"(?<![\w.:])(?P<edit>(?P<book>{build_alternation(language.words('references.alone'))})"
        r"\.)(?= \d{1,3}(?![\w:]|[.,]\d))",
        lambda match: books[match["book"]],
        DIGITS,
        r"[a-z]\. \d",
    )
    yield compile_rule(
        r"(?<![\w.])(?P<act>[IV]{1,3})\.\s?(?P<scene>[ivx]{1,5})"
        r"(?:\.\s?(?P<line>\d{1,3}))?(?![\w.]\w|\w)",
        _expand_scene,
        "iv",
        r"\.(?<=[IV]\.)\s?[iv]",
    )


def _expand_scene(match: re.Match[str]) -> str | None:
    """A place in a play, by act and scene: `III.i`, `IV.iii.20`."""
    act, scene = ROMAN_NUMERALS.get(match["act"]), ROMAN_NUMERALS.get(match["scene"].upper())
    if act is None or scene is None:
        return None
    return f"{act} {scene} {match['line'] or ''}".rstrip()


def _build_chapter_rule(language: Language, books: Mapping[str, str]) -> NormalisationRule:
    """A chapter alone, of a numbered book: `1 Cor. 13`."""
    numbered = language.spellings("references.numbered")
    number, book = build_alternation(numbered), build_alternation(books)
    return compile_rule(
        rf"(?<![\w.:])(?P<number>{number}) (?P<book>{book})"
        r"\.? (?P<chapter>\d{1,3})(?![\w:]|[.,]\d)",
        lambda match: language.phrase("references.chapter").format(
            book=f"{numbered[match['number']]} {books[match['book']]}", chapter=match["chapter"]
        ),
        "123I",
        rf"{number} {book}",
    )


def _build_roman_rule(language: Language, books: Mapping[str, str]) -> NormalisationRule:
    """A chapter in small numerals, as old books print it: `Matt. v. 3`, `1 Cor. xiii. 4-8`."""
    numbered = language.spellings("references.numbered")
    number, book = build_alternation(numbered), build_alternation(books)

    def expand(match: re.Match[str]) -> str | None:
        chapter = ROMAN_NUMERALS.get(match["chapter"].upper())
        return _format_place(match, str(chapter), language) if chapter else None

    return compile_rule(
        rf"(?<![\w.:])(?:(?P<number>{number}) )?(?P<book>{book})\.? (?P<chapter>[ivxlc]{{1,8}})"
        r"(?:[.,:] ?(?P<verse>\d{1,3})(?:[–-](?P<last>\d{1,3}))?(?![\w:]|[–-]\d)"
        r"|(?<=[ivxlc]{2})(?:\.(?=[,;)]| [a-z]))?(?![\w'’-]))",
        expand,
        "ivxlc",
        r" (?!ill)[ivxlc]{1,8}(?:[.,:] ?\d|(?<=[ivxlc]{2})(?!\w))",
    )


def _build_work_rule(works: Mapping[str, str]) -> NormalisationRule:
    """A passage by its numbers: `Hom. Il. 1.1`, `Hdt. 7.141-43`."""

    def expand(match: re.Match[str]) -> str:
        return f"{works[match['work']]} {match['place'].replace('.', ' ')}"

    return compile_rule(
        rf"(?<![\w.])(?P<edit>(?P<work>{build_alternation(works or [chr(0)])}) "
        r"(?P<place>\d{1,3}(?:\.\d{1,4}){1,2}))(?![\w:]|\.\d)",
        expand,
        ".",
        r"\. \d{1,3}\.\d",
    )

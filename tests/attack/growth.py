"""Texts that grow: work may grow as fast as the input, no faster."""

import gc
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from mixer.errors import MixerError
from mixer.publish.epub.own_book import OwnBook, SourceBook
from mixer.publish.epub.pages import BlockShape, BookBlock, BookPage, BookSentence
from mixer.requests import Options
from mixer.script import LIMITS
from mixer.script.edits import locate_origins
from mixer.script.planning import PlanStyle, plan_document, read_lexicon
from mixer.script.readers import TextType, detect_text_type, read_document
from mixer.script.speakers import read_cast
from mixer.stories.steps import plan_script
from tests.attack.campaign import Row, Tally, describe_exception
from tests.books import Book, build_page

SIZES = (25_000, 50_000, 100_000)
SHORT_SIZES = (2_500, 5_000, 10_000)
MAX_GROWTH = 2.3
"""For twice the input."""

MAX_TURNS = 6
"""All lengths are measured again where one looks slow or steep; something else may have had the
core, so the least counts.
"""

MIN_MEASURED_S = 0.4
"""Less is mostly what does not depend on the input."""

MAX_CPU_S = 60.0
SLOW_S = 2.0
"""For 100,000 characters on an idle core; slower ones are named."""

GARBAGE_THRESHOLD = 50_000
"""As in a command."""

Build = Callable[[int], str]

CAST, OWN_PAGES = "cast", "own pages"
"""Kinds of texts for `mixer cast`, and for a read-aloud book of own pages."""


def repeat(piece: str, before: str = "", after: str = "") -> Build:
    """A text of a piece repeated up to a length."""
    return lambda chars: before + piece * (chars // len(piece)) + after


def nest(opening: str, inner: str, closing: str, before: str = "", after: str = "") -> Build:
    """A text of elements inside each other."""

    def build(chars: int) -> str:
        depth = chars // (len(opening) + len(closing))
        return before + opening * depth + inner + closing * depth + after

    return build


def number_pieces(piece: str, before: str = "", after: str = "") -> Build:
    """A text of pieces that differ by a number."""

    def build(chars: int) -> str:
        return before + "".join(piece.format(n) for n in range(chars // (len(piece) + 3))) + after

    return build


PROSODY = "<prosody rate='90%'>"
SPEAK = ("<speak>", "</speak>")
PAGE = ("<!doctype html><html><body>", "</body></html>")
ASCIIDOC, RESTRUCTURED = "= A\n\n== B\n\n", ".. note:: A\n\nB\n=\n\n"
FICTIONBOOK = "<FictionBook><body>"
ORG, MAIL = "#+TITLE: A\n\n* B\n", "From: A\nSubject: B\n"
GENERATORS: tuple[tuple[str, TextType | str | None, Build], ...] = (
    ("open brackets", TextType.TEXT, repeat("[[")),
    ("open brackets and a letter", TextType.TEXT, repeat("[[x")),
    ("pauses in a paragraph", TextType.TEXT, repeat("[[pause 1s]] and ")),
    ("pauses with blanks", TextType.TEXT, repeat("[[pause" + " " * 40)),
    ("say in a paragraph", TextType.TEXT, repeat("[[say NATO=nay-toe]] and ")),
    ("sounds", TextType.TEXT, repeat("[[sound x.wav]]\n\n")),
    ("one letter", TextType.TEXT, repeat("a")),
    ("digits", TextType.TEXT, repeat("1")),
    ("note marks", TextType.TEXT, repeat("[1]", "It.", "[")),
    ("dots", TextType.TEXT, repeat(". ")),
    ("quotation marks", TextType.TEXT, repeat('"')),
    ("opening quotation marks", TextType.TEXT, repeat("“a ")),
    ("dashes", TextType.TEXT, repeat("---\n")),
    ("line breaks", TextType.TEXT, repeat("\n")),
    ("blanks", TextType.TEXT, repeat(" ", "a", "b")),
    ("heads with numbers", TextType.TEXT, number_pieces("and of the\n\nThe Lamp {}\n\nmen\n\n")),
    ("titles apart", TextType.TEXT, number_pieces("\n\n\nThe Lamp {}x\n\nIt was late.\n")),
    ("pages with notes", TextType.TEXT, number_pieces("The men7 went.\n\n7 Note.\n\n{0}\n\f")),
    ("attributes of AsciiDoc", TextType.TEXT, repeat('"a', f"{ASCIIDOC}[")),
    ("notes of AsciiDoc", TextType.TEXT, repeat("footnote:[a ", ASCIIDOC)),
    ("fences of AsciiDoc", TextType.TEXT, repeat("====\n", ASCIIDOC)),
    ("roles of reStructuredText", TextType.TEXT, repeat(":a", RESTRUCTURED)),
    ("titles of reStructuredText", TextType.TEXT, repeat("a\n==\n\n", RESTRUCTURED)),
    ("links of Org", TextType.TEXT, repeat("[[a][b", ORG)),
    ("verbatim words of Org", TextType.TEXT, repeat(" =a", ORG)),
    ("fields of a mail", TextType.TEXT, repeat("a:b\n", MAIL)),
    ("joiners", TextType.TEXT, repeat("a\u200d")),
    ("combining marks", TextType.TEXT, repeat("a\u0301\u0301")),
    ("emoji", TextType.TEXT, repeat("👩\u200d👩 ")),
    ("headings", TextType.MARKDOWN, number_pieces("# Chapter {0}\n\nText.\n\n")),
    ("emphasis", TextType.MARKDOWN, repeat("*a **b ")),
    ("quotes in quotes", TextType.MARKDOWN, repeat("> ")),
    ("lists in lists", TextType.MARKDOWN, repeat("- ")),
    ("link brackets", TextType.MARKDOWN, repeat("[a](")),
    ("open brackets", TextType.MARKDOWN, repeat("[")),
    ("labels of links", TextType.MARKDOWN, repeat("[a][b")),
    ("HTML blocks", TextType.MARKDOWN, repeat("<!--\n\n")),
    ("comments", TextType.MARKDOWN, repeat("<!--a-->\n")),
    ("table rows", TextType.MARKDOWN, repeat("|a|b|\n", "|a|b|\n|-|-|\n")),
    ("footnotes", TextType.MARKDOWN, number_pieces("a[^{0}]\n\n[^{0}]: b\n\n")),
    ("open tags", TextType.HTML, repeat("<a ", *PAGE)),
    ("open comments", TextType.HTML, repeat("<!--", *PAGE)),
    ("open ends", TextType.HTML, repeat("</", *PAGE)),
    ("open instructions", TextType.HTML, repeat("<?", *PAGE)),
    ("titles", TextType.HTML, repeat("<title>a", *PAGE)),
    ("nested elements", TextType.HTML, nest("<b>", "a", "</b>", *PAGE)),
    ("nested lists", TextType.HTML, nest("<ul><li>", "a", "</li></ul>", *PAGE)),
    ("section types", TextType.HTML, number_pieces("<p epub:type='t{0}'>a</p>", *PAGE)),
    ("links", TextType.HTML, number_pieces("<a href='#{0}'> {0} </a>", *PAGE)),
    ("names of a FictionBook", TextType.HTML, repeat(' name="', f"{FICTIONBOOK}<body")),
    ("note links of a FictionBook", TextType.HTML, repeat(' type="note', f"{FICTIONBOOK}<a")),
    ("sections of a FictionBook", TextType.HTML, repeat("<section><title>a</title>", FICTIONBOOK)),
    ("nested prosody", TextType.SSML, nest(PROSODY, "<s>a</s>" * 50, "</prosody>", *SPEAK)),
    ("sentences", TextType.SSML, repeat("<s>Go on.</s>", *SPEAK)),
    ("substitutions", TextType.SSML, repeat("<sub alias='a b'>AB</sub> ", *SPEAK)),
    ("breaks", TextType.SSML, repeat("a <break time='1s'/>", *SPEAK)),
    ("unclosed", TextType.SSML, repeat("<speak></speak ")),
    ("blanks in a line", None, repeat(" ", "a =", "/")),
    ("entries with one first word", None, number_pieces("the {0} = b\n")),
    ("equals signs", None, repeat("=")),
    ("talk", CAST, repeat("“Yes,” said Tom. “No,” said Ann.\n\n")),
    ("names", CAST, number_pieces("“Yes,” said Mr. Tom{0}. He went.\n\n")),
    ("words in one paragraph", CAST, repeat("“A,” he said. ")),
    ("open quotation marks", CAST, repeat("“")),
    ("closed quotation marks", CAST, repeat("a” ")),
    ("apostrophes", CAST, repeat("'a' ")),
    ("verbs", CAST, repeat("said Tom ")),
    ("sentences over elements", OWN_PAGES, repeat("One <i>two. Three</i> four. ", "<p>", "</p>")),
    ("notes", OWN_PAGES, repeat("a<sup><a href='#n'>1</a></sup> ", "<p>", "</p>")),
    ("elements", OWN_PAGES, repeat("<i>a</i>", "<p>", "</p>")),
    ("blocks", OWN_PAGES, repeat("<p>A.</p>")),
    ("nested elements", OWN_PAGES, nest("<i>", "a", "</i>")),
    ("verse", OWN_PAGES, repeat("A line<br/>", "<p>", "</p>")),
)  # fmt: skip
LANGUAGES = ("en-US", "de-DE", "fr-FR", "es-ES", "it-IT", "pt-PT", "zh-CN")
NORMALISED = ("1,234.5 ", "$1.50 ", "3 May 1999 ", "12:30 ", "Dr. A. ", "1/2 ", "x² ", "IV. ")


def attack_growth(tally: Tally, draw: random.Random, count: int) -> None:
    """Plan texts of one, two and four times a length; a small count uses small texts."""
    cases = [(name, kind, build, "en-US") for name, kind, build in GENERATORS]
    cases += [
        (f"{piece.strip()} in {language}", TextType.TEXT, repeat(piece), language)
        for language in LANGUAGES
        for piece in NORMALISED
    ]
    draw.shuffle(cases)
    sizes = SIZES if count >= len(cases) else SHORT_SIZES
    gc.set_threshold(GARBAGE_THRESHOLD)
    with _open_timer():
        for name, kind, build, language in cases[:count]:
            tally.count(_measure_growth(tally, name, kind, build, language=language, sizes=sizes))


def _measure_growth(
    tally: Tally,
    name: str,
    kind: TextType | str | None,
    build: Build,
    *,
    language: str,
    sizes: tuple[int, ...],
) -> str:
    source = str(kind) if kind else "lexicon"
    try:
        cpu_s = [_measure_cpu_s(kind, build(chars), language) for chars in sizes]
        for _ in range(MAX_TURNS - 1):
            if not _is_steep(cpu_s) and cpu_s[-1] <= SLOW_S:
                break
            again_s = [_measure_cpu_s(kind, build(chars), language) for chars in sizes]
            cpu_s = [min(pair) for pair in zip(cpu_s, again_s, strict=True)]
    except TimeoutError:
        return f"{source}, {name}: more than {MAX_CPU_S:.0f} s of CPU"
    except Exception as error:  # noqa: BLE001 - what must not be is what is looked for
        return f"{source}, {name}: {describe_exception(error)}"
    figures = ", ".join(f"{each:.2f}" for each in cpu_s)
    if cpu_s[-1] > SLOW_S:
        tally.notes.append(f"{source}, {name}: {figures} s for {sizes} characters")
    return f"{source}, {name}: {figures} s for {sizes}" if _is_steep(cpu_s) else ""


def _is_steep(cpu_s: list[float]) -> bool:
    return cpu_s[-1] > MIN_MEASURED_S and cpu_s[-1] > MAX_GROWTH * cpu_s[-2]


def _measure_cpu_s(kind: TextType | str | None, text: str, language: str) -> float:
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
    begun_s = time.process_time()
    try:
        _plan_text(kind, text, language)
    except MixerError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return time.process_time() - begun_s


def _plan_text(kind: TextType | str | None, text: str, language: str) -> None:
    if kind is None:
        read_lexicon(text)
        return
    if kind == CAST:
        read_cast(text, "This text")
        return
    if kind == OWN_PAGES:
        _mark_page(text)
        return
    kind = TextType(kind)
    detect_text_type(text)
    plan_script(read_document(text, kind), LIMITS["generative"], language, Options())


def _mark_page(body: str) -> None:
    content = Book({"1.xhtml": build_page(body)}).content()
    document = read_document(content, TextType.EPUB)
    script = plan_document(document, PlanStyle())
    origins = locate_origins(document, script, PlanStyle(script.language))
    texts = [each.text for chunk in script.chunks for each in chunk.utterances]
    sentences = tuple(BookSentence(text, float(n)) for n, text in enumerate(texts))
    page = BookPage("", (BookBlock(BlockShape.PARAGRAPH, sentences),), float(len(texts)))
    OwnBook(SourceBook(content, origins), [page])


@contextmanager
def _open_timer() -> Iterator[None]:
    def fail(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, fail)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, before)


ROW = Row(
    "texts of 1×, 2×, 4× length",
    "at most 2.3 times the work for twice the text",
    short=12,
    full=len(GENERATORS) + len(LANGUAGES) * len(NORMALISED),
    attack=attack_growth,
)

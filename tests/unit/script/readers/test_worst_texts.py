"""The worst texts for each reader: four times the text takes about four times as long."""

from collections.abc import Callable

import pytest

from mixer.script.readers import TextType, detect_text_type, read_document
from mixer.script.readers.asciidoc import rewrite_asciidoc
from mixer.script.readers.epub import read_epub
from mixer.script.readers.fictionbook import rewrite_fictionbook
from mixer.script.readers.markdown import rewrite_dialects
from mixer.script.readers.restructured_text import rewrite_restructured_text
from tests.books import Book, build_page
from tests.growth import require_linear_growth

CHARS = 4_000

READERS: dict[str, Callable[[str], object]] = {
    "text": lambda text: read_document(text, TextType.TEXT),
    "markdown": lambda text: read_document(text, TextType.MARKDOWN),
    "html": lambda text: read_document(text, TextType.HTML),
    "ssml": lambda text: read_document(text, TextType.SSML),
    "dialects": rewrite_dialects,
    "asciidoc": lambda text: rewrite_asciidoc(f"= A\n\n{text}"),
    "restructured": rewrite_restructured_text,
    "fictionbook": rewrite_fictionbook,
    "type": detect_text_type,
    "page": lambda text: read_epub(Book({"1.xhtml": build_page(text)}).content()),
    "metadata": lambda text: read_epub(Book({"1.xhtml": "<p>a</p>"}, metadata=text).content()),
    "cast": lambda text: read_document(f"---\ncast:\n{text}\n---\na", TextType.TEXT),
}

WORST = {
    "text": (
        "[[", "[[x", "a [[pause 1s]] ", "a b. [[sound x.wav]]\n\n", "[[sound x.wav]]\n\n", "a-\n",
        "[[say a: b]] ", "[[" + " " * 50, "Contents\n\n", "1\n\na\n\n", "A\n\n", "_a",
        "[Illustration",
        "a[1]\n\n[1] b\n\n", "Chapter 1\n\n", "I\n\n", ". ", "* * *\n", "“", "a\n",
        "Page 1\n\n", "-\n",
        "THE HEAD\n\n12\n\nand ", "[[lang fr: " + " " * 30, "\t", "Title: a\n",
        "1  INT. A" + " " * 40, "a" + " " * 40 + "5\n", "*** A b ***\n\n", "2  THE LAMP\n\n",
        "© 2021\n\n", "{{\n|", "THE A\n\nby Ann\n\n",
        "Chapter 1\nA b.\n", "<i>a ", "a" * 30 + " ..... 3\n",
    ),
    "markdown": (
        "<!--", "<!-- a -->\n", "[^1]", "^[a]", "%%", "[[a]]", "{#a", "==a", "$a",
        "*a ",
        "[a](", "> ", "- a\n", "`", "```\n", "| a |\n", "\\", "<a ", "[a]: b\n", "~a", ":a",
        "&amp;", "a  b\n--- ---\nc  d\n\n", "+--+--+\n", "<i>a</i> ",
    ),
    "html": (
        "<a ", "<!--", "</", "<?", "<![", "<title>aaaaaaaaaa<b>", "<p>", "<b>", "<sup>1",
        "<div></i>",
        "<a href='#x'>1", "<a href='#x'> ", "<ruby>a<rt>", "<table><tr><td>a", "<br>", "&",
        "&#", "<h1>a",
        "<p class='pagenum'>1</p><p>a-</p>", "<style>.a{", "<style>/*",
        "<section epub:type='a'>", "<pre>\n",
        "<p id='n'><a href='#n'>1</a> a", "<img alt='a'>", "<li><a href='#a'>a</a></li>",
        "<span hidden>",
    ),
    "asciidoc": (
        "footnote:[", "<<a", "((", "https://a", "\"`a", "'`", "__a", "#a", "|===\n|a\n", "____\n",
        "[quote, a]\n", "a:: b\n", "image:a", "link:a[", "[[a",
    ),
    "restructured": (
        "| a\n", ".. a::\n", ":a:`b", "`a <b", "a\n==\n", "[1]_", "  a\n", ".. a::\n\n  a\n",
    ),
    "fictionbook": ("<a ", "<a type='note'>", "<binary>", "<title>", "<section>", "<author><"),
    "ssml": ("a\n", "<s>a</s>", "<p><s>a</s></p>", "<sub alias='b'>a</sub> ", "<break/>", "&amp;"),
    "dialects": (
        "{>>a", "$$\na\n", "--- ---\n",
        "^[", "^[a]", "[[a|", "![[", "{#a", "{.a b=", "%%", "==", "$", "[^", "~", "^",
        ":a"),
    "type": ("<!--a-->\n", "</speak ", "<speak>", " ", "<?xml", "<!--", "\n"),
    "page": ("<p id='a'>a</p>", "<a id='b'/>a", "<div>", "<p>a<a href='#b'>1</a></p>"),
    "metadata": ("<dc:title>a</dc:title>", "<meta refines='#a' property='role'>aut</meta>",
        "<a>", "&b"),
    "cast": ("  A: b\n", " ", "  a: b, level 1\n", "  a: b, ", "   x"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("reader", "unit"), [(reader, unit) for reader, units in WORST.items() for unit in units]
)
def test_reading_takes_time_in_proportion_to_the_text(reader, unit):
    opening, closing = ("<speak>", "</speak>") if reader == "ssml" else ("", "")
    require_linear_growth(
        READERS[reader],
        lambda chars: opening + unit * (chars // len(unit)) + closing,
        CHARS,
    )


@pytest.mark.parametrize("element", ["prosody", "emphasis"])
def test_elements_over_many_sentences_take_time_in_proportion(element):
    def nest(chars: int) -> str:
        sentences = "<s>a</s>" * (chars // len("<s>a</s>"))
        return f"<speak>{f'<{element}>' * 40}{sentences}{f'</{element}>' * 40}</speak>"

    require_linear_growth(READERS["ssml"], nest, CHARS // 5)


def test_a_book_of_many_chapters_takes_time_in_proportion():
    def build(count: int) -> str:
        return str(count)

    def read(count: str) -> object:
        numbers = range(int(count))
        page = build_page("".join(f'<h2 id="c{n}">{n}</h2><p>a</p>' for n in numbers))
        contents = [(f"1.xhtml#c{n}", f"Chapter {n}", 1) for n in numbers]
        return read_epub(Book({"1.xhtml": page}, contents).content())

    require_linear_growth(read, build, 1_000)

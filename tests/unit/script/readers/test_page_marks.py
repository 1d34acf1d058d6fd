"""Pages: notes, page numbers and hidden text are left out; what only looks like them is read."""

import pytest

from mixer.script.readers.page_head import read_styles
from mixer.script.readers.web_page import read_html


def read(html: str) -> list[str]:
    return [block.text for block in read_html(html).blocks]


@pytest.mark.parametrize(
    "reference",
    [
        '<a epub:type="noteref" href="#n">1</a>',
        '<a href="#n"><sup>2</sup></a>',
        '<sup><a href="#n">3</a></sup>',
        "<sup>4</sup>",
        "<sup>†</sup>",
        '<a href="#n">[6]</a>',
        '<span class="footnote-ref">7</span>',
        '<a href="notes.html#n8" class="fnref12">8</a>',
        '<a href="#n">Note 9</a>',
        '<a href="#n"><sup>b</sup></a>',
        "<sup>[11]</sup>",
        '<a href="#_ftn1"><span class="MsoFootnoteReference">[12]</span></a>',
        '<a class="noteref" href="#x">iv</a>',
    ],
)
def test_a_reference_to_a_note_is_left_out(reference):
    assert read(f"<p>He left.{reference} She stayed.</p>") == ["He left. She stayed."]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("x<sup>2</sup> and 10<sup>6</sup>", "x² and 10⁶"),
        ("5 km<sup>2</sup> of land", "5 km² of land"),
        ("H<sub>2</sub>O and CO<sub>2</sub>", "H₂O and CO₂"),
        ("the 1<sup>st</sup>, M<sup>r</sup> Brown", "the 1st, Mr Brown"),
        ("see chapter <a href='#c3'>3</a>", "see chapter 3"),
        ("see <a href='#n9'>Note 9</a>", "see Note 9"),
        ("See <a class='footnote-ref' href='#c'>the storm</a>.", "See the storm."),
        ("In 1984 <a href='#y'>he</a> left", "In 1984 he left"),
    ],
)
def test_what_only_looks_like_a_note_is_read(html, text):
    assert read(f"<p>{html}</p>") == [text]


@pytest.mark.parametrize(
    "note",
    [
        '<aside epub:type="footnote" id="n"><p>Note.</p></aside>',
        '<div class="footnote2" id="n"><p>Note.</p></div>',
        '<section role="doc-endnotes"><ol><li>Note.</li></ol></section>',
        '<p class="note" id="n"><a href="#r">[1]</a> Note.</p>',
        '<h2>Notes</h2><p id="n"><a href="#r">1</a>. Note.</p>',
        '<hr><div id="ftn1"><p class="MsoFootnoteText"><a name="n">[1]</a> Note.</p></div>',
        '<p class="calibre_5" id="n"><a href="#r"><sup>a</sup></a> Note.</p>',
    ],
)
def test_a_note_is_left_out_where_a_reference_leads_to_it(note):
    html = f'<p>He left.<a href="#n">[1]</a></p><p>She stayed.</p>{note}'
    assert [text for text in read(html) if text] == ["He left.", "She stayed."]


@pytest.mark.parametrize(
    "number",
    [
        '<span epub:type="pagebreak" id="p1" title="11"/>',
        '<span class="pagenum"><a id="Page_13">[Pg 13]</a></span>',
        '<span class="pageno17">{14}</span>',
        '<a class="pagebreak" id="pg17">17</a>',
        '<span class="page">16</span>',
        '<span class="pb" id="pb21">[21]</span>',
        '<a id="page_xii">xii</a>'.replace("xii", "12"),
    ],
)
def test_a_page_number_is_left_out(number):
    assert read(f"<p>He {number}left.</p>") == ["He left."]


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("Broken para-", "graph goes on.", ["Broken paragraph goes on."]),
        ("the lamp that", "burned above him.", ["the lamp that burned above him."]),
        ("He left.", "She stayed.", ["He left.", "She stayed."]),
        ("He left", "She stayed.", ["He left", "She stayed."]),
        ("red, green,", "and blue.", ["red, green, and blue."]),
    ],
)
def test_a_paragraph_that_a_page_number_divides_is_one(before, after, whole):
    assert read(f'<p>{before}</p><p class="pagenum">20</p><p>{after}</p>') == whole


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">x</p>',
        '<p style="color: red; DISPLAY : none;">x</p>',
        '<p hidden="hidden">x</p>',
        '<span aria-hidden="true">x</span>',
        '<p style="visibility: hidden">x</p>',
        '<style>p.gone, .away { color: red; display: none }</style><p class="away x">x</p>',
        '<style>/* } */ .gone{display:none!important}</style><div class="gone"><p>x</p></div>',
    ],
)
def test_hidden_text_is_left_out(hidden):
    assert read(f"<p>He left.</p>{hidden}<p>She stayed.</p>") == ["He left.", "She stayed."]


@pytest.mark.parametrize(
    ("css", "classes"),
    [
        (".a{display:none}", {"a"}),
        ("p.a , .b.c, .d{ x:y; display : none }", {"a", "d"}),
        ("@media print { .a { display: none } } .b{visibility:hidden}", {"b"}),
        (".a{display:block}", set()),
        ("/* .a{display:none} */ .b{display:none}", {"b"}),
        (".a{display:none", set()),
        ("}}}.a{display:none}", {"a"}),
    ],
)
def test_only_what_a_style_sheet_hides_everywhere_is_hidden(css, classes):
    assert read_styles(css).hidden == classes


@pytest.mark.parametrize(
    "decoration",
    [
        '<header class="site"><a href="/">Home</a></header>',
        '<div class="share-bar">Share on a network</div>',
        "<footer>© 2020</footer>",
        '<aside class="sidebar"><p>Subscribe!</p></aside>',
        '<div role="navigation">Next page</div>',
        '<div id="cookie-banner">We use cookies.</div>',
        '<ul class="breadcrumbs"><li>Home</li></ul>',
    ],
)
def test_the_decoration_of_a_site_is_left_out(decoration):
    assert read(f"<html><body>{decoration}<p>Text.</p></body></html>") == ["Text."]


def test_the_main_part_of_a_page_is_all_that_is_read():
    html = "<header><p>Site</p></header><main><h1>Post</h1><p>Text.</p></main><div>Related</div>"
    assert read(html) == ["Post", "Text."]


def test_the_header_of_a_text_and_the_footer_of_a_quotation_are_read():
    html = "<article><header><h1>Post</h1></header><blockquote><p>Go.</p><footer>Ann</footer>"
    assert read(html) == ["Post", "Go.", "Ann"]

"""HTML: what a reader would read, as blocks."""

import pytest
from hypothesis import given, settings

from mixer.script.document import BlockKind
from mixer.script.readers.web_page import read_html
from tests.texts import STEADY, nasty_texts

SIGNS = {BlockKind.HEADING: "#", BlockKind.PARAGRAPH: "p", BlockKind.SCENE_BREAK: "-"}


def read(text: str) -> list[str]:
    return [f"{SIGNS[block.kind]} {block.text}".strip() for block in read_html(text).blocks]


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("<h1>One</h1>Two<p>Three", ["# One", "p Two", "p Three"]),
        (
            "<p>Fish &amp; chips &lt; 3 &euro;<br>and &#x2014; more",
            ["p Fish & chips < 3 €", "p and — more"],
        ),
        ("<p>a <b>bo</b>ld <a href='#x'>link</a>", ["p a bold link"]),
        ("<ul><li>one<li>two</ul>", ["p one", "p two"]),
        ("<p>a<hr><p>* * *<p>b", ["p a", "-", "-", "p b"]),
        ("<script>x<p>y</p></script><p>z<style>p{}</style></p>", ["p z"]),
        ("<p>kept<!-- <p>not</p> --> too</p>", ["p kept too"]),
        ("<nav><ul><li>Home</li></ul></nav><main>Text</main>", ["p Text"]),
        ("<p hidden>no<p>yes<span aria-hidden='true'>no</span>", ["p yes"]),
        ("<table><tr><th>A<td>B</table>", ["p A", "p B"]),
        ('<p>A cat: <img alt="a cat asleep" src="c.png">.</p>', ["p A cat: a cat asleep ."]),
        ("<h2/>text", ["p text"]),
        ("<ruby>漢<rt>kan</ruby>字", ["p 漢字"]),
        ("<svg><text>no</text></svg>yes", ["p yes"]),
    ],
)
def test_a_page_is_read_as_its_reader_would(html, blocks):
    assert read(html) == blocks


def test_a_page_says_what_it_is():
    page = read_html(
        '<html lang="fr"><head><title> Le\nLivre </title><meta name="Author" content="Une Autrice">'
        '<meta name="description" content="Un conte."></head><body><p>Oui.</body>'
    )
    stated = (page.title.split(), page.author, page.language, page.metadata.description)
    assert stated == (["Le", "Livre"], "Une Autrice", "fr", "Un conte.")


@settings(STEADY, max_examples=60)
@given(nasty_texts())
def test_no_text_makes_it_fail(text):
    read_html(text)
    read_html(f"<p>{text}<a href='#{text}'>")


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("<p>x<math><msup><mi>x</mi><mn>2</mn></msup></math> grows", ["p xx² grows"]),
        ("<p><math><mi>m</mi><msup><mi>abc</mi><mn>-3</mn></msup></math>", ["p mabc⁻³"]),
        ("<p><math><msub><mi>H</mi><mn>2</mn></msub><mi>O</mi></math>", ["p H₂O"]),
        ("<p>By <math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>.", ["p By 1/2."]),
        (
            "<p>He left.[1] She stayed.[2]<h2>Notes</h2><p>[1] At dawn.<p>[2] Inside.",
            ["p He left.[1] She stayed.[2]"],
        ),
        ("<p>He left.[1]<hr><p>[1] At dawn.", ["p He left.[1]"]),
        ("<p>He left.<span data-type='footnote'>At dawn.</span> So.", ["p He left. So."]),
        ("<div class='meta group'><h2>One</h2></div><p>A.", ["# One", "p A."]),
        (
            "<h2>One</h2><div class='endnote-link'>See <a href='#n'>notes</a></div>A.",
            ["# One", "p A."],
        ),
        ("<p>[1] He left.<p>[2] She stayed.", ["p [1] He left.", "p [2] She stayed."]),
        (
            "<h2>Contents</h2><p><a href=#a>One</a><p><a href=#b>Two</a>\n<h2 id=a>One</h2><p>A.",
            ["# One", "p A."],
        ),
        ("<p><span style='float:left'>T</span> <span>he sea", ["p The sea"]),
        ("<style>.c {float: left}</style><p><span class=c>T</span>he sea", ["p The sea"]),
        ("<p>a <span style='float:left'>Note</span> b", ["p a Note b"]),
    ],
)
def test_formulas_typed_notes_contents_and_large_letters(html, blocks):
    assert read(html) == blocks


STORY = "<h1>The Clock</h1><p>It told plum time.</p>"
READ = ["# The Clock", "p It told plum time."]


@pytest.mark.parametrize(
    "around",
    [
        '{}<div class="entry-footer">Posted in Stories</div>',
        '{}<div class="post-share-buttons">Email This</div>',
        '{}<section class="comments-area"><h2>2 comments</h2><p>Nice!</p></section>',
        '{}<div id="comments"><p>Nice!</p></div>',
        '<div class="topBar"><h1>Small Hours</h1></div>{}',
        '{}<div class="nav-buttons"><a class="btn btn-primary">Next Chapter</a></div>',
        '{}<div class="jp-relatedposts"><h3>Related</h3></div>',
        '{}<div class="printfooter">Retrieved from the clock</div>',
        '<dl class="tags"><dt>Rating</dt><dd>General</dd></dl>{}',
        "{}<p>Please drop by the archive and comment to thank the author.",
        "<span>4 min read</span>{}",
        '<div class="speechify-ignore">Ola Kern · Mar 4</div>{}',
        '<div title="header"><p>The Clock</p></div>{}<div title="footer"><p>2</p></div>',
        '<div role="main">{}</div><div><h2>Navigation menu</h2></div>',
        "<article>{}</article><footer><h2>Written by Ola</h2></footer><p>120 votes",
        "<div><h1>Garden Notes</h1></div><article>{}</article>",
        "<main><article>{}</article><h2>Member discussion</h2></main>",
    ],
)
def test_what_a_site_puts_around_a_text_is_not_read(around):
    assert read(around.format(f"<div>{STORY}</div>")) == READ


@pytest.mark.parametrize(
    "inside",
    [
        '<div class="newsletter-post">{}</div>',
        '<div class="section" id="comments">{}</div>',
        '<section class="level2" id="related">{}</section>',
        '<div class="comment-content">{}</div>',
        "<article>{}</article>",
        "<article><h1>The Clock</h1></article><p>It told plum time.",
        '<blockquote class="blockquote-footer">{}</blockquote>',
    ],
)
def test_what_only_has_a_name_like_that_is_read(inside):
    assert read(inside.format(STORY)) == READ


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("The Clock – Tales by Lamplight", "The Clock"),
        ("The Clock | by Ola Finn | Medium", "The Clock"),
        ("Clocks", "Clocks"),
        ("The Clocks", "The Clocks"),
    ],
)
def test_a_title_has_no_name_of_a_site_where_a_heading_has_none(stated, title):
    assert read_html(f"<title>{stated}</title>{STORY}").title == title


def test_lines_that_name_chapters_are_headings_beside_few_that_are_marked():
    html = (
        "<p>Chapter 1<p>A.<h2>Chapter 2</h2><h3>The Sea</h3><p>B.<p>Chapter 3<p>C.<p>Chapter 4<p>D."
    )
    titles = [line for line in read(html) if line.startswith("#")]
    assert titles == ["# Chapter 1", "# Chapter 2: The Sea", "# Chapter 3", "# Chapter 4"]
    assert read("<p>Chapter One<p>A.<p><b>Chapter Two</b><p>B.")[0] == "# Chapter One"


def test_a_raised_number_leads_to_a_note_though_no_link_leads_back():
    html = "<p>He left<sup><a href='#n'>1</a></sup> late.<p>She stayed.<p id='n'>At dawn."
    assert read(html) == ["p He left late.", "p She stayed."]


@pytest.mark.parametrize(
    "notes",
    [
        "<h2>Notes</h2><p>1. At dawn.<p>2. Inside.",
        "<hr><p><sup>1</sup> At dawn.<p><sup>2</sup> Inside.",
        "<hr><p>1 At dawn.<p>2 Inside.",
        "<p><b>Footnotes</b><p><sup>1</sup>At dawn.<p><sup>2</sup>Inside.",
        "<h3>Endnotes</h3><ol><li><sup>1</sup> At dawn.</li><li><sup>2</sup> Inside.</li></ol>",
        "<p>* * *<p>[1] At dawn.<p>[2] Inside.",
    ],
)
def test_notes_of_raised_numbers_without_links_are_left_out(notes):
    text = "<p>He left.<sup>1</sup> She stayed.<sup>2</sup>"
    assert [each for each in read(text + notes) if each != "-"] == ["p He left. She stayed."]


@pytest.mark.parametrize(
    "text",
    [
        "<p>5 m<sup>2</sup> are few.<hr><p>2 boats came.",
        "<p>He left.<sup>1</sup><p>1 boat came.",
        "<p><sup>1</sup>He left. <sup>2</sup>So.<h2>II</h2><p><sup>2</sup>She stayed.",
        "<p>He left.<sup>1</sup><hr><p>3 boats came.",
        "<h2>Notes</h2><p>1. Leave.<p>2. Stay.",
    ],
)
def test_numbers_that_begin_paragraphs_of_the_text_stay(text):
    assert read(text)[-1].endswith(("came.", "stayed.", "Stay."))

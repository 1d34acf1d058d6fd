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

"""FictionBook, AsciiDoc and reStructuredText are read as their own tools show them."""

import pytest

from mixer.script.document import Document
from mixer.script.readers import TextType, detect_text_type, read_document

PROSE = "The boat lay at the quay, where it had lain since the winter."
BOOK = (
    '<?xml version="1.0" encoding="utf-8"?>\n<FictionBook '
    'xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><description><title-info>'
    "<author><first-name>Ann</first-name><last-name>Gander</last-name></author>"
    "<book-title>Salt &amp; Rope</book-title><lang>en</lang></title-info>"
    "<document-info><program-used>own</program-used></document-info></description>"
    "<body>{}</body>"
    '<body name="notes"><section id="n1"><title><p>1</p></title><p>A note.</p></section></body>'
    '<binary id="i.png" content-type="image/png">QUJD</binary></FictionBook>'
)
DOCTYPE = '<!DOCTYPE FictionBook [<!ENTITY a "b">]>\n'
ASCIIDOC = "= Salt\nAnn Gander <ann@salt.example>\n:toc:\n\n== One\n\n{}\n"
RESTRUCTURED = ":Author: Ann Gander\n\n.. comment\n   of two lines\n\n.. _salt:\n\nOne\n===\n\n{}\n"


def read(text: str) -> Document:
    return read_document(text, detect_text_type(text))


def list_blocks(document: Document) -> list[str]:
    return ["#" * block.level + block.text for block in document.blocks]


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("<section><title><p>One</p></title><p>A</p></section>", ["##One", "A"]),
        ("<section><title><p>Chapter 1</p><p>Salt</p></title><p>A</p></section>",
         ["##Chapter 1: Salt", "A"]),
        (("<title><p>Salt &amp; Rope</p></title>"
          "<section><section><title><p>1</p></title>A</section></section>"),
         ["#Salt & Rope", "###1", "A"]),
        ('<section><p>It lay<a l:href="#n1" type="note">[1]</a> there.</p></section>',
         ["It lay there."]),
        ("<section><p>A</p><subtitle>* * *</subtitle><p>B</p></section>", ["A", "", "B"]),
        (("<section><poem><title><p>Song</p></title><stanza><v>A sail,</v><v>A rope.</v></stanza>"
          "<text-author>Ann</text-author></poem></section>"),
         ["Song", "A sail,", "A rope.", "Ann"]),
        ('<section><image l:href="#i.png"/><p>The <emphasis>Gull</emphasis></p></section>',
         ["The Gull"]),
        ("<section><p>A</p><empty-line/><cite><p>B</p></cite></section>", ["A", "B"]),
    ],
)  # fmt: skip
def test_a_fictionbook_is_read_without_notes_and_pictures(body, blocks):
    text = BOOK.format(body)
    assert detect_text_type(text.replace("<Fiction", f"{DOCTYPE}<Fiction", 1)) is TextType.HTML
    assert detect_text_type(text) is TextType.HTML
    document = read(text)
    assert list_blocks(document) == blocks
    assert (document.title, document.author, document.language) == (
        "Salt & Rope", "Ann Gander", "en"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        (f"{PROSE}footnote:[In *two* days, as [it] was.] So it was.", [f"{PROSE} So it was."]),
        ("A line\n\n'''''\n\nAnother", ["A line", "", "Another"]),
        ("[quote, Terry Rivers]\n____\nA _sail_\n____\n\nB", ["A sail", "Terry Rivers", "B"]),
        ("[verse]\n____\nA sail,\nA rope.\n____", ["A sail,", "A rope."]),
        ("* A\n** B\n. C", ["A", "B", "C"]),
        ("// hidden\nA\n////\nhidden\n////\nB", ["A", "B"]),
        ("[[quay]]\n.The quay\nimage::quay.png[A quay]\n\nB", ["The quay", "B"]),
        ("A link:https://salt.example[boat^] and <<one,the first>>.", ["A boat and the first."]),
        ("|===\n|A |B\n\n|C |D\n|===\n\nE", ["A", "B", "C", "D", "E"]),
        ("Brine:: Salt water", ["Brine", "Salt water"]),
        ('"`A,`" she wrote, and Ann`\'s reply.', ["“A,” she wrote, and Ann’s reply."]),
        ("[NOTE]\n====\nA\n====\n\n----\nB\n----", ["A", "B"]),
        ("=== Two\n\nA", ["###Two", "A"]),
    ],
)
def test_asciidoc_is_read_as_its_tools_show_it(body, blocks):
    document = read(ASCIIDOC.format(body))
    assert list_blocks(document) == ["#Salt", "##One", *blocks]
    assert (document.title, document.author) == ("Salt", "Ann Gander")


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("It lay there. [1]_ So it was.\n\n.. [1] A note\n   of two lines.",
         ["It lay there. So it was."]),
        ("A\n\n.. figure:: quay.png\n   :alt: Quay\n\n   The quay\n\nB", ["A", "The quay", "B"]),
        ("A\n\n----\n\nB", ["A", "", "B"]),
        ("| A sail,\n| A rope.", ["A sail,", "A rope."]),
        (".. toctree::\n   one\n   two\n\nA", ["A"]),
        (".. epigraph::\n\n   A sail.\n\nB", ["A sail.", "B"]),
        (".. _quay:\n\nSee :ref:`the quay <quay>`, `Ann <https://salt.example>`_ and ``x``.",
         ["See the quay, Ann and x."]),
        ("Two\n---\n\nA\n\nThree\n=====\n\nB", ["##Two", "A", "#Three", "B"]),
        ("Brine\n   Salt water", ["Brine", "Salt water"]),
        ("#. A\n#. B", ["A", "B"]),
    ],
)  # fmt: skip
def test_restructured_text_is_read_as_its_tools_show_it(body, blocks):
    document = read(RESTRUCTURED.format(body))
    assert list_blocks(document) == ["#One", *blocks]
    assert document.author == "Ann Gander"


@pytest.mark.parametrize(
    "text",
    [
        f"= 4 =\n\n{PROSE}",
        f"One\n===\n\n.. so it went on, and on.\n\n{PROSE}",
        f"== Salt ==\n\n{PROSE}\n\n== Rope ==\n\n{PROSE}",
        f"{PROSE}\n\n.. [1] was all that it showed.\n\n{PROSE}",
    ],
)
def test_texts_with_such_signs_are_read_as_plain_text(text):
    words = " ".join(list_blocks(read(text))).replace("#", "")
    assert PROSE in words
    assert "so it went" in words or "so it went" not in text
    assert "was all" in words or "was all" not in text


ORG = (
    "#+TITLE: Salt\n#+AUTHOR: Ann Gander\n#+LANGUAGE: en\n#+STARTUP: overview\n\n* One\n"
    ":PROPERTIES:\n:CUSTOM_ID: a\n:END:\n{}\n"
)


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("He /never/ left.[fn:1] ~It~ =rained=.", ["He never left. It rained."]),
        ("#+BEGIN_VERSE\nHeavy rope\nSalt tar\n#+END_VERSE", ["Heavy rope", "Salt tar"]),
        ("#+begin_quote\nHe left.\n#+end_quote\n# a comment\n#+begin_comment\nno\n#+end_comment",
         ["He left."]),
        ("- a /heavy/ rope\n- a [[https://a.example][key]]", ["a heavy rope", "a key"]),
        ("- rope :: It is heavy.", ["rope", "It is heavy."]),
        ("| May | 9 |\n|-----+---|\n| June | 7 |", ["May", "9", "June", "7"]),
        ("[[file:a.png]]\nSCHEDULED: <2021-03-04 Thu>\nHe left.", ["He left."]),
        ("He left.\n\n** DONE Two :draft:a:\nIt rained.", ["He left.", "###Two", "It rained."]),
        ("He left.[fn:1]\n\n* Footnotes\n\n[fn:1] A note\nof two lines.", ["He left."]),
        ("He left.[fn:: A note.]\n-----\nIt rained.", ["He left.", "", "It rained."]),
        ("He has 3/4 and 1/2, and/or a+b=c.", ["He has 3/4 and 1/2, and/or a+b=c."]),
    ],
)  # fmt: skip
def test_org_is_read_without_its_marks(body, blocks):
    document = read(ORG.format(body))
    assert (document.title, document.author, document.language) == ("Salt", "Ann Gander", "en")
    assert list_blocks(document) == ["#Salt", "##One", *blocks]


@pytest.mark.parametrize("text", ["#+ He left.\n\n* One", "* One\n\nHe left.", "#+TITLE: Salt"])
def test_a_text_with_stars_is_no_org(text):
    assert "#+TITLE" not in text or read(text).title == ""


def test_the_title_page_of_a_screenplay_in_fountain_is_not_read():
    head = "Title: The Salt\nCredit: Written by\nAuthor: Ann Gander\nDraft date: 4/3/2021\n"
    document = read(f"{head}Contact:\n\t12 Marrow Lane\n\tBrannock\n\n{PROSE}\n\nHe left.\n")
    assert (document.title, document.author) == ("The Salt", "Ann Gander")
    assert list_blocks(document) == [PROSE, "He left."]

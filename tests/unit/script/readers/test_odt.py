"""OpenDocument texts: what is text in them, and what surrounds it."""

import base64
import io
import zipfile

import pytest

from mixer.errors import ObjectTooLarge, UnreadableText
from mixer.script.document import BlockKind
from mixer.script.readers import TextType, detect_text_type, is_book, read_document
from mixer.script.readers.odt import read_odt

SPACES = (
    "office",
    "text",
    "style",
    "fo",
    "table",
    "draw",
    "svg",
    "xlink",
    "meta",
    "dc",
    "manifest",
)
NAMES = " ".join(f'xmlns:{each}="urn:{each}"' for each in SPACES)
OUTLINE = (
    '<text:outline-style style:name="Outline"><text:outline-level-style text:level="1" '
    'style:num-prefix="Chapter " style:num-format="I" style:num-suffix=":"/>'
    '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/>'
    "</text:outline-style>"
)


def write_style(name: str, parent: str = "", inside: str = "", **attributes: str) -> str:
    written = "".join(
        f' style:{key.replace("_", "-")}="{value}"' for key, value in attributes.items()
    )
    based = f' style:parent-style-name="{parent}"' if parent else ""
    family = "" if "family" in attributes else ' style:family="paragraph"'
    return f'<style:style style:name="{name}"{based}{family}{written}>{inside}</style:style>'


HIDDEN = '<style:text-properties text:display="none"/>'
BOLD = '<style:text-properties fo:font-weight="bold"/>'
RAISED = '<style:text-properties style:text-position="super 58%"/>'
LOWERED = '<style:text-properties style:text-position="-33% 58%"/>'
RULED = '<style:paragraph-properties fo:border-bottom="1pt solid #000" fo:border-top="none"/>'
OWN_STYLES = "".join(
    (
        write_style("Heading"),
        write_style("Title", "Heading"),
        write_style("Subtitle", "Heading_20_1"),
        write_style("Heading_20_1", "Heading", display_name="Heading 1"),
        write_style("Quiet", "Heading_20_1", list_style_name=""),
        write_style("Mine", "Heading_20_1"),
        write_style("Outlined", default_outline_level="1"),
        write_style("Loop", "Loop"),
        write_style("Contents_20_1", display_name="Contents 1"),
        write_style("Footnote"),
        write_style("Secret", inside=HIDDEN),
        write_style("Horizontal_20_Line", inside=RULED),
    )
)
MADE_STYLES = "".join(
    (
        write_style("P1", "Heading_20_1"),
        write_style("P2", "Title"),
        write_style("P3", "Secret"),
        write_style("P4", "Contents_20_1"),
        write_style("P5", "Horizontal_20_Line"),
        write_style("T1", inside=HIDDEN, family="text"),
        write_style("T2", inside=RAISED, family="text"),
        write_style("T3", inside=LOWERED, family="text"),
        write_style("T4", inside=BOLD, family="text"),
    )
)


def write_file(kind: str, inside: str) -> str:
    return f'<?xml version="1.0"?><office:{kind} {NAMES}>{inside}</office:{kind}>'


def write_content(body: str, holder: str = "text") -> str:
    made = f"<office:automatic-styles>{MADE_STYLES}</office:automatic-styles>"
    return f"{made}<office:body><office:{holder}>{body}</office:{holder}></office:body>"


def build_odt(body: str, outline: str = "", mimetype: str = "text", **files: str) -> bytes:
    made = io.BytesIO()
    styles = f"<office:styles>{OWN_STYLES}{outline}</office:styles>"
    kind = f"application/vnd.oasis.opendocument.{mimetype}"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("styles.xml", write_file("document-styles", styles))
        holder = mimetype.partition("-")[0]
        archive.writestr("content.xml", write_file("document-content", write_content(body, holder)))
        for path, content in files.items():
            archive.writestr(path, content)
    return made.getvalue()


def show(content: bytes) -> list[str]:
    blocks = read_odt(content).blocks
    return [f"#{b.level} {b.text}" if b.kind is BlockKind.HEADING else b.text for b in blocks]


def p(inside: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{inside}</text:p>'


def h(inside: str, level: str = "1", style: str = "") -> str:
    return f'<text:h text:style-name="{style}" text:outline-level="{level}">{inside}</text:h>'


NOTE = (
    '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
    "<text:note-body><text:p>no</text:p></text:note-body></text:note>"
)
DELETED = (
    "<text:tracked-changes><text:changed-region><text:deletion><text:p>no</text:p></text:deletion>"
    "</text:changed-region></text:tracked-changes>"
)
LIST = (
    "<text:list><text:list-header><text:p>a</text:p></text:list-header><text:list-item>"
    "<text:p>b</text:p><text:list><text:list-item><text:p>c</text:p></text:list-item>"
    "</text:list></text:list-item></text:list>"
)
TABLE = (
    "<table:table><table:table-header-rows><table:table-row><table:table-cell>"
    "<text:p>a</text:p></table:table-cell></table:table-row></table:table-header-rows>"
    "<table:table-row><table:table-cell><text:p>b</text:p></table:table-cell>"
    "<table:covered-table-cell><text:p>no</text:p></table:covered-table-cell>"
    '</table:table-row><table:table-row table:visibility="collapse"><table:table-cell>'
    "<text:p>no</text:p></table:table-cell></table:table-row></table:table>"
)
CONTENTS = (
    "<text:table-of-content><text:table-of-content-source/><text:index-body><text:index-title>"
    "<text:p>Contents</text:p></text:index-title><text:p>One 7</text:p></text:index-body>"
    "</text:table-of-content>"
)


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        (h("One"), ["#2 One"]),
        (h("One", "3"), ["#4 One"]),
        ("<text:h>One</text:h>", ["#2 One"]),
        (p("One", "Heading_20_1"), ["#2 One"]),
        (p("One", "P1"), ["#2 One"]),
        (p("One", "Mine"), ["#2 One"]),
        (p("One", "Outlined"), ["#2 One"]),
        (p("One", "Title"), ["#1 One"]),
        (p("One", "P2"), ["#1 One"]),
        (p("one", "Subtitle"), ["one"]),
        (p("one", "Loop"), ["one"]),
        (p("a") + p("no", "Secret") + p("no", "P3"), ["a"]),
        (p("a") + p("no", "P4") + p("no", "Footnote"), ["a"]),
        (p('a<text:span text:style-name="T1"> no</text:span> b'), ["a b"]),
        (p('x<text:span text:style-name="T2">2</text:span> here'), ["x² here"]),
        (p('H<text:span text:style-name="T3">2</text:span>O'), ["H₂O"]),
        (p('a <text:span text:style-name="T4">b</text:span> c'), ["a b c"]),
        (p('a<text:s text:c="3"/>b<text:tab/>c'), ["a b c"]),
        (p("a<text:line-break/>b"), ["a", "b"]),
        (p("a lo<text:soft-page-break/>ng word"), ["a long word"]),
        (p("It was.\n   So be it."), ["It was. So be it."]),
        (p(f"It was.{NOTE} So be it."), ["It was. So be it."]),
        (p("a<office:annotation><text:p>no</text:p></office:annotation>"), ["a"]),
        (DELETED + p('a<text:change text:change-id="c"/> b'), ["a b"]),
        (p("a<text:change-start/> b<text:change-end/>"), ["a b"]),
        (CONTENTS + p("a"), ["a"]),
        (h("Contents") + CONTENTS + p("a"), ["a"]),
        ('<text:section text:display="none"><text:p>no</text:p></text:section>' + p("a"), ["a"]),
        ("<text:section><text:p>a</text:p></text:section>", ["a"]),
        (p('no<text:hidden-paragraph text:is-hidden="true"/>') + p("a"), ["a"]),
        (p('a<text:hidden-text text:is-hidden="true">no</text:hidden-text>'), ["a"]),
        (p("a <text:page-number>7</text:page-number>"), ["a"]),
        (p("a<text:placeholder>&lt;Name&gt;</text:placeholder>"), ["a"]),
        (p('<text:a xlink:href="http://x">a</text:a> b'), ["a b"]),
        (p("<text:ruby><text:ruby-base>漢</text:ruby-base><text:ruby-text>no</text:ruby-text>"
           "</text:ruby>字"), ["漢字"]),
        (
            LIST,
            ["a", "b", "c"],
        ),
        (
            TABLE,
            ["a", "b"],
        ),
        (
            p("a<draw:frame><draw:text-box><text:p>b</text:p></draw:text-box></draw:frame> c"),
            ["a c", "b"],
        ),
        (p("a<draw:custom-shape><text:p>b</text:p></draw:custom-shape>"), ["a", "b"]),
        (p("<draw:frame><draw:image/><svg:desc>The old quay</svg:desc></draw:frame>"),
         ["The old quay"]),
        (p("a<draw:frame><draw:image/><svg:title>image1.png</svg:title></draw:frame>"), ["a"]),
        (
            p("a<draw:frame><draw:image><office:binary-data>QUJD</office:binary-data></draw:image>"
              "</draw:frame>"),
            ["a"],
        ),
        (p("a") + p("", "P5") + p("", "P5") + p("b"), ["a", "", "b"]),
        (p("a") + p("* * *") + p("b"), ["a", "", "b"]),
        (p("a") + p("b", "Horizontal_20_Line"), ["a", "b"]),
    ],
)  # fmt: skip
def test_paragraphs_of_an_odt_are_read(body, blocks):
    assert show(build_odt(body)) == blocks


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        (h("Low Tide") + h("Flood"), ["#2 Chapter I: Low Tide", "#2 Chapter II: Flood"]),
        (h("Tide") + h("Rope", "2"), ["#2 Chapter I: Tide", "#3 I.1 Rope"]),
        (h("Low Tide", style="Quiet"), ["#2 Low Tide"]),
        (p("The Tide", "Title") + h("Low"), ["#1 The Tide", "#2 Chapter I: Low"]),
        (
            '<text:h text:outline-level="1" text:is-list-header="true">Foreword</text:h>'
            + h("Low Tide"),
            ["#2 Foreword", "#2 Chapter I: Low Tide"],
        ),
        (
            f"<text:list><text:list-item>{h('Low Tide')}</text:list-item></text:list>",
            ["#2 Low Tide"],
        ),
    ],
)
def test_headings_have_their_automatic_numbers(body, blocks):
    assert show(build_odt(body, OUTLINE)) == blocks


META = write_file(
    "document-meta",
    "<office:meta><dc:title>The Quay</dc:title><dc:creator>An Editor</dc:creator>"
    "<meta:initial-creator>Ann Author</meta:initial-creator><dc:language>en-GB</dc:language>"
    "</office:meta>",
)


def test_title_author_and_language_are_those_of_the_metadata():
    document = read_odt(build_odt(p("a"), **{"meta.xml": META}))
    assert (document.title, document.author) == ("The Quay", "Ann Author")
    assert document.language == "en-GB"
    assert read_odt(build_odt(p("The Rope", "Title") + p("a"))).title == "The Rope"


FLAT = (
    f'<?xml version="1.0"?><office:document {NAMES} '
    'office:mimetype="application/vnd.oasis.opendocument.text"><office:meta>'
    f"<dc:title>The Quay</dc:title></office:meta><office:styles>{OWN_STYLES}</office:styles>"
    f"{write_content(p('One', 'Mine') + p('a'))}</office:document>"
)


@pytest.mark.parametrize("content", [FLAT, FLAT.encode(), b"\xef\xbb\xbf" + FLAT.encode()])
def test_a_flat_document_is_read(content):
    assert detect_text_type(content) is TextType.ODT
    document = read_document(content, TextType.ODT)
    assert document.title == "The Quay"
    assert [block.text for block in document.blocks] == ["One", "a"]


def repack_backwards(content: bytes) -> bytes:
    """The same files in another order, all packed."""
    source, made = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in reversed(source.namelist()):
            archive.writestr(f"Quay/{each}", source.read(each))
    return made.getvalue()


def test_an_odt_is_recognised_however_it_is_packed_or_sent():
    plain = build_odt(p("a"), **{"META-INF/manifest.xml": "<m/>", "Basic/script-lb.xml": "<b/>"})
    assert is_book(plain)
    assert detect_text_type(plain) is TextType.ODT
    packed = repack_backwards(plain)
    assert detect_text_type(packed) is TextType.ODT
    for content in (plain, packed, base64.b64encode(plain).decode()):
        assert [block.text for block in read_document(content, TextType.ODT).blocks] == ["a"]


ENCRYPTED = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            build_odt(p("a"), **{"META-INF/manifest.xml": write_file("manifest", ENCRYPTED)}),
            "is encrypted, and needs a password",
        ),
        (build_odt(""), "no words"),
        (build_odt(p("a"), mimetype="spreadsheet"), "OpenDocument spreadsheet, and not a text"),
        (build_odt(p("a"), mimetype="presentation"), "OpenDocument presentation, and not a"),
        (build_odt("<text:section>" * 300 + "</text:section>" * 300), "more than 200 deep"),
        (build_odt(p("a") + " " * 40_000_000), "unpacks to more"),
        (build_odt(p("a"))[:-30], "archive is damaged"),
        (build_odt(p("a") + "<text:p>"), "is not XML"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "no">]>' + FLAT[21:].encode(), "entities"),
    ],
)
def test_an_odt_that_cannot_be_read_is_refused_in_a_sentence(content, reason):
    with pytest.raises((UnreadableText, ObjectTooLarge), match=reason) as refused:
        read_document(content, TextType.ODT, "story.odt")
    assert "story.odt" in str(refused.value)
    assert "\n" not in str(refused.value)

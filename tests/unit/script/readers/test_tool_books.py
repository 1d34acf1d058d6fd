"""Books and pages as tools and typesetters write them: what a careful reader would read aloud."""

import pytest

from mixer.script.document import BlockKind
from mixer.script.planning import plan_document
from mixer.script.readers.docx import read_docx
from mixer.script.readers.epub import read_epub
from mixer.script.readers.web_page import read_html
from tests.books import Book, build_page
from tests.unit.script.readers.test_docx_and_pdf import STYLES, W, build_docx

LEFT, STAYED = "<p>He left.</p>", "<p>She stayed.</p>"
BOTH = ["He left.", "She stayed."]


def show(blocks) -> list[str]:
    """Blocks as lines: headings with their level, silent ones in brackets, breaks as `-`."""
    lines = []
    for block in blocks:
        if block.kind is BlockKind.SCENE_BREAK:
            lines.append("-")
        elif block.kind is BlockKind.HEADING:
            lines.append(f"({block.text})" if block.is_silent else f"#{block.level} {block.text}")
        else:
            lines.append(block.text)
    return lines


def test_pages_of_a_fixed_layout_are_no_scenes_and_hidden_ornaments_are():
    pages = {f"{n}.xhtml": build_page(f"<p>{text}</p>") for n, text in enumerate(BOTH)}
    pages["1.xhtml"] = build_page(f'{STAYED}<p aria-hidden="true">❦</p>{LEFT}')
    fixed = '<meta property="rendition:layout">pre-paginated</meta>'
    book = Book(pages, [("0.xhtml", "One", 1)], metadata=fixed)
    lines = show(read_epub(book.content()).blocks)
    assert lines == ["(One)", "He left.", "She stayed.", "-", "He left."]


def read_body(body: str) -> list[str]:
    return show(read_epub(Book({"1.xhtml": build_page(body)}).content()).blocks)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<p><span class="dropcap">O</span>\n<span>nce he</span> left.</p>', "Once he left."),
        ('<p><span class="dropcap">I</span>\n<span>t was</span> late.</p>', "It was late."),
        ('<p><span class="drop">A</span> lamp burned.</p>', "A lamp burned."),
        ('<p><span class="drop">I</span> slept.</p>', "I slept."),
        ('<p><span class="lettrine">A</span> nd he slept.</p>', "And he slept."),
        ('<p><span class="drop">“</span><span class="drop">I</span> came.</p>', "“I came."),
        ('<p><img alt="T" src="t.png"/> <span class="sc">he</span> lamp.</p>', "The lamp."),
        ("<p>He said <q>Go</q>.</p>", "He said “Go”."),
        (
            '<p><i aria-hidden="true">W</i><i class="sr-only">W</i>hen he left.</p>',
            "When he left.",
        ),
        ("<p>He <del>ran</del><ins>left</ins>.</p>", "He left."),
        ("<p>• an oar</p>", "an oar"),
        ('<p><sup class="v">3</sup>For he left.</p>', "For he left."),
        ('<p>He left <span class="linenum">5</span></p>', "He left"),
        ('<p style="vertical-align: super">He left.</p>', "He left."),
        ('<p>5 m<span style="vertical-align: super">2</span></p>', "5 m²"),
        ('<p>5 m<span style="vertical-align: 33%">2</span></p>', "5 m²"),
        ("<style>.t1{vertical-align:-33%}</style><p>H<b class='t1'>2</b>O</p>", "H₂O"),
        ("<p>So <math><mi>x</mi></math> is.</p>", "So x is."),
    ],
)
def test_letters_are_joined_and_marks_known_by_how_they_are_set(body, words):
    assert read_body(body) == [words]


@pytest.mark.parametrize(
    ("body", "headings"),
    [
        ("<h1>Chapter One<br/>The Storm</h1>", ["#1 Chapter One: The Storm"]),
        ("<h2><span>1</span><span>The Storm</span></h2>", ["#2 1: The Storm"]),
        ("<style>.n{display:block}</style><h2><b class='n'>A</b>B</h2>", ["#2 A B"]),
        ('<h1 title="Chapter One"><img src="c.png" alt=""/></h1>', ["#1 Chapter One"]),
        ('<div role="heading" aria-level="3">One</div>', ["#3 One"]),
        ("<h2>Chapter 1</h2><h3>The Storm</h3>", ["#2 Chapter 1: The Storm"]),
        ("<h1>Part Two</h1><h2>Chapter 3</h2>", ["#1 Part Two", "#2 Chapter 3"]),
        ("<p><b>The Storm</b></p>" + STAYED * 2, ["#2 The Storm", *["She stayed."] * 2]),
    ],
)
def test_headings_of_pictures_lines_and_bold_type_are_whole(body, headings):
    assert read_body(body + LEFT) == [*headings, "He left."]


REFERENCE = '<p>He left.<a id="r" href="#n"><sup>1</sup></a></p>' + STAYED


@pytest.mark.parametrize(
    "body",
    [
        REFERENCE + '<ol><li id="n"><p>Note. <a href="#r">↩</a></p></li></ol>',
        REFERENCE + '<ol><li id="n"><p>Note.</p><p>More. <a href="#r">↩︎</a></p></li></ol>',
        REFERENCE + '<p id="n">1 Note. <a href="#r">Return to text</a></p>',
        REFERENCE + '<div id="n"><p><a href="#r">1.</a> Note.</p><p>More.</p></div>',
        REFERENCE + '<dl><dt id="n">[<a href="#r">←1</a>\n]</dt><dd><p>Note.</p></dd></dl>',
        REFERENCE + '<p id="n">[<a href="#r">←1</a>]</p><blockquote>Note.</blockquote>',
        REFERENCE + '<h2>Notes</h2><ol><li id="n"><a href="#r">^</a> Note.</li></ol>',
        REFERENCE + '<hr/><div id="d"><p><a name="n" href="#r">1</a>Note.</p><p>More.</p></div>',
        '<p>He left.<a href="#n" epub:type="noteref">1</a></p>' + STAYED + '<p id="n">1. Note.</p>',
        '<p>He left.<a href="#n" type="noteref">1</a></p>'
        + STAYED
        + '<li id="n" type="footnote">Note.</li>',
        LEFT + STAYED + "<h2>Notes</h2><div class='footnote'><p>Note.</p></div>",
        LEFT + STAYED + "<div style='mso-element:footnote-list'><p>Note.</p></div>",
        "<p>He left.[<a href='#n'>3</a>]</p>" + STAYED,
        "<p>He left.<sup>(</sup><a href='#n'><sup>3</sup></a><sup>)</sup></p>" + STAYED,
        "<p>He left.<sup>[<i>citation needed</i>]</sup></p>" + STAYED,
    ],
)
def test_notes_are_known_by_links_in_both_directions(body):
    assert [line for line in read_body(body) if line != "-"] == BOTH


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            "<p>He saw <a id='a' href='#b'>it</a>.</p><p id='b'>Her <a href='#a'>lamp</a>.</p>",
            ["He saw it.", "Her lamp."],
        ),
        (
            "<p><a id='t' href='#c'>1</a></p><p id='c'><a href='#t'>Back home</a></p>" + LEFT,
            ["Back home", "He left."],
        ),
        (
            "<p>See <a id='t' href='#c'>2</a></p><section id='c'><h2>Two</h2>"
            + LEFT
            + "</section>",
            ["See", "#2 Two", "He left."],
        ),
    ],
)
def test_what_is_linked_but_no_note_is_read(body, lines):
    assert read_body(body) == lines


@pytest.mark.parametrize(
    "ornament", ["~oOo~", "--ooOoo--", "%%%", "◊", "❖ ❖ ❖", "<i/>&lt;&gt;&lt;&gt;", "///", "※ ※ ※"]
)
def test_more_ornaments_divide_scenes(ornament):
    assert read_body(f"{LEFT}<p>{ornament}</p>{STAYED}") == ["He left.", "-", "She stayed."]


ONE, TWO = build_page("<h2>One</h2>" + LEFT), build_page("<h2>Two</h2>" + STAYED)
LINES = ["#2 One", "He left.", "#2 Two", "She stayed."]
LINKS = '<p><a href="1.xhtml">One</a></p><p><a href="2.xhtml">Two</a></p>'


@pytest.mark.parametrize(
    "extra",
    [
        '<h1 id="index">Index</h1><div class="genindex-jumpbox"></div>',
        '<h2>Index</h2><p>lamp, <a href="1.xhtml#x">1</a></p><p>sea, <a href="2.xhtml#z">2</a></p>',
        "<h2>Index</h2><h3>L</h3><p>lamp, 1, 3–7</p><p>light, see lamp</p>",
        '<section epub:type="index"><h2>Index</h2><ul><li>lamp 1</li></ul></section>',
        "<h1>Contents</h1>" + LINKS,
        '<p class="toc-title">Table of Contents</p>' + LINKS,
        '<h1>Contents</h1><p><a href="1.xhtml">One</a> in which he left</p><p>Two</p>',
        "<h1>Contents</h1><p>One</p><p>Two</p>",
        '<p>CONTENTS</p><p><a href="1.xhtml">One</a><br/><a href="2.xhtml">Two</a></p>',
        '<p>Contents</p><table><tr><td><a href="1.xhtml">One</a></td><td>1</td></tr></table><p>2',
        '<h1>List of Illustrations</h1><p><a href="1.xhtml#f">A lamp</a></p><p>9</p>',
        '<div class="cbj_banner"><p>The Book</p></div>',
        '<h2>Notes</h2><h3>One</h3><div class="footnote"><p>A note.</p></div>',
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_lists_that_a_book_has_of_itself_are_not_read(extra, is_first):
    pages = {"1.xhtml": ONE, "2.xhtml": TWO}
    contents = [("x.xhtml", "The List", 1), ("1.xhtml", "One", 1), ("2.xhtml", "Two", 1)]
    more = {"x.xhtml": build_page(extra)}
    book = Book(more | pages if is_first else pages | more, contents)
    read = read_epub(book.content())
    assert show(read.blocks) == LINES
    assert [each.title for each in plan_document(read).chapters] == ["One", "Two"]


def test_an_index_that_tells_a_story_is_read():
    story = build_page("<h2>Index</h2><p>It was her finger that had pointed.</p>")
    book = Book(
        {"1.xhtml": ONE, "i.xhtml": story}, [("1.xhtml", "One", 1), ("i.xhtml", "Index", 1)]
    )
    assert show(read_epub(book.content()).blocks)[2:] == [
        "#2 Index",
        "It was her finger that had pointed.",
    ]


@pytest.mark.parametrize(
    ("contents", "chapters"),
    [
        ([("1.xhtml", "Start", 1)], ["One", "Two"]),
        ([("1.xhtml", "One", 1), ("n.xhtml#n", "1", 1), ("1.xhtml#r", "←1", 1)], ["One", "Two"]),
        ([("0.xhtml", "Opening", 1), ("1.xhtml", "One", 1)], ["Opening", "One", "Two"]),
        ([("1.xhtml", "One7", 1), ("2.xhtml", "Two", 1)], ["", "One", "Two"]),
    ],
)
def test_contents_that_a_tool_guessed_are_completed_by_headings(contents, chapters):
    noted = build_page(
        '<h2>One</h2><p>He left.<a id="r" href="n.xhtml#n"><sup>1</sup></a> He slept.</p>'
    )
    pages = {
        "0.xhtml": build_page("<p>For her.</p>"),
        "1.xhtml": noted,
        "2.xhtml": TWO,
        "n.xhtml": build_page('<p id="n"><a href="1.xhtml#r">1</a> Note.</p>'),
    }
    read = read_epub(Book(pages, contents).content())
    titles = [each.title for each in plan_document(read).chapters]
    assert titles[-len(chapters) :] == chapters
    assert "Note." not in show(read.blocks)


def test_files_that_a_tool_divided_are_no_scenes():
    pages = {"a_split_000.xhtml": ONE, "a_split_001.xhtml": build_page(STAYED)}
    read = read_epub(Book(pages, [("a_split_000.xhtml", "One", 1)]).content())
    assert show(read.blocks) == ["#2 One", "He left.", "She stayed."]


@pytest.mark.parametrize(
    "page",
    [
        (
            '<p>He left.<sup><a href="#c1" id="r">[a]</a></sup></p><p>She stayed.</p>'
            '<div><p><a href="#r" id="c1">[a]</a>A comment.</p></div>'
        ),
        (
            '<div class="jp-InputPrompt">In [1]:</div><p>He left.'
            '<a class="anchor-link" href="#T">¶</a></p><p>She stayed.</p>'
        ),
        (
            '<p>He left.<sup class="footnote-reference"><a href="#1">1</a></sup></p>'
            '<p>She stayed.</p><div class="footnote-definition" id="1"><sup>1</sup>Note.</div>'
        ),
        '<p>He left.<span class="mw-editsection">[edit]</span></p><p>She stayed.</p>',
        '<p>He left.</p><p>She stayed.</p><div class="footer">© 2020</div>',
        (
            '<p>He left.<a id="a1" href="#n1">1</a></p><p>She stayed.</p><div class="footnote">'
            '<a id="n1" href="#a1">1</a><p>Note.</p></div>'
            '<div class="subscription-widget">Buy</div>'
        ),
        (
            '<p>He left.<a href="#_ftn1" name="_ftnref1"><span>[1]</span></a></p>'
            "<p>She stayed.</p><hr>"
            '<div id="ftn1"><p><a href="#_ftnref1" name="_ftn1">[1]</a> Note.</p><p>More.</p></div>'
        ),
    ],
)
def test_pages_of_the_web_are_read_without_what_their_tools_add(page):
    assert show(read_html(f"<html><body>{page}</body></html>").blocks) == BOTH


def test_paragraphs_of_one_line_each_are_whole_sentences():
    lines = ["He came down to the harbour in the morning, where Mr. Brown", "had left the boats."]
    body = "".join(f"<p>{line}</p>" for line in lines)
    assert read_body(body * 6) == [" ".join(lines)] * 6
    assert read_body(body) == lines


@pytest.mark.parametrize(
    ("creators", "author"),
    [
        (["Nell Gander; Terry Rivers"], "Nell Gander, Terry Rivers"),
        (["Nell Gander & Terry Rivers"], "Nell Gander, Terry Rivers"),
        (["Unknown"], ""),
        (["Nell Gander", "Nell Gander; Terry Rivers"], "Nell Gander, Terry Rivers"),
    ],
)
def test_authors_in_one_field_are_several(creators, author):
    book = Book({"1.xhtml": ONE})
    stated = "".join(f"<dc:creator>{each.replace('&', '&amp;')}</dc:creator>" for each in creators)
    package = book.package.replace("<dc:creator>A. Writer</dc:creator>", stated)
    book.files = {"OEBPS/book.opf": package}
    assert read_epub(book.content()).author == author


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def write(runs: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{runs}</w:p>"


def write_field(instruction: str, result: str, after: str = "") -> str:
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>{instruction}</w:instrText>'
        f'<w:fldChar w:fldCharType="separate"/></w:r>{run(result)}{after}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


NUMBERING = (
    f'<w:numbering {W}><w:abstractNum w:abstractNumId="0"><w:lvl><w:start w:val="1"/>'
    '<w:numFmt w:val="upperRoman"/><w:lvlText w:val="Chapter %1"/></w:lvl><w:lvl>'
    '<w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl><w:lvl>'
    '<w:numFmt w:val="none"/><w:lvlText w:val="%3"/></w:lvl><w:lvl>'
    '<w:numFmt w:val="cardinalText"/><w:lvlText w:val="Part %4"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
)
RAISED, BOLD = '<w:vertAlign w:val="superscript"/>', "<w:b/>"
HE, SHE = write(run("He left.")), write(run("She stayed."))


def write_heading(text: str, depth: int | None = None) -> str:
    number = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="1"/></w:numPr>'
    return write(run(text), f'<w:pStyle w:val="H"/>{"" if depth is None else number}')


BOX = f"<w:txbxContent>{write(run('A box.'))}</w:txbxContent>"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            write_heading("The Storm", 0) + write_heading("Noon", 1) + write_heading("End", 0),
            ["#2 Chapter I: The Storm", "#2 I.A) Noon", "#2 Chapter II: End"],
        ),
        (write_heading("The Storm", 3) + HE, ["#2 Part One: The Storm", "He left."]),
        (write_heading("The Storm", 2) + HE, ["#2 The Storm", "He left."]),
        (write(run("5 m") + run("2", RAISED)), ["5 m²"]),
        (write(run("He left.") + run("1", RAISED) + run(" He slept.")), ["He left. He slept."]),
        (write(run("W"), '<w:framePr w:dropCap="drop"/>') + write(run("hen he.")), ["When he."]),
        (
            write(run("Contents")) + write(write_field("TOC", "One 3")) + write_heading("One") + HE,
            ["#2 One", "He left."],
        ),
        (write(run("See ") + write_field("REF x", "Two") + run(".")), ["See Two."]),
        (
            write(run("He left.") + f"<w:r><w:pict>{BOX}</w:pict></w:r>") + SHE,
            [BOTH[0], "A box.", BOTH[1]],
        ),
        (
            write(run("He left.") + f"<w:Choice>{BOX}</w:Choice><w:Fallback>{BOX}</w:Fallback>"),
            ["He left.", "A box."],
        ),
        (write(run("The Storm", BOLD)) + HE + SHE, ["#2 The Storm", *BOTH]),
        (
            write(run("Chapter 1")) + HE + write(run("Chapter 2")),
            ["#2 Chapter 1", BOTH[0], "#2 Chapter 2"],
        ),
        (
            write(
                run("He left.")
                + f'<w:hyperlink w:anchor="n"><w:bookmarkStart w:name="r"/>{run("1")}</w:hyperlink>'
            )
            + SHE
            + write(run("Notes"))
            + write(
                f'<w:bookmarkStart w:name="n"/><w:hyperlink w:anchor="r">{run("1")}</w:hyperlink>'
                + run(" Note.")
            ),
            BOTH,
        ),
        (write(run("• an oar")), ["an oar"]),
        (
            write(
                f"<w:r><w:ruby><w:rt>{run('kan')}</w:rt><w:rubyBase>{run('漢')}</w:rubyBase></w:ruby></w:r>"
            ),
            ["漢"],
        ),
        (
            write('<w:r><w:docPr descr="A boat Description automatically generated"/></w:r>') + HE,
            ["He left."],
        ),
    ],
)
def test_a_docx_is_read_as_its_word_processor_shows_it(body, lines):
    files = {"word/styles.xml": STYLES, "word/numbering.xml": NUMBERING}
    assert show(read_docx(build_docx(body, **files)).blocks) == lines

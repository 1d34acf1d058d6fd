"""What a book states about itself, in the forms that tools write."""

import pytest

from mixer.script.document import Document
from mixer.script.readers.epub import read_epub
from tests.books import Book, build_page

PAGE = build_page("<h2>One</h2><p>It began.</p>")
OPF = 'xmlns:opf="http://www.idpf.org/2007/opf"'


def read(metadata: str, **more: object) -> Document:
    package = Book({"1.xhtml": PAGE}, metadata=metadata).package
    package = package.replace("<dc:creator>A. Writer</dc:creator>", "", 1)
    files = {"OEBPS/book.opf": package, **dict(more.get("files", {}))}
    return read_epub(Book({"1.xhtml": PAGE}, files=files).content())


def refine(name: str, key: str, value: str) -> str:
    return f'<meta refines="#{name}" property="{key}">{value}</meta>'


@pytest.mark.parametrize(
    ("metadata", "author"),
    [
        ("<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator>", "Ann, Bob"),
        (
            (
                f'<dc:creator {OPF} opf:role="ill">Ida</dc:creator>'
                f'<dc:creator {OPF} opf:role="aut">Ann</dc:creator>'
            ),
            "Ann",
        ),
        (
            (
                f'<dc:creator id="c">Ida</dc:creator>{refine("c", "role", "ill")}'
                f'<dc:creator id="d">Ann</dc:creator>{refine("d", "role", "aut")}'
                f'<dc:creator id="e">Bob</dc:creator>{refine("e", "role", "aut")}'
            ),
            "Ann, Bob",
        ),
        (f'<dc:creator {OPF} opf:role="ill">Ida</dc:creator><dc:creator>Ann</dc:creator>', "Ann"),
        (f'<dc:creator {OPF} opf:role="edt">Ed</dc:creator>', "Ed"),
        ("<dc:creator>Ann</dc:creator><dc:creator>Ann</dc:creator>", "Ann"),
        ("", ""),
    ],
)
def test_all_authors_are_named_in_their_order(metadata, author):
    assert read(metadata).author == author


@pytest.mark.parametrize(
    ("metadata", "year"),
    [
        ("<dc:date>2001-05-04T00:00:00+00:00</dc:date>", "2001"),
        (
            (
                f'<dc:date {OPF} opf:event="modification">2020-01-01</dc:date>'
                f'<dc:date {OPF} opf:event="publication">1999</dc:date>'
            ),
            "1999",
        ),
        (f'<dc:date {OPF} opf:event="modification">2020-01-01</dc:date>', ""),
        ('<meta property="dcterms:modified">2020-01-01T00:00:00Z</meta>', ""),
        ('<meta property="dcterms:issued">1998</meta><dc:date>2001</dc:date>', "1998"),
        ("<dc:date>0101-01-01T00:00:00+00:00</dc:date>", ""),
        (f'<dc:date {OPF} opf:event="creation">2020</dc:date><dc:date>1997</dc:date>', "1997"),
    ],
)
def test_the_year_is_that_of_publication(metadata, year):
    assert read(metadata).metadata.year == year


@pytest.mark.parametrize(
    ("metadata", "series"),
    [
        (
            (
                '<meta property="belongs-to-collection" id="s">The Tidings</meta>'
                f"{refine('s', 'collection-type', 'series')}{refine('s', 'group-position', '2')}"
            ),
            "The Tidings 2",
        ),
        ('<meta property="belongs-to-collection">The Tidings</meta>', "The Tidings"),
        (
            (
                '<meta name="calibre:series" content="The Tidings"/>'
                '<meta name="calibre:series_index" content="2.0"/>'
            ),
            "The Tidings 2",
        ),
        ('<meta name="calibre:series_index" content="2.0"/>', ""),
        (
            (
                '<meta property="belongs-to-collection" id="x">All of Them</meta>'
                f"{refine('x', 'collection-type', 'set')}"
                '<meta property="belongs-to-collection" id="s">The Tidings</meta>'
                f"{refine('s', 'collection-type', 'series')}"
            ),
            "The Tidings",
        ),
    ],
)
def test_the_series_is_named_with_its_volume(metadata, series):
    assert read(metadata).metadata.series == series


ITEM = '<item id="{}" href="{}" media-type="{}" {}/>'
PICTURE = ITEM.format("pic", "p.png", "image/png", "")
SHOWN = build_page('<div><img src="p.png" alt="Cover"/></div>')
COVER_PAGE = ITEM.format("page", "cover.xhtml", "application/xhtml+xml", "")


@pytest.mark.parametrize(
    "book",
    [
        Book(
            {"1.xhtml": PAGE},
            manifest=ITEM.format("x", "p.png", "image/png", 'properties="cover-image"'),
        ),
        Book({"1.xhtml": PAGE}, manifest=PICTURE, metadata='<meta name="cover" content="pic"/>'),
        Book({"1.xhtml": PAGE}, manifest=PICTURE, metadata='<meta name="cover" content="p.png"/>'),
        Book(
            {"1.xhtml": PAGE},
            manifest=PICTURE + COVER_PAGE,
            metadata='<meta name="cover" content="page"/>',
            files={"OEBPS/cover.xhtml": SHOWN},
        ),
        Book(
            {"1.xhtml": PAGE},
            manifest=PICTURE + COVER_PAGE,
            guide='<guide><reference type="cover" href="cover.xhtml"/></guide>',
            files={"OEBPS/cover.xhtml": SHOWN},
        ),
        Book({"cover.xhtml": SHOWN, "1.xhtml": PAGE}, manifest=PICTURE),
        Book({"1.xhtml": PAGE}, manifest=ITEM.format("cover", "p.png", "image/png", "")),
    ],
)
def test_the_cover_is_found_where_it_hides(book):
    book.files = {**book.files, "OEBPS/p.png": b"\x89PNG"}
    cover = read_epub(book.content()).cover
    assert cover is not None
    assert (cover.media_type, cover.content) == ("image/png", b"\x89PNG")


@pytest.mark.parametrize("text", ["Salt & Pepper", "Salt &nbsp;&amp; Pepper", "Salt &#38; Pepper"])
def test_entities_and_bare_ampersands_of_a_package_are_understood(text):
    package = Book({"1.xhtml": PAGE}).package.replace("The Book", text)
    book = Book({"1.xhtml": PAGE}, files={"OEBPS/book.opf": package})
    assert read_epub(book.content()).title == "Salt & Pepper"

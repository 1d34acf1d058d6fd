"""Series, publisher and ISBN, as tools write them into a package document."""

import pytest
from defusedxml.ElementTree import fromstring

from mixer.script.readers.epub_metadata import read_metadata

HEAD = (
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">'
)


@pytest.mark.parametrize(
    ("terms", "series"),
    [
        ('<meta name="calibre:series" content="Kettles"/>', "Kettles"),
        (
            (
                '<meta name="calibre:series" content="Kettles"/>'
                '<meta name="calibre:series_index" content="2.0"/>'
            ),
            "Kettles 2",
        ),
        (
            (
                '<meta property="belongs-to-collection" id="c">Kettles</meta>'
                '<meta refines="#c" property="collection-type">series</meta>'
                '<meta refines="#c" property="group-position">2.5</meta>'
            ),
            "Kettles 2.5",
        ),
        (
            (
                '<meta property="belongs-to-collection" id="s">Box</meta>'
                '<meta refines="#s" property="collection-type">set</meta>'
                '<meta property="belongs-to-collection" id="c">Kettles</meta>'
                '<meta refines="#c" property="collection-type">series</meta>'
                '<meta refines="#c" property="group-position">07</meta>'
            ),
            "Kettles 7",
        ),
        ('<meta name="calibre:series_index" content="2.0"/>', ""),
        (
            (
                '<meta name="calibre:series" content="Kettles"/>'
                '<meta name="calibre:series_index" content="two"/>'
            ),
            "Kettles",
        ),
    ],
)
def test_series_has_its_volume(terms: str, series: str):
    assert read_metadata(fromstring(f"{HEAD}{terms}</metadata></package>")).series == series


@pytest.mark.parametrize(
    ("identifier", "isbn"),
    [
        ("9780306406157", "9780306406157"),
        ("urn:isbn:978-0-306-40615-7", "9780306406157"),
        ("ISBN 0-306-40615-2", "0306406152"),
        ("isbn:097522980X", "097522980X"),
        ("9780306406158", ""),
        ("urn:uuid:12345678-1234-1234-1234-123456789012", ""),
        ("1234567890123", ""),
    ],
)
def test_isbn_is_read_where_its_check_digit_is_right(identifier: str, isbn: str):
    terms = (
        f"<dc:identifier>https://a.example/b</dc:identifier>"
        f"<dc:identifier>{identifier}</dc:identifier><dc:publisher>A Press</dc:publisher>"
    )
    found = read_metadata(fromstring(f"{HEAD}{terms}</metadata></package>"))
    assert (found.publisher, found.isbn) == ("A Press", isbn)

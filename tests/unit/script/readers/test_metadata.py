"""Series, publisher and ISBN, as tools write them into a package document."""

import pytest
from defusedxml.ElementTree import fromstring

from mixer.script.readers.metadata import normalise_language_tag, read_metadata

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


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"), ("eng", "en"), ("en_US", "en-US"), ("EN-gb", "en-GB"), ("ger", "de"),
        ("deu-AT", "de-AT"), ("fre", "fr"), ("zho-hant-tw", "zh-Hant-TW"), ("cmn-CN", "cmn-CN"),
        ("en_US.UTF-8", "en-US"), ("English", "en"), ("english (US)", "en"), ("Deutsch", "de"),
        ("Français", "fr"), ("español", "es"), ("und", ""), ("UND", ""), ("mul", ""), ("zxx", ""),
        ("", ""), ("  ", ""), ("Klingonese", ""), ("en\x01", ""), ("<b>", ""), ("x" * 500, ""),
    ],
)  # fmt: skip
def test_a_language_is_a_tag_or_none(written, tag):
    assert normalise_language_tag(written) == tag

"""Quotations of every style are found, whatever is missing or nested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.script.speakers.quote_marks import find_quotes

STYLES = {
    "straight": '"Come in," said Tom. "It is late."\n\n"No."\n\n"Yes."',
    "curly": "“Come in,” said Tom. “It is late.”\n\n“No.”\n\n“Yes.”",
    "single curly": "‘Come in,’ said Tom. ‘It’s late.’\n\n‘No.’\n\n‘Yes.’",
    "single straight": "'Come in,' said Tom. 'It's late.'\n\n'No.'\n\n'Yes.'",
    "guillemets": "«Come in,» said Tom. «It is late.»\n\n«No.»\n\n«Yes.»",
}


def list_quotes(text):
    return [text[q.start : q.end] for each in find_quotes(text) for q in each.quotes]


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES)
def test_each_style_is_found(text):
    found = [quote[1:-1] for quote in list_quotes(text)]
    assert [each.replace("’", "'").replace("It's", "It is") for each in found] == [
        "Come in,",
        "It is late.",
        "No.",
        "Yes.",
    ]


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("“He said ‘never,’ and left,” said Ann.", ["“He said ‘never,’ and left,”"]),
        ("'Tis the dog's bone. 'Is it?' asked Ann. 'It is.'", ["'Is it?'", "'It is.'"]),
        ('"One\n\n"Two," said Ann.\n\nThree.', ['"One', '"Two,"']),
        ('"Never closed.\n\nThe rain fell.', ['"Never closed.']),
        ("—Come in, said Tom.\n\n—No.\n\n—Yes.", ["—Come in,", "—No.", "—Yes."]),
        ("Nothing is quoted here.", []),
    ],
)
def test_nested_and_unclosed(text, quotes):
    assert list_quotes(text) == quotes


def test_a_quotation_continues_over_paragraphs():
    paragraphs = find_quotes('"One.\n\n"Two."\n\n"Three."')
    assert [each.continues for each in paragraphs] == [False, True, False]


@given(st.text(alphabet="\"'“”‘’«»—ab. \n", max_size=200))
def test_quotations_are_in_order_and_within_their_paragraph(text):
    end = 0
    for paragraph in find_quotes(text):
        for quote in paragraph.quotes:
            assert end <= quote.start < quote.end <= paragraph.end
            end = quote.end

"""Project Gutenberg: only the book is read, whatever frame it has."""

import pytest

from mixer.script.readers import TextType, read_document
from mixer.script.readers.plain_text import read_plain_text
from mixer.script.readers.project_gutenberg import find_book_span, split_gutenberg

HEADER = """The Project Gutenberg eBook of The Lamp

This ebook is for the use of anyone anywhere.

Title: The Lamp
        Or, A Light at Sea

Author: Ann Author

Release date: May 1, 2008 [eBook #99999]

Language: German

"""
AUSTRALIA = """To contact Project Gutenberg of Australia go to http://lamp.example

-----

A Project Gutenberg of Australia eBook

Title:      The Lamp
            Or, A Light at Sea
Author:     Ann Author

"""


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (
            "*** START OF THE PROJECT GUTENBERG EBOOK THE LAMP ***",
            "*** END OF THE PROJECT GUTENBERG EBOOK THE LAMP ***",
        ),
        (
            "***START OF THE PROJECT GUTENBERG EBOOK THE LAMP***",
            "***END OF THE PROJECT GUTENBERG EBOOK THE LAMP***",
        ),
        (
            "*** START OF THIS PROJECT GUTENBERG EBOOK THE LAMP ***",
            "End of Project Gutenberg's The Lamp",
        ),
        (
            "*** START OF THE PROJECT GUTENBERG EBOOK THE LAMP:\nA LIGHT AT SEA ***",
            "End of the Project Gutenberg EBook of The Lamp",
        ),
        (
            "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
            "End of Project Gutenberg Etext The Lamp",
        ),
        (
            AUSTRALIA,
            "This site is full of FREE ebooks - Project Gutenberg Australia",
        ),
    ],
)
def test_only_the_book_is_read(start, end):
    book = "Produced by Some Volunteers\nof the coast\n\nIt began.\n\nIt ended."
    text = f"{HEADER}{start}\n\n\n{book}\n\n{end}\n\nA licence."
    document = read_plain_text(text)
    assert [block.text for block in document.blocks] == ["It began.", "It ended."]
    assert (document.title, document.author, document.language) == (
        "The Lamp Or, A Light at Sea",
        "Ann Author",
        "de",
    )


def test_lines_keep_their_numbers():
    text = "a\n*** START OF THE PROJECT GUTENBERG EBOOK ***\nb"
    assert split_gutenberg(text).text == "\n\nb"


@pytest.mark.parametrize("text", ["It began.\n\nIt ended.", "*** STARTED ***\n\nEnd of the road."])
def test_a_text_without_a_frame_stays(text):
    assert split_gutenberg(text).text == text
    assert find_book_span(text.split("\n")) == (0, 3)


@pytest.mark.parametrize(
    "title",
    [
        "Anmerkungen zur Transkription",
        "Hinweise des Bearbeiters",
        "Note de transcription",
        "Nota de transcripción",
        "Nota del transcriptor",
        "Note del trascrittore",
        "Opmerkingen van de bewerker",
        "Notas de transcrição",
        "TRANSCRIBER’S NOTE",
    ],
)
def test_notes_of_those_who_made_the_file_are_left_out(title):
    start = "*** START OF THE PROJECT GUTENBERG EBOOK THE LAMP ***"
    text = (
        f"{HEADER}{start}\n\n\n\n{title}\n\n  A fault was mended.\n\n\n\n\nIt began.\n\nIt ended."
    )
    assert [block.text for block in read_plain_text(text).blocks] == ["It began.", "It ended."]


@pytest.mark.parametrize(
    ("stated", "title", "author"),
    [
        ("The Project Gutenberg eBook of The Lamp, by Ann Author", "The Lamp", "Ann Author"),
        ("The Project Gutenberg eBook, The Lamp, by Ann Author", "The Lamp", "Ann Author"),
        ("The Project Gutenberg E-text of The Lamp by Ann Author.", "The Lamp", "Ann Author"),
        ("The Lamp, by Ann Author", "The Lamp, by Ann Author", ""),
        ("The Lamp", "The Lamp", ""),
    ],
)
def test_the_title_of_a_page_names_the_book(stated, title, author):
    page = f"<title>{stated}</title><hr><h1>THE LAMP</h1><h3>I</h3><p>He left.</p>"
    document = read_document(page, TextType.HTML)
    assert (document.title, document.author) == (title, author)

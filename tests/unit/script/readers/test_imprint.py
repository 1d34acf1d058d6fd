"""Licences and what tools say of themselves are not read; a story that only mentions them is."""

import pytest

from mixer.script.document import Block, heading, paragraph
from mixer.script.readers import TextType, read_document
from mixer.script.readers.imprint import drop_imprint

STORY = [paragraph("It was late, and the lamp was out."), paragraph("He left.")]
NOTICES = [
    ["Copyright © 2021 Ann Gander", "All rights reserved."],
    ["© 2021 by Ann Gander. All rights reserved.", "ISBN 978-0-000-00000-0", "First edition"],
    ["Smashwords Edition", "Copyright 2014 Ann Gander", "Smashwords Edition, License Notes"],
    ["This ebook is licensed for your personal enjoyment only. It may not be re-sold."],
    ["This is a work of fiction.", "No part of this book may be reproduced in any form."],
    ["This book was produced in EPUB format by the Internet Archive.", "Created with a tool (v.1)"],
    ["This ebook is for the use of anyone anywhere."],
    ["Alle Rechte vorbehalten.", "© 1999 Änne Marsch"],
    ["Tous droits réservés."],
    ["Note: This book is brought to you by Feedbooks.", "http://www.feedbooks.com"],
    ["www.feedbooks.com", "Food for the mind"],
    ["Todos los derechos reservados."],
    ["Tutti i diritti riservati."],
    [
        "First published 2021 by Marrow Press",
        "© Ann Gander 2021",
        "The moral right of the author has been asserted.",
        "All rights reserved.",
        "A CIP catalogue record for this book is available from the British Library.",
        "Typeset in Bembo by Gull Street Setters",
    ],
]


def show(blocks) -> list[str]:
    return [block.text for block in blocks]


@pytest.mark.parametrize("lines", NOTICES)
@pytest.mark.parametrize("is_first", [True, False])
def test_notices_are_left_out_on_both_sides_of_a_story(lines, is_first):
    notices = [paragraph(line) for line in lines]
    blocks = [*notices, *STORY] if is_first else [*STORY, *notices]
    assert show(drop_imprint(blocks)) == show(STORY)


@pytest.mark.parametrize(
    "line",
    [
        "This is a work of fiction, he thought, and closed the book.",
        "Published by nobody, read by nobody, the letter lay on the table.",
        "Copyright was the first word that the printer set, and the last one that he forgot.",
        "Written by candlelight.",
        "First edition or not, it was a book.",
        "Edited by Terry Rivers",
        "“All rights reserved,” he read, and laughed.",
        '"No part of this house may be sold," she wrote.',
        "On its lid stood 'All rights reserved'.",
        "She had all rights reserved to her by her father's will.",
        "He knew that no part of this garden may be trodden on.",
    ],
)
def test_a_line_that_may_be_one_stays_on_its_own(line):
    blocks = [paragraph(line), *STORY]
    assert show(drop_imprint(blocks)) == show(blocks)


def test_a_notice_that_is_all_there_is_stays():
    assert show(drop_imprint([paragraph("All rights reserved.")])) == ["All rights reserved."]


def test_notices_inside_a_story_stay():
    pages = [paragraph(f"Line {n} of the story.") for n in range(60)]
    blocks = [*pages, paragraph("All rights reserved."), *pages]
    assert len(drop_imprint(blocks)) == len(blocks)


def test_the_title_of_a_page_of_notices_goes_with_them_and_that_of_the_book_stays():
    front: list[Block] = [
        heading("The Lamp", 1),
        heading("Copyright Page", 2),
        paragraph("© 2021 Ann Gander"),
        paragraph("THE LAMP"),
        paragraph("All rights reserved."),
        heading("Chapter 1", 2),
    ]
    kept = drop_imprint([*front, *STORY], "The Lamp")
    assert show(kept) == ["The Lamp", "Chapter 1", *show(STORY)]


def test_what_a_library_says_of_its_edition_is_left_out():
    edition = [heading("About this digital edition", 2), paragraph("It comes from a library.")]
    assert show(drop_imprint([*STORY, *edition])) == show(STORY)


@pytest.mark.parametrize(
    ("text_type", "text", "is_read"),
    [
        (TextType.TEXT, "© 2021 Ann Gander\n\nHe left.", False),
        (TextType.HTML, "<p>© 2021 Ann Gander</p><p>He left.</p>", False),
        (TextType.MARKDOWN, "© 2021 Ann Gander\n\nHe left.", True),
    ],
)
def test_what_an_author_writes_for_this_program_is_read(text_type, text, is_read):
    assert ("© 2021 Ann Gander" in show(read_document(text, text_type).blocks)) is is_read

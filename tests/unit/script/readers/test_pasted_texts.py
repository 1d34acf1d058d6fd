"""Texts copied from mails, archives and scans: what stands around them is not read."""

import pytest

from mixer.script.document import Document
from mixer.script.readers import TextType, read_document

PROSE = "The boat lay at the quay, where it had lain since the winter, and so did the other."
MORE = "They sailed at noon."


def read(text: str) -> Document:
    return read_document(text.encode(), TextType.TEXT)


def list_texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks if block.text]


def list_titles(text: str) -> list[str]:
    return [block.text for block in read(text).blocks if block.level == 2]


@pytest.mark.parametrize(
    ("header", "title", "author"),
    [
        ("From: Ann <a@b.example>\nTo: you\nSubject: Salt\nDate: Tue, 4 Mar", "Salt", "Ann"),
        ('From: "Ann Gander" <a@b.example>\nSubject: Salt\nTo: c@d.example', "Salt", "Ann Gander"),
        ("Von: Änne\nGesendet: Montag\nAn: Jörg\nBetreff: Das Salz", "Das Salz", "Änne"),
        ("De: Agnès\nEnvoyé: lundi\nÀ: Théo\nObjet: Le sel", "Le sel", "Agnès"),
        ("De: Inés\nPara: Tomás\nFecha: lunes\nAsunto: La sal", "La sal", "Inés"),
    ],
)  # fmt: skip
def test_a_mail_is_read_without_its_frame(header, title, author):
    service = "View this email in your browser (https://salt.example/12)"
    end = "-- \nYou are receiving this email.\nUnsubscribe: https://salt.example/u"
    document = read(f"{header}\n\n{service}\n\n{PROSE}\n\n{MORE}\n\n{end}\n")
    assert list_texts(document) == [PROSE, MORE]
    assert (document.title, document.author) == (title, author)


@pytest.mark.parametrize(
    "lines",
    [
        "From: the beginning\nTo: the end",
        "Ann: Where to?\nTom: To the quay.\nAnn: Now?",
        "From: Ann\nSubject: Salt\nSubject: Rope\nTo: Tom",
    ],
)
def test_lines_with_colons_are_no_header(lines):
    words = " ".join(list_texts(read(f"{lines}\n\n{PROSE}"))).split()
    assert words == f"{lines} {PROSE}".split()


def test_the_tags_of_an_archive_are_left_out():
    tags = "Rating:\nTeen\nFandom:\nOriginal Work\nLanguage:\nEnglish\nStats:\nWords: 4,321"
    first = "Posted originally on the Archive of Our Own at http://archive.example/works/1."
    last = "Please drop by the Archive and comment to let the creator know!"
    text = f"The Salt\n\n{first}\n\n{tags}\n\nChapter 1\n\n{PROSE}\n\n{last}\n"
    assert list_texts(read(text)) == ["The Salt", "Chapter 1", PROSE]


def write_pages(*heads: str) -> str:
    """Pages whose heads interrupt sentences."""
    parts = ["He went up the stairs, past the lamp, and thought of"]
    parts += [f"{head}\n\nthe men who had gone up there before him, and of" for head in heads]
    return "\n\n".join(parts) + "\n\nthe wind."


@pytest.mark.parametrize(
    "heads",
    [
        ("2 THE LAMP", "THE STAIRS 3", "4 THE LAMP", "THE STAIRS 5", "6 THE LAMP"),
        ("2 The Lamp", "Ann Author 3", "4 The Lamp", "Ann Author 5"),
        ("12 THE LAMP", "CHAPTER II 13", "14 THE LAMP", "CHAPTER III 15", "16 THE LAMP"),
    ],
)
def test_heads_with_a_number_in_their_line_are_left_out(heads):
    assert not any(head in text for text in list_texts(read(write_pages(*heads))) for head in heads)


@pytest.mark.parametrize(
    "titles",
    [
        ("Chapter 1", "Chapter 2", "Chapter 3"), ("Scene 1", "Scene 2", "Scene 3"),
        ("Letter 7", "Letter 8", "Letter 9"),
    ],
)  # fmt: skip
def test_titles_that_count_on_are_no_heads(titles):
    text = "\n\n".join(f"{title}\n\n{PROSE}\n\n{MORE}" for title in titles)
    assert list_titles(f"{MORE}\n\n{text}") == list(titles)


def test_heads_that_count_on_outside_of_sentences_stay():
    text = "\n\n".join(f"Room {n}\n\n{PROSE}" for n in range(5, 9))
    assert [each for each in list_texts(read(text)) if each.startswith("Room")] == [
        "Room 5", "Room 6", "Room 7", "Room 8",
    ]  # fmt: skip


STANZAS = "The lamp went out\nThe gull flew on,\n\nThe boat came in\nThe tide had gone"


@pytest.mark.parametrize(
    ("gap", "below", "body"),
    [
        (3, 2, STANZAS),
        (4, 2, f"{PROSE}\n\n{MORE}"),
        (5, 1, f"{PROSE}\n{PROSE}\n{MORE}"),
        (6, 3, f"{PROSE}\n\n\n{MORE}\n\n\n{PROSE}"),
    ],
)
def test_titles_that_empty_lines_set_apart_open_chapters(gap, below, body):
    names = ("The Gull", "Low Water", "Song", "To a Key")
    text = "\n" * gap
    text = text.join(f"{name}{chr(10) * below}{body}" for name in names)
    assert list_titles(f"The Salt\n\n\nAnn Gander{chr(10) * gap}{text}") == list(names)


@pytest.mark.parametrize(("gap", "is_chapter"), [(4, True), (2, False)])
def test_a_title_as_far_apart_as_the_chapters_is_one(gap, is_chapter):
    chapters = "\n\n\n\n".join(f"CHAPTER {n}\n\n{PROSE}\n\n{MORE}" for n in ("I", "II", "III"))
    text = f"{MORE}\n\n\n\n{chapters}{chr(10) * gap}The Key to the Mill\n\n{PROSE}\n\n{MORE}"
    assert ("The Key to the Mill" in list_titles(text)) == is_chapter


@pytest.mark.parametrize("title", ["The Sea", "Snow", "A Clock Without Hands"])
def test_a_title_below_a_signed_letter_opens_a_chapter(title):
    names = ("The Quay at Night", "To the Mill", title)
    text = "\n\n".join(f"{name}\n\n{PROSE}\n\n{MORE}\n\n{PROSE}" for name in names[:2])
    text = f"{MORE}\n\n{text}\n\nYour Tom\n\n{title}\n\n{PROSE}\n\n{MORE}"
    assert list_titles(text) == list(names)


BODY = "the men who had gone up there before him, one by one,\nand of the lamp that burned above"


def write_fed(edges: str) -> str:
    """Pages that form feeds divide, inside of sentences; `{}` is the text, `{n}` the number."""
    bodies = [f"{BODY} the {n} of them,\nof" for n in range(6)]
    pages = [edges.format(body, n=n) for n, body in enumerate(bodies, start=7)]
    return "\f".join(["He went up, and thought of\n", *pages, "wind."])


@pytest.mark.parametrize(
    "edges",
    [
        "    The Salt\n\n{}\n\n      {n}\n",
        "{n}\n\nTHE SALT\n\n{}\n",
        "The Salt    {n}\n\n{}\n",
        "{n} THE SALT\n\n{}\n",
        "{}\n\n- {n} -\n",
        "{}\n",
    ],
)
def test_the_edges_of_pages_are_left_out_and_sentences_are_whole(edges):
    assert list_texts(read(write_fed(edges))) == [" ".join(write_fed("{}\n").split())]


@pytest.mark.parametrize(
    ("mark", "note"),
    [
        ("one.2", "2Or so he wrote.\nHe was no liar."), ("one.\n 2", "2. Or so he wrote."),
        ("one.2", "2 Or so he wrote."), ("one.2", "2\nOr so he wrote."),
    ],
)  # fmt: skip
def test_notes_at_the_foot_of_pages_are_left_out_with_their_marks(mark, note):
    page = f"It was late, and they went one by {mark}\nThey came home.\n\n{note}\n\n"
    text = "\f".join(f"{page}{n}\n" for n in range(11, 17))
    assert " ".join(list_texts(read(text))) == " ".join(
        ["It was late, and they went one by one. They came home."] * 6
    )


def test_titles_stay_where_heads_repeat_them():
    names = ("The Mill", "The Rope", "The Sea")
    titled = (f"{name}\n\n{PROSE}\n\f{name.upper()}\n\n{MORE}\n" for name in names)
    assert list_texts(read("\f".join(titled))) == [
        text for name in names for text in (name, PROSE, MORE)
    ]


def test_lines_that_recur_at_the_top_of_pages_are_read():
    text = "\f".join(f"And they sailed,\nall {n} of them,\nto the sea.\n" for n in range(9))
    assert " ".join(list_texts(read(text))).split() == text.split()


@pytest.mark.parametrize(
    "header",
    [
        "Path: news!mail\nFrom: a@b.example (Ann)\nSubject: Salt\nDate: May\nLines: 9",
        "Message-ID: <1>\nX-Trace: a\nFrom: Ann <a@b.example>\nSubject: Salt\n of the sea\nTo: Tom",
    ],
)
def test_fields_that_are_not_known_belong_to_a_header_that_is(header):
    document = read(f"{header}\n\n{PROSE}\n\n{MORE}\n\n--\nAnn Gander\n")
    assert list_texts(document) == [PROSE, MORE]
    assert (document.title, document.author) == ("Salt", "Ann")


@pytest.mark.parametrize(
    "contact",
    [
        "Ann Gander                     about 3,400 words\n12 Marrow Lane\nann@gander.example",
        "Ann Gander\n12 Marrow Lane\n(555) 012-3456\n\n\n                 85,000 words",
        "Ann Gander            Approx. 900 words\n12 Marrow Lane",
    ],
)
def test_a_manuscript_is_read_without_its_contact_and_count(contact):
    blocks = list_texts(read(f"{contact}\n\n\n\n\n   THE ROPE\n\n   by Ann Gander\n\n{PROSE}\n"))
    assert blocks == ["THE ROPE", "by Ann Gander", PROSE]


@pytest.mark.parametrize(
    "lines", ["Ann Gander\n12 Marrow Lane", "He wrote 900 words\nand left.", "900 words"]
)
def test_lines_without_a_count_or_an_address_are_read(lines):
    assert " ".join(list_texts(read(f"{lines}\n\n{PROSE}\n\n{MORE}"))).startswith(
        " ".join(lines.split())
    )


def test_what_a_site_puts_below_a_text_is_left_out():
    end = "← Chapter 3\nChapter 5 →\n\nShare this:\nTwitter\n\nLike Loading...\n\nLeave a Reply"
    text = f"The Salt: Chapter 4\nPosted on March 4, 2021 by Ann\n\n{PROSE}\n\n{MORE}\n\n"
    title, posted = text.split("\n")[:2]
    assert list_texts(read(text + end)) == [title, posted, PROSE, MORE]
    assert "Share this:" in list_texts(read(f"{PROSE}\n\nShare this:\n\n{PROSE * 2}"))


@pytest.mark.parametrize("stamp", ["[00:{:02}:07] ", "({:02}:07) ", "[{}:07] - ", "0:{:02}:07 "])
def test_the_times_of_a_recording_are_left_out(stamp):
    lines = [f"ANN: {PROSE}", f"TOM: {MORE}", f"ANN: {PROSE}", f"TOM: {MORE}"]
    text = "\n\n".join(stamp.format(n) + line for n, line in enumerate(lines))
    assert list_texts(read(text)) == lines


def test_the_hours_of_a_day_are_read():
    lines = [f"9:{n}0 {PROSE}" for n in range(4)]
    assert list_texts(read("\n\n".join(lines))) == lines

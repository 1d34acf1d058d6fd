"""Layouts of PDFs by Asciidoctor, ReportLab, TeX, Typst, WeasyPrint and others."""

import pytest

from mixer.script.readers.hyphenation import LineJoiner
from mixer.script.readers.pdf_layout import build_blocks
from mixer.script.readers.pdf_lines import Fragment, Line, build_lines
from mixer.script.readers.pdf_pages import drop_running_heads
from tests.unit.script.readers.test_tool_books import show


@pytest.mark.parametrize(
    ("text", "lines", "joined"),
    [
        ("A half-finished wall.", ["half-fin-", "ished"], "half-finished"),
        ("It was finished.", ["half-fin-", "ished"], "half-finished"),
        ("My mother-in-law came.", ["mother-in-", "law"], "mother-in-law"),
        ("", ["mother-in-", "law"], "mother-in-law"),
        ("The gardener left.", ["sub-gar-", "dener"], "sub-gardener"),
        ("A well-to-do man.", ["well-to-", "do"], "well-to-do"),
    ],
)
def test_the_last_part_of_a_compound_is_divided_like_a_word(text, lines, joined):
    assert LineJoiner("\n".join([text, *lines])).join(lines) == joined


def show_pages(*pages: list[Line]) -> list[str]:
    return show([each.block for each in build_blocks(pages)])


def set_lines(texts: list[str], top: float = 700, x: float = 72, size: float = 10) -> list[Line]:
    return [Line(text, x, top - 12 * n, size, x + 230) for n, text in enumerate(texts)]


BODY = [f"Line {n} of the story goes on to the edge of its column and" for n in range(8)]


@pytest.mark.parametrize("mark", ["2", "12", "[2]"])
def test_notes_at_the_foot_of_a_column_do_not_end_the_page(mark):
    left, right = set_lines(BODY), set_lines(BODY, x=320)
    notes = set_lines([f"{mark} A note on rope."], 500, size=8)
    lines = " ".join(show_pages([*left, *notes, *right]))
    assert lines.count("Line 7") == 2
    assert "note on rope" not in lines


def test_notes_of_letters_of_the_same_size_at_the_foot_of_a_column_are_left_out():
    left, right = set_lines(BODY), set_lines(BODY, x=320)
    left[0].references.add("1")
    note = Line("A note on rope.", 72, 500, 10, 200, note_mark="1")
    lines = " ".join(show_pages([*left, note, *right]))
    assert lines.count("Line 7") == 2
    assert "note on rope" not in lines


@pytest.mark.parametrize("numeral", ["I", "V", "X", "C"])
def test_a_large_numeral_above_the_text_is_a_title_and_no_letter_of_it(numeral):
    title = Line(numeral, 72, 730, 24, 90)
    assert show_pages([title, *set_lines(BODY)])[0] == f"#1 {numeral}"


def test_notes_at_the_end_of_a_pdf_are_left_out_if_none_is_at_a_foot():
    text, notes = set_lines(BODY), set_lines(["1 On rope.", "2 On tar.", "and more"], 500)
    text[0].references.add("1")
    text[1].references.add("2")
    assert "On rope" not in " ".join(show_pages([*text, *notes]))
    text[0].references.clear()
    assert "On rope" in " ".join(show_pages([*text, *notes]))


def test_titles_a_little_larger_than_the_text_in_bold_type_are_titles():
    book = Line("Rope", 250, 760, 12, 280, is_strong=True)
    title = Line("The Mill", 72, 730, 11, 120, is_strong=True)
    plain = Line("The mill stood.", 72, 715, 11, 150)
    assert show_pages([book, title, *set_lines(BODY)])[1] == "#2 The Mill"
    assert "#2 The Mill" not in show_pages([book, title, plain, *set_lines(BODY, 690)])


def test_lines_drawn_after_those_below_them_are_read_in_their_place():
    texts = [("Below.", 400), ("Last.", 388), ("Above.", 700), ("Next.", 688), ("9", 30)]
    fragments = [Fragment(text, 72, y, 10, 200) for text, y in texts]
    assert [line.text for line in build_lines(fragments)] == [
        "Above.", "Next.", "Below.", "Last.", "9",
    ]  # fmt: skip


def test_columns_are_read_one_after_the_other():
    left = [Fragment(f"left {y}", 72, y, 10, 200) for y in (400, 388, 376)]
    right = [Fragment(f"right {y}", 300, y, 10, 430) for y in (400, 388, 376)]
    lines = [line.text for line in build_lines([*left, *right])]
    assert [line.split()[0] for line in lines] == ["left"] * 3 + ["right"] * 3


@pytest.mark.parametrize("note", ["2“There is salt.”", "2 There is salt.", "2. (So he wrote.)"])
def test_the_mark_behind_a_word_is_known_by_any_note_that_begins_with_it(note):
    text = [*set_lines(BODY[:-1]), Line("as if it mattered.2 Who left?", 72, 616, 10, 300)]
    notes = set_lines([note], 500, size=8)
    assert "mattered. Who left?" in " ".join(show_pages([*text, *notes]))


def set_chapters(*heads: str, names: tuple[str, ...] = ("The Mill", "The Rope", "The Sea")):
    """Pages with a title each, of which some have a head of the same size as the text."""
    pages = []
    for n, name in enumerate(names):
        title = Line(name, 150, 720, 16, 220, is_strong=True)
        pages.append([title, *set_lines([f"{n} {line}" for line in BODY])])
        head = [Line(heads[n], 260, 760, 10, 320)] if n < len(heads) else []
        pages.append([*head, *set_lines([f"next {n} {line}" for line in BODY])])
    return pages


@pytest.mark.parametrize(
    "heads",
    [
        ("The Mill",),
        ("The Mill 2", "4 The Rope"),
        ("THE MILL",),
        ("The Mill | 2",),
        ("12 · The Mill", "The Rope · 13"),
    ],
)
def test_a_head_that_repeats_a_title_is_left_out_even_where_it_stands_once(heads):
    lines = show_pages(*drop_running_heads(set_chapters(*heads)))
    assert [line for line in lines if line.startswith("#")] == [
        "#1 The Mill", "#1 The Rope", "#1 The Sea",
    ]  # fmt: skip
    assert not any(head in " ".join(lines[1:]) for head in heads if head != "The Mill")
    assert " ".join(lines).lower().count("the mill") == 1


@pytest.mark.parametrize("mark", ["{}. ", "{} ", "Chapter {}. "])
def test_a_head_that_repeats_a_title_with_its_number_is_left_out(mark):
    names = tuple(mark.format(n) + name for n, name in enumerate(("Mill", "Rope", "Sea"), 1))
    lines = show_pages(*drop_running_heads(set_chapters(names[1].upper(), names=names)))
    assert " ".join(lines).lower().count(names[1].lower()) == 1


@pytest.mark.parametrize(
    ("heads", "names"),
    [
        ((), ("Interlude", "The Rope", "Interlude")),
        ((), ("Letter", "Letter", "The Sea")),
        (("“Yes.”", "“Yes.”"), ("The Mill", "The Rope", "The Sea")),
        (("Nobody came!", "Nobody came!"), ("The Mill", "The Rope", "The Sea")),
        (("He left.", "", "He left."), ("The Mill", "The Rope", "The Sea")),
    ],
)
def test_titles_and_sentences_that_recur_at_the_edge_of_pages_are_read(heads, names):
    lines = " ".join(show_pages(*drop_running_heads(set_chapters(*heads, names=names))))
    for text in filter(None, (*heads, *names)):
        assert lines.count(text) == (*heads, *names).count(text)


@pytest.mark.parametrize("cap", ["W", "“W"])
def test_a_large_letter_that_was_drawn_after_its_line_begins_it(cap):
    texts = ["e shall need a rope,” he wrote, and", "left for the mill.", "It rained."]
    drawn = [Fragment(text, 92, 374 - 14 * n, 10, 300) for n, text in enumerate(texts)]
    below = [Fragment(text, 48, 320 - 12 * n, 10, 300) for n, text in enumerate(BODY)]
    lines = build_lines([*drawn, *below, Fragment(cap, 48, 362, 28, 90)])
    assert show_pages(lines)[0].startswith(f"{cap}e shall need a rope,” he wrote, and left")


def set_pages(*edges: tuple[str, str]) -> list[list[Line]]:
    """Pages with a head and a foot of letters as large as those of the text."""
    return [
        [Line(head, 72, 730, 10, 200), *set_lines(BODY), Line(foot, 72, 500, 10, 200)]
        for head, foot in edges
    ]


@pytest.mark.parametrize(
    "rows",
    [
        ("April 35 pence", "April 88 pence", "April 21 pence"),
        ("Salt 4 barrels 12", "Salt 9 barrels 30", "Salt 2 barrels 7"),
        ("4 barrels of salt", "9 barrels of salt"),
        ("Total: 44", "Total: 81"),
        ("In 1884 he left", "In 1901 he left"),
    ],
)
def test_rows_of_tables_at_the_edge_of_pages_are_read(rows):
    pages = set_pages(*((row, f"The end of page {row}") for row in rows))
    lines = " ".join(show_pages(*drop_running_heads(pages)))
    assert all(lines.count(row) == 2 for row in rows)


@pytest.mark.parametrize(
    "head",
    [
        "Page {} of 19",
        "The Mill   Page {} of 19",
        "4. A Digression upon Rope   Page {} of 19",
        "Seite {} von 19",
        "{} / 19",
        "The Lamp | {} of 19",
    ],
)
def test_heads_that_count_pages_of_all_are_left_out(head):
    edges = [(head.format(n), f"The end of part {word}") for n, word in enumerate("abcde", start=3)]
    lines = " ".join(show_pages(*drop_running_heads(set_pages(*edges))))
    assert "19" not in lines
    assert lines.count("The end of part") == len(edges)


@pytest.mark.parametrize(
    "entry", ["The Sea . . . . . . 14", "The Sea........14", "The Sea ····· 14"]
)
def test_a_line_of_contents_ends_with_its_page(entry):
    pages = [[*set_lines(BODY), *set_lines([entry], 600)], set_lines(["For Ann, who left", *BODY])]
    assert entry.partition(" 14")[0].partition("14")[0].strip(" .·") in " ".join(show_pages(*pages))
    assert not any("14" in line and "For Ann" in line for line in show_pages(*pages))


@pytest.mark.parametrize("mark", ["• ", "1. ", "(a) "])
def test_an_item_of_a_list_goes_on_in_lines_that_are_indented(mark):
    item = [
        Line(
            f"{mark}A crooked almanac that nobody had opened on the long cause-", 80, 640, 10, 302
        ),
        Line("way", 95, 628, 10, 110),
        Line(f"{mark}Her boots", 80, 616, 10, 130),
    ]
    shown = show_pages([*set_lines(BODY, x=72, top=740), *item])
    assert [line for line in shown if "causeway" in line or "boots" in line] == shown[-2:]


@pytest.mark.parametrize(
    "head", ["The Mill at the End of the Lane", "the mill at the end of the lane 2"]
)
def test_a_head_that_repeats_a_title_of_two_lines_is_left_out(head):
    title = set_lines(["The Mill at the", "End of the Lane"], top=730, size=16)
    body = set_lines(BODY, top=690)
    pages = [[*title, *body], [Line(head, 260, 760, 10, 320), *body], [*body]]
    shown = " ".join(show_pages(*drop_running_heads(pages)))
    assert shown.lower().count("the mill") == 1


@pytest.mark.parametrize("space", [12, 20, 24])
def test_a_title_goes_on_in_lines_that_are_spaced_like_the_text(space):
    title = [Line("The Mill at the", 72, 740, 16, 300), Line("End", 72, 740 - 1.6 * space, 16, 110)]
    body = [Line(text, 72, 660 - space * n, 10, 302) for n, text in enumerate(BODY * 2)]
    assert show_pages([*title, *body])[0] == "#1 The Mill at the End"

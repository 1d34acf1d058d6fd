"""Plain text read by its looks: paragraphs, headings, scene breaks, and every word of it."""

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.script.document import BlockKind, normalise_newlines
from mixer.script.readers.headings import TITLE_CHARS
from mixer.script.readers.plain_text import read_plain_blocks, read_plain_text
from tests.growth import require_linear_growth
from tests.texts import STEADY, nasty_texts, stories

FIRST_PARAGRAPH = """\
The boat lay at the quay, where it had lain since the winter, and
no one knew to whom it belonged. “It will sink,” said the old man,
who had said so every morning.
"""

GUTENBERG = f"""\
THE VOYAGE

by A. Writer


CHAPTER I.
Down the Harbor

{FIRST_PARAGRAPH}
“Let it,” said she.

       *       *       *       *       *

CHAPTER II.
The Sea

They sailed at noon.
"""

SIGNS = {BlockKind.HEADING: "#", BlockKind.PARAGRAPH: "p", BlockKind.SCENE_BREAK: "-"}


def read(text: str) -> list[str]:
    """Each block as a line: `#2 heading`, `p paragraph` or `-`."""
    blocks = read_plain_blocks(normalise_newlines(text))
    return [f"{SIGNS[each.kind]}{each.level or ''} {each.text}".strip() for each in blocks]


def test_hard_wrapped_text_of_a_digitised_book():
    assert read(GUTENBERG) == [
        "#1 THE VOYAGE",
        "p by A. Writer",
        "#2 CHAPTER I. Down the Harbor",
        f"p {' '.join(FIRST_PARAGRAPH.split())}",
        "p “Let it,” said she.",
        "-",
        "#2 CHAPTER II. The Sea",
        "p They sailed at noon.",
    ]


def test_one_paragraph_a_line():
    text = "The Voyage\nThe boat lay there. No one came.\n“Well?” she asked.\nHe left.\n"
    assert read(text) == [
        "#1 The Voyage",
        "p The boat lay there. No one came.",
        "p “Well?” she asked.",
        "p He left.",
    ]


@pytest.mark.parametrize("around", ["", "\n", "\n\n"])
def test_blank_lines_around_a_text_change_nothing(around):
    assert read(f"{around}He left. It was late.\nShe came.\nThey talked.{around}") == [
        "p He left. It was late.",
        "p She came.",
        "p They talked.",
    ]


def test_long_lines_are_paragraphs_though_blank_lines_part_the_chapters():
    long = "The boat lay at the quay, " + "where it had lain, " * 6 + "and no one came."
    assert read(f"Chapter 1\n\n{long}\n“Well?”\n{long}\n\nChapter 2\n\nHe left.") == [
        "#2 Chapter 1",
        f"p {long}",
        "p “Well?”",
        f"p {long}",
        "#2 Chapter 2",
        "p He left.",
    ]


def test_one_long_line_makes_no_paragraphs_of_wrapped_ones():
    wrapped = "The boat lay at the quay\nsee https://example.org/" + "x" * 90 + "\nand stayed."
    assert len(read(wrapped)) == 1


def test_indented_first_lines_part_paragraphs():
    assert read("    He left\nthe house.\n    She came\nback.") == [
        "p He left the house.",
        "p She came back.",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "CHAPTER IV",
        "Chapter IV",
        "Chapter 4: The Sea",
        "Chapter 4 — The Sea",
        "Chapter 4 The Sea",
        "CHAPTER IV The Sea",
        "CHAPTER ONE.",
        "Chapter Twenty-One",
        "Part Two",
        "Prologue",
        "Epilogue: After",
        "THE END",
        "Kapitel 3",
        "Chapitre premier",
        "Capítulo II",
        "Глава первая",
        "Rozdział 5",
        "अध्याय 3",
        "第三章",
        "第12回 大海",
        "第一章　大海",
        "제2장 바다",
    ],
)
def test_a_chapter_line_is_a_heading(line):
    blocks = read(f"He left.\n\n{line}\n\nShe came.")
    assert blocks == ["p He left.", f"#2 {' '.join(line.split())}", "p She came."]


@pytest.mark.parametrize(
    "line",
    [
        "Part of the reason",
        "Chapter by chapter, they read.",
        "The chapter was long.",
        "Book me a table, please.",
        "I.",
        "NO",
        "He left",
        "Chapter 4 was the longest of them all, and no one in the harbor had ever read it yet",
    ],
)
def test_other_short_lines_are_paragraphs(line):
    assert read(f"He left.\n\n{line}\n\nShe came.")[1] == f"p {line}"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("The Voyage\n\nHe left.", "#1 The Voyage"),
        ("The voyage, it seems.\n\nHe left.", "p The voyage, it seems."),
        (f"{'word ' * 20}\n\nHe left.", f"p {('word ' * 20).strip()}"),
        ("One line only", "p One line only"),
        ("\ufeffThe Voyage\n\nHe left.", "#1 The Voyage"),
    ],
)
def test_a_short_first_line_is_the_title(text, first):
    assert len("word " * 20) > TITLE_CHARS
    assert read(text)[0] == first


@pytest.mark.parametrize("line", ["***", "* * *", "---", "~", "#", "⁂", "§", "  *  *  ", "— — —",
                                  "-x-x-x-", "x-X-x", "~o~O~o~", "oOoOoOo",
                                  "OoOoO", "- 0 - 0 - 0 -"])  # fmt: skip
def test_a_line_of_ornaments_is_a_scene_break(line):
    assert read(f"He left.\n{line}\nShe came.") == ["p He left.", "-", "p She came."]


@pytest.mark.parametrize(
    "line", ["— Yes", "* yes", "-5", "...", "§ 5", "X.", "0-0", "xo-x", "Ooo", "oo"]
)
def test_a_line_with_more_than_ornaments_is_none(line):
    assert "-" not in read(f"He left.\n\n{line}\n\nShe came.")


def test_wrapped_lines_of_scripts_without_spaces_are_joined_without_them():
    assert read("他来了，\n走了\n\n又来了。\n\n好。")[0] == "p 他来了，走了"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_breaks_of_every_system_are_line_breaks(newline):
    assert read(f"He left.{newline}{newline}She came.") == ["p He left.", "p She came."]


def words(text: str) -> str:
    return "".join(regex.findall(r"[\p{L}\p{N}]", text))


@settings(STEADY, max_examples=200)
@given(nasty_texts() | stories().map(lambda story: story.text))
def test_every_word_comes_out_once_and_in_order(text):
    blocks = read_plain_blocks(normalise_newlines(text))
    assert words("".join(each.text for each in blocks)) == words(text)


@settings(STEADY, max_examples=100)
@given(stories(), st.integers(20, 80))
def test_a_wrapped_story_reads_like_the_same_unwrapped(story, width):
    if story.language.gap:
        wrapped = "\n\n".join(wrap_text(each, width) for each in story.text.split("\n\n"))
        assert read_paragraphs(wrapped) == read_paragraphs(story.text)


def read_paragraphs(text: str) -> list[str]:
    """Headings and paragraphs, whose lines of verse are joined."""
    paragraphs, continues = list[str](), False
    for block in read_plain_blocks(normalise_newlines(text)):
        if continues:
            paragraphs[-1] += f" {block.text}"
        else:
            paragraphs.append(block.text)
        continues = block.continues
    return paragraphs


def wrap_text(text: str, width: int) -> str:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


@pytest.mark.parametrize("unit", ["- ", " ", "-", "\n", "*\n", "a\n", ".", "Chapter 1 ", "\t", "“"])
def test_reading_takes_time_in_proportion_to_the_text(unit):
    require_linear_growth(
        lambda text: read_plain_blocks(normalise_newlines(text)),
        lambda chars: "-" + unit * (chars // len(unit)) + "x",
        10_000,
    )


def read_lines(text: str) -> list[str]:
    """Blocks of a whole text; a line that the next one continues ends in a slash."""
    return [each.text + "/" * each.continues for each in read_plain_text(text).blocks]


PROSE = "He went down to the harbour, where the boats lay, and waited.\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "The sea is wide\nThe ship is small\nI hear the tide\n\nIt stopped.",
            ["The sea is wide/", "The ship is small/", "I hear the tide", "It stopped."],
        ),
        (
            f"{PROSE * 3}\n    The tide comes in,\n    The tide goes out.\n\n{PROSE}",
            [
                " ".join([PROSE.strip()] * 3),
                "The tide comes in,/",
                "The tide goes out.",
                PROSE.strip(),
            ],
        ),
        (
            f"{PROSE * 2}\n“Come,” said the wind,\n“And follow me\nOver the sea.”\n\n{PROSE}",
            [
                f"{PROSE.strip()} {PROSE.strip()}",
                "“Come,” said the wind,/",
                "“And follow me/",
                "Over the sea.”",
                PROSE.strip(),
            ],
        ),
        (
            "He bought:\n\n- a rope\n- a lamp\n\nThen he left.",
            ["He bought:", "- a rope/", "- a lamp", "Then he left."],
        ),
        (
            "He bought.\n\n1. A rope\n2. A lamp\n\nHe left.",
            ["He bought.", "1. A rope/", "2. A lamp", "He left."],
        ),
        (f"{PROSE}{PROSE}\n{PROSE}", [f"{PROSE.strip()} {PROSE.strip()}", PROSE.strip()]),
    ],
)
def test_each_line_of_verse_or_of_a_list_is_followed_by_a_rest(text, lines):
    assert read_lines(text) == lines


@pytest.mark.parametrize(
    ("text", "title", "author"),
    [
        ("The Gate\nby Ann Author\n\nIt was late.", "The Gate", "Ann Author"),
        ("THE GATE\n\nBY ANN AUTHOR\n\nIt was late.", "THE GATE", "ANN AUTHOR"),
        ("Das Tor\nvon Anna Autorin\n\nEs war spät.", "Das Tor", "Anna Autorin"),
        ("The Gate\nby the sea\n\nIt was late.", "", ""),
        ("He read it.[1] Then.[2]\n\nHe left.", "", ""),
        ("He left.†\n\nShe stayed.", "", ""),
    ],
)
def test_the_first_lines_name_the_text_and_its_author(text, title, author):
    document = read_plain_text(text)
    first = document.blocks[0]
    assert (first.text if first.kind is BlockKind.HEADING else "", document.author) == (
        title,
        author,
    )


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ('It rained.\n\t"Late," he said.\n\t"So?" she said.\n', 3),
        ("\tOne day.\n\tThe next day it rained\nall night.\n", 2),
        ("So:\n    Cold is the water,\n    Cold is the stone;\n", 3),
    ],
)
def test_indented_lines_below_each_other_begin_paragraphs_where_sentences_end(text, paragraphs):
    assert len(read_plain_text(text).blocks) == paragraphs


PROSE = "He walked along the river and counted the boats."


def test_each_line_is_a_paragraph_though_empty_ones_divide_scenes():
    line = f"{PROSE[:-1]}, which were few, and then he counted the birds above the water."
    text = f"Prologue\n{line}\n{line}\n\n{line}\n1. The Sea\n{line}\n2. The Land\n{line}\n{line}\n"
    titles = [each.text for each in read_plain_text(text).blocks if each.level]
    assert titles == ["Prologue", "1. The Sea", "2. The Land"]


def test_titles_stand_below_two_empty_lines_where_none_names_a_chapter():
    names = ("The Ferry", "The Guest of Honour", "Mended")
    text = "\n\n\n".join(f"{name}\n\n{PROSE}" for name in ("Six", *names))
    assert [each.text for each in read_plain_text(text).blocks if each.level][-3:] == list(names)
    few = f"{PROSE}\n\n\nThe Ferry\n\n{PROSE}"
    assert not [each for each in read_plain_text(few).blocks if each.level]


def write_typescript(gap: str) -> str:
    """Two chapters as a typist leaves them to be corrected."""
    paragraph = (
        "     The boat lay at the quay, where it had lain since the{0}winter, and so did the other "
        "one, which nobody had{0}painted or mended, and which was leaking."
    )
    page = gap.join([paragraph.format(gap)] * 8)
    return f"The Salt\n\n\n\n\n     Chapter One{gap}{page}\n\n\n\n\n     Chapter Two{gap}{page}\n"


def test_a_text_with_an_empty_line_below_each_reads_like_the_same_without():
    single, double = (
        [block.text for block in read_plain_text(write_typescript(gap)).blocks]
        for gap in ("\n", "\n\n")
    )
    assert double == single
    assert len(double) == 19


def test_sentences_with_an_empty_line_below_each_stay_paragraphs():
    text = "\n\n".join(f"It was the {n}th of May." for n in range(10, 40))
    assert len(read(text)) == 30


@pytest.mark.parametrize("indents", [(0, 4, 0, 4), (0, 2, 4, 0, 2, 4), (4, 0, 4, 0, 4)])
def test_a_line_of_an_indented_stanza_is_no_name_of_its_number(indents):
    stanza = "\n".join(" " * step + f"The gull flew on {n}" for n, step in enumerate(indents))
    text = "\n\n\n".join(f"{number}\n\n{stanza}" for number in ("I", "II", "III", "IV"))
    headings = [each for each in read(f"SALT\n\n\n{text}") if each.startswith("#")]
    assert headings == ["#1 SALT", "#2 I", "#2 II", "#2 III", "#2 IV"]

"""What tools add to Markdown: notes, comments and attributes go, words stay."""

import pytest

from mixer.script.readers.markdown import read_markdown
from mixer.script.readers.markdown_dialects import rewrite_tables


def read(text: str) -> list[str]:
    return [block.text for block in read_markdown(text).blocks]


@pytest.mark.parametrize(
    "text",
    [
        "He left.[^1] She stayed.\n\n[^1]: A note.",
        "He left.[^n] She stayed.\n\n[^n]: A *longer* note.\n\n    With two paragraphs.\n",
        "He left.^[By [boat](x), at noon.] She stayed.",
        "He left. %%He did not.%%She stayed.",
        "%%\nA comment\nof lines\n%%\nHe left. She stayed.",
        "He left. She stayed. ^block-id",
        'He left. She stayed. {#one .two three="4"}',
        "He [left]{.smallcaps}. She stayed.",
        "==He left.== She stayed.",
        "He left. <!-- He did not. -->She stayed.",
        "![[picture.png]]He left. She stayed.",
        "\\newpage\n\nHe left. She stayed.\n\n\\vspace{1cm}",
        "::: note\nHe left. She stayed.\n:::",
        "> [!note]- He left. She stayed.",
        "- [x] He left. She stayed.",
        "He left. :smile: She stayed.",
        "He ~~left~~. She stayed.",
        "He left.{>>why?<<} {--Not --}She {++stayed++}.",
        "He {~~ran~>left~~}. {==She==} stayed.",
        "He left. She stayed [@doe99, p. 3].",
        "{: .no_toc }\nHe left. She stayed.",
        "[TOC]\n\nHe left. She stayed.",
        "[[_TOC_]]\n\nHe left. She stayed.",
        "*[HE]: Tom\n\nHe left. She stayed.",
        "#draft #sea/north\n\nHe left. She stayed.",
        "```{=latex}\n\\clearpage\n```\n\nHe left. She stayed.",
        "He left.`<br/>`{=html} She stayed.",
        '{% include x.html %}\n\nHe left.{{< ref "x" >}} She stayed.',
        "#. He left. She stayed.",
        "(@) He left. She stayed.",
        "He left.<sup>1</sup> She <span hidden>never </span>stayed.",
        "Contents\n\n- [One](#one)\n- [Two](#two)\n\nHe left. She stayed.",
    ],
)
def test_notes_comments_and_attributes_are_left_out(text):
    assert " ".join(" ".join(read(text)).split()) == "He left. She stayed."


@pytest.mark.parametrize("text", ["[^1]: A note %%", "[^1]: A note\n    goes on", "[^1]: A note"])
def test_a_text_of_one_note_alone_has_no_words(text):
    assert not any(read(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A [[Wiki Link]] and [[Page|shown text]].", "A Wiki Link and shown text."),
        ("[[Page#Part]] and [[Page#Part|that]]", "Page and that"),
        ("H~2~O, x^2^, the 1^st^", "H₂O, x², the 1st"),
        ("It is $x^2$ or $$E=mc^{10}$$.", "It is x² or E=mc¹⁰."),
        ("$\\alpha$ costs $5 and $6.", "alpha costs $5 and $6."),
        ("E = mc<sup>2</sup>, H<sub>2</sub>O, <q>no</q>", "E = mc², H₂O, “no”"),
        ("$\\frac{1}{2}$ of it", "1/2 of it"),
        ("[[#Here]] and [[Book#Part|there]]", "Here and there"),
        ("1984. It was cold.", "1984. It was cold."),
        ("% of people came.", "% of people came."),
        ("#MeToo and #1 on the list.", "#MeToo and #1 on the list."),
        ("At 10:30:00 he left: why?", "At 10:30:00 he left: why?"),
        ("`a == b == c` and `[^1]`", "a == b == c and [^1]"),
        ("a == b and {curly} and [x]", "a == b and {curly} and [x]"),
        ("# Title {#id .unnumbered}", "Title"),
        ("# Title {-}", "Title"),
        ("2^10^ and ~5 and ^ and ~", "2¹⁰ and ~5 and ^ and ~"),
    ],
)
def test_words_inside_marks_are_read(text, words):
    assert read(text) == [words]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("Term\n: Its meaning", ["Term", "Its meaning"]),
        (
            "| The sea is wide\n|   The ship is small\n| I hear",
            ["The sea is wide", "The ship is small", "I hear"],
        ),
        ("```\n[^1]: code\n%%\n```\n\nA.", ["[^1]: code %%", "A."]),
        ("One  \ntwo", ["One", "two"]),
        ("<details><summary>More</summary>\n\nText.\n\n</details>", ["More", "Text."]),
        ("[^1]: A note.\nthat goes on.\n\nText.", ["Text."]),
        ("> [!warning]- The dog\n> He bit.", ["The dog", "He bit."]),
        ("A.\n\n$$\nx^2\n$$", ["A.", "x²"]),
        ("Term\n  ~ The meaning.", ["Term", "The meaning."]),
        ("| The sea\n|\n| The sky", ["The sea", "The sky"]),
    ],
)
def test_blocks_of_dialects_are_blocks(text, blocks):
    assert read(text) == blocks


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('+++\ntitle = "T"\nauthor = "Ann"\ndate = 2001-05-04\n+++', ("T", "Ann", "", "2001")),
        (
            '+++\ntitle = \'T\'\nauthors = ["Ann", "Bob"]\n[extra]\nx = 1\n+++',
            ("T", "Ann, Bob", "", ""),
        ),
        ('---\ntitle: T\nauthor:\n  - Ann\n  - "Bob"\nlang: eng\n...', ("T", "Ann, Bob", "en", "")),
        ('---\ntitle: "T: a story"\nauthor: [Ann, Bob]\n---', ("T: a story", "Ann, Bob", "", "")),
        (
            "---\ntitle: T\nauthor:\n- name: Ann\ndate: 2020-01-01\nlanguage: en_GB\n---",
            ("T", "Ann", "en-GB", "2020"),
        ),
        ("---\ntitle: T\nlanguage: <b>\n---", ("T", "", "", "")),
        ("% T\n  of sea\n% Ann\n% May 2020", ("T of sea", "Ann", "", "")),
        ("Title: T\nAuthor: Ann\nDate: 2020-05-01", ("T", "Ann", "", "2020")),
    ],
)
def test_front_matter_of_other_tools_is_understood(head, expected):
    document = read_markdown(f"{head}\n\nText.")
    stated = (document.title, document.author, document.language, document.metadata.year)
    assert stated == expected
    assert [block.text for block in document.blocks] == ["Text."]


@pytest.mark.parametrize("head", ["+++\nno toml\n+++", "+++\n", "+++\nx = [\n+++"])
def test_what_is_no_toml_is_read(head):
    assert "".join(read(f"{head}\n\nText.")).endswith("Text.")
    assert len(read(f"{head}\n\nText.")) > 1


SIMPLE = "  Name    Age\n------ ------\n  Tom       9\n  Ann      12"
CLOSED = "------ ------\nTom    nine\nAnn    twelve\n------ ------"
FRAMED = """\
-------------------
 Name     Catch
          of today
-------- ----------
 Tom      two cod
          and an eel

 Ann      a boot
-------------------"""
GRID = """\
+------+-----------+
| Name | Catch     |
+======+===========+
| Tom  | two cod   |
|      | and a|eel |
+------+-----------+
| Ann  | a boot    |
+------+-----------+"""


def read_rows(text: str) -> list[str]:
    """The rows of the table in a text, and the lines around it."""
    lines = rewrite_tables(text.split("\n"))
    return [line for line in lines if line and not line.startswith("|---")]


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (SIMPLE, ["| Name | Age |", "| Tom | 9 |", "| Ann | 12 |"]),
        (CLOSED, ["| Tom | nine |", "| Ann | twelve |"]),
        (FRAMED, ["| Name | Catch of today |", "| Tom | two cod and an eel |", "| Ann | a boot |"]),
        (GRID, ["| Name | Catch |", "| Tom | two cod and a\\|eel |", "| Ann | a boot |"]),
    ],
)
def test_each_row_stands_in_a_line(table, rows):
    assert read_rows(table) == rows
    assert read_rows(f"He left.\n\n{table}\n\nShe stayed.") == ["He left.", *rows, "She stayed."]


@pytest.mark.parametrize(
    "text",
    [
        "He left.\n\n--- ---\n\nShe stayed.\n\n--- ---\n\nThey met.",
        "He left the house.\n---- ----\nShe stayed in it.",
        "------ ------\nTom    nine",
        "+------+-----+\nTom",
        "Two\nlines\n--- ---\none two",
        "- - -",
    ],
)
def test_rules_between_scenes_are_no_tables(text):
    assert rewrite_tables(text.split("\n")) == text.split("\n")

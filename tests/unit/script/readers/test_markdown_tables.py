"""Tables of Pandoc, whose columns are as wide as their rules."""

import pytest

from mixer.script.readers.markdown_tables import rewrite_tables

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


def read(text: str) -> list[str]:
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
    assert read(table) == rows
    assert read(f"He left.\n\n{table}\n\nShe stayed.") == ["He left.", *rows, "She stayed."]


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

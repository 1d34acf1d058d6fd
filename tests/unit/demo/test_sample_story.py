"""The demo's story keeps everything that trips up narration: it is a listening test in disguise."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

STORY = (Path(__file__).parents[3] / "demo" / "story.md").read_text(encoding="utf-8")
PARAGRAPHS = STORY.splitlines()

FEATURES = {
    "a title": r"\A# \w",
    "a chapter numbered in words": r"^## Chapter One: ",
    "a chapter numbered in Roman numerals": r"^## Chapter II: ",
    "a scene break": r"^\* \* \*$",
    "emphasis": r"(?<!\*)\*\w[^*]*\w\*(?!\*)",
    "a Markdown link": r"\[[^\]]+\]\(https://[^)]+\)",
    "a spoken address of a page": r"See https://[\w./]+",
    "an e-mail address": r"\b\w+@\w+\.\w+",
    "Dr.": r"\bDr\. [A-Z]",
    "Mrs.": r"\bMrs\. [A-Z]",
    "St. for Saint": r"\bSt\. Brendan",
    "St. for Street": r"\b14 Harbor St\.",
    "St. for Street at the end of a sentence": r"Harbor St\. He ",
    "e.g.": r"\be\.g\., ",
    "approx.": r"\bapprox\. \d",
    "No.": r"\bNo\. \d",
    "a.m.": r"\b\d{1,2} a\.m\.,",
    "p.m. at the end of a sentence": r"\b6:30 p\.m\. [A-Z]",
    "initials before a name": r"\bJ\. R\. Hale\b",
    "initials alone": r"\bJ\. R\. H\.",
    "a decimal": r"\b7\.5 inches",
    "dollars by the million": r"\$1\.2 million",
    "pounds": r"£5\b",
    "euros and cents": r"€3\.50",
    "a date with an ordinal": r"\bMarch 3rd\b",
    "a date with a year": r"\bOctober 12, 1989\b",
    "an ordinal of its own": r"\b2nd of June\b",
    "a year": r"\bsince 2009\b",
    "an ampersand": r"\w & \w",
    "a less-than sign": r"< 1 ",
    "a greater-than sign": r"> 1 ",
    "an ellipsis": r"\w… \w",
    "a question in quotation marks": r"\?”$",
    "a full stop inside quotation marks": r"\.”$",
    "a question inside a sentence": r"\?” asked ",
}


@pytest.mark.parametrize("pattern", FEATURES.values(), ids=FEATURES.keys())
def test_story_has(pattern):
    assert re.search(pattern, STORY, re.MULTILINE)


def test_story_has_about_1900_words():
    assert 1_700 <= len(STORY.split()) <= 2_100


def test_story_has_one_title_and_three_chapters():
    assert [line.split(" ")[0] for line in PARAGRAPHS if line.startswith("#")] == ["#"] + ["##"] * 3


def test_one_sentence_is_far_longer_than_any_comfortable_piece():
    longest = max(re.split(r"[.!?…]”?\s", STORY), key=len)
    assert len(longest) > 700
    assert "\n" not in longest.strip()


def test_one_paragraph_is_rich_in_dashes():
    assert max(paragraph.count("—") for paragraph in PARAGRAPHS) >= 10


def test_quotation_marks_are_paired_in_every_paragraph():
    assert all(line.count("“") == line.count("”") for line in PARAGRAPHS)


def test_no_paragraph_is_broken_by_hand():
    assert not any(line and following for line, following in pairwise(PARAGRAPHS))

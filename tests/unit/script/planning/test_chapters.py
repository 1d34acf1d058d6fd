"""What a plan makes of headings, scenes and titles, and what it foretells."""

import pytest

from mixer.script.limits import POLLY_LIMITS
from mixer.script.planning.pauses import EXPRESSIVE, NATURAL
from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.ssml import SsmlStyle
from mixer.script.readers.text_types import TextType
from mixer.script.review.estimate import estimate_script
from mixer.script.script import BreakKind, Script
from tests.scripts import plan_text
from tests.texts import LANGUAGES, write_story

BOOK = """\
# The Voyage

## Chapter I

He left. It was late.

* * *

She came.

### At sea

They talked.

## Chapter II

They sailed.
"""


def book() -> Script:
    return plan_text(BOOK, TextType.MARKDOWN)


def titles(text: str, text_type: TextType = TextType.MARKDOWN) -> list[str]:
    return [chapter.title for chapter in plan_text(text, text_type).chapters]


def test_the_one_highest_heading_is_the_title_and_opens_the_first_chapter():
    script = book()
    assert script.title == "The Voyage"
    assert [chapter.title for chapter in script.chapters] == ["Chapter I", "Chapter II"]
    first = script.chapters[0].chunks[0]
    assert [utterance.text for utterance in first.utterances] == ["The Voyage"]


def test_endings_tell_headings_scenes_and_chapters_apart():
    utterances = [each for chunk in book().chunks for each in chunk.utterances]
    assert {utterance.text: utterance.ending for utterance in utterances} == {
        "The Voyage": BreakKind.HEADING,
        "Chapter I": BreakKind.HEADING,
        "He left.": BreakKind.SENTENCE,
        "It was late.": BreakKind.SCENE,
        "She came.": BreakKind.PARAGRAPH,
        "At sea": BreakKind.HEADING,
        "They talked.": BreakKind.CHAPTER,
        "Chapter II": BreakKind.HEADING,
        "They sailed.": BreakKind.CHAPTER,
    }


def test_a_heading_and_the_end_of_a_scene_end_their_chunks():
    ends = [chunk.ending for chunk in book().chunks]
    assert ends.count(BreakKind.HEADING) == 4
    assert ends.count(BreakKind.SCENE) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Text only.", [""]),
        ("# One\n\na.\n\n# Two\n\nb.", ["One", "Two"]),
        ("Before.\n\n# One\n\na.", ["", "One"]),
        ("# Title\n\nBefore.\n\n## One\n\na.", ["Title", "One"]),
        ("## One\n\na.\n\n# Two\n\nb.\n\n## Three\n\nc.", ["", "Two"]),
        ("# Title\n\na.", ["Title"]),
        ("# Only a title", ["Only a title"]),
        ("# Title\n\n## One\n\n***\n\n## Two\n\nb.", ["One", "Two"]),
    ],
)
def test_chapters_begin_at_the_highest_headings_below_the_title(text, expected):
    assert titles(text) == expected


def test_chapters_of_plain_text():
    text = "The Voyage\n\nCHAPTER I\n\nHe left.\n\nCHAPTER II\n\nShe came."
    assert titles(text, TextType.TEXT) == ["CHAPTER I", "CHAPTER II"]
    assert titles("第一章\n\n他走了。\n\n第二章\n\n她来了。", TextType.TEXT) == ["第一章", "第二章"]


def test_front_matter_has_the_last_word_on_the_title():
    text = "---\ntitle: The Real One\n---\n# Another\n\nText."
    assert plan_text(text, TextType.MARKDOWN).title == "The Real One"


def test_front_matter_names_the_author():
    text = "---\nauthor: J. R.\x01 Hale\n---\nText."
    assert plan_text(text, TextType.MARKDOWN).author == "J. R. Hale"
    assert plan_text("Text.", TextType.MARKDOWN).author == ""


def test_what_xml_cannot_carry_is_not_in_a_title():
    assert plan_text("---\ntitle: A\x01 B\n---\nText.", TextType.MARKDOWN).title == "A B"


@pytest.mark.parametrize("profile", [NATURAL, EXPRESSIVE])
def test_the_gap_after_a_chunk_is_the_pause_of_its_ending(profile):
    style = PlanStyle(ssml=SsmlStyle(POLLY_LIMITS["generative"], profile))
    chunks = list(plan_text(BOOK, TextType.MARKDOWN, style).chunks)
    assert [chunk.gap_ms for chunk in chunks] == [profile.gap_ms(each.ending) for each in chunks]


def test_one_gap_for_all_overrides_the_pauses():
    chunks = plan_text(BOOK, TextType.MARKDOWN, PlanStyle(gap_ms=123)).chunks
    assert {chunk.gap_ms for chunk in chunks} == {123}


# Estimates


def test_an_estimate_counts_what_is_sent_and_billed():
    script = book()
    estimate = estimate_script(script)
    assert estimate.chapters == 2
    assert estimate.chunks == len(list(script.chunks))
    assert estimate.characters == sum(chunk.billed_chars for chunk in script.chunks)


@pytest.mark.parametrize("tongue", LANGUAGES, ids=lambda tongue: tongue.tag)
def test_a_thousand_words_take_between_four_and_ten_minutes(tongue):
    story = write_story(tongue, seed=1, chars=6_000, shape="prose")
    ideographic = tongue.gap == "" or tongue.tag == "ko-KR"
    words = len(story.text) / (1.7 if ideographic else 6)
    minutes = estimate_script(plan_text(story.text, style=PlanStyle(tongue.tag))).duration_s / 60
    assert 4 < minutes / words * 1_000 < 10


def test_speech_at_half_the_rate_takes_twice_as_long():
    script = plan_text(
        "He left. She came. They talked for a long while.", style=PlanStyle(gap_ms=0)
    )
    assert estimate_script(script, 50).duration_s == pytest.approx(
        2 * estimate_script(script).duration_s
    )


def test_gaps_are_part_of_the_duration():
    without, with_gaps = (
        estimate_script(plan_text(BOOK, TextType.MARKDOWN, PlanStyle(gap_ms=gap_ms)))
        for gap_ms in (0, 1_000)
    )
    assert with_gaps.duration_s - without.duration_s == pytest.approx(with_gaps.chunks)

"""What a review points out: words, chapters, notes left unsaid, and the language."""

import pytest

from mixer.errors import BadInput
from mixer.script.planning.lexicon import read_lexicon
from mixer.script.planning.plan import PlanStyle
from mixer.script.readers.text_types import TextType
from mixer.script.review.checks import (
    PronunciationHint,
    check_language,
    find_pronunciation_hints,
    review_script,
)
from tests.scripts import plan_text

TEXT = (
    "Nobody met Siobhan at NASA. The café sold k8s tea to Siobhan's aunt, and the King. "
    "A king is no name. She wrote [[say iOS: eye o s]] and iPad."
)


def test_names_abbreviations_and_odd_words_are_listed_and_others_are_not():
    assert find_pronunciation_hints(plan_text(TEXT)) == (
        PronunciationHint("NASA", "abbreviation", 1),
        PronunciationHint("café", "foreign letters", 1),
        PronunciationHint("iPad", "mixed", 1),
        PronunciationHint("k8s", "mixed", 1),
        PronunciationHint("Siobhan", "name", 2),
    )


def test_a_voice_that_states_its_words_is_asked_about_names_and_plain_words():
    script = plan_text("Ruth ran nginx. Ask Ruth, Xiomara and NASA. Xiomara slept.")
    known = {"ruth", "ran", "ask", "and", "slept", "nasa"}
    assert find_pronunciation_hints(script, lambda word: word.lower() in known) == (
        PronunciationHint("NASA", "abbreviation", 1),
        PronunciationHint("Xiomara", "name", 2),
        PronunciationHint("nginx", "unknown word", 1),
    )


def test_words_in_letters_that_the_voice_cannot_read_are_counted():
    script = plan_text("Γειά σου, he said. An α and 你好 stood there.")
    unsaid = review_script(script, lambda _: True).unsaid
    assert unsaid == (("words in letters that the voice cannot read", 3),)
    assert review_script(script).unsaid == ()


def test_what_a_lexicon_says_is_not_doubted():
    lexicon = read_lexicon("NASA = nassa\nSiobhan = Shivawn\nk8s = x\niPad = x\ncafé = x")
    assert not find_pronunciation_hints(plan_text(TEXT, style=PlanStyle(lexicon=lexicon)))


def test_words_that_were_written_out_days_and_the_capitals_of_titles_are_not_doubted():
    text = "# The Long Way Home\n\nOn 3 March Mrs. Pell met Mr. Hale at 5 p.m., on a Monday."
    found = find_pronunciation_hints(plan_text(text, TextType.MARKDOWN))
    assert [each.word for each in found] == ["Hale", "Pell"]


def plan_chapters(*chapters: tuple[str, int]):
    text = "\n\n".join(f"# {title}\n\n{'A word. ' * words}" for title, words in chapters)
    return plan_text(text, TextType.MARKDOWN)


@pytest.mark.parametrize(
    ("chapters", "found"),
    [
        ([("One", 100), ("Two", 110), ("Three", 90)], []),
        ([("All", 6_000)], ["The whole text, 42,003 characters, is one chapter."]),
        (
            [("Part I", 100), ("Part II", 2), ("Part III", 100)],
            ["Chapter 2, “Part II”, is very short: 20 characters."],
        ),
        (
            [("Chapter 1", 100), ("Chapter 2", 1_000), ("Chapter 3", 100)],
            ["Chapter 2, “Chapter 2”, is very long: 7,009 characters."],
        ),
        ([("Chapter IV", 100), ("Chapter VI", 100)], ["“Chapter VI” follows number 4."]),
        ([("Twenty-one", 90), ("Twenty-three", 90)], ["“Twenty-three” follows number 21."]),
        ([("Chapter 2", 90), ("Chapter 1", 90), ("Chapter 2", 90)], []),
        ([("The Sea", 90), ("A Lamp", 90)], []),
    ],
)
def test_chapters_of_odd_size_or_number_are_pointed_out(chapters, found):
    assert list(review_script(plan_chapters(*chapters)).chapters) == found


def test_marks_of_notes_that_are_not_spoken_are_counted():
    script = plan_text("He read it.[1] Then he slept.² It was late.")
    assert review_script(script).unsaid == (("marks of notes", 2),)


@pytest.mark.parametrize(
    ("text", "language", "warning"),
    [
        ("A word.", "en-GB", ""),
        ("Ein Wort.", "de-DE", "The text is in “de-DE”, but the voice speaks en-US"),
        ("Слово за слово.", "en-US", "Most of the text is written in Cyrillic letters"),
        ("Παλιός λόγος.", "en-US", "Most of the text is written in Greek letters"),
        ("A naïve café, Пётр.", "en-US", ""),
    ],
)
def test_a_text_in_another_language_than_its_voice_gives_a_warning(text, language, warning):
    script = plan_text(text, style=PlanStyle(language))
    warnings = check_language(script, "en-US", reads_latin_only=False)
    assert [each[: len(warning)] for each in warnings] == ([warning] if warning else [])


@pytest.mark.parametrize("text", ["Слово за слово.", "你好。", "مرحبا بالعالم", "नमस्ते दुनिया"])
def test_a_voice_that_could_say_nothing_refuses_the_text(text):
    with pytest.raises(BadInput, match="use a voice of Amazon Polly that speaks its language"):
        check_language(plan_text(text), "en-US", reads_latin_only=True)


def test_a_voice_of_the_language_reads_its_letters():
    script = plan_text("Слово за слово.", style=PlanStyle("ru-RU"))
    assert check_language(script, "ru-RU", reads_latin_only=False) == ()

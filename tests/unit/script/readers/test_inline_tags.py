"""Marks in plain text and Markdown: who speaks, when nobody does, how words are said."""

import random

import pytest
from defusedxml.ElementTree import fromstring

from mixer.errors import UnreadableText
from mixer.script.limits import EMBEDDED_LIMITS, POLLY_LIMITS
from mixer.script.planning.pauses import NATURAL
from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.ssml import SsmlStyle
from mixer.script.readers.registry import read_document
from mixer.script.readers.text_types import TextType
from mixer.script.script import Role, Script
from tests.scripts import plan_text, ssml_text

HEAD = "---\ntitle: The Gate\ncast:\n  Narrator: Ada\n  Tom: Ben, level -2\n  Mary: Cora\n---\n"
STANDARD = SsmlStyle(POLLY_LIMITS["standard"], NATURAL)


def plan_tags(text: str, kind: TextType = TextType.TEXT, ssml: SsmlStyle = STANDARD) -> Script:
    return plan_text(text, kind, PlanStyle(ssml=ssml))


def voices(text: str, kind: TextType = TextType.TEXT) -> list[tuple[str, str]]:
    return [(chunk.speaker, ssml_text(chunk.ssml)) for chunk in plan_tags(text, kind).chunks]


def test_a_head_says_what_the_story_is_and_who_speaks():
    document = read_document(
        "---\ntitle: 'The Gate'\nauthor: A. Writer\nnarrator: Ada Voice\nyear: 2026\n"
        "series: Gates, 2\nlanguage: en-GB\ncover: c.jpg\nlexicon: words.txt\n"
        "cast:\n  # who\n  Narrator: Ada\n"
        "  Old Tom: Ben, engine neural, language de-DE, level -2.5dB, rate 90%\n---\nIt began.",
        TextType.TEXT,
    )
    assert (document.title, document.author, document.language) == (
        "The Gate",
        "A. Writer",
        "en-GB",
    )
    assert (document.cover_name, document.lexicon_name) == ("c.jpg", "words.txt")
    about = document.metadata
    assert (about.narrator, about.year, about.series) == ("Ada Voice", "2026", "Gates, 2")
    tom = Role("Old Tom", "Ben", "neural", "de-DE", -2.5, 90, line=13)
    assert document.cast == (Role("Narrator", "Ada", line=12), tom)
    assert [block.text for block in document.blocks] == ["It began."]


def test_a_line_that_names_a_voice_is_said_by_it_and_the_next_by_the_narrator():
    text = HEAD + "It was late.\nTom: Who is\nthere?\nMary: Only me.\n\nHe opened."
    assert voices(text) == [
        ("", "It was late."),
        ("Tom", "Who is there?"),
        ("Mary", "Only me."),
        ("", "He opened."),
    ]


def test_a_name_alone_holds_until_the_next():
    text = HEAD + "Tom:\n\nOne is here.\n\nTwo is here.\n\nNarrator:\n\nThree."
    assert [(who, words) for who, said in voices(text) for words in said.split("\n")] == [
        ("Tom", "One is here."),
        ("Tom", "Two is here."),
        ("", "Three."),
    ]


def test_a_voice_inside_a_paragraph_parts_it_and_the_paragraph_goes_on():
    script = plan_tags(HEAD + "He said [[Tom: come in.]] and opened.")
    passages = [(c.speaker, c.utterances[-1].text, str(c.ending)) for c in script.chunks]
    assert (
        passages[:3]
        == [
            ("", "He said", "clause"),
            ("Tom", "come in.", "sentence"),
            ("", "and opened.", "chapter"),
        ]
        or passages[2][1] == "Then silence."
    )
    assert {c.speaker: c.level_db for c in script.chunks} == {"": 0.0, "Tom": -2.0}


def test_markdown_headings_name_no_speaker():
    script = plan_tags(HEAD + "# Tom: a life\n\nTom: I was born.\n", TextType.MARKDOWN)
    assert [(c.speaker, c.passage) for c in script.chunks] == [
        ("", "Tom: a life"),
        ("Tom", "I was born."),
    ]


def test_marks_say_how_words_are_said():
    (chunk,) = plan_tags(
        "Never say [[emphasis: never]], say [[lang fr: au revoir]] to [[say nginx: engine x]] and "
        "[[say Boot: /boːt/]]; wait [[pause 300ms]] a bit."
    ).chunks
    assert chunk.ssml == (
        '<speak><p><s>Never say <emphasis level="strong">never</emphasis>, say '
        '<lang xml:lang="fr">au revoir</lang> to <sub alias="engine x">nginx</sub> and '
        '<phoneme alphabet="ipa" ph="boːt">Boot</phoneme>; wait <break time="300ms" />a bit.'
        "</s></p></speak>"
    )


def test_an_engine_without_an_element_says_the_words_without_it():
    (chunk,) = plan_tags("A [[emphasis: b]] c.", ssml=SsmlStyle(EMBEDDED_LIMITS, NATURAL)).chunks
    assert chunk.ssml == "<speak><p><s>A b c.</s></p></speak>"


def test_silences_between_sentences_are_exact():
    script = plan_tags("One is.\n\n[[pause 3s]]\n\nTwo is. [[pause 1.5s]] Three is.")
    assert [(c.passage, c.gap_ms) for c in script.chunks][:2] == [
        ("One is.", 3_000),
        ("Two is.", 1_500),
    ]


def test_brackets_that_mean_nothing_stay_text():
    text = "The array a[[0]] is [[here]], he wrote [[sic."
    assert voices(text) == [("", text)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("One.\nTwo [[pause 2s\n\nThree]].", "line 2: “[[pause 2s Three…” is not closed by ]]"),
        ("\n[[pause 11s]] x", "line 2: “[[pause 11s…” takes a length"),
        ("x [[lang french-: y]]", "line 1: “[[lang french-: y…” names no language"),
        ("[[say: engine x]]", "line 1: “[[say: engine x…” names no word"),
        ("[[emphasis huge: x]]", "takes one of moderate, reduced, strong"),
        ("[[emphasis: a [[pause 1s]] b]]", "contains another tag"),
        (HEAD + "x\n\n[[Tim: hello]]", "line 10: “[[Tim: hello…” is not a tag"),
        (HEAD.replace("Ben, level -2", "Ben, loud"), "line 5: “loud” is not a setting of a voice"),
        (
            HEAD.replace("level -2", "language _"),
            "line 5: “language _” is not a setting of a voice",
        ),
        (HEAD.replace("-2", "-200"), "line 5: level takes a number from -12 to 12"),
        (HEAD.replace("Mary", "Tom"), "line 6: Tom is cast twice"),
        (HEAD.replace("Mary: Cora", "Mary"), "line 6: write a role as"),
    ],
)
def test_what_nobody_can_follow_is_refused_with_its_line(text, reason):
    with pytest.raises(UnreadableText) as refused:
        read_document(text + " words", TextType.TEXT, "play.txt")
    assert str(refused.value).startswith("play.txt has a mistake in line ")
    assert reason in str(refused.value)


def play(lines: list[tuple[str, str]]) -> str:
    return HEAD + "\n\n".join(f"{who}: {what}" if who else what for who, what in lines)


def test_an_edit_of_a_play_touches_two_chunks_at_most_and_voices_never_mix():
    rng = random.Random(5)
    words = [f"word{number}" for number in range(400)]
    lines = [
        (
            rng.choice(["", "", "Tom", "Mary"]),
            " ".join(rng.choices(words, k=rng.randint(3, 40))) + ".",
        )
        for _ in range(200)
    ]
    before = plan_tags(play(lines))
    assert all(len({u.speaker for u in c.utterances}) == 1 for c in before.chunks)
    for at in range(0, 200, 9):
        who, what = lines[at]
        edited = [*lines[:at], (who, f"{what} And something more."), *lines[at + 1 :]]
        known = {(c.speaker, c.ssml) for c in before.chunks}
        after = [c for c in plan_tags(play(edited)).chunks if (c.speaker, c.ssml) not in known]
        assert len(after) <= 2
    for chunk in before.chunks:
        fromstring(chunk.ssml)

"""The plan of a story: nothing lost, nothing too long, the same every time."""

import pytest
import regex
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.errors import UnreadableText
from mixer.script.limits import POLLY_BILLED_CHARS, POLLY_LIMITS, POLLY_TOTAL_CHARS
from mixer.script.normalise.passes import normalise
from mixer.script.planning.pauses import resolve_pauses
from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.sentences import split_sentences
from mixer.script.planning.ssml import SsmlStyle, utf16_chars
from mixer.script.readers.encodings import restore_punctuation
from mixer.script.readers.markdown import read_markdown
from mixer.script.readers.text_types import TextType
from mixer.script.script import BreakKind, Script
from tests.scripts import plan_text, ssml_text
from tests.texts import LANGUAGES, STEADY, SampleStory, nasty_texts, stories, write_story

OWN_PAUSES = {"comma": 10_000, "clause": 10_000, "question": 10_000, "sentence": 0}
STYLES = st.builds(
    lambda tag, engine, pause, rate: PlanStyle(
        tag, SsmlStyle(POLLY_LIMITS[engine], resolve_pauses(pause), rate)
    ),
    st.sampled_from([tongue.tag for tongue in LANGUAGES]),
    st.sampled_from(list(POLLY_LIMITS)),
    st.sampled_from(["natural", "expressive", "none", OWN_PAUSES]),
    st.sampled_from([100, 50, 175]),
)
FULL_OF_MARKS = st.builds(
    lambda fragment, count, end: (fragment * count + end) * 3,
    st.sampled_from(
        ["&", "& ", "<a> ", "👍🏽", "x👍 ", "a & b, ", "Why? ", "No! ", "a; ", "漢字，", "9"]
    ),
    st.integers(min_value=1, max_value=4_000),
    st.sampled_from(["", ". ", "\n\n", "。"]),
)


def plan_sample(story: SampleStory) -> Script:
    return plan_text(story.text, style=PlanStyle(language=story.language.tag))


def words(text: str) -> str:
    return "".join(regex.findall(r"[\p{L}\p{N}]", text))


def texts(script: Script) -> str:
    return " ".join(each.text for chunk in script.chunks for each in chunk.utterances)


def join_spoken(script: Script) -> str:
    return " ".join(each.spoken for chunk in script.chunks for each in chunk.utterances)


@settings(STEADY, max_examples=60)
@given(stories())
def test_no_word_is_lost_doubled_or_reordered(story):
    script = plan_sample(story)
    assert words(texts(script)) == words(story.text)
    paragraphs = [normalise(each, story.language.tag) for each in story.text.split("\n\n")]
    assert words(join_spoken(script)) == words(" ".join(each.spoken for each in paragraphs))


@settings(STEADY, max_examples=150)
@given(nasty_texts(), STYLES)
def test_no_word_of_any_text_is_lost_doubled_or_reordered(text, style):
    try:
        script = plan_text(text, style=style)
    except UnreadableText:
        assert not words(text) or any("\ud800" <= each <= "\udfff" for each in text)
    else:
        assert words(texts(script)) == words(restore_punctuation(text))


@settings(STEADY, max_examples=150)
@given(nasty_texts(), STYLES)
def test_any_markdown_is_planned_or_called_unreadable(text, style):
    try:
        script = plan_text(text, TextType.MARKDOWN, style)
    except UnreadableText:
        pass
    else:
        blocks = read_markdown(restore_punctuation(text)).blocks
        written = " ".join(block.text for block in blocks)
        assert words(texts(script)) == words(written)


@pytest.mark.parametrize("text_type", list(TextType))
@pytest.mark.parametrize(
    "text",
    ["", " \n\t ", "...", "“”!?", "👍🏽 👩‍👩‍👧", "***\n\n~~~", "\x00\ufeff", "~\n\n—", "\ud800"],
)
def test_a_text_without_a_word_is_unreadable(text, text_type):
    with pytest.raises(UnreadableText):
        plan_text(text, text_type)


@settings(STEADY, max_examples=60)
@given(
    nasty_texts() | stories().map(lambda story: story.text), st.sampled_from(list(TextType)), STYLES
)
def test_every_chapter_holds_chunks_and_ends_as_one(text, text_type, style):
    try:
        script = plan_text(text, text_type, style)
    except UnreadableText:
        return
    assert script.chapters
    for chapter in script.chapters:
        endings = [each.ending for chunk in chapter.chunks for each in chunk.utterances]
        assert endings.count(BreakKind.CHAPTER) == 1
        assert endings[-1] is BreakKind.CHAPTER


@settings(STEADY, max_examples=100)
@given(nasty_texts() | stories().map(lambda story: story.text) | FULL_OF_MARKS, STYLES)
def test_no_chunk_is_over_the_limits_of_any_engine(text, style):
    try:
        script = plan_text(text, style=style)
    except UnreadableText:
        return
    for chunk in script.chunks:
        assert 0 < chunk.billed_chars <= POLLY_BILLED_CHARS
        assert utf16_chars(chunk.ssml) <= POLLY_TOTAL_CHARS


@settings(STEADY, max_examples=100)
@given(nasty_texts() | stories().map(lambda story: story.text), STYLES)
def test_ssml_parses_and_its_text_is_the_spoken_text(text, style):
    try:
        script = plan_text(text, style=style)
    except UnreadableText:
        return
    for chunk in script.chunks:
        spoken_words = [utterance.spoken for utterance in chunk.utterances]
        assert "".join(fromstring(chunk.ssml).itertext()) == "".join(spoken_words)
        assert ssml_text(chunk.ssml) == "\n".join(spoken_words)


@settings(STEADY, max_examples=30)
@given(stories(), STYLES)
def test_planning_twice_gives_the_same_script(story, style):
    assert plan_text(story.text, style=style) == plan_text(story.text, style=style)


@pytest.mark.parametrize("tongue", LANGUAGES, ids=lambda tongue: tongue.tag)
def test_a_sentence_is_one_utterance(tongue):
    story = write_story(tongue, seed=7, chars=3_000, shape="prose")
    sentences = [
        (start, end)
        for paragraph in story.text.split("\n\n")
        for start, end in split_sentences(normalise(paragraph, tongue.tag).spoken, tongue.tag)
    ]
    assert sum(len(chunk.utterances) for chunk in plan_sample(story).chunks) == len(sentences)

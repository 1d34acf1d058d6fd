"""What an edit costs: one sentence more or less, and at most two chunks to pay for."""

import random
from collections import Counter
from itertools import cycle
from pathlib import Path

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.sentences import split_sentences
from mixer.script.readers.text_types import TextType
from mixer.script.script import Script
from tests.scripts import plan_text
from tests.texts import SEEDS, STEADY, Place, SampleStory, build_new_sentence, stories

SAMPLE = (Path(__file__).parents[4] / "demo" / "story.md").read_text(encoding="utf-8")
MOST_CHANGED = 2
"""Chunks that one sentence more or less may change."""

INSERTED = (
    "Nobody knew.",
    "“The tide,” he said, “is early.”",
    "It was the kind of evening on which even the gulls, who never agreed, flew home together.",
)
NUMBERS = st.integers(min_value=0, max_value=20)
LONG = stories(st.integers(min_value=3_000, max_value=12_000))


def plan_sample(story: SampleStory) -> Script:
    return plan_text(story.text, style=PlanStyle(language=story.language.tag))


def requests(script: Script) -> Counter[str]:
    return Counter(chunk.ssml for chunk in script.chunks)


def count_changes(before: Script, after: Script) -> int:
    """How many chunks of the second have to be paid for after the first."""
    return (requests(after) - requests(before)).total()


@settings(STEADY, max_examples=100)
@given(LONG, SEEDS, NUMBERS)
def test_a_sentence_more_or_less_changes_at_most_two_chunks(story, seed, number):
    place = random.Random(seed).choice(list(story.places()))
    before, shorter = plan_sample(story), plan_sample(story.remove_sentence(place))
    longer = plan_sample(story.insert_sentence(place, build_new_sentence(story.language, number)))
    assert count_changes(before, shorter) <= MOST_CHANGED
    assert count_changes(before, longer) <= MOST_CHANGED
    assert count_changes(longer, before) <= MOST_CHANGED


@settings(STEADY, max_examples=40)
@given(LONG, SEEDS, NUMBERS)
def test_a_sentence_appended_to_a_paragraph_changes_at_most_two_chunks(story, seed, number):
    paragraph = random.Random(seed).randrange(len(story.paragraphs))
    place = Place(paragraph, len(story.paragraphs[paragraph]))
    before, after = (
        plan_sample(story),
        plan_sample(story.insert_sentence(place, build_new_sentence(story.language, number))),
    )
    assert count_changes(before, after) <= MOST_CHANGED
    assert count_changes(after, before) <= MOST_CHANGED


def sample_spans() -> list[tuple[int, int]]:
    """Where the sentences of the sample's paragraphs stand in its Markdown."""
    spans = []
    for paragraph in regex.finditer(r"(?m)^(?!#|\* \* \*).+$", SAMPLE):
        for start, end in split_sentences(paragraph[0], "en-US"):
            spans.append((paragraph.start() + start, paragraph.start() + end))
    return spans


SPANS = sample_spans()
GROWING, SHRINKING = SPANS[::2], SPANS[1::2]
"""Every place of the sample is edited once: what an insertion changes, its deletion changes too."""

BEFORE = plan_text(SAMPLE, TextType.MARKDOWN)


def counts(edited: list[str]) -> Counter[int]:
    """How many edits change how many chunks."""
    return Counter(count_changes(BEFORE, plan_text(text, TextType.MARKDOWN)) for text in edited)


def test_the_sample_has_its_sentences():
    assert len(SPANS) > 150


def test_a_sentence_inserted_anywhere_in_the_sample_changes_at_most_two_chunks():
    edited = [
        f"{SAMPLE[:start]}{sentence} {SAMPLE[start:]}"
        for (start, _), sentence in zip(GROWING, cycle(INSERTED), strict=False)
    ]
    assert max(counts(edited)) <= MOST_CHANGED


def test_a_sentence_appended_to_any_paragraph_of_the_sample_changes_at_most_two_chunks():
    ends = [end for _, end in SPANS if SAMPLE[end] == "\n"]
    edited = [
        f"{SAMPLE[:end]} {sentence}{SAMPLE[end:]}"
        for end, sentence in zip(ends, cycle(INSERTED), strict=False)
    ]
    assert max(counts(edited)) <= MOST_CHANGED


def test_any_sentence_deleted_from_the_sample_changes_at_most_two_chunks():
    edited = [SAMPLE[:start] + SAMPLE[end:] for start, end in SHRINKING]
    assert max(counts(edited)) <= MOST_CHANGED

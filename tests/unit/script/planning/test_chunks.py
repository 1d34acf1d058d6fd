"""Chunks: nothing lost, nothing too long, and boundaries that stay where nothing was edited."""

import random
from collections.abc import Sequence
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixer.script.planning.chunks import CHUNK_BREAKS, MIN_SPACING, _split_to_fit, group_utterances
from mixer.script.script import BreakKind, Utterance
from tests.texts import STEADY

LIMIT = 2_700
ROOMY = 10**9
TEXTS_CHARS = 60_000

LENGTHS = {
    "one-line dialogue": (12, 50),
    "verse": (35, 50),
    "prose": (20, 200),
    "long sentences": (100, 400),
}


def utterance(text: str, ending: BreakKind = BreakKind.SENTENCE) -> Utterance:
    return Utterance(text, text, ending)


def weigh(one: Utterance) -> int:
    return len(one.spoken)


def text_of(shortest: int, longest: int, paragraph_every: int) -> list[Utterance]:
    """Distinct utterances of such lengths; every so many end a paragraph."""
    drawn = random.Random(shortest)
    utterances = []
    for number in range(2 * TEXTS_CHARS // (shortest + longest)):
        ending = BreakKind.SENTENCE if (number + 1) % paragraph_every else BreakKind.PARAGRAPH
        filled = f"{number} ".ljust(drawn.randint(shortest, longest), "x")
        utterances.append(utterance(filled, ending))
    return utterances


def weights(utterances: Sequence[Utterance], limit: int = ROOMY) -> list[int]:
    return [sum(map(weigh, each)) for each in group_utterances(utterances, weigh, limit)]


@pytest.mark.parametrize("paragraph_every", [1, 2, 6, 10**6])
@pytest.mark.parametrize("kind", LENGTHS)
def test_hardly_a_run_outgrows_a_call(kind, paragraph_every):
    runs = weights(text_of(*LENGTHS[kind], paragraph_every))
    assert sum(run > LIMIT for run in runs) <= 1


@pytest.mark.parametrize("paragraph_every", [1, 2, 6, 10**6])
@pytest.mark.parametrize("kind", LENGTHS)
def test_chunks_lie_near_a_target_size(kind, paragraph_every):
    runs = weights(text_of(*LENGTHS[kind], paragraph_every), LIMIT)
    assert 400 < mean(runs) < 700


def test_chunks_end_at_paragraphs_more_often_than_chance_would_have_it():
    utterances = text_of(*LENGTHS["prose"], paragraph_every=5)
    ends = [each[-1].ending for each in group_utterances(utterances, weigh, LIMIT)]
    assert ends.count(BreakKind.PARAGRAPH) > len(ends) * 1.4 / 5


AWKWARD = st.integers(min_value=205, max_value=430)
"""Longer than the spacing, and likelier marks for their length than for ending a paragraph."""

SOME_LENGTHS = st.lists(st.integers(1, 900) | AWKWARD, min_size=2, max_size=40)


@settings(STEADY, max_examples=300)
@given(SOME_LENGTHS | st.lists(AWKWARD, min_size=5, max_size=40), st.data(), st.integers(1, 5))
def test_a_sentence_more_or_less_changes_at_most_two_chunks(lengths, data, every):
    """Whatever the lengths, as long as the limit is not met: there no scheme can promise it."""
    place = data.draw(st.integers(0, len(lengths) - 1))
    texts = [f"{number} ".ljust(length, "x") for number, length in enumerate(lengths)]
    longer = [texts[start : start + every] for start in range(0, len(texts), every)]
    shorter = [[text for text in each if text != texts[place]] for each in longer]
    after, before = (
        set(group_utterances(build_paragraphs(each), weigh, ROOMY)) for each in (longer, shorter)
    )
    assert len(after - before) <= 2
    assert len(before - after) <= 2


def build_paragraphs(paragraphs: Sequence[Sequence[str]]) -> list[Utterance]:
    return [
        utterance(text, BreakKind.PARAGRAPH if text is each[-1] else BreakKind.SENTENCE)
        for each in paragraphs
        for text in each
    ]


ENDINGS = st.sampled_from(list(BreakKind))
UTTERANCES = st.lists(st.builds(utterance, st.text(min_size=1, max_size=300), ENDINGS), max_size=60)


@settings(STEADY, max_examples=200)
@given(UTTERANCES, st.integers(min_value=300, max_value=1_000))
def test_chunks_hold_every_utterance_once_in_order_and_within_the_limit(utterances, limit):
    groups = list(group_utterances(utterances, weigh, limit))
    assert [one for each in groups for one in each] == utterances
    assert all(groups)
    assert all(sum(map(weigh, each)) <= limit for each in groups)


@settings(STEADY, max_examples=200)
@given(UTTERANCES)
def test_a_chunk_ends_after_headings_scenes_and_chapters(utterances):
    for each in group_utterances(utterances, weigh, ROOMY):
        assert not any(one.ending in CHUNK_BREAKS for one in each[:-1])


def test_a_heading_is_a_chunk_of_its_own():
    utterances = [utterance("a"), utterance("Title", BreakKind.HEADING), utterance("b")]
    assert [len(each) for each in group_utterances(utterances, weigh, LIMIT)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("paragraph_ends", "sizes"),
    [
        ([], [30, 30]),
        ([34], [34, 26]),
        ([26], [26, 34]),
        ([4], [30, 30]),
        ([25, 35], [25, 35]),
        ([10, 24, 33, 50], [33, 27]),
        (range(1, 60), [30, 30]),
    ],
)
def test_a_run_that_outgrows_a_call_is_halved_at_a_paragraph_near_its_middle(paragraph_ends, sizes):
    utterances = [utterance("same " * 10) for _ in range(60)]
    for end in paragraph_ends:
        utterances[end - 1] = utterance("same " * 10, BreakKind.PARAGRAPH)
    groups = _split_to_fit(utterances, [*map(weigh, utterances)], LIMIT)
    assert [len(each) for each in groups] == sizes


def test_what_is_cut_out_of_a_sentence_ends_no_chunk_by_choice():
    utterances = [utterance(f"{number} ".ljust(900, "x"), BreakKind.CLAUSE) for number in range(20)]
    assert len(list(group_utterances(utterances, weigh, ROOMY))) == 1


def test_small_chunks_stay_further_apart_than_the_spacing():
    runs = weights(text_of(*LENGTHS["one-line dialogue"], paragraph_every=1))
    assert all(run > MIN_SPACING for run in runs[1:-1])

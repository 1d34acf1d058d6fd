"""Pauses: profiles by name, own milliseconds by kind, refusals that name what is wrong."""

from itertools import pairwise

import pytest

from mixer.errors import BadOption
from mixer.script.annotations import MAX_PAUSE_MS
from mixer.script.planning.pauses import (
    COMMA,
    EXPRESSIVE,
    NATURAL,
    NO_PAUSES,
    PAUSE_KINDS,
    PROFILES,
    resolve_pauses,
)
from mixer.script.script import BreakKind

FROM_SHORT_TO_LONG = [
    BreakKind.CLAUSE,
    BreakKind.SENTENCE,
    BreakKind.PARAGRAPH,
    BreakKind.HEADING,
    BreakKind.SCENE,
    BreakKind.CHAPTER,
]


@pytest.mark.parametrize("name", PROFILES)
def test_every_ending_has_a_gap_in_every_profile(name):
    assert all(0 <= resolve_pauses(name).gap_ms(ending) <= MAX_PAUSE_MS for ending in BreakKind)


@pytest.mark.parametrize("profile", [NATURAL, EXPRESSIVE])
def test_the_greater_the_break_in_the_story_the_longer_the_gap(profile):
    gaps = [profile.gap_ms(ending) for ending in FROM_SHORT_TO_LONG]
    assert all(shorter < longer for shorter, longer in pairwise(gaps))


def test_expressive_pauses_are_longer_than_natural_ones():
    assert all(EXPRESSIVE.gap_ms(ending) > NATURAL.gap_ms(ending) for ending in BreakKind)


def test_none_has_no_silence_at_all():
    assert {NO_PAUSES.gap_ms(ending) for ending in BreakKind} == {0}
    assert not NO_PAUSES.breaks_ms


@pytest.mark.parametrize("kind", list(BreakKind))
def test_own_milliseconds_are_gap_and_break_alike(kind):
    own = resolve_pauses({str(kind): 777})
    assert own.gap_ms(kind) == 777
    assert own.breaks_ms == {kind: 777}


def test_what_is_not_named_stays_natural_and_leaves_the_break_to_the_engine():
    own = resolve_pauses({"paragraph": 777})
    unnamed = [ending for ending in BreakKind if ending is not BreakKind.PARAGRAPH]
    assert [own.gap_ms(each) for each in unnamed] == [NATURAL.gap_ms(each) for each in unnamed]
    assert BreakKind.SENTENCE not in own.breaks_ms


def test_a_comma_has_a_break_and_no_gap():
    own = resolve_pauses({COMMA: 50})
    assert own.breaks_ms == {COMMA: 50}
    assert own.gaps_ms == NATURAL.gaps_ms


def test_kinds_are_those_of_the_contract():
    asked = {"comma", "clause", "sentence", "question", "exclamation", "paragraph", "heading"}
    assert asked <= set(PAUSE_KINDS)


@pytest.mark.parametrize("length_ms", [0, MAX_PAUSE_MS])
def test_lengths_at_the_ends_of_the_range_are_taken(length_ms):
    assert resolve_pauses({"sentence": length_ms}).gap_ms(BreakKind.SENTENCE) == length_ms


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ("dramatic", "dramatic"),
        ("", "profile"),
        ({"semicolon": 100}, "semicolon"),
        ({"sentence": -1}, "sentence"),
        ({"comma": MAX_PAUSE_MS + 1}, "comma"),
    ],
)
def test_a_refusal_names_what_is_wrong(choice, named):
    with pytest.raises(BadOption, match=named):
        resolve_pauses(choice)


def test_pauses_cannot_be_changed_from_outside():
    asked = {"sentence": 100}
    own = resolve_pauses(asked)
    asked["sentence"] = 9_999
    assert own.breaks_ms["sentence"] == 100

"""The contract's options: defaults, ranges, and what is told about a wrong one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.errors import BadOption
from mixer.requests import Options, parse_options, reword_problem

DEFAULTS = {
    "voice": "",
    "engine": "",
    "language": "",
    "pauses": "natural",
    "gap_ms": None,
    "rate": 100,
    "preset": "story",
    "music_level_lu": 20,
    "duck_db": 8,
    "duck_attack_s": None,
    "duck_hold_s": None,
    "duck_release_s": None,
    "de_ess": 0,
    "music_intro_s": 0,
    "music_outro_s": 2,
    "fade_out_s": 5,
    "narrator": "",
    "year": "",
    "cover": "",
    "outputs": [],
    "bitrate_kbps": None,
    "max_cost_usd": None,
    "dry_run": False,
}
RANGES = {
    "gap_ms": (0, 10_000),
    "rate": (50, 200),
    "music_level_lu": (6, 40),
    "duck_db": (0, 24),
    "duck_attack_s": (0.02, 5),
    "duck_hold_s": (0, 10),
    "duck_release_s": (0.02, 10),
    "de_ess": (0, 1),
    "music_intro_s": (0, 60),
    "music_outro_s": (0, 60),
    "fade_out_s": (0, 60),
}


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items())
def test_an_option_that_is_not_given_has_the_default_of_the_contract(name, value):
    assert getattr(parse_options({}), name) == value


@pytest.mark.parametrize(("name", "ends"), RANGES.items())
def test_both_ends_of_a_range_belong_to_it(name, ends):
    for end in ends:
        assert getattr(parse_options({name: end}), name) == end


@pytest.mark.parametrize(("name", "ends"), RANGES.items())
def test_what_lies_beyond_a_range_is_refused_by_name(name, ends):
    for beyond in (ends[0] - 1, ends[1] + 1):
        with pytest.raises(BadOption, match=f"^{name}: must be at (least|most)") as refused:
            parse_options({name: beyond})
        assert refused.value.details["field"] == name
        assert str(beyond) in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"volume": 11}, "volume: unknown option"),
        ({"rate": "fast"}, "rate: must be a whole number, not “fast”."),
        ({"rate": 99.5}, "rate: must be a whole number, not 99.5."),
        ({"duck_db": "deep"}, "duck_db: must be a number"),
        ({"preset": "loud"}, "preset: must be story, podcast, audiobook-acx or broadcast, not"),
        ({"duck_db": 99.0}, "duck_db: must be at most 24, not 99."),
        ({"language": "??"}, "language: must be a language such as en or pt-BR, not “??”."),
        ({"lexicons": ["a-b"]}, "lexicons: must be up to 20 letters and digits, not “a-b”."),
        ({"lexicons": [*"abcdef"]}, "lexicons: must have at most 5 items, not “a, b, c, d, e, f”."),
        ({"skip_front_matter": "maybe"}, "skip_front_matter: must be true or false, not “maybe”."),
        ({"title": "x" * 600}, f"title: must have at most 500 characters, not “{'x' * 40}…”."),
        ({"bitrate_kbps": 100}, "bitrate_kbps: must be 64, 80"),
        ({"voice": 7}, "voice: must"),
        ({"voice": None}, "voice: must"),
        ({"max_cost_usd": -1}, "max_cost_usd: must be at least 0"),
        ({"pauses": 5}, "pauses: must"),
    ],
)
def test_a_wrong_option_is_named_with_what_it_may_be(asked, named):
    with pytest.raises(BadOption) as refused:
        parse_options(asked)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


@given(
    st.dictionaries(
        st.sampled_from(sorted(Options.model_fields)) | st.text(max_size=5),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()),
    )
)
def test_whatever_is_asked_ends_in_options_or_in_one_sentence(asked):
    told = "."
    try:
        parse_options(asked)
    except BadOption as refused:
        told = str(refused)
    assert told.endswith(".")
    assert len(told) < 250


def test_options_do_not_change_once_they_are_checked():
    with pytest.raises(ValueError, match="frozen"):
        parse_options({}).rate = 120


@pytest.mark.parametrize("name", Options.model_fields)
def test_every_option_says_what_it_is_for(name):
    assert Options.model_fields[name].description


def test_no_options_are_the_defaults():
    assert parse_options({}) == Options()
    assert not parse_options({}).model_fields_set


@pytest.mark.parametrize(
    ("message", "reworded"),
    [
        ("Input should be a valid string", "must be text"),
        ("Input should be a valid list", "must be a list"),
        ("Input should be a valid dictionary or instance of X", "must be an object"),
        ("Input should be greater than or equal to 0", "must be at least 0"),
        ("Input should be 'a', 'b' or 'c'", "must be a, b or c"),
        ("List should have at least 1 item after validation, not 0", "must have at least 1 item"),
        (r"String should match pattern '^https?://\S+$'", "must have another form"),
        ("Field required", "is missing"),
    ],
)
def test_problems_of_a_validator_are_reworded(message, reworded):
    assert reword_problem(message) == reworded

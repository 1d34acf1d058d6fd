"""Nothing in a text trips the embedded voice, and every word keeps its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.speech.embedded.mapped_text import MappedText, TokenTiming, align_words
from mixer.speech.embedded.ssml_reader import CLAUSE_PAUSE_MS
from mixer.speech.embedded.text import (
    INNER_SENTENCE_PAUSE_MS,
    MAX_PIECE_PHONEMES,
    MAX_RUN_CHARS,
    MIN_PIECE_PHONEMES,
    sanitise_text,
    split_phonemes,
)


def guard(text: str) -> str:
    return sanitise_text(MappedText.literal(text)).text


def cut(phonemes: str, rate: float = 1.0) -> list[str]:
    return [phonemes[piece.start : piece.end] for piece in split_phonemes(phonemes, rate)]


def time_words(*words: str) -> list[TokenTiming]:
    return [TokenTiming(word, at * 100, at * 100 + 90) for at, word in enumerate(words)]


@pytest.mark.parametrize(
    "text",
    [
        "Plain text, with (brackets) and naïve Łódź.",
        "It cost $1,249.50 on 3/4/2024 at 10:30.",
        "½ cup, 5 µm, 3², 20 °C, © 2024",
        "1" * 36,
    ],
)
def test_readable_text_is_left_alone(text):
    assert guard(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[word](/wɜd/)", "(word)(/wɜd/)"),
        ("“Now,” he said, «no» „so“ ¿who?", "Now, he said, no so who?"),
        ("said“no”again", "said no again"),
        ("‘Now,’ and the boys’ don’t", "Now, and the boys don't"),
        ("Take ’em; ’tis the ’90s", "Take 'em; tis the '90s"),
        ("—and then— ", "and then— "),
        ("–and then", "and then"),
        ("He said 你好 twice", "He said    twice"),
        ("Привет", "      "),
        ("area = π r²", "area = pi r²"),
        ("Ωμέγα", " "),
        ("cafe\u0301", "cafe"),
        ("zero\u200bwidth and soft\u00adhyphen", "zerowidth and softhyphen"),
        ("ＡＢ１", "AB1"),
        ("٣", "3"),
        ("① Ⅳ ⅓", "1 IV 1/3"),
    ],
)
def test_what_the_voice_would_misread_is_replaced(text, expected):
    assert guard(text) == expected


@pytest.mark.parametrize("number", ["7" * 37, "7" * 3000, "123," * 12 + "999"])
def test_number_too_long_for_a_name_is_said_digit_by_digit(number):
    reading = sanitise_text(MappedText.literal(number))
    assert not any(character.isdigit() for character in reading.text)
    assert reading.origin(0, len(reading.text)) == (0, len(number))


def test_endless_word_is_read_in_parts():
    assert max(map(len, guard("x" * 3000).split())) == MAX_RUN_CHARS


def test_long_run_is_broken_at_its_marks():
    run = "well—" * 100 + "enough"
    reading = sanitise_text(MappedText.literal(run))
    assert reading.text.replace(" ", "") == run
    assert max(map(len, reading.text.split())) <= MAX_RUN_CHARS
    assert all(part.endswith("—") for part in reading.text.split()[:-1])
    at = reading.text.index("enough")
    assert reading.origin(at, at + 6) == (500, 506)


@given(st.text())
def test_guarded_text_has_no_links_and_only_known_letters(text):
    reading = sanitise_text(MappedText.literal(text))
    assert "[" not in reading.text
    assert len(reading.text) == len(reading.origins)
    assert all(0 <= start < end <= len(text) for start, end in reading.origins)


def test_short_sentence_is_one_piece():
    assert cut("həlˈO ðˈɛɹ, jˈu.") == ["həlˈO ðˈɛɹ, jˈu."]


def test_sentences_are_said_on_their_own():
    first, second = split_phonemes("həlˈO. hˌW ˈɑɹ ju?")
    assert first.pause_ms == INNER_SENTENCE_PAUSE_MS
    assert second.pause_ms == 0


def test_quoted_question_stays_with_who_asks():
    assert len(cut("“wˈI?” ʃˌi sˈɛd.")) == 1


def test_long_sentence_is_cut_at_its_clauses():
    phonemes = ", ".join(["wˈʌn tˈu θɹˈi"] * 60)
    found = split_phonemes(phonemes)
    assert all(phonemes[piece.start : piece.end].endswith(",") for piece in found[:-1])
    assert {piece.pause_ms for piece in found[:-1]} == {CLAUSE_PAUSE_MS}


def test_sentence_without_punctuation_is_cut_between_words():
    assert all(piece.split()[0] == "wˈʌn" for piece in cut("wˈʌn " * 500))


def test_endless_phonemes_are_cut_anywhere():
    assert max(map(len, cut("a" * 5000))) == MAX_PIECE_PHONEMES


def test_slow_speech_is_cut_shorter():
    assert max(map(len, cut("wˈʌn " * 500, rate=0.2))) <= MIN_PIECE_PHONEMES


@pytest.mark.parametrize("phonemes", ["", " ", "...", "—", "“ ” , ˈ"])
def test_punctuation_alone_is_not_said(phonemes):
    assert cut(phonemes) == []


@given(st.text(alphabet="abɹ ˈ,.;!?”—", max_size=2000), st.floats(0.1, 3))
def test_pieces_lose_nothing_and_stay_short(phonemes, rate):
    found = split_phonemes(phonemes, rate)
    assert all(piece.end - piece.start <= MAX_PIECE_PHONEMES for piece in found)
    phrase = "".join(phonemes[piece.start : piece.end] for piece in found)
    letters = [each for each in phonemes if each.isalpha() and each != "ˈ"]
    assert [each for each in phrase if each.isalpha() and each != "ˈ"] == letters


def test_words_are_found_where_they_are_written():
    words = align_words(
        MappedText.literal("The sea — it's still."), time_words("the", "sea", "it's", "still")
    )
    assert [(word.start, word.end) for word in words] == [(0, 3), (4, 7), (10, 14), (15, 20)]
    assert [word.start_samples for word in words] == [0, 100, 200, 300]


def test_number_takes_the_time_of_all_its_words():
    times = time_words("It", "cost", "twelve", "hundred", "dollars", "then")
    word = align_words(MappedText.literal("It cost $1,200 then."), times)[2]
    assert (word.start_samples, word.end_samples) == (200, 490)


def test_words_of_a_replacement_are_one_written_word():
    reading = (
        MappedText.literal("The ")
        + MappedText.alias("World Wide Web", 4, 7)
        + MappedText.literal(" works", 7)
    )
    words = align_words(reading, time_words("The", "World", "Wide", "Web", "works"))
    assert [(word.start, word.end) for word in words] == [(0, 3), (4, 7), (8, 13)]
    assert (words[1].start_samples, words[1].end_samples) == (100, 390)


def test_no_word_is_heard_when_nothing_is():
    assert align_words(MappedText.literal("你好"), []) == []


def test_repetition_without_end_is_timed_quickly():
    text = " ".join(["a slash"] * 700)
    words = align_words(MappedText.literal(text), time_words(*["a", "x", "slash"] * 700))
    assert len(words) == 1400


@given(
    st.lists(st.sampled_from(["one", "two", "$5", "—", "three"])),
    st.lists(st.sampled_from(["one", "two", "five", "dollars", "three"])),
)
def test_word_times_never_run_backwards(written, times):
    words = align_words(MappedText.literal(" ".join(written)), time_words(*times))
    times = [at for word in words for at in (word.start_samples, word.end_samples)]
    assert times == sorted(times)

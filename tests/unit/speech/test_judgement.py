"""What counts as a fault of a passage."""

import pytest

from mixer.speech.verification.judgement import (
    ChunkCheck,
    Fault,
    FoundWord,
    SpeechFault,
    Word,
    judge_words,
)

TEXT = ["the", "keeper", "had", "not", "spoken", "to", "another", "soul", "in", "a", "long", "time"]
SOUNDS = {"a": 1, "the": 2, "to": 2, "in": 2}
WORDS = [Word(text, SOUNDS.get(text, 4)) for text in TEXT]


def find(recognised: str, misfit: float = 0.0, frames: int = 20) -> list[FoundWord]:
    """Words as the recogniser finds them; the misfit is that of the one in capitals."""
    return [
        FoundWord(each.lower(), frames, misfit if each.isupper() else 0.0)
        for each in recognised.split()
    ]


def judge(recognised: str | None) -> ChunkCheck:
    return judge_words(WORDS, TEXT, None if recognised is None else find(recognised))


@pytest.mark.parametrize(
    ("recognised", "faults"),
    [
        ("the keeper had not spoken to another soul in a long time", []),
        ("the keeper had not spoken to another soul in long time", []),
        ("the keeper had spoken to another soul in a long time", [(SpeechFault.MISSING, "not")]),
        (
            "the keeper had not not spoken to another soul in a long time",
            [(SpeechFault.REPEATED, "not")],
        ),
        ("the keeper had not spoken to another soul", [(SpeechFault.MISSING, "in a long time")]),
        (
            "keeper had not spoken to another soul in a time",
            [(SpeechFault.MISSING, "the"), (SpeechFault.MISSING, "long")],
        ),
        (
            "the keeper not had spoken to another soul in a long time",
            [(SpeechFault.SWAPPED, "had not")],
        ),
        (
            "the keeper had not spoken to another soul a in long time",
            [(SpeechFault.SWAPPED, "in a")],
        ),
        (None, [(SpeechFault.UNLIKE, " ".join(TEXT))]),
    ],
)
def test_difference_is_named_with_its_words(
    recognised: str | None, faults: list[tuple[SpeechFault, str]]
) -> None:
    check = judge(recognised)
    assert [(each.kind, each.words) for each in check.faults] == faults
    assert check.wrong_words == sum(len(words.split()) for _, words in faults)


def test_short_passage_is_judged_more_gently() -> None:
    words = [Word("Why", 2), Word("would", 3), Word("it", 2)]
    names = ["why", "would", "it"]
    assert judge_words(words, names, find("why would")).faults == ()
    assert judge_words(words, names, find("why it")).faults == (
        Fault(SpeechFault.MISSING, "would"),
    )
    assert judge_words(words, names, find("why WOULD it", 200)).faults == ()
    another = (Fault(SpeechFault.DIFFERENT, "would"),)
    assert judge_words(words, names, find("why WOULD it", 210)).faults == another


@pytest.mark.parametrize(
    ("recognised", "misfit", "frames", "faults"),
    [
        ("the keeper HAD not", 160, 20, []),
        ("the keeper HAD not", 170, 20, [Fault(SpeechFault.DIFFERENT, "had")]),
        ("the keeper HAD not", 190, 7, []),
        ("the keeper HAD not", 170, 300, []),  # little for each frame: a long number
        ("the keeper had not spoken to TO", 40, 7, [Fault(SpeechFault.REPEATED, "to")]),
        ("the keeper had not spoken to TO", 40, 6, []),
        ("the keeper had not spoken TO TO", 40, 12, [Fault(SpeechFault.REPEATED, "to")]),
        ("the keeper had not spoken TO TO", 40, 11, []),  # neither fits: one word, taken for two
        ("the keeper had not spoken to another soul in A", 170, 10, []),  # one sound proves nothing
    ],
)
def test_fit_of_a_word_counts(
    recognised: str, misfit: float, frames: int, faults: list[Fault]
) -> None:
    rest = " ".join(TEXT[len(recognised.lower().replace("to to", "to").split()) :])
    found = find(f"{recognised} {rest}", misfit, frames)
    assert list(judge_words(WORDS, TEXT, found).faults) == faults


def test_word_that_is_found_far_from_its_like_is_not_taken_for_a_repeat() -> None:
    text = " ".join(TEXT)
    repeated = (Fault(SpeechFault.REPEATED, "to"),)
    assert judge_words(WORDS, TEXT, find(text.replace("to", "to to"))).faults == repeated
    assert judge_words(WORDS, TEXT, find(f"to {text}")).faults == ()


def test_take_with_fewer_wrong_words_is_better() -> None:
    takes = [
        judge(None),
        judge("the keeper had spoken to another soul in a long time"),
        judge("the"),
    ]
    assert min(takes, key=lambda take: take.severity) is takes[1]


def test_result_survives_its_storage() -> None:
    check = judge("the keeper had spoken to another soul in a long time")
    assert ChunkCheck.from_json(check.to_json()) == check
    assert ChunkCheck.from_json(check.to_json().replace('"v": 5', '"v": 4')) is None

"""Planning takes time in proportion to the text, whatever is written in it."""

from dataclasses import replace

import pytest

from mixer.errors import OutOfTime, UnreadableText
from mixer.script import Document
from mixer.script.annotations import Annotation
from mixer.script.document import Block, BlockKind, paragraph
from mixer.script.limits import POLLY_LIMITS
from mixer.script.normalise import normalise
from mixer.script.planning.lexicon import read_lexicon
from mixer.script.planning.pauses import NATURAL
from mixer.script.planning.plan import PlanStyle, plan_document
from mixer.script.planning.ssml import SsmlStyle
from tests.growth import require_linear_growth

STYLE = PlanStyle(ssml=SsmlStyle(POLLY_LIMITS["neural"], NATURAL))

PIECES = {
    "capitals": "SHE WENT. ",
    "lone capitals": "a NOT b ",
    "letters": "A A A A ",
    "stutters": "w-w-w-",
    "notes": "it.[1][2] ",
    "open brackets": "[1",
    "superscripts": "a¹²³",
    "powers": "2^2^",
    "dollars": "$a ",
    "fractions": "1 1/2/",
    "figures": "007 12.5x",
    "telephones": "(212) 555-",
    "cards": "4111 1111 ",
    "ranges": "5%–6%–",
    "formulas": "H₂O₂",
    "numerals": "Part II.B.",
    "pages": "p. xiv–",
    "verses": "1 Cor. 1:1-",
    "degrees": "3° 4° ",
    "quotes": "“‘’”",
    "capital quotes": "‘A’ “B” ",
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_normalisation_is_linear(piece):
    require_linear_growth(
        lambda text: normalise(text, "en-US"), lambda size: piece * (size // len(piece)), 10_000
    )


def build_annotated(tag: str, words: int, attributes=()) -> Document:
    text = "word and. " * words
    annotations = tuple(
        Annotation(at * 10, at * 10 + (0 if tag == "break" else 4), tag, attributes)
        for at in range(words)
    )
    return Document((Block(BlockKind.PARAGRAPH, text.strip(), annotations=annotations),))


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        ("break", (("time", "1000ms"),)),
        ("break", (("time", "300ms"),)),
        ("sub", (("alias", "other"),)),
        ("phoneme", (("alphabet", "ipa"), ("ph", "a"))),
        ("prosody", (("rate", "90%"),)),
        ("sound", (("file", "a.wav"),)),
    ],
)
def test_planning_many_annotations_in_one_paragraph_is_linear(tag, attributes):
    require_linear_growth(
        lambda document: plan_document(document, STYLE),
        lambda words: build_annotated(tag, words, attributes),
        1_000,
    )


def test_planning_many_words_of_a_lexicon_is_linear():
    require_linear_growth(
        lambda each: plan_document(*each),
        lambda count: (
            Document((paragraph("a word and " * count),)),
            PlanStyle(lexicon=read_lexicon("word = other")),
        ),
        1_600,
    )


def test_entries_of_a_lexicon_with_one_first_word_are_linear():
    require_linear_growth(
        lambda each: plan_document(*each),
        lambda count: (
            Document((paragraph(" ".join(f"new {at}" for at in range(count))),)),
            PlanStyle(lexicon=read_lexicon("\n".join(f"new {at} = x" for at in range(count)))),
        ),
        1_600,
    )


def read_refused_lexicon(text: str) -> None:
    with pytest.raises(UnreadableText):
        read_lexicon(text)


def test_lines_of_blanks_in_a_lexicon_are_linear():
    require_linear_growth(
        read_refused_lexicon, lambda size: "a =" + " " * size + "/" + " " * size, 200_000
    )


def test_planning_ends_when_its_time_is_over():
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise OutOfTime("Enough.")

    document = Document(tuple(paragraph("A word. Another word.") for _ in range(100)))
    with pytest.raises(OutOfTime):
        plan_document(document, replace(STYLE, check_time=check))
    assert calls == 4

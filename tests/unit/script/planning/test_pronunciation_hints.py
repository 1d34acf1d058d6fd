"""Which words of a text a voice may misread."""

from mixer.script.planning.lexicon import read_lexicon
from mixer.script.planning.plan import PlanStyle
from mixer.script.planning.pronunciation_hints import PronunciationHint, find_pronunciation_hints
from mixer.script.readers.registry import TextType
from tests.scripts import plan_text

TEXT = (
    "Nobody met Siobhan at NASA. The café sold B2B tea to Siobhan's aunt, and the King. "
    "A king is no name. She wrote [[say iOS: eye o s]] and iPad."
)


def test_names_abbreviations_and_odd_words_are_listed_and_others_are_not():
    assert find_pronunciation_hints(plan_text(TEXT)) == (
        PronunciationHint("NASA", "abbreviation", 1),
        PronunciationHint("café", "foreign letters", 1),
        PronunciationHint("B2B", "mixed", 1),
        PronunciationHint("iPad", "mixed", 1),
        PronunciationHint("Siobhan", "name", 2),
    )


def test_what_a_lexicon_says_is_not_doubted():
    lexicon = read_lexicon("NASA = nassa\nSiobhan = Shivawn\nB2B = x\niPad = x\ncafé = x")
    assert not find_pronunciation_hints(plan_text(TEXT, style=PlanStyle(lexicon=lexicon)))


def test_words_that_were_written_out_days_and_the_capitals_of_titles_are_not_doubted():
    text = "# The Long Way Home\n\nOn 3 March Mrs. Pell met Mr. Hale at 5 p.m., on a Monday."
    found = find_pronunciation_hints(plan_text(text, TextType.MARKDOWN))
    assert [each.word for each in found] == ["Hale", "Pell"]

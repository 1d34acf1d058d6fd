"""Which words of a text a voice may misread."""

from mixer.script.doubtful import Doubtful, doubtful_words
from mixer.script.lexicon import read_lexicon
from mixer.script.plan import PlanStyle, plan
from mixer.script.sources import TextType

TEXT = (
    "Nobody met Siobhan at NASA. The café sold B2B tea to Siobhan's aunt, and the King. "
    "A king is no name. She wrote [[say iOS: eye o s]] and iPad."
)


def test_names_abbreviations_and_odd_words_are_listed_and_others_are_not():
    assert doubtful_words(plan(TEXT)) == (
        Doubtful("NASA", "abbreviation", 1),
        Doubtful("café", "foreign letters", 1),
        Doubtful("B2B", "mixed", 1),
        Doubtful("iPad", "mixed", 1),
        Doubtful("Siobhan", "name", 2),
    )


def test_what_a_lexicon_says_is_not_doubted():
    lexicon = read_lexicon("NASA = nassa\nSiobhan = Shivawn\nB2B = x\niPad = x\ncafé = x")
    assert not doubtful_words(plan(TEXT, style=PlanStyle(lexicon=lexicon)))


def test_words_that_were_written_out_days_and_the_capitals_of_titles_are_not_doubted():
    text = "# The Long Way Home\n\nOn 3 March Mrs. Pell met Mr. Hale at 5 p.m., on a Monday."
    found = doubtful_words(plan(text, TextType.MARKDOWN))
    assert [each.word for each in found] == ["Hale", "Pell"]

"""The normaliser: what is written becomes what is spoken, and nothing else changes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from mixer.script.normalise.language import load_language
from mixer.script.normalise.offset_map import Replacement, apply_replacements, compose_passes
from mixer.script.normalise.passes import normalise
from tests.growth import require_linear_growth

LANGUAGES = [
    "arb",
    "ar-AE",
    "ca-ES",
    "yue-CN",
    "cmn-CN",
    "cs-CZ",
    "da-DK",
    "nl-BE",
    "nl-NL",
    "en-US",
    "en-GB",
    "en-AU",
    "en-IN",
    "fi-FI",
    "fr-FR",
    "fr-CA",
    "fr-BE",
    "de-DE",
    "de-AT",
    "hi-IN",
    "is-IS",
    "it-IT",
    "ja-JP",
    "ko-KR",
    "nb-NO",
    "pl-PL",
    "pt-BR",
    "pt-PT",
    "ro-RO",
    "ru-RU",
    "es-ES",
    "es-MX",
    "es-US",
    "sv-SE",
    "tr-TR",
    "cy-GB",
]

ENGLISH = {
    # titles and abbreviations
    "Mr. and Mrs. Smith": "Mister and Missus Smith",
    "Dr. Smith left.": "Doctor Smith left.",
    "Prof. Dr. Jones": "Professor Doctor Jones",
    "Lt. Col. Brown": "Lieutenant Colonel Brown",
    "the ex-president, Gen. Lee": "the ex-president, General Lee",
    "John King, Jr. He left.": "John King, Junior. He left.",
    "Acme Inc. said so.": "Acme Incorporated said so.",
    "fruit, e.g. apples, i.e. these": "fruit, for example apples, that is these",
    "cats vs. dogs": "cats versus dogs",
    "It took approx. 5 days.": "It took approximately 5 days.",
    "apples, pears, etc. Then he left.": "apples, pears, et cetera. Then he left.",
    "apples, etc., and more": "apples, et cetera, and more",
    "He bought apples, etc.": "He bought apples, et cetera.",
    "No. 5 is alive. No. I will not.": "Number 5 is alive. No. I will not.",
    "see p. 5 and pp. 7–9 of vol. 2": "see page 5 and pages 7 to 9 of volume 2",
    "p. Smith": "p. Smith",
    "It ended. No. 5 won. 3rd place went to me.": (
        "It ended. Number 5 won. Third place went to me."
    ),
    "She has a Ph.D. in law.": "She has a PhD in law.",
    "He said no. 5 people came.": "He said no. 5 people came.",
    "Mr. & Mrs. Jones of Jones & Co. left": "Mister and Missus Jones of Jones and Company left",
    # saints, streets, doctors, drives
    "St. Mary's on Elm St.": "Saint Mary's on Elm Street.",
    "He lives on Elm St. The house": "He lives on Elm Street. The house",
    "He lives at 12 Hill Dr. The house": "He lives at 12 Hill Drive. The house",
    "Mount St. Helens": "Mount Saint Helens",
    "on 42nd St. tonight": "on forty-second Street tonight",
    "Ask Dr. No": "Ask Doctor No",
    "Call Elm St. Mary": "Call Elm St. Mary",
    # Roman numerals and ordinals
    "Chapter IV": "Chapter 4",
    "CHAPTER XII. The Storm": "CHAPTER 12. The Storm",
    "Part II, Act III": "Part 2, Act 3",
    "the part I like": "the part I like",
    "Part I liked you": "Part I liked you",
    "Part I of the book": "Part 1 of the book",
    "Plan C, Part D": "Plan C, Part D",
    "World War II": "World War 2",
    "World War I veterans": "World War 1 veterans",
    "In the Chapter I wrote last": "In the Chapter I wrote last",
    "after the World War I think he": "after the World War I think he",
    "He drank 3 L. 5 people came.": "He drank 3 L. 5 people came.",
    "It weighs 3 lb. 5 men carried it.": "It weighs 3 lb. 5 men carried it.",
    "a $1.2 billion-dollar deal": "a $1.2 billion-dollar deal",
    "it costs $3M-$5M a year": "it costs 3 to 5 million dollars a year",
    "Louis XIV and Henry VIII's wives": "Louis the Fourteenth and Henry the Eighth's wives",
    "King Charles I of England": "King Charles the First of England",
    "Henry I think you are wrong": "Henry I think you are wrong",
    "George V. Smith": "George V. Smith",
    "the 3rd, the 21st, the 20th-century": "the third, the twenty-first, the twentieth-century",
    "the 3st, the 11st": "the 3st, the 11st",
    "Luc St-Louis": "Luc Saint-Louis",
    # units
    "5 km at 20 °C": "5 kilometers at 20 degrees Celsius",
    "1 km. Mary ran": "1 kilometer. Mary ran",
    "60 mph over 3 ft": "60 miles per hour over 3 feet",
    "3 ft. by 6 ft. wide": "3 feet by 6 feet wide",
    "a 5 km run, a 5-km run": "a 5 kilometer run, a 5-kilometer run",
    "He is 5'10\" tall.": "He is 5 feet 10 inches tall.",
    "−5 °C, -5 °C": "Minus 5 degrees Celsius, minus 5 degrees Celsius",
    "5m of 5G": "5m of 5G",
    "3.5% of 100%": "3.5 percent of 100 percent",
    # money
    "$1.2bn": "1.2 billion dollars",
    "$1 and $5": "1 dollar and 5 dollars",
    "£5, €3.50, $0.99": "5 pounds, 3 euros and 50 cents, 99 cents",
    "US$5m": "5 million US dollars",
    "$5–7 million": "5 to 7 million dollars",
    "a $5 bill": "a 5 dollar bill",
    "$1,000,000": "1,000,000 dollars",
    "€1.200": "€1.200",
    "$5 < $7": "5 dollars < 7 dollars",
    # times and dates
    "at 6:30 p.m. tonight": "at 6:30 PM tonight",
    "at 9 a.m. He left at 5 p.m.": "at 9 AM. He left at 5 PM.",
    "at 9:00am": "at 9 AM",
    "at 18:45": "at 18:45",
    "in 1994 and 2026": "in 1994 and 2026",
    "2026-11-05": "November 5, 2026",
    "12/25/2020": "December 25, 2020",
    "3/4/2020": "3/4/2020",
    "It came on Feb. 3rd.": "It came on February third.",
    "Jan. 5, 5 Jan 2020": "January 5, 5 January 2020",
    "1990–1995, a 2–1 win": "1990 to 1995, a 2 to 1 win",
    # addresses
    "www.example.com/mixer.": "example dot com slash mixer.",
    "(https://example.org/a-b)": "(example dot org slash a dash b)",
    "jane.doe@example.com": "jane dot doe at example dot com",
    "He left.Then he came.": "He left.Then he came.",
    # signs
    "Smith & Sons, R&D": "Smith and Sons, R and D",
    "&amp; &lt;": "&amp; &lt;",
    "5 < 7 and 2 + 2 = 4": "5 is less than 7 and 2 plus 2 equals 4",
    "if x<y, C++": "if x<y, C++",
    # pauses
    "word--word": "word — word",
    "word—word, word -- word": "word — word, word — word",
    '"What--" he said': '"What—" he said',
    "Wait... He left": "Wait… He left",
    "wait...what": "wait… what",
    'He said--"no"--and left': 'He said — "no" — and left',
    "use --help": "use --help",
    # decorations and invisible characters
    "**Dr.** Smith said *hello* to __me__": "Doctor Smith said hello to me",
    "f*** ~5 snake_case 5 * 3": "f*** about 5 snake_case 5 * 3",
    "# Heading": "Heading",
    "* * *": "",
    "a word* with a note": "a word with a note",
    "soft\u00adhyphen, zero\u200bwidth, bell\x07": "softhyphen, zerowidth, bell",
    "": "",
}


OTHERS = [
    ("de-DE", "Dr. Müller und Prof. Dr. Weber", "Doktor Müller und Professor Doktor Weber"),
    ("de-DE", "z.B. Hunde usw. Der Mann", "zum Beispiel Hunde und so weiter. Der Mann"),
    ("de-DE", "um 18:45 Uhr, um 18.00 Uhr", "um 18 Uhr 45, um 18 Uhr"),
    ("de-DE", "in der Hauptstr. 5, S. 7", "in der Hauptstraße 5, Seite 7"),
    ("de-DE", "3,50 €, 1,2 Mrd. €, 1 Mio. €", "3 Euro 50, 1,2 Milliarden Euro, 1 Million Euro"),
    ("de-DE", "5 Mio. Menschen", "5 Millionen Menschen"),
    ("de-DE", "5 km. Menschen laufen.", "5 Kilometer. Menschen laufen."),
    ("de-DE", "am 5.11.2026, am 3. Mai", "am 5. November 2026, am 3. Mai"),
    ("de-DE", "im 19. Jh. n. Chr.", "im 19. Jahrhundert nach Christus."),
    ("de-DE", "Ludwig XIV.", "Ludwig der vierzehnte."),
    ("fr-FR", "M. Dupont et Mme Curie", "Monsieur Dupont et Madame Curie"),
    ("fr-FR", "à 18h45, à 1 h", "à 18 heures 45, à 1 heure"),
    ("fr-FR", "Louis XIV, François Ier", "Louis 14, François premier"),
    ("fr-FR", "au XIXe siècle", "au dix-neuvième siècle"),
    ("fr-FR", "la 1re, le 2e", "la première, le deuxième"),
    ("fr-FR", "3,50 €, 50 %", "3 euros 50, 50 pour cent"),
    ("fr-FR", "des pommes, etc. Il part.", "des pommes, et cetera. Il part."),
    ("es-ES", "El Sr. Pérez, p. ej. hoy", "El señor Pérez, por ejemplo hoy"),
    ("es-ES", "Llegó. Ud. María", "Llegó. Usted María"),
    ("es-ES", "siglo XIX, Felipe II, Alfonso XIII", "siglo 19, Felipe segundo, Alfonso 13"),
    ("es-ES", "el 3.er día, la 2.ª vez", "el tercer día, la segunda vez"),
    ("es-MX", "cuesta $5", "cuesta 5 pesos"),
    ("it-IT", "Il sig. Rossi, ecc. Poi", "Il signor Rossi, eccetera. Poi"),
    ("it-IT", "il XIX secolo, Enrico VIII", "il diciannovesimo secolo, Enrico ottavo"),
    ("it-IT", "alle ore 18:45", "alle ore 18 e 45"),
    ("pt-BR", "O Sr. Silva tem R$ 3,50.", "O senhor Silva tem 3 reais e 50."),
    ("pt-PT", "5 km", "5 quilómetros"),
    ("nl-NL", "dhr. Jansen, enz. Hij kwam", "de heer Jansen, enzovoort. Hij kwam"),
    ("nl-NL", "de 19e eeuw, om 18.45 uur", "de negentiende eeuw, om 18 uur 45"),
    ("ru-RU", "5 км, т.е. много", "5 км, т.е. много"),
    ("ja-JP", "5km走った...", "5km走った…"),
    ("cmn-CN", "你好——他说……", "你好——他说……"),
    ("hi-IN", "क\u094d\u200dष डॉ. शर्मा", "क\u094d\u200dष डॉ. शर्मा"),
    ("xx", "Dr. X & 5 km", "Dr. X & 5 km"),
]


@pytest.mark.parametrize(("language", "written", "spoken"), OTHERS)
def test_other_languages_are_spoken_as_people_speak_them(language, written, spoken):
    assert normalise(written, language).spoken == spoken


@pytest.mark.parametrize(("written", "spoken"), ENGLISH.items())
def test_english_is_spoken_as_people_speak_it(written, spoken):
    assert normalise(written, "en-US").spoken == spoken


@pytest.mark.parametrize("spoken", ENGLISH.values())
def test_spoken_text_is_not_changed_again(spoken):
    assert normalise(spoken, "en-US").spoken == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("at 9 p.m. they ate", "at 9 PM they ate"),
        ("on 12/31/2026 they left", "on December 31, 2026 they left"),
        ("call (212) 555-0199 now", "call two one two, five five five, zero one nine nine now"),
        ("they dial 911 now", "they dial nine one one now"),
        ("in Austin, TX 78701, now", "in Austin, Texas seven eight seven zero one, now"),
        ("they paid 20 USD for it", "they paid 20 US dollars for it"),
        ("5 ft. 3 in. of it", "5 feet 3 inches of it"),
        ("about 2.5–3.5 km of it", "about 2.5 to 3.5 kilometers of it"),
        ("in 1h 30m they came", "in 1 hour and 30 minutes they came"),
        ("on Fri. 13 Aug. again", "on Friday 13 August again"),
        ("it has 2.10 of them", "it has 2 point one zero of them"),
        ("a 5-km run", "a 5-kilometer run"),
    ],
)
def test_figures_are_read_wherever_a_long_paragraph_has_them(written, spoken):
    words = "and so it went on, " * 4
    for before, after in ((words, words), (f"{words}in 7 rows {words}", f"{words}in 7 rows")):
        text = normalise(f"{before}{written} {after}", "en-US").spoken
        assert text == f"{before}{spoken} {after}"


def test_english_ordinals_are_those_of_the_library():
    names = load_language("en-US").words("ordinals.names")
    assert list(names) == [num2words(value, to="ordinal") for value in range(1, 100)]


def test_british_dates_name_the_day_first():
    assert normalise("2026-11-05", "en-GB").spoken == "5 November 2026"


def test_places_in_the_spoken_text_lead_back_to_the_source():
    normalised = normalise("Dr. Smith ran 5 km.", "en-US")
    assert normalised.spoken == "Doctor Smith ran 5 kilometers."
    assert normalised.find_source_offset(0) == 0
    assert normalised.find_source_offset(normalised.spoken.index("Smith")) == 4
    assert normalised.find_source_offset(3) == len("Dr.")
    assert normalised.find_source_offset(len(normalised.spoken)) == len(normalised.source)
    assert normalised.is_inside_edit(3)
    assert not normalised.is_inside_edit(0)
    assert not normalised.is_inside_edit(len("Doctor"))


def test_marks_that_were_removed_go_with_what_follows():
    normalised = normalise("Yes. *No* way.", "en-US")
    assert normalised.spoken == "Yes. No way."
    assert normalised.find_source_offset(len("Yes. ")) == len("Yes. ")


def test_two_passes_join_into_one():
    first = apply_replacements("a**b**c", [Replacement(1, 3, ""), Replacement(4, 6, "--")])
    second = apply_replacements(first.spoken, [Replacement(0, 2, "XYZ")])
    joined = compose_passes(first, second)
    assert (joined.source, joined.spoken) == ("a**b**c", "XYZ--c")
    assert [(edit.source_start, edit.source_end) for edit in joined.edits] == [(0, 6)]
    assert_consistent(joined)


SCRIPTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("abzAIVXéß 0159.,:;!?'\"“”«»()[]*_#~-–—…/@&<>=+%$€£°ºª"),
        st.sampled_from(
            "привет你好。！？「」です안녕हिंदी।॥مرحبا؟۔\u200d\u200b\u00ad\u00a0\u202f😀\x00\ud800"
        ),
    ),
    max_size=80,
)
FRAGMENTS = st.lists(
    st.sampled_from(
        [*(key for key in ENGLISH if key), "The cat sat.", "…", "—", "M. Dupont", "5 €"]
    ),
    max_size=6,
).map("; ".join)
TEXTS = st.one_of(SCRIPTS, FRAGMENTS, st.text(max_size=80))


def assert_consistent(normalised):
    """Edits are sorted and apart, and what lies between them is the same on both sides."""
    source = spoken = 0
    for edit in normalised.edits:
        kept = normalised.source[source : edit.source_start]
        assert kept == normalised.spoken[spoken : edit.spoken_start]
        assert kept or (source == spoken == 0 and edit is normalised.edits[0])
        assert edit.source_end >= edit.source_start
        assert edit.spoken_end >= edit.spoken_start
        source, spoken = edit.source_end, edit.spoken_end
    assert normalised.source[source:] == normalised.spoken[spoken:]


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_edits_are_sorted_and_what_lies_between_them_is_unchanged(text, language):
    normalised = normalise(text, language)
    assert normalised.source == text
    assert normalised == normalise(text, language)
    assert_consistent(normalised)


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_source_offsets_rise_and_reach_both_ends(text, language):
    normalised = normalise(text, language)
    offsets = [normalised.find_source_offset(place) for place in range(len(normalised.spoken) + 1)]
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(text)
    assert offsets[0] == 0 or not normalised.spoken


@given(
    st.lists(
        st.sampled_from(
            [
                "the",
                "cat",
                "sat",
                "quietly",
                "near",
                "old",
                "river",
                "stones",
                "while",
                "dusk",
                "fell",
            ]
        )
    )
    .map(" ".join)
    .map(str.capitalize)
)
def test_plain_prose_is_said_as_written(words):
    assert normalise(f"{words}.", "en-US").spoken == f"{words}."


@given(FRAGMENTS)
def test_what_was_normalised_stays(text):
    once = normalise(text, "en-US").spoken
    assert normalise(once, "en-US").spoken == once


@given(st.lists(st.from_regex(r"[a-zäöüéèñ]{3,9}", fullmatch=True), max_size=12), st.data())
def test_words_are_neither_lost_nor_doubled_nor_moved(words, data):
    marks = data.draw(
        st.lists(st.sampled_from([" ", "... ", "--", ", ", "; ", "—"]), min_size=len(words))
    )
    text = "".join(word + mark for word, mark in zip(words, marks, strict=False))
    known = {"approx", "etc", "mph", "usw", "vol"}
    if known.isdisjoint(words):
        assert re.findall(r"\w+", normalise(text, "en-US").spoken) == words


PATHOLOGICAL_UNITS = (
    "a 1 * . - a. a@ 1, $1 1: https:// www. 1– \u200b \" a- **a* 1.1. a* ( € £1, I'",
    "* |*a |. |St. |I |& |Dr. St. |1 < |_a_ |a |a 5 |King |Jan. |5' |5 Jan |No. |1 km|. . |—a",
)
PATHOLOGICAL = [
    ("", unit, "") for unit in (*PATHOLOGICAL_UNITS[0].split(), *PATHOLOGICAL_UNITS[1].split("|"))
]
PATHOLOGICAL.append(("", "*", "a"))
PATHOLOGICAL += [
    (start, mark, end)
    for start in ("it", "it.", "it ")
    for mark in ("[1]", "[a]", "[1],", "[1][a]")
    for end in ("[", "(", "x")
]


@pytest.mark.parametrize("parts", PATHOLOGICAL, ids=repr)
@pytest.mark.parametrize("language", ["en-US", "de-DE", "fr-FR"])
def test_time_grows_with_the_text_and_no_faster(parts, language):
    start, unit, end = parts
    require_linear_growth(
        lambda text: normalise(text, language),
        lambda chars: start + unit * (chars // len(unit)) + end,
        5_000,
    )

"""The sentence splitter: every character in one sentence, no sentence cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.script.planning.sentences import split_sentences
from tests.growth import require_linear_growth

ENGLISH = [
    # abbreviations and initials
    "It is approx. 5 days.| He left.",
    "Dr. Smith met J. R. R. Tolkien.| J.R.R. Tolkien spoke.",
    "Mr. Fox, e.g. the fox, vs. Mrs. Hen.",
    "The U.S. Army came.| In the U.S.| He left.",
    "Acme Inc. Chief Jones spoke.| He left.",
    "No. 5 is alive.| No. 7 is not.| No.| I will not.",
    '"Here?"| "No.| Mary left."',
    "Vitamin C.| The end.",
    "He likes Plan B.| The rest is easy.",
    "Take vitamin D.| It helps.",
    "They chose plan B.| Martha knew.",
    "She is in group A.| Nora is not.",
    "See exhibit F.| Mark it.",
    "Turn to side B.| Paul did.",
    "We met J. Martha Hale.| George B. Shaw came.",
    "Roe v. Wade was argued.| It was long.",
    # figures
    "It is 3.5 km.| Version 1.2.3 is out.| In 1994.| Then.",
    "He paid $5.00.| Then he left.",
    "1. Buy milk.| 2. Buy eggs.",
    "At 5 PM.| He came.",
    # ellipses and dashes
    "Well… then he went.",
    "Wait…| He left.| Well… I know.",
    "... and so it was.| He left. …",
    "So.| — Then he left.",
    # quotations and brackets
    '"Stop!" he said.',
    '"Stop." |She left.',
    '"Why?" Mary asked.| "Stop!" I said.| "Go!" |She left.',
    '"Stop," she said.| "Go."',
    "“Stop!” the old man said.| End.",
    '"Stop.| She left.| He went.| He said so',
    "He left (yesterday).| She came.| (He left.) |She came.",
    "He left (it was late. very late) and so on.",
    # questions, exclamations, nothing at all
    "What?!| No!| Yes.| OK?",
    "Yahoo! was a name.",
    "A line without an end",
    "😀 Hello.| Bye. 😀",
    "…",
]

OTHERS = {
    "fr-FR": ["M. Dupont est là.| Il part.", "« Stop ! » dit-il.| « Stop ! » |Il part."],
    "de-DE": [
        "Hunde, Katzen usw.| Der Mann ging.",
        "Am 3. Mai kam er.| Er ist 19.| Er geht.",
        "»Halt!« rief er.| Im Jahr 1990.| Danach.",
        "Das ist z. B. Herr Müller.| Er ging.",
    ],
    "es-ES": ["¡Alto!| ¿Qué? —dijo él.| —Sí.", "El Sr. Pérez habla.| Se fue."],
    "it-IT": ["Il dott. Rossi parla.| Va via.", "Mele, pere ecc.| Poi andò."],
    "pt-BR": ["O Sr. Silva fala.| Ele saiu."],
    "nl-NL": ["Dat is bijv. Jan.| Hij ging."],
    "hi-IN": ["डॉ. शर्मा आए।| वे गए।| ठीक है॥ हाँ".replace("॥ ", "॥| ")],
    "arb": ["د. أحمد جاء.| ذهب.| هل جاء؟| نعم۔| لا"],
    "cmn-CN": ["“你好。”他说。|他走了。|（他走了。）|她来了！|真的？！|好。", "“走！”|他走了。"],
    "yue-CN": ["「你好。」佢話。|佢走咗。"],
    "ja-JP": ["「こんにちは。」と彼は言った。|彼は去った。"],
    "ko-KR": ["그는 갔다.| 그녀는 왔다.", '"가!" 그가 말했다.| 끝.'],
    "ru-RU": ["Книги, тетради и т. д. и ручки.| Он ушёл.", "В 1990 г. Москва росла.| Он ушёл."],
    "pl-PL": ["To jest np. Jan.| Dr. Nowak przyszedł."],
    "cs-CZ": ["To je např. Jan.| Odešel."],
    "sv-SE": ["Det är t.ex. Karl.| Han gick."],
    "da-DK": ["Det er f.eks. Karl.| Den 3. Maj kom han."],
    "nb-NO": ["Det er f.eks. Karl.| Han gikk."],
    "fi-FI": ["Se on esim. Kalle.| Hän lähti."],
    "is-IS": ["Þetta er t.d. Jón.| Hann fór."],
    "tr-TR": ["Dr. Yılmaz geldi.| Gitti.", "Bu, örn. Ali.| Gitti."],
    "ro-RO": ["Dl. Popescu vine.| Pleacă."],
    "ca-ES": ["El Sr. Puig parla.| Se'n va."],
    "cy-GB": ["Mae Dr. Jones yma.| Aeth ef."],
}


def assert_split(marked, language):
    """Compare with a text in which bars show where sentences begin."""
    parts = marked.split("|")
    text = "".join(parts)
    found = [text[start:end].strip() for start, end in split_sentences(text, language)]
    assert found == [part.strip() for part in parts]


@pytest.mark.parametrize("marked", ENGLISH)
def test_english_sentences_end_where_a_reader_ends_them(marked):
    assert_split(marked, "en-US")


@pytest.mark.parametrize(
    ("language", "marked"), [(code, marked) for code, texts in OTHERS.items() for marked in texts]
)
def test_sentences_of_other_languages_end_where_a_reader_ends_them(language, marked):
    assert_split(marked, language)


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u00a0"])
def test_blank_text_has_no_sentences(blank):
    assert split_sentences(blank, "en-US") == ()


def test_the_space_between_two_sentences_belongs_to_the_first():
    assert split_sentences("He left. She came.", "en-US") == ((0, 9), (9, 18))


TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("aAbI 1.!?…,;:\"'“”«»()[]—-*\u00a0"),
        st.sampled_from("你。！？」，다.हि।॥ءا؟۔😀\u200d\ud800"),
        st.characters(),
    ),
    max_size=120,
)
LANGUAGES = ["en-US", "xx", "", "../en", *OTHERS]


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_sentences_are_contiguous_and_hold_the_whole_text(text, language):
    spans = split_sentences(text, language)
    assert "".join(text[start:end] for start, end in spans) == (text if text.strip() else "")
    assert all(start < end for start, end in spans)
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_no_sentence_is_without_a_word_beside_others(text, language):
    spans = split_sentences(text, language)
    if len(spans) > 1:
        assert all(any(map(str.isalnum, text[start:end])) for start, end in spans)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        ".",
        ". ",
        "A. ",
        "“a. b“",
        "。”",
        '"',
        "A. b “",
        "1. ",
        "…",
        "! ",
        "(",
        "Dr. ",
        '." ',
        "॥",
    ],
)
def test_time_grows_with_the_text_and_no_faster(unit):
    require_linear_growth(
        lambda text: split_sentences(text, "en-US"),
        lambda chars: unit * (chars // len(unit)),
        10_000,
    )


@pytest.mark.parametrize("shift", range(0, 60, 3))
def test_a_sentence_put_before_a_long_paragraph_moves_no_end_in_it(shift):
    sentences = [f"Der alte Herr {number} kam mit dem Wagen. " for number in range(800)]
    first = "x" * shift + "ja. "
    text = first + "".join(sentences)
    found = [text[start:end] for start, end in split_sentences(text, "de-DE")]
    assert found == [first, *sentences]

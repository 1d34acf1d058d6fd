"""Texts to try the planner on: stories in many scripts, and text as nasty as it comes.

A story is made of distinct sentences: each carries words that spell its own number, so that two
plans can be compared by what their chunks hold. Bulk is drawn from a seed, because thousands of
single draws would take Hypothesis longer than planning takes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st

STEADY = settings(derandomize=True, deadline=None)
"""The same examples on every run and every machine."""


@dataclass(frozen=True)
class SampleLanguage:
    """A language to write stories in.

    Attributes:
        tag: BCP 47.
        syllables: what the words that number a sentence are made of.
        sentences: with `{w}` where such words go.
        speech: of dialogue, likewise.
        gap: between two sentences.
        word_gap: between two words.
    """

    tag: str
    syllables: tuple[str, ...]
    sentences: tuple[str, ...]
    speech: tuple[str, ...]
    gap: str = " "
    word_gap: str = " "

    def word(self, number: int) -> str:
        """A word that spells a number; every number has its own."""
        base = len(self.syllables)
        spelled = self.syllables[number % base] + self.syllables[number // base % base]
        number //= base * base
        while number:
            spelled += self.syllables[number % base]
            number //= base
        return spelled


LANGUAGES = (
    SampleLanguage(
        "en-US",
        ("bra", "tol", "nek", "shu", "gor", "pim", "wes", "lat", "fud"),
        (
            "The {w} came to the library on a wet Tuesday, in a van.",
            "Dr. Finch paid $3.50 for the {w} at 7:05 a.m., and smiled.",
            "He had left — as they do — the {w} behind… and gone.",
            "Was there a {w} in it?",
            "Mr. J. R. Hale, e.g., kept No. 17 and the {w} on Harbor St. for years.",
            "It was 1.5 km & more to the {w} (or so they said).",
            "Nobody had seen {w}; nobody, then, would: it was gone!",
        ),
        ("“What of the {w}?” she asked.", "“The {w}, Mrs. Pell,” he said.", "“No {w}!”"),
    ),
    SampleLanguage(
        "de-DE",
        ("bra", "tol", "nek", "schu", "gor", "pim", "wes", "lat", "füd"),
        (
            "Der {w} kam am 3. Mai um 7.30 Uhr, z. B. mit dem Wagen.",
            "Dr. Finck zahlte 3,50 € für den {w}, usw. und ging.",
            "Hatte der {w} das – wie immer – gewusst?",
            "Größe und Maß des {w} waren ihm gleich; er schwieg.",
        ),
        ("„Wo ist der {w}?“, fragte sie.", "„Der {w}!“", "»Kein {w}«, sagte er."),
    ),
    SampleLanguage(
        "fr-FR",
        ("bra", "tol", "nec", "chu", "gor", "pim", "ves", "lat", "fé"),
        (
            "M. Hale vit le {w} à 7 h 30, c.-à-d. trop tôt.",
            "L’œuvre du {w} coûtait 3,50 €; personne ne l’acheta.",
            "Où donc était passé le {w} ?",
            "Il s’en alla — sans le {w} — vers la mer…",
        ),
        ("« Où est le {w} ? » dit-elle.", "« Le {w}, madame. »", "— Pas de {w} !"),
    ),
    SampleLanguage(
        "ru-RU",
        ("бра", "тол", "нек", "шу", "гор", "пим", "вес", "лат"),
        (
            "Старый {w} пришёл в библиотеку, т. е. в подвал.",
            "Он заплатил 350 руб. за {w} и ушёл.",
            "Неужели {w} всё ещё там?",
            "Никто не видел {w} — никто и не увидит!",
        ),
        ("— Где {w}? — спросила она.", "— Вот {w}, — сказал он.", "«Нет {w}!»"),
    ),
    SampleLanguage(
        "el-GR",
        ("βρα", "τολ", "νεκ", "σου", "γορ", "πιμ"),
        ("Ο {w} ήρθε στη βιβλιοθήκη, αργά.", "Πού ήταν ο {w};", "Κανείς δεν είδε τον {w}!"),
        ("«Πού είναι ο {w};» ρώτησε.", "«Ο {w}!»"),
    ),
    SampleLanguage(
        "arb",
        ("بر", "تل", "نك", "شو", "جر", "بم"),
        ("جاء {w} إلى المكتبة، متأخرا.", "هل كان {w} هناك؟", "لم ير أحد {w} أبدا!"),
        ("«أين {w}؟»", "«هذا {w}.»"),
    ),
    SampleLanguage(
        "hi-IN",
        ("ब्र", "तोल", "नेक", "शू", "गोर", "पिम"),
        ("डॉ. शर्मा ने {w} को देखा, फिर चले गए।", "क्या {w} वहाँ था?", "किसी ने {w} नहीं देखा।"),
        ("“{w} कहाँ है?”", "“यह {w} है।”"),
    ),
    SampleLanguage(
        "cmn-CN",
        ("山", "川", "风", "月", "花", "鸟", "木", "石"),
        ("那个{w}来到了图书馆，很晚。", "{w}还在那里吗？", "没有人见过{w}，他花了3.50元；走了。"),
        ("“{w}在哪里？”她问。", "“这是{w}。”", "「没有{w}！」他说。"),
        gap="",
        word_gap="",
    ),
    SampleLanguage(
        "ja-JP",
        ("やま", "かわ", "かぜ", "つき", "はな", "とり"),
        ("その{w}は図書館に来た、遅くに。", "{w}はまだあるのか？", "誰も{w}を見なかった。"),
        ("「{w}はどこ？」と彼女は聞いた。", "「これが{w}だ。」"),
        gap="",
        word_gap="、",
    ),
    SampleLanguage(
        "ko-KR",
        ("산", "강", "바람", "달", "꽃", "새"),
        ("그 {w} 사람이 도서관에 왔다, 늦게.", "{w} 아직 거기 있나?", "아무도 {w} 보지 못했다."),
        ("“{w} 어디 있니?” 그녀가 물었다.", "“여기 {w}.”"),
    ),
)

BY_TAG = {tongue.tag: tongue for tongue in LANGUAGES}


@dataclass(frozen=True)
class Place:
    """Where a sentence stands: in which paragraph, and before which of its sentences."""

    paragraph: int
    slot: int


@dataclass(frozen=True)
class SampleStory:
    """Paragraphs of distinct sentences."""

    language: SampleLanguage
    paragraphs: tuple[tuple[str, ...], ...]
    newline: str = "\n\n"

    @property
    def text(self) -> str:
        """The story as plain text."""
        return self.newline.join(self.language.gap.join(each) for each in self.paragraphs)

    def places(self) -> Iterator[Place]:
        """Where its sentences stand."""
        for number, sentences in enumerate(self.paragraphs):
            yield from (Place(number, slot) for slot in range(len(sentences)))

    def remove_sentence(self, place: Place) -> "SampleStory":
        """The story without one sentence; a paragraph that it leaves empty goes with it."""
        sentences = list(self.paragraphs[place.paragraph])
        del sentences[place.slot]
        return self._replace_paragraph(place.paragraph, tuple(sentences))

    def insert_sentence(self, place: Place, sentence: str) -> "SampleStory":
        """The story with one sentence more."""
        sentences = list(self.paragraphs[place.paragraph])
        sentences.insert(place.slot, sentence)
        return self._replace_paragraph(place.paragraph, tuple(sentences))

    def _replace_paragraph(self, number: int, sentences: tuple[str, ...]) -> "SampleStory":
        kept = (sentences,) if sentences else ()
        paragraphs = (*self.paragraphs[:number], *kept, *self.paragraphs[number + 1 :])
        return replace(self, paragraphs=paragraphs)


def write_story(language: SampleLanguage, seed: int, chars: int, shape: str) -> SampleStory:
    """A story of about so many characters.

    Args:
        language: its language.
        seed: decides everything else.
        chars: about how many.
        shape: `prose`, `dialogue` (a short paragraph each), or `one` paragraph.
    """
    draw, numbers = random.Random(seed), count()
    paragraphs: list[tuple[str, ...]] = []
    while chars > 0:
        length = {"prose": draw.randint(1, 9), "dialogue": 1, "one": 1}[shape]
        patterns = language.speech if shape == "dialogue" else language.sentences
        sentences = tuple(build_sentence(language, draw, numbers, patterns) for _ in range(length))
        chars -= sum(map(len, sentences))
        paragraphs.append(sentences)
    if shape == "one":
        paragraphs = [tuple(sentence for each in paragraphs for sentence in each)]
    return SampleStory(language, tuple(paragraphs))


def build_sentence(
    language: SampleLanguage, draw: random.Random, numbers: Iterator[int], patterns: tuple[str, ...]
) -> str:
    """A sentence that no other draw from the same numbers gives; one in twelve is long."""
    words = draw.randint(20, 60) if draw.random() < 1 / 12 else draw.randint(1, 3)
    spelled = language.word_gap.join(language.word(next(numbers)) for _ in range(words))
    return draw.choice(patterns).format(w=spelled)


def build_new_sentence(language: SampleLanguage, number: int) -> str:
    """A sentence that no story holds, short or long."""
    first = 10**6 + number * 100
    words = (1, 2, 5, 12, 40)[number % 5]
    spelled = language.word_gap.join(language.word(first + each) for each in range(words))
    return language.sentences[number % len(language.sentences)].format(w=spelled)


SEEDS = st.integers(min_value=0, max_value=10**6)


def stories(
    chars: st.SearchStrategy[int] = st.integers(min_value=200, max_value=6_000),  # noqa: B008
    shapes: tuple[str, ...] = ("prose", "dialogue", "one"),
) -> st.SearchStrategy[SampleStory]:
    """Stories in every script."""
    return st.builds(write_story, st.sampled_from(LANGUAGES), SEEDS, chars, st.sampled_from(shapes))


FRAGMENTS = (
    *("&", "&amp;", "<", ">", "<b>", "</p>", "<br/>", "<!-- x -->", "]]>", '"', "'", "`", "\\"),
    *("\n", "\n\n", "\r\n", "\r", "\t", "    ", "\f", "\v", "\u2028", "\x85", "\u00a0", "\u3000"),
    *(
        "# ",
        "## ",
        "---\n",
        "***\n",
        "* * *\n",
        "> ",
        "- ",
        "1. ",
        "```\n",
        "| a | b |\n|---|---|\n",
    ),
    *(
        "[a](b)",
        "![a](b)",
        "*a*",
        "__",
        "~~",
        "title: x\n",
        "<div>\n",
        "[^1]",
        "http://a.b/c?d=e&f",
    ),
    *(
        ".",
        "!",
        "?",
        "…",
        "...",
        "—",
        "--",
        ";",
        ":",
        ",",
        "。",
        "，",
        "？",
        "।",
        "؟",
        "۔",
        "«",
        "»",
    ),
    *("“", "”", "‘", "’", "(", ")", "「", "」", "¿", "¡", "$", "€", "%", "@", "+", "=", "~", "^"),
    *("Dr. ", "St. ", "e.g. ", "No. 5", "J. R. R. ", "3.14", "1,000,000", "$1.2bn", "7:05 a.m. "),
    *("CHAPTER IV", "第三章", "제2장", "Kapitel 2", "THE END", "12/5/1999", "1 000", "２５", "५०"),
    *(
        "\x00",
        "\x07",
        "\x1b[0m",
        "\x7f",
        "\ufeff",
        "\u200b",
        "\u200d",
        "\u202e",
        "\ufffe",
        "\ud800",
    ),
    *(
        "👩‍👩‍👧‍👦",
        "🇫🇷",
        "👍🏽",
        "e\u0301",
        "ก็",
        "क्षि",
        "각",
        "ﷺ",
        "ß",
        "İ",
        "ǅ",
        "ﬁ",
        "½",
        "Ⅳ",
        "x²",
    ),
    *(
        "word ",
        "The ",
        "und ",
        "слово ",
        "λόγος ",
        "كلمة ",
        "शब्द ",
        "词",
        "ことば",
        "말 ",
        "a" * 200,
    ),
    *("9" * 40, "z" + "\u0301" * 30, "no end in sight " * 30, "&" * 50, "👍" * 50, "漢" * 300),
)
"""What has broken readers of text before."""


def nasty_texts() -> st.SearchStrategy[str]:
    """Text that nobody wrote for a voice."""
    pieces = st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8))
    return st.lists(pieces, max_size=40).map("".join)

"""What the embedded voice speaks, by phonemes: words keep their sound, sentences are read right."""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hibari.tts import ASSETS

from mixer.script.normalise import normalise
from mixer.speech.embedded import phonemize_ssml
from mixer.speech.embedded.mapped_text import MappedText
from mixer.speech.embedded.phonemes import load_phonemizer

READINGS = Path(__file__).with_name("readings.txt")

WORDS, NAMES = 3_000, 500
ABBREVIATIONS = frozenset({"ca", "da", "dec", "el", "etc", "la", "los", "rio", "st", "ups", "us"})
"""In capitals these are other words."""

SURROUNDINGS = ("“{}”", '"{}"', "‘{}’", "—{}", "„{}“", "¿{}")

STRESS = re.compile("[ˈˌ ]")


@cache
def phonemize(text: str) -> str:
    phonemizer = load_phonemizer()
    return phonemizer.phonemize(phonemizer.prepare_text(MappedText.literal(text)).text).text.strip()


@cache
def prepare(text: str) -> str:
    return load_phonemizer().prepare_text(MappedText.literal(text)).text


def read(text: str) -> str:
    return phonemize(prepare(normalise(text, "en-US").spoken))


def list_words() -> list[str]:
    """Words and names from the vocabulary of the voice's own tagger."""
    with gzip.open(Path(ASSETS) / "tagger.json.gz", "rt", encoding="utf-8") as file:
        vocabulary = json.load(file)["tagdict"]
    known = [word for word in vocabulary if word.isascii() and word.isalpha()]
    words = [word for word in known if word.islower()][:WORDS]
    names = [word for word in known if word.istitle() and len(word) > 1][:NAMES]
    return [word for word in words + names if word.lower() not in ABBREVIATIONS]


def test_words_sound_the_same_in_any_surroundings():
    changed = [
        (frame, word)
        for word in list_words()
        for frame in SURROUNDINGS
        if phonemize(prepare(frame.format(word))) != phonemize(prepare(word))
    ]
    assert changed == []


def test_words_in_capitals_at_an_opening_sound_like_words():
    sentences = [word[0].upper() + word[1:] for word in list_words()]
    changed = [
        word
        for word in sentences
        if read(f"{word.upper()} came then.") != phonemize(f"{word} came then.")
    ]
    assert changed == []


def iter_readings() -> Iterator[tuple[str, str, str]]:
    kind = ""
    for line in READINGS.read_text(encoding="utf-8").splitlines():
        written, arrow, reading = line.partition(" => ")
        if arrow:
            yield kind, written, reading
        elif line.startswith("["):
            kind = line.strip("[]")


def is_right(written: str, reading: str) -> bool:
    return STRESS.sub("", read(written)) == STRESS.sub("", phonemize(prepare(reading)))


def test_sentences_of_twenty_kinds_are_read_as_people_read_them():
    readings = list(iter_readings())
    wrong = [
        (kind, written) for kind, written, reading in readings if not is_right(written, reading)
    ]
    assert len(readings) >= 400
    assert len({kind for kind, _, _ in readings}) >= 20
    assert wrong == []


@pytest.mark.parametrize(
    ("written", "phonemes"),
    [
        ("Shh!", "ʃː!"),
        ("Grrr!", "ɡɹː!"),
        ("Brr.", "bɹː."),
        ("Hmm, no.", "hm, nˈO."),
        ("Psst!", "pst!"),
        ("Tsk.", "tˈɪsk."),
        ("Zzz.", "zː."),
        ("Pfft!", "pft!"),
    ],
)
def test_interjections_are_sounds_and_not_spelled(written, phonemes):
    assert read(written) == phonemes


SOUNDS = {
    "ðə bˈW ": ["[The bow] of the ship rose.", "They stood at [the bow] of the boat."],
    "bˈWd": ["He [bowed] low.", "They all [bowed] to her.", "She [bowed], and left."],
    "bˈW": ["He made a low [bow].", "He took a [bow].", "They [bow] before him."],
    "bˈO": ["A [bow] and arrow.", "She wore a red [bow] in her hair.", "He bent his [bow]."],
    "ɹˈɛd": ["Have you [read] it?", "He had never [read] it.", "The letter was [read] aloud."],
    "ɹˈid": ["They had to [read] it.", "I will [read] it.", "Did you [read] it?"],
    "lˈɛd": [
        "They found [lead] in the pipes.",
        "The water had high [lead] levels.",
        "No [lead] in paint.",
        "A [lead] pipe.",
        "A lump of [lead] fell.",
        "Made of [lead].",
    ],
    "lˈid": ["She took the [lead].", "They [lead] the way."],
    "kəntˈɛnt": ["He was [content].", "She seemed [content] to wait."],
    "kˈɑntɛnt": ["The [content] was good.", "The [content] of the box."],
    "ˈɪnvəlɪd": ["He was an [invalid].", "The poor [invalid] was asleep."],
    "ɪnvˈælɪd": ["The claim is [invalid].", "An [invalid] argument."],
    "əbʤˈɛkt": ["They [object] to it.", "I do not [object] to him."],
    "ˈɑbʤəkt": ["The [object] fell.", "An [object] to look at."],
    "ˈAʤɪd": ["An [aged] man.", "His [aged] mother."],
    "ˈAʤd": ["A man [aged] forty."],
    "kˈɪŋ ʧˈɑɹlz": ["[King Charles] spoke."],
    "kˈɪŋ lˈɪɹ": ["[King Lear] was old."],
    "pˈOp klˈɛmᵊnt": ["[Pope Clement] died."],
    "hˈɛnɹi lˈɔŋfɛlO": ["[Henry Longfellow] wrote."],
    "hozˈA": ["[José] came."],
    "ɹˈɛzəmˌA": ["His [résumé] was long.", "She sent her [resume].", "He read my [resume]."],
    "dˈOz": ["Two [does] grazed with the buck.", "The [does] fled with their fawns."],
    "nˈʌməɹ": ["My leg grew [number] by the hour.", "It felt [number] now."],
    "lˈɜɹnəd": ["The [learned] professor coughed.", "A [learned] man."],
    "lˈɜɹnd": ["He [learned] to swim.", "They have [learned] it."],
    "tˈɛɹ": ["A [tear] in his coat.", "The [tear] in the painting grew."],
    "tˈɪɹ": ["A [tear] in her eye.", "A single [tear] fell."],
    "mInˈut": ["It was so [minute] that he missed it.", "The marks were very [minute]."],
    "lˈIv": [
        "They broadcast the match [live] from Rome.",
        "Watch [live] on Friday.",
        "She sang [live] on air.",
    ],
    "wˈIndz": ["The path [winds] through the hills.", "It is the road that [winds] up."],
    "hˈWzᵻz": ["The [houses] were built.", "It [houses] ten men."],
    "bˈAs": ["He plays [bass] in a band.", "She is on [bass]."],
    "zˈOi": ["[Zoë] came."],
    "ɹˈW": ["They had a [row] about it.", "We have a [row] with them.", "I had a [row] over that."],
    "pɹəʤˈɛkt": ["We [project] a loss.", "Analysts [project] growth.", "They [project] calm."],
    "ɪntɹˈæns": ["It will [entrance] you.", "She would [entrance] us.", "He can [entrance] all."],
    "wˈIndz ": [
        "The road [winds] uphill.",
        "A path [winds] steeply on.",
        "The lane [winds] inland.",
    ],
    "bˈW ": ["The ship's [bow] rose.", "A boat's [bow] fell.", "The canoe's [bow] broke."],
    "kənflˈɪkt": [
        "Their views [conflict].",
        "The reports [conflict].",
        "Our interests [conflict].",
    ],
    "ɪkspˈɔɹts": ["The country [exports] oil.", "It [exports] rice.", "The firm [exports] cars."],
    "ðə bˈW.": [
        "The waves broke over the [bow].",
        "He looked across the [bow].",
        "Foam hissed under the [bow].",
        "The spray came round the [bow].",
        "She swept off the [bow].",
    ],
    "bˈWz": [
        "Spray flew over the [bows] as she pitched.",
        "The sea broke across her [bows].",
        "A fender hung over the [bows].",
        "It passed under our [bows].",
        "The water foamed around the [bows].",
    ],
    "lˈɛd ": [
        "Sleep lay on him like [lead] and he slept.",
        "The sky was grey as [lead] that day.",
        "It sank like [lead] in the pond.",
        "His arms were heavy as [lead] then.",
        "Fear sat like [lead] upon him.",
    ],
    "wˈInd ": [
        "The paths [wind] through the forest.",
        "The roads [wind] up to the pass.",
        "The streams [wind] between the hills.",
        "The lanes [wind] around the farms.",
        "The trails [wind] down to the sea.",
    ],
    "wˈWnd ": [
        "The river [wound] through the valley.",
        "The road [wound] up the hill.",
        "The procession [wound] past the church.",
        "The track [wound] uphill for miles.",
        "It [wound] round his arm.",
    ],
    "blˈɛsɪd ": [
        "A [blessed] silence fell.",
        "It was a [blessed] rest.",
        "That [blessed] sleep came.",
        "The [blessed] calm was over.",
        "In that [blessed] spot he lay.",
    ],
    "ɹˈW ": [
        "The [row] about money went on.",
        "This [row] about the will must end.",
        "That [row] about pay is over.",
        "Their [row] about nothing ended.",
        "The [row] about tea grew loud.",
    ],
    "ɪmpˈɔɹts": ["The nation [imports] gas.", "It [imports] rice.", "The firm [imports] tea."],
}
"""The sound of what stands in brackets."""


@pytest.mark.parametrize("sound", SOUNDS)
def test_a_word_sounds_as_its_sentence_demands(sound):
    sentences = [sentence.replace("[", "").replace("]", "") for sentence in SOUNDS[sound]]
    assert [each for each in sentences if sound not in read(each)] == []


@pytest.mark.parametrize("word", ["no", "Sun", "Sat", "est", "fig", "ed"])
def test_a_word_that_ends_a_sentence_is_no_abbreviation(word):
    assert read(f"It was {word}.") == read(f"It was {word}!").replace("!", ".")


def test_a_chunk_has_phonemes_for_each_sentence():
    ssml = '<speak><p><s>“Now.”</s><s>Ask <sub alias="Anna">A.</sub></s></p></speak>'
    assert phonemize_ssml(ssml) == ("nˈW.", "ˈæsk ˈɑnə")

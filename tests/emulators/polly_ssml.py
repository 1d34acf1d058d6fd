"""Reads SSML as strictly as Amazon Polly: what the engine does not support is an error.

Source of the table: the supported-tags page of the developer guide, tag by tag, and the pages of
the single tags for their attributes. It is data of its own, so that a fault in the tables of
`mixer` is found here.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from tests.emulators.polly_tables import Refusal

Attributes = dict[str, "re.Pattern[str] | None"]

STRENGTH = re.compile(r"none|x-weak|weak|medium|strong|x-strong")
TIME = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)(ms|s)")
ANY = re.compile(r".+", re.DOTALL)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?(-[A-Z]{3})?")
RATE = re.compile(r"x-slow|slow|medium|fast|x-fast|default|[+-]?\d+(\.\d+)?%")
VOLUME = re.compile(r"default|silent|x-soft|soft|medium|loud|x-loud|[+-]?\d+(\.\d+)?dB")
PITCH = re.compile(r"default|x-low|low|medium|high|x-high|[+-]?\d+(\.\d+)?%")
ALPHABET = re.compile(r"ipa|x-sampa|x-amazon-(pinyin|jyutping|pron-kana|yomigana)")
INTERPRETED = re.compile(
    r"characters|spell-out|cardinal|number|ordinal|digits|fraction|unit|date|time|address"
    r"|expletive|telephone"
)
DATE_FORMAT = re.compile(r"[mdy]{1,3}|\?*[mdy]{1,3}|yyyymmdd|hms(12|24)?")
ROLE = re.compile(r"amazon:(VB|VBD|DT|IN|JJ|NN|DEFAULT|SENSE_\d)|ivona:\w+")

COMMON: dict[str, Attributes] = {
    "speak": {"xml:lang": LANGUAGE, "version": ANY, "xmlns": ANY, "xmlns:amazon": ANY},
    "p": {"xml:lang": LANGUAGE},
    "s": {"xml:lang": LANGUAGE},
    "break": {"strength": STRENGTH, "time": TIME},
    "lang": {"xml:lang": LANGUAGE},
    "sub": {"alias": ANY},
    "w": {"role": ROLE},
    "mark": {"name": ANY},
    "phoneme": {"alphabet": ALPHABET, "ph": ANY},
    "say-as": {"interpret-as": INTERPRETED, "format": DATE_FORMAT},
}
DYNAMIC_RANGE: Attributes = {"name": re.compile("drc")}

SUPPORTED: dict[str, dict[str, Attributes]] = {
    "standard": COMMON
    | {
        "emphasis": {"level": re.compile("strong|moderate|reduced")},
        "prosody": {"rate": RATE, "volume": VOLUME, "pitch": PITCH, "amazon:max-duration": TIME},
        "amazon:auto-breaths": {"volume": ANY, "frequency": ANY, "duration": ANY},
        "amazon:breath": {"volume": ANY, "duration": ANY},
        "amazon:effect": {
            "name": re.compile("drc|whispered"),
            "phonation": re.compile("soft"),
            "vocal-tract-length": re.compile(r"[+-]?\d+(\.\d+)?%"),
        },
    },
    "neural": COMMON
    | {
        "prosody": {"rate": RATE, "volume": VOLUME},
        "amazon:effect": DYNAMIC_RANGE,
        "amazon:domain": {"name": re.compile("news|conversational")},
    },
    "long-form": COMMON
    | {"prosody": {"rate": RATE, "volume": VOLUME}, "amazon:effect": DYNAMIC_RANGE},
    "generative": COMMON | {"prosody": {"rate": RATE, "volume": VOLUME}},
}
REQUIRED = {
    "lang": "xml:lang",
    "sub": "alias",
    "w": "role",
    "mark": "name",
    "phoneme": "ph",
    "say-as": "interpret-as",
    "amazon:domain": "name",
}
EMPTY = frozenset({"break", "mark", "amazon:breath"})
NEWSCASTERS = frozenset({"Joanna", "Matthew", "Lupe", "Amy"})
LONGEST_BREAK_S = 10.0
SLOWEST_PERCENT = 20
"""The limits page: no rate lower than -80 %, which is 20 % of the normal one."""

BREAKS_S = {"none": 0, "x-weak": 0, "weak": 0.2, "medium": 0.2, "strong": 0.45, "x-strong": 0.8}
CHARS_PER_S = 15.0
"""How fast the server speaks: about 150 words a minute."""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
LATIN = re.compile(r"[0-9A-Za-z\u00c0-\u024f]")
OTHER_SCRIPTS = frozenset({"ar", "arb", "cmn", "hi", "ja", "ko", "ru", "yue"})
"""Languages whose voices read more than Latin letters; other voices pass them over in silence."""


@dataclass(frozen=True, slots=True)
class TimedText:
    """A sentence or word: its bytes in the request, its text and when it begins."""

    start_byte: int
    end_byte: int
    value: str
    time_ms: int


@dataclass
class Reading:
    """What is left of a request once it is read."""

    billed_chars: int = 0
    duration_s: float = 0.0
    has_sound: bool = False
    reads_all: bool = False
    sentences: list[TimedText] = field(default_factory=list)
    words: list[TimedText] = field(default_factory=list)


def read_ssml(ssml: str, engine: str, voice: str, language: str = "en-US") -> Reading:
    """Read a document as the engine would; raises Refusal where it would refuse."""
    reader = _Reader(engine, voice)
    reader.reading.reads_all = language.partition("-")[0] in OTHER_SCRIPTS
    try:
        reader.parser.Parse(ssml.encode(), True)
    except expat.ExpatError as error:
        raise ssml_refusal("Invalid SSML request") from error
    if not reader.reading.has_sound:
        raise ssml_refusal("There is nothing to say")
    return reader.reading


def read_text(text: str) -> Reading:
    """Read plain text."""
    reading = Reading()
    _add_words(reading, text, 0)
    reading.sentences.append(TimedText(0, len(text.encode()), text, 0))
    return reading


def ssml_refusal(message: str) -> Refusal:
    return Refusal("InvalidSsmlException", message)


def _add_words(reading: Reading, text: str, at_byte: int) -> None:
    for word in WORD.finditer(text):
        if not reading.reads_all and not LATIN.search(word.group()):
            continue
        start = at_byte + len(text[: word.start()].encode())
        time_ms = round(1000 * (reading.duration_s + word.start() / CHARS_PER_S))
        end = start + len(word.group().encode())
        reading.words.append(TimedText(start, end, word.group(), time_ms))
    reading.billed_chars += len(text)
    reading.has_sound |= bool(text.strip())
    reading.duration_s += len(text) / CHARS_PER_S


class _Reader:
    """Checks every tag as it comes, and keeps what is said between them."""

    def __init__(self, engine: str, voice: str) -> None:
        self.reading = Reading()
        self._engine = engine
        self._voice = voice
        self._path: list[str] = []
        self._sentence: list[tuple[int, str, float]] = []
        self._words_before = 0
        self._outside_prosody = self._inside_prosody = False
        self.parser = expat.ParserCreate("UTF-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: object) -> None:
        raise ssml_refusal("Document types are not supported")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._check_place(name)
        self._check_attributes(name, attributes)
        if name in {"p", "s"}:
            self._end_sentence()
        if name == "break":
            self.reading.duration_s += _break_s(attributes)
            self.reading.has_sound = True
        self._path.append(name)

    def _end(self, name: str) -> None:
        if name in {"p", "s", "speak"}:
            self._end_sentence()
        self._path.pop()

    def _text(self, text: str) -> None:
        if self._path[-1] in EMPTY and text.strip():
            raise ssml_refusal(f"<{self._path[-1]}> holds no text")
        at_byte = self.parser.CurrentByteIndex
        if text.strip():
            self._sentence.append((at_byte, text, self.reading.duration_s))
            self._check_prosody()
        _add_words(self.reading, text, at_byte)

    def _check_place(self, name: str) -> None:
        if (name == "speak") != (not self._path):
            raise ssml_refusal("The root must be <speak>, and nothing else may be")
        if name not in SUPPORTED[self._engine]:
            raise ssml_refusal(f"Unsupported {self._engine.title()} feature: <{name}>")
        if self._path and self._path[-1] in EMPTY:
            raise ssml_refusal(f"<{self._path[-1]}> holds no other tag")
        if set(self._path) & {"s": {"s"}, "p": {"p", "s"}}.get(name, set()):
            raise ssml_refusal(f"<{name}> inside <{self._path[-1]}>")
        if name == "amazon:domain" and self._voice not in NEWSCASTERS:
            raise ssml_refusal(f"{self._voice} has no such style")

    def _check_attributes(self, name: str, attributes: dict[str, str]) -> None:
        allowed = SUPPORTED[self._engine][name]
        for attribute, value in attributes.items():
            if attribute not in allowed:
                raise ssml_refusal(
                    f"Unsupported {self._engine.title()} feature: {name} {attribute}"
                )
            pattern = allowed[attribute]
            if pattern is not None and not pattern.fullmatch(value):
                raise ssml_refusal(f"Invalid value of {name} {attribute}")
            _check_range(name, attribute, value)
        if name in REQUIRED and REQUIRED[name] not in attributes:
            raise ssml_refusal(f"<{name}> lacks {REQUIRED[name]}")
        if name == "prosody" and not attributes:
            raise ssml_refusal("<prosody> lacks an attribute")

    def _check_prosody(self) -> None:
        """Generative voices take prosody around whole sentences only."""
        if self._engine != "generative":
            return
        inside = "prosody" in self._path
        self._inside_prosody |= inside
        self._outside_prosody |= not inside
        if "s" in self._path and self._inside_prosody and self._outside_prosody:
            raise ssml_refusal("Unsupported Generative feature: prosody inside a sentence")

    def _end_sentence(self) -> None:
        self._inside_prosody = self._outside_prosody = False
        if self._sentence and len(self.reading.words) > self._words_before:
            first, last = self._sentence[0], self._sentence[-1]
            value = "".join(text for _, text, _ in self._sentence)
            end = last[0] + len(last[1].encode())
            self.reading.sentences.append(TimedText(first[0], end, value, round(1000 * first[2])))
        self._sentence = []
        self._words_before = len(self.reading.words)


def _break_s(attributes: dict[str, str]) -> float:
    if "time" in attributes:
        return _parse_seconds(attributes["time"])
    return BREAKS_S[attributes.get("strength", "medium")]


def _parse_seconds(time: str) -> float:
    match = TIME.fullmatch(time)
    assert match is not None
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def _check_range(name: str, attribute: str, value: str) -> None:
    if name == "break" and attribute == "time" and _parse_seconds(value) > LONGEST_BREAK_S:
        raise ssml_refusal("A break lasts at most 10 seconds")
    if name == "prosody" and attribute == "rate" and value.endswith("%"):
        percent = float(value[:-1])
        percent = percent + 100 if value[0] in "+-" else percent
        if percent < SLOWEST_PERCENT:
            raise ssml_refusal("A rate is at least 20 %")

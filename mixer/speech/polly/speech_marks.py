"""Speech marks of Amazon Polly, placed on the sentences and words of a chunk.

Polly says when a sentence or a word begins, and where it stands in the SSML it was sent: in bytes,
not characters, tags and escapes counted. Our times count samples, and our places count characters
of the text inside an `<s>` element (text outside of any counts as one, up to the next `<s>` or
`<p>`). So the SSML is read once more, remembering for every piece of text at which byte it stands.
Polly does not say when a word ends: it is taken to last until the next one begins, the last until
the end of the audio.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from xml.parsers import expat

from mixer.speech.engine import SampleSpan, WordTiming

MARK_TYPES = ("sentence", "word")
"""What is asked for. Source: the speech marks page of Polly's developer guide."""

ENGINES_WITH_MARKS = frozenset({"standard", "neural", "long-form"})
"""Generative voices give none (generative voices page)."""


BLOCKS = frozenset({"speak", "p", "s"})
"""Elements whose beginning and end also end the text before."""


@dataclass(frozen=True, slots=True)
class SpeechMark:
    """One line of Polly's answer.

    Attributes:
        type: `sentence` or `word`.
        time_ms: when it begins, from the start of the audio.
        start_byte: where it begins in the SSML as sent, in UTF-8.
        end_byte: where it ends there.
    """

    type: str
    time_ms: int
    start_byte: int
    end_byte: int


def parse_marks(lines: bytes) -> tuple[SpeechMark, ...]:
    """Read an answer: one JSON object a line. Marks of other types are left out."""
    objects = (json.loads(line) for line in lines.splitlines() if line.strip())
    return tuple(
        SpeechMark(each["type"], each["time"], each["start"], each["end"])
        for each in objects
        if each["type"] in MARK_TYPES
    )


@dataclass(slots=True)
class _Sentence:
    """An `<s>` element, or the text between such: the bytes it covers, and its text."""

    start_byte: int
    end_byte: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class _TextRun:
    """A piece of text as it stands in the SSML; an escape is a run of its own.

    Attributes:
        start_byte: in the SSML.
        sentence: index of its `<s>` element.
        char: where it starts in the text of that element.
        text: decoded.
    """

    start_byte: int
    sentence: int
    char: int
    text: str

    def char_at(self, byte: int) -> int:
        inside = self.text.encode()[: max(0, byte - self.start_byte)]
        return self.char + len(inside.decode(errors="ignore"))


@dataclass
class SsmlMap:
    """Where the sentences of an SSML document stand, in bytes and in characters.

    Attributes:
        sentences: one per `<s>` element or text between such, in reading order.
        runs: the text inside them, in reading order.
    """

    sentences: list[_Sentence] = field(default_factory=list)
    runs: list[_TextRun] = field(default_factory=list)
    _is_open: bool = False
    _is_element: bool = False

    @classmethod
    def of(cls, ssml: str) -> "SsmlMap":
        """Read a document; well-formed, as the service has taken it."""
        ssml_map, parser = cls(), expat.ParserCreate("UTF-8")
        parser.StartElementHandler = lambda name, _: ssml_map._start_element(name, parser)
        parser.EndElementHandler = lambda name: ssml_map._end_element(name, parser)
        parser.CharacterDataHandler = lambda text: ssml_map._add_text(text, parser)
        parser.Parse(ssml.encode(), True)
        return ssml_map

    def _start_element(self, name: str, parser: expat.XMLParserType) -> None:
        if name in BLOCKS:
            self._close_sentence(parser.CurrentByteIndex)
        if name == "s":
            self._open_sentence(parser.CurrentByteIndex, is_element=True)

    def _end_element(self, name: str, parser: expat.XMLParserType) -> None:
        if name in BLOCKS:
            self._close_sentence(parser.CurrentByteIndex)

    def _add_text(self, text: str, parser: expat.XMLParserType) -> None:
        if not self._is_open:
            self._open_sentence(parser.CurrentByteIndex, is_element=False)
        sentence, index = self.sentences[-1], len(self.sentences) - 1
        self.runs.append(_TextRun(parser.CurrentByteIndex, index, len(sentence.text), text))
        sentence.text += text

    def _open_sentence(self, byte: int, *, is_element: bool) -> None:
        self.sentences.append(_Sentence(byte))
        self._is_open, self._is_element = True, is_element

    def _close_sentence(self, byte: int) -> None:
        """End the sentence; blanks between elements were none."""
        if not self._is_open:
            return
        self._is_open = False
        self.sentences[-1].end_byte = byte
        if not self._is_element and not self.sentences[-1].text.strip():
            self.sentences.pop()
            self.runs = [run for run in self.runs if run.sentence < len(self.sentences)]

    def find_sentence(self, mark: SpeechMark) -> int | None:
        """Index of the element that a mark belongs to; None outside of all."""
        ends = [sentence.end_byte for sentence in self.sentences]
        index = bisect_right(ends, mark.start_byte)
        inside = index < len(ends) and self.sentences[index].start_byte < mark.end_byte
        return index if inside else None

    def find_char(self, byte: int) -> int:
        """Where a byte inside a sentence stands in that sentence's text."""
        starts = [run.start_byte for run in self.runs]
        return self.runs[max(0, bisect_right(starts, byte) - 1)].char_at(byte)


def align_marks(
    ssml: str, marks: Iterable[SpeechMark], rate_hz: int, length_samples: int
) -> tuple[tuple[SampleSpan | None, ...], tuple[WordTiming, ...]]:
    """Sentences and words of a chunk with their times.

    Args:
        ssml: as it was sent.
        marks: as they came back.
        rate_hz: of the audio.
        length_samples: of the audio; nothing ends later.

    Returns:
        One span per sentence, None for one without marks; and the words inside them.
    """
    ssml_map = SsmlMap.of(ssml)
    found = [(mark, index) for mark in marks if (index := ssml_map.find_sentence(mark)) is not None]
    begins: dict[int, int] = {}
    for mark, index in found:
        start = min(length_samples, mark.time_ms * rate_hz // 1000)
        begins[index] = min(start, begins.get(index, start))
    sentences = _sentence_spans(begins, len(ssml_map.sentences), length_samples)
    words = [(mark, index) for mark, index in found if mark.type == "word"]
    return sentences, tuple(_word_timings(ssml_map, words, sentences, rate_hz))


def _sentence_spans(
    begins: dict[int, int], count: int, length_samples: int
) -> tuple[SampleSpan | None, ...]:
    """Each sentence lasts until the next one that is heard."""
    bounds = [*sorted(begins.items()), (count, length_samples)]
    spans: list[SampleSpan | None] = [None] * count
    for (index, start), (_, end) in pairwise(bounds):
        spans[index] = SampleSpan(start, max(start, end))
    return tuple(spans)


def _word_timings(
    ssml_map: SsmlMap,
    marks: Sequence[tuple[SpeechMark, int]],
    sentences: Sequence[SampleSpan | None],
    rate_hz: int,
) -> Iterator[WordTiming]:
    """Each word lasts until the next of its sentence, the last until the sentence ends."""
    for number, (mark, index) in enumerate(marks):
        sentence = sentences[index]
        if sentence is None:
            continue
        start = min(sentence.end_samples, mark.time_ms * rate_hz // 1000)
        end = sentence.end_samples
        if number + 1 < len(marks) and marks[number + 1][1] == index:
            end = min(end, marks[number + 1][0].time_ms * rate_hz // 1000)
        char, char_end = ssml_map.find_char(mark.start_byte), ssml_map.find_char(mark.end_byte)
        text = ssml_map.sentences[index].text[char : max(char, char_end)]
        yield WordTiming(index, char, text, SampleSpan(start, max(start, end)))

"""Speech marks of Amazon Polly, aligned to the sentences and words of a chunk.

Polly says when a sentence or a word begins, and where it stands in the SSML it was sent: in bytes,
not characters, tags and escapes counted. Our times count samples, and our places count characters
of the text inside an `<s>` element (text outside of any counts as one, up to the next `<s>` or
`<p>`). So the SSML is parsed once more, recording the byte offset of every piece of text. Polly
does not say when a word ends: it is taken to last until the next one begins, the last until the
end of the audio, whose length is counted frame by frame.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from xml.parsers import expat

from mixer.speech.engine import SampleSpan, WordTiming

MARK_TYPES = ("sentence", "word")
"""Source: the speech marks page of Polly's developer guide."""

BLOCKS = frozenset({"speak", "p", "s"})
"""Elements whose beginning and end also end the text before."""

BITRATES_KBPS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Layer III, by the MPEG version (2 stands for 2.5 as well). Source: ISO 11172-3 and 13818-3."""

RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By the version bits of a frame's header: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5."""

MPEG_1 = 3
LAYER_III = 1
HEADER_BYTES = 4
ID3_HEADER_BYTES = 10


@dataclass(frozen=True, slots=True)
class SpeechMark:
    """One line of Polly's answer.

    `type` is `sentence` or `word`, `time_ms` counts from the start of the audio, bytes are those of
    the SSML in UTF-8.
    """

    type: str
    time_ms: int
    start_byte: int
    end_byte: int


def parse_marks(lines: bytes) -> tuple[SpeechMark, ...]:
    """Parse an answer: one JSON object a line. Marks of other types are left out.

    Raises ValueError, LookupError or TypeError for lines that are not marks.
    """
    objects = (json.loads(line) for line in lines.splitlines() if line.strip())
    return tuple(_parse_mark(each) for each in objects if each["type"] in MARK_TYPES)


def _parse_mark(fields: Mapping[str, str | int]) -> SpeechMark:
    numbers = (max(0, int(fields[name])) for name in ("time", "start", "end"))
    return SpeechMark(str(fields["type"]), *numbers)


@dataclass(slots=True)
class _Sentence:
    start_byte: int
    end_byte: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class _TextRun:
    """A piece of text as it stands in the SSML; an escape is a run of its own.

    `sentence` is the index of its `<s>` element, `char` its place in that element's text.
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

    There is one sentence per `<s>` element or text between such.
    """

    sentences: list[_Sentence] = field(default_factory=list)
    runs: list[_TextRun] = field(default_factory=list)
    _is_open: bool = False
    _is_element: bool = False

    @classmethod
    def of(cls, ssml: str) -> "SsmlMap":
        """Parse a document that the service has accepted."""
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
        """End the sentence; white space between elements is not one."""
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
        """Map a byte inside a sentence to a character of that sentence's text."""
        starts = [run.start_byte for run in self.runs]
        return self.runs[max(0, bisect_right(starts, byte) - 1)].char_at(byte)


def align_marks(
    ssml: str, marks: Iterable[SpeechMark], rate_hz: int, length_samples: int
) -> tuple[tuple[SampleSpan | None, ...], tuple[WordTiming, ...]]:
    """Time the sentences and words of a chunk.

    Args:
        length_samples: of the audio; nothing ends later.

    Returns:
        One span per sentence, None for one without marks; and the words inside them.
    """
    ssml_map = SsmlMap.of(ssml)
    located = [
        (mark, index) for mark in marks if (index := ssml_map.find_sentence(mark)) is not None
    ]
    starts: dict[int, int] = {}
    for mark, index in located:
        start = min(length_samples, mark.time_ms * rate_hz // 1000)
        starts[index] = min(start, starts.get(index, start))
    sentences = _sentence_spans(starts, len(ssml_map.sentences), length_samples)
    words = [(mark, index) for mark, index in located if mark.type == "word"]
    return sentences, tuple(_word_timings(ssml_map, words, sentences, rate_hz))


def _sentence_spans(
    starts: dict[int, int], count: int, length_samples: int
) -> tuple[SampleSpan | None, ...]:
    """Each sentence lasts until the next audible one."""
    bounds = [*sorted(starts.items()), (count, length_samples)]
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


def sample_count(mp3: bytes) -> int:
    """Samples of all whole MP3 frames, decoder delay and padding included."""
    return sum(samples for samples, _ in _iterate_frames(mp3))


def _iterate_frames(mp3: bytes) -> Iterator[tuple[int, int]]:
    """Samples and bytes of each frame; skips bytes between frames."""
    position = _id3_bytes(mp3)
    while position + HEADER_BYTES <= len(mp3):
        samples, size_bytes = _parse_frame(mp3[position : position + HEADER_BYTES])
        if samples and position + size_bytes <= len(mp3):
            yield samples, size_bytes
        position += size_bytes if samples else 1


def _parse_frame(header: bytes) -> tuple[int, int]:
    """Samples and bytes of the frame that a header begins; zeros for any other bytes."""
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    is_header = header[0] == 0xFF and header[1] >> 5 == 7 and layer == LAYER_III  # noqa: PLR2004
    if not is_header or version not in RATES_HZ or bitrate in {0, 15} or rate == 3:  # noqa: PLR2004
        return 0, 0
    samples = 1_152 if version == MPEG_1 else 576
    kbps = BITRATES_KBPS[1 if version == MPEG_1 else 2][bitrate]
    padding = header[2] >> 1 & 1
    return samples, samples // 8 * kbps * 1_000 // RATES_HZ[version][rate] + padding


def _id3_bytes(mp3: bytes) -> int:
    """Length of an ID3v2 tag at the start: its size is four bytes of seven bits."""
    if not mp3.startswith(b"ID3"):
        return 0
    size = 0
    for byte in mp3[6:ID3_HEADER_BYTES]:
        size = size << 7 | byte & 0x7F
    return ID3_HEADER_BYTES + size

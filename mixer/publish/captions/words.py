r"""Words with their times: as data, as WebVTT with a time stamp before each word, as ASS karaoke.

A word is a unit of a caption: a word with its punctuation, or one character in Chinese and
Japanese. Its time is what the engine reported or alignment found; words between known ones share
the time by their length. A word lasts until the next one of its sentence begins.

ASS: http://www.tcax.org/docs/ass-specs.htm (`\k`: hundredths of a second).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mixer.publish.captions.cues import (
    ESCAPES,
    CaptionCue,
    build_cues,
    format_one_line,
    format_vtt_time,
    join_blocks,
    order_sentences,
)
from mixer.publish.captions.passages import CaptionedSentence, build_passage

FORMAT_VERSION = 1

_ASS_HEAD = """\
[Script Info]
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 2
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,64,&H0000FFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,60,\
60,60,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word as shown; `char` is its first character in the author's sentence."""

    text: str
    char: int
    start_s: float
    end_s: float


def time_words(sentence: CaptionedSentence) -> tuple[TimedWord, ...]:
    """Time the words of a sentence with visible text, in order and without gaps."""
    passage = build_passage([sentence], sentence.end_s)
    units, times = passage.units, passage.unit_times_s
    return tuple(
        TimedWord(word, char, start_s, end_s)
        for word, char, (start_s, end_s) in zip(
            units.words(), units.sources, pairwise(times), strict=True
        )
    )


@dataclass(frozen=True, slots=True)
class _WordCue:
    """A cue with the words of each of its lines, which begin inside of the cue, in order."""

    cue: CaptionCue
    lines: tuple[tuple[tuple[int, str], ...], ...]


def format_words_json(
    sentences: Iterable[CaptionedSentence], *, total_s: float, language: str
) -> str:
    """Format all words as JSON, by sentence, with what the times stand on."""
    ordered = order_sentences(sentences, total_s)
    content = {
        "format_version": FORMAT_VERSION,
        "language": language,
        "duration_s": round(total_s, 3),
        "sentences": [_describe_sentence(each) for each in ordered],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def _describe_sentence(sentence: CaptionedSentence) -> dict[str, object]:
    return {
        "text": sentence.text,
        "start_s": round(sentence.start_s, 3),
        "end_s": round(sentence.end_s, 3),
        **({"speaker": sentence.voice} if sentence.voice else {}),
        "origin": sentence.origin.value,
        "words": [
            {"text": word.text, "start_s": round(word.start_s, 3), "end_s": round(word.end_s, 3)}
            for word in time_words(sentence)
        ],
    }


def format_words_vtt(
    sentences: Sequence[CaptionedSentence], *, total_s: float, language: str = ""
) -> str:
    """Format captions as WebVTT with a time stamp before each word but a cue's first."""
    notes = [f"NOTE Language: {format_one_line(language)}"] if language else []
    return join_blocks(["WEBVTT", *notes, *map(_format_vtt, _build_cues(sentences, total_s))])


def _format_vtt(timed: _WordCue) -> str:
    cue = timed.cue
    voice = f"<v {format_one_line(cue.voice).translate(ESCAPES)}>" if cue.voice else ""
    shown_ms, lines = cue.start_ms, []
    for words in timed.lines:
        parts = []
        for start_ms, text in words:
            stamp = f"<{format_vtt_time(start_ms)}>" if shown_ms < start_ms < cue.end_ms else ""
            shown_ms = max(shown_ms, start_ms)
            parts.append(stamp + text.translate(ESCAPES))
        lines.append("".join(parts))
    times = f"{format_vtt_time(cue.start_ms)} --> {format_vtt_time(cue.end_ms)}"
    return f"{times}\n{voice}" + "\n".join(lines)


def format_karaoke(sentences: Sequence[CaptionedSentence], *, total_s: float) -> str:
    """Format captions as Advanced SubStation Alpha, word by word."""
    return _ASS_HEAD + "".join(map(_format_event, _build_cues(sentences, total_s)))


def _format_event(timed: _WordCue) -> str:
    cue = timed.cue
    starts = [start_ms // 10 for words in timed.lines for start_ms, _ in words]
    bounds = [cue.start_ms // 10, *starts[1:], cue.end_ms // 10]
    lengths = iter([max(0, end - start) for start, end in pairwise(bounds)])
    lines = (
        "".join(f"{{\\k{next(lengths)}}}{_escape_ass(text)}" for _, text in words)
        for words in timed.lines
    )
    name = format_one_line(cue.voice).replace(",", ";")
    times = f"{_format_ass_time(cue.start_ms)},{_format_ass_time(cue.end_ms)}"
    return f"Dialogue: 0,{times},Default,{name},0,0,0,," + "\\N".join(lines) + "\n"


def _escape_ass(text: str) -> str:
    return text.replace("\\", "＼").replace("{", "｛").replace("}", "｝")


def _format_ass_time(time_ms: int) -> str:
    minutes, rest = divmod(time_ms // 10, 6_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest // 100:02}.{rest % 100:02}"


def _build_cues(sentences: Sequence[CaptionedSentence], total_s: float) -> Iterator[_WordCue]:
    ordered = order_sentences(sentences, total_s)
    words = [word for sentence in ordered for word in time_words(sentence)]
    position = 0
    for cue in build_cues(ordered, total_s=total_s):
        latest_ms, lines = cue.start_ms, []
        for line in cue.lines:
            taken: list[tuple[int, str]] = []
            for text in _cut_line(line, words, position):
                start_ms = round(words[position].start_s * 1000)
                latest_ms = min(max(latest_ms, start_ms), cue.end_ms)
                taken.append((latest_ms, text))
                position += 1
            lines.append(tuple(taken))
        yield _WordCue(cue, tuple(lines))


def _cut_line(line: str, words: Sequence[TimedWord], first: int) -> Iterator[str]:
    """Cut a line into its words, each with the spaces before it."""
    end = 0
    while end < len(line):
        begin = line.index(words[first].text, end)
        yield line[end : begin + len(words[first].text)]
        end, first = begin + len(words[first].text), first + 1

"""What is known of a chunk, as terse JSON: S3 allows 2 kB of metadata for an object.

Fields that were added later may be missing: chunks that were stored before are read as they are,
and mixed a little less exactly. Steps between words and pauses are written as Base64-VLQ, as in
source maps: mostly one character each, a third of what they take as JSON.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from mixer.sound import BIN_LU, Histogram
from mixer.sound.analysis import Edge, Measurement, Profile
from mixer.speech.engine import SampleSpan, WordStart

STEP_S = 0.01
"""Resolution of pauses and words; captions need no more."""

Fields = Mapping[str, object]

_VLQ_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VLQ_VALUES = {char: value for value, char in enumerate(_VLQ_ALPHABET)}
_VLQ_BITS = 5
_VLQ_MORE = 1 << _VLQ_BITS
"""The sixth bit: further characters of the number follow."""

_NUMBERS = frozenset({int, float})


def encode_measurement(measurement: Measurement) -> Fields:
    """Encode a measurement."""
    profile = measurement.profile
    edges_s = (each / measurement.rate_hz for pause in profile.pauses for each in pause)
    return {
        "n": measurement.samples,
        "hz": measurement.rate_hz,
        "ch": measurement.channels,
        "tp": round(measurement.true_peak_dbtp, 2),
        "edge": [measurement.lead_samples, measurement.tail_samples],
        "lufs": _encode_histogram(measurement.windows),
        "head": _encode_edge(profile.head),
        "tail": _encode_edge(profile.tail),
        "lim": [round(each * 10) for each in profile.limited_db],
        "rms": _round_level(profile.rms_dbfs),
        "noise": _round_level(profile.noise_dbfs),
        "gaps": _encode_vlq(_time_steps(edges_s)),
        "flaws": list(profile.flaws),
    }


def decode_measurement(fields: Fields) -> Measurement:
    """Decode a measurement; ValueError, KeyError or TypeError where it is malformed."""
    rate_hz = _parse_integer(fields["hz"])
    lead, tail = _parse_integers(fields["edge"])
    profile = Profile(
        head=_decode_edge(fields.get("head", [])),
        tail=_decode_edge(fields.get("tail", [])),
        limited_db=tuple(each / 10 for each in _parse_integers(fields.get("lim", []))),
        rms_dbfs=_parse_level(fields.get("rms")),
        noise_dbfs=_parse_level(fields.get("noise")),
        pauses=_decode_pauses(fields.get("gaps", ""), rate_hz),
        flaws=tuple(map(str, _require_list(fields.get("flaws", [])))),
    )
    return Measurement(
        samples=_parse_integer(fields["n"]),
        rate_hz=rate_hz,
        channels=_parse_integer(fields["ch"]),
        true_peak_dbtp=_parse_number(fields["tp"]),
        lead_samples=lead,
        tail_samples=tail,
        windows=_decode_histogram(_parse_integers(fields["lufs"])),
        profile=profile,
    )


def encode_spans(sentences: Sequence[SampleSpan | None]) -> list[list[int]]:
    """Encode sentences; an empty list for one that was not spoken."""
    return [[span.start_samples, span.end_samples] if span else [] for span in sentences]


def decode_spans(fields: object) -> tuple[SampleSpan | None, ...]:
    """Decode what `encode_spans` wrote."""
    pairs = (_parse_integers(each) for each in _require_list(fields))
    return tuple(SampleSpan(pair[0], pair[1]) if pair else None for pair in pairs)


def encode_words(words: Sequence[WordStart], rate_hz: int) -> list[str]:
    """For each sentence, steps of place and time in turn."""
    count = max((word.sentence for word in words), default=-1) + 1
    sentences: list[list[WordStart]] = [[] for _ in range(count)]
    for word in words:
        sentences[word.sentence].append(word)
    return [_encode_word_steps(sentence, rate_hz) for sentence in sentences]


def decode_words(fields: object, rate_hz: int) -> tuple[WordStart, ...]:
    """Decode what `encode_words` wrote."""
    words = []
    for number, text in enumerate(_require_list(fields)):
        steps = _decode_vlq(str(text))
        chars, times = accumulate(steps[::2]), accumulate(steps[1::2])
        words += [
            WordStart(number, char, round(time * STEP_S * rate_hz))
            for char, time in zip(chars, times, strict=True)
        ]
    return tuple(words)


def _encode_word_steps(words: Sequence[WordStart], rate_hz: int) -> str:
    in_order = sorted(words, key=lambda word: (word.char, word.start_samples))
    chars = [word.char for word in in_order]
    starts = accumulate((word.start_samples for word in in_order), max)
    times = _time_steps(start / rate_hz for start in starts)
    places = [after - before for before, after in pairwise([0, *chars])]
    return _encode_vlq(step for pair in zip(places, times, strict=True) for step in pair)


def _time_steps(times_s: Iterable[float]) -> list[int]:
    steps = [round(time / STEP_S) for time in times_s]
    return [after - before for before, after in pairwise([0, *steps])]


def dump_json(fields: Fields) -> str:
    """Encode fields compactly."""
    return json.dumps(fields, separators=(",", ":"))


def _decode_pauses(text: object, rate_hz: int) -> tuple[tuple[int, int], ...]:
    at = [round(step * STEP_S * rate_hz) for step in accumulate(_decode_vlq(str(text)))]
    return tuple(zip(at[::2], at[1::2], strict=True))


def _encode_edge(edge: Edge) -> list[int | None]:
    """The first window's end in milliseconds, then levels in tenths; None for silence."""
    levels = (None if math.isinf(level) else round(level * 10) for level in edge.levels_lufs)
    return [round(edge.end_s * 1000), *levels]


def _decode_edge(fields: object) -> Edge:
    listed = _require_list(fields)
    if not listed:
        return Edge(0.0, ())
    levels = (-math.inf if each is None else _parse_integer(each) / 10 for each in listed[1:])
    return Edge(_parse_integer(listed[0]) / 1000, tuple(levels))


def _round_level(level: float | None) -> float | None:
    return None if level is None or math.isinf(level) else round(level, 1)


def _parse_level(value: object) -> float | None:
    return None if value is None else _parse_number(value)


def _parse_number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _parse_integer(value: object) -> int:
    return int(_parse_number(value))


def _require_list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _parse_integers(value: object) -> list[int]:
    numbers: Any = _require_list(value)
    if _NUMBERS.issuperset(map(type, numbers)):
        return list(map(int, numbers))
    return [_parse_integer(each) for each in numbers]


def _encode_histogram(windows: Histogram) -> list[int]:
    """The lowest bin, then the counts from there up."""
    counts = {round(level / BIN_LU): count for level, count in windows.items()}
    if not counts:
        return []
    lowest, highest = min(counts), max(counts)
    return [lowest, *(counts.get(each, 0) for each in range(lowest, highest + 1))]


def _decode_histogram(numbers: Sequence[int]) -> Histogram:
    if not numbers:
        return {}
    lowest, *counts = numbers
    return {(lowest + step) * BIN_LU: count for step, count in enumerate(counts) if count}


def _encode_vlq(numbers: Iterable[int]) -> str:
    """Encode numbers; negative ones count as zero."""
    return "".join(_encode_number(max(0, number)) for number in numbers)


def _decode_vlq(text: str) -> list[int]:
    """Decode numbers; ValueError where the text is not Base64-VLQ."""
    numbers, number, shift = [], 0, 0
    for char in text:
        value = _VLQ_VALUES.get(char)
        if value is None:
            raise ValueError(f"{char!r} is not a digit of Base64-VLQ.")
        if not shift and value < _VLQ_MORE:  # most are of one digit
            numbers.append(value)
            continue
        number |= (value & (_VLQ_MORE - 1)) << shift
        shift += _VLQ_BITS
        if value < _VLQ_MORE:
            numbers.append(number)
            number, shift = 0, 0
    if shift:
        raise ValueError("The last number is cut off.")
    return numbers


def _encode_number(number: int) -> str:
    digits = []
    while number >= _VLQ_MORE:
        digits.append(_VLQ_ALPHABET[_VLQ_MORE | number & (_VLQ_MORE - 1)])
        number >>= _VLQ_BITS
    return "".join([*digits, _VLQ_ALPHABET[number]])

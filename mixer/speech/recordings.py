"""A recorded chunk: its address, what is known of it, and how that travels with the object.

The address is a hash of everything that shapes the sound, so the same chunk is never paid twice.
The measurements lie in the object's metadata, so mixing measures nothing again; S3 allows 2 kB
there, which is why they are written tersely.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from mixer.sound.loudness import packed, unpacked
from mixer.sound.measure import Measurement
from mixer.speech.engine import Delivery, Speech, SpokenSpan

PREFIX = "narration_chunks/"

KEY_HEX_DIGITS = 40
"""160 bits of SHA-256: two chunks will not meet by chance."""

FORMAT_VERSION = 1
"""Of the metadata; others are not read, the chunk is measured again."""

FIELD = "measured"
MAX_METADATA_BYTES = 1_900
"""S3 allows 2 kB of user metadata, names included."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A chunk's audio in the store.

    Attributes:
        key: its object key.
        measured: what the mix needs to know.
        sentences: when each `<s>` is heard, in samples; None for one that was not spoken; empty
            when the engine gave no times.
        billed_chars: what the engine charged for it when it was made.
        gap_ms: the silence that follows it in the story it was last spoken for; None when it does
            not say.
    """

    key: str
    measured: Measurement
    sentences: tuple[SpokenSpan | None, ...] = ()
    billed_chars: int = 0
    gap_ms: int | None = None


def chunk_key(ssml: str, delivery: Delivery, suffix: str) -> str:
    """The address of a chunk that is said so.

    Args:
        ssml: what is sent to the engine.
        delivery: who says it, and how.
        suffix: of the audio file.
    """
    shaping = [ssml, delivery.voice, delivery.engine, delivery.language, delivery.epoch]
    content = json.dumps([*shaping, *delivery.lexicons], ensure_ascii=False)
    digest = sha256(content.encode(errors="surrogatepass")).hexdigest()[:KEY_HEX_DIGITS]
    return f"{PREFIX}{digest}.{suffix}"


def recording(key: str, speech: Speech, measured: Measurement, gap_ms: int) -> Recording:
    """What an engine just made, with its measurements and the silence that follows it."""
    return Recording(key, measured, speech.sentences, speech.billed_chars, gap_ms)


def to_metadata(recorded: Recording) -> dict[str, str]:
    """The measurements as an object's metadata; sentence times are left out if they do not fit."""
    whole = _encoded(recorded, with_sentences=True)
    if len(whole) > MAX_METADATA_BYTES:
        whole = _encoded(recorded, with_sentences=False)
    return {FIELD: whole}


def from_metadata(key: str, metadata: Mapping[str, str]) -> Recording | None:
    """What an object's metadata say of it; None when they say nothing that can be trusted."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        fields = json.loads(metadata[FIELD])
        if fields["v"] == FORMAT_VERSION:
            return _decoded(key, fields)
    return None


def _encoded(recorded: Recording, *, with_sentences: bool) -> str:
    measured = recorded.measured
    fields = {
        "v": FORMAT_VERSION,
        "n": measured.samples,
        "hz": measured.rate_hz,
        "ch": measured.channels,
        "tp": round(measured.true_peak_dbtp, 2),
        "edge": [measured.lead_samples, measured.tail_samples],
        "lufs": packed(measured.windows),
        "chars": recorded.billed_chars,
        "s": [_span(each) for each in recorded.sentences] if with_sentences else [],
        "gap": recorded.gap_ms,
    }
    return json.dumps(fields, separators=(",", ":"))


def _decoded(key: str, fields: Mapping[str, object]) -> Recording:
    number = {name: value for name, value in fields.items() if isinstance(value, int | float)}
    lead, tail = _pair(fields["edge"])
    sentences = fields["s"]
    if not isinstance(sentences, list):
        raise TypeError
    measured = Measurement(
        samples=int(number["n"]),
        rate_hz=int(number["hz"]),
        channels=int(number["ch"]),
        true_peak_dbtp=float(number["tp"]),
        lead_samples=lead,
        tail_samples=tail,
        windows=unpacked(fields["lufs"]),
    )
    spans = tuple(SpokenSpan(*_pair(each)) if each else None for each in sentences)
    gap_ms = int(number["gap"]) if "gap" in number else None
    return Recording(key, measured, spans, int(number["chars"]), gap_ms)


def _span(span: SpokenSpan | None) -> list[int]:
    return [span.start_samples, span.end_samples] if span else []


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or not all(isinstance(each, int) for each in value):
        raise TypeError
    first, second = value
    return first, second

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

from mixer.sound.analysis.measurement import Measurement
from mixer.speech.engine import SampleSpan, Speech, VoiceSettings, WordStart
from mixer.speech.metadata import (
    decode_measurement,
    decode_spans,
    decode_words,
    dump_json,
    encode_measurement,
    encode_spans,
    encode_words,
)

PREFIX = "narration_chunks/"

KEY_HEX_DIGITS = 40
"""160 bits of SHA-256: two chunks will not meet by chance."""

FORMAT_VERSION = 1
"""Of the metadata; others are not read, the chunk is measured again. New fields do not raise it."""

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
        words: when each word begins, of engines that tell it; may be empty.
    """

    key: str
    measured: Measurement
    sentences: tuple[SampleSpan | None, ...] = ()
    billed_chars: int = 0
    gap_ms: int | None = None
    words: tuple[WordStart, ...] = ()


def chunk_key(ssml: str, voice_settings: VoiceSettings, suffix: str) -> str:
    """The address of a chunk that is said so.

    Args:
        ssml: what is sent to the engine.
        voice_settings: who says it, and how.
        suffix: of the audio file.
    """
    shaping = [
        ssml,
        voice_settings.voice,
        voice_settings.engine,
        voice_settings.language,
        voice_settings.voice_version,
    ]
    content = json.dumps([*shaping, *voice_settings.lexicons], ensure_ascii=False)
    digest = sha256(content.encode(errors="surrogatepass")).hexdigest()[:KEY_HEX_DIGITS]
    return f"{PREFIX}{digest}.{suffix}"


def build_recording(key: str, speech: Speech, measurement: Measurement, gap_ms: int) -> Recording:
    """What an engine just made, with its measurements and the silence that follows it."""
    words = (WordStart(w.sentence, w.char, w.span.start_samples) for w in speech.words)
    return normalise_recording(
        Recording(
            key, measurement, speech.sentences, speech.billed_chars, gap_ms, words=tuple(words)
        )
    )


def normalise_recording(recording: Recording) -> Recording:
    """A recording as it will be read back: a mix made now and one made later are the same."""
    return from_metadata(recording.key, to_metadata(recording)) or recording


def to_metadata(recording: Recording) -> dict[str, str]:
    """The measurements as an object's metadata; times are left out if they do not fit."""
    rate_hz = recording.measured.rate_hz
    measures = {
        "v": FORMAT_VERSION,
        **encode_measurement(recording.measured),
        "chars": recording.billed_chars,
        "gap": recording.gap_ms,
    }
    sentences = {"s": encode_spans(recording.sentences)}
    words = {"w": encode_words(recording.words, rate_hz)} if recording.words else {}
    choices = ({**measures, **sentences, **words}, {**measures, **sentences})
    fitting = (text for text in map(dump_json, choices) if len(text) <= MAX_METADATA_BYTES)
    return {FIELD: next(fitting, dump_json({**measures, "s": []}))}


def from_metadata(key: str, metadata: Mapping[str, str]) -> Recording | None:
    """What an object's metadata say of it; None when they say nothing that can be trusted."""
    with suppress(ValueError, KeyError, TypeError, AttributeError, OverflowError):
        fields = json.loads(metadata[FIELD])
        if fields["v"] == FORMAT_VERSION:
            return _decode_recording(key, fields)
    return None


def _decode_recording(key: str, fields: Mapping[str, object]) -> Recording:
    measured = decode_measurement(fields)
    gap, billed = fields.get("gap"), fields["chars"]
    if not isinstance(billed, int):
        raise TypeError
    return Recording(
        key=key,
        measured=measured,
        sentences=decode_spans(fields["s"]),
        billed_chars=billed,
        gap_ms=gap if isinstance(gap, int) else None,
        words=decode_words(fields.get("w", []), measured.rate_hz),
    )

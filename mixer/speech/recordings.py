"""A recorded chunk: its key, what is known of it, and how it is kept in a store.

The key is a hash of everything that shapes the sound, so the same chunk is never paid for twice.
The measurements are in the object's metadata, so that mixing measures nothing again; a recording is
sealed with them. What is damaged counts as missing, so the same run synthesizes it again. A
recording from before there were seals is measured once more: it is used if it is as long as it was.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from threading import BoundedSemaphore

from mixer.errors import DamagedObject, MixerError, NotFound, UnplayableAudio
from mixer.files import open_scratch_folder, translate_disk_errors
from mixer.script import Chunk
from mixer.sound import ProcessGroup
from mixer.sound.analysis import Measurement, measure
from mixer.speech.engine import CONTENT_TYPES, SampleSpan, Speech, VoiceSettings, WordStart
from mixer.speech.metadata import (
    decode_measurement,
    decode_spans,
    decode_words,
    dump_json,
    encode_measurement,
    encode_spans,
    encode_words,
)
from mixer.store import ObjectStore, StoredObject, find_sealed, put_sealed

PREFIX = "narration_chunks/"

KEY_HEX_DIGITS = 40
"""160 bits of SHA-256: no two chunks share a key by chance."""

FORMAT_VERSION = 1
"""Of the metadata; a chunk with another is measured again. New fields do not raise it."""

FIELD = "measured"
SEAL = StoredObject.seal_field
CACHED_RECORDINGS = 2_048
"""Several steps of a story decode the same metadata; these are some ten hours of speech."""

MAX_METADATA_BYTES = 1_900
"""S3 allows 2 kB of user metadata, names included."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A chunk's audio in the store.

    `sentences` has one entry per `<s>`, in samples, None for one that was not spoken; it is empty
    without times. `gap_ms` is the silence after it in the story it was last used for. `is_aligned`
    says that its times were found by alignment, not reported by the engine; it is not stored.
    `seal` is a digest of its key and its bytes (`mixer.store`); empty for one without.
    `_encoded` is the text from which it was decoded, so that it is not encoded again.
    """

    key: str
    measured: Measurement
    sentences: tuple[SampleSpan | None, ...] = ()
    billed_chars: int = 0
    gap_ms: int | None = None
    words: tuple[WordStart, ...] = ()
    is_aligned: bool = False
    seal: str = field(default="", repr=False, compare=False)
    _encoded: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def from_metadata(cls, key: str, metadata: Mapping[str, str]) -> "Recording | None":
        """Decode an object's metadata; None where they are malformed or of another version."""
        with suppress(ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return _decode_recording(key, metadata[FIELD], metadata.get(SEAL, ""))
        return None

    def to_metadata(self) -> dict[str, str]:
        """Encode as an object's metadata; times are left out if they do not fit."""
        seal = {SEAL: self.seal} if self.seal else {}
        if self._encoded:
            return {FIELD: self._encoded, **seal}
        measures = {
            "v": FORMAT_VERSION,
            **encode_measurement(self.measured),
            "chars": self.billed_chars,
            "gap": self.gap_ms,
        }
        sentences = {"s": encode_spans(self.sentences)}
        words = {"w": encode_words(self.words, self.measured.rate_hz)} if self.words else {}
        choices = ({**measures, **sentences, **words}, {**measures, **sentences})
        fitting = (text for text in map(dump_json, choices) if len(text) <= MAX_METADATA_BYTES)
        return {FIELD: next(fitting, dump_json({**measures, "s": []})), **seal}


def chunk_key(ssml: str, voice_settings: VoiceSettings, suffix: str) -> str:
    """The object key of a chunk in the voice of its speaker."""
    sound_fields = [
        ssml,
        voice_settings.voice,
        voice_settings.engine,
        voice_settings.language,
        voice_settings.voice_version,
    ]
    content = json.dumps([*sound_fields, *voice_settings.lexicons], ensure_ascii=False)
    digest = sha256(content.encode(errors="surrogatepass")).hexdigest()[:KEY_HEX_DIGITS]
    return f"{PREFIX}{digest}.{suffix}"


def build_recording(key: str, speech: Speech, measurement: Measurement, gap_ms: int) -> Recording:
    """A new recording, with its measurements and the silence that follows it."""
    words = (WordStart(w.sentence, w.char, w.span.start_samples) for w in speech.words)
    return normalise_recording(
        Recording(
            key, measurement, speech.sentences, speech.billed_chars, gap_ms, words=tuple(words)
        )
    )


def normalise_recording(recording: Recording) -> Recording:
    """The recording as it will be read back, so that a later mix gives the same bytes."""
    return Recording.from_metadata(recording.key, recording.to_metadata()) or recording


@lru_cache(maxsize=CACHED_RECORDINGS)
def _decode_recording(key: str, text: str, seal: str) -> Recording | None:
    fields = json.loads(text)
    if fields["v"] != FORMAT_VERSION:
        return None
    measured = decode_measurement(fields)
    gap, billed = fields.get("gap"), fields["chars"]
    if not isinstance(billed, int):
        raise TypeError
    recording = Recording(
        key=key,
        measured=measured,
        sentences=decode_spans(fields["s"]),
        billed_chars=billed,
        gap_ms=gap if isinstance(gap, int) else None,
        words=decode_words(fields.get("w", []), measured.rate_hz),
        seal=seal,
    )
    object.__setattr__(recording, "_encoded", text)
    return recording


@dataclass(frozen=True, slots=True)
class ChunkStore:
    """Recordings, under keys that end in the suffix of their audio files.

    Attributes:
        processes: the group of the FFmpegs that measure.
        measure_slots: limits how many chunks are measured at a time.
        stale_before: chunks stored before this are touched; None leaves them.
    """

    store: ObjectStore
    processes: ProcessGroup
    measure_slots: BoundedSemaphore
    stale_before: datetime | None

    def find(self, key: str, chunk: Chunk) -> Recording | None:
        """Look up the recording of a chunk; None if it is missing, damaged or unplayable."""
        stored = find_sealed(self.store, key, accept_unsealed=True)
        if stored is None:
            return None
        recording = Recording.from_metadata(key, stored.metadata)
        if recording is None or not stored.is_sealed:
            recording = self._remeasure(key, chunk.gap_ms, recording)
        if recording is None:
            return None
        if recording.gap_ms != chunk.gap_ms:
            recording = replace(recording, gap_ms=chunk.gap_ms)
            with suppress(NotFound, DamagedObject):
                return self._put(recording, self.store.get(key))
            return None
        if self.stale_before is not None and stored.modified < self.stale_before:
            self.store.touch(key)
        return recording

    def put(self, key: str, speech: Speech, gap_ms: int) -> Recording:
        """Measure and store a new recording with the silence that follows it."""
        with _scratch_file(key) as path:
            path.write_bytes(speech.audio)
            return self._put(build_recording(key, speech, self._measure(path, key), gap_ms), path)

    def put_unmeasured(self, key: str, speech: Speech) -> None:
        """Keep what was paid for even without the time or room to measure it."""
        with suppress(MixerError):
            put_sealed(self.store, key, speech.audio, content_type=_content_type(key))

    def _put(self, recording: Recording, content: bytes | Path) -> Recording:
        key, about = recording.key, recording.to_metadata()
        kind = _content_type(key)
        seal = put_sealed(self.store, key, content, content_type=kind, metadata=about)
        return Recording.from_metadata(key, {**about, SEAL: seal}) or recording

    def _measure(self, path: Path, key: str) -> Measurement:
        with self.measure_slots:
            return measure(path, key, processes=self.processes)

    def _remeasure(self, key: str, gap_ms: int, before: Recording | None) -> Recording | None:
        """Measure a recording again; without `before` its times are lost."""
        with suppress(NotFound, DamagedObject, UnplayableAudio), _scratch_file(key) as path:
            self.store.fetch(key, path)
            measured = self._measure(path, key)
            if before is not None and before.measured.samples != measured.samples:
                return None
            recording = before or normalise_recording(Recording(key, measured, gap_ms=gap_ms))
            return self._put(recording, path)
        return None


def _content_type(key: str) -> str:
    return CONTENT_TYPES[key.rpartition(".")[2]]


@contextmanager
def _scratch_file(key: str) -> Iterator[Path]:
    """A temporary path for FFmpeg; StoreFailed where its folder is full or not writable."""
    with (
        translate_disk_errors(Path(gettempdir())),
        open_scratch_folder("chunk") as folder,
    ):
        yield Path(folder, Path(key).name)

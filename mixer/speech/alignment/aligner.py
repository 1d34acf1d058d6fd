"""Finds the words of recordings whose engine has not reported them, on all cores.

PocketSphinx searches a recording for the words of its text alone. Where they are not there, it
finds nothing; where some of the speech is left over, the result is refused. Results are stored
next to the recording, so that a recording is searched once.
"""

import importlib.util
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby

from mixer.errors import MixerError
from mixer.parallel import usable_cores
from mixer.speech.alignment.worker import AlignmentReply, AlignmentRequest, WordSpan
from mixer.speech.engine import SampleSpan, WordStart
from mixer.speech.metadata import decode_spans, decode_words, dump_json, encode_spans, encode_words
from mixer.speech.recordings import Recording
from mixer.speech.workers import WorkerPool
from mixer.store import ObjectStore, find_sealed, put_sealed

WORKER_MODULE = "mixer.speech.alignment.worker"
FORMAT_VERSION = 1
SUFFIX = ".words.json"

MAX_UNSPOKEN_S, MAX_UNSPOKEN_SHARE = 1.0, 0.1
"""Time without words that the pauses of a recording do not explain: some of the speech is not in
the text."""


def is_aligner_installed() -> bool:
    """Whether PocketSphinx is installed."""
    return importlib.util.find_spec("pocketsphinx") is not None


class WordAligner:
    """Aligns English recordings of a store. Safe for many threads; the caller closes it."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.parallelism = usable_cores()
        self._workers: WorkerPool[AlignmentRequest, AlignmentReply] = WorkerPool(
            WORKER_MODULE, self.parallelism
        )

    def align(self, recording: Recording, sentences: Sequence[str]) -> Recording | None:
        """Time the words of a recording; None where it does not fit its sentences as spoken.

        Raises:
            OutOfTime: the aligner was closed meanwhile.
            NotFound: the recording was deleted.
        """
        stored = self._load(recording)
        if stored is not None:
            return stored if stored.words else None
        request = AlignmentRequest(self._store.get(recording.key), tuple(sentences))
        spans = self._workers.call(request)
        aligned = _apply_spans(recording, spans, len(sentences)) if spans else None
        self._save(recording, aligned)
        return aligned

    def close(self) -> None:
        """End the worker processes; safe to call twice."""
        self._workers.close()

    def _load(self, recording: Recording) -> Recording | None:
        """The stored result; a recording without words where it did not fit, None if unknown."""
        key = recording.key + SUFFIX
        with suppress(MixerError, ValueError, KeyError, TypeError):
            if find_sealed(self._store, key) is None:
                return None
            fields = json.loads(self._store.get(key))
            if fields["v"] != FORMAT_VERSION:
                return None
            words = decode_words(fields["w"], recording.measured.rate_hz)
            spans = recording.sentences or decode_spans(fields["s"])
            return replace(recording, sentences=spans, words=words, is_aligned=True)
        return None

    def _save(self, recording: Recording, aligned: Recording | None) -> None:
        found = aligned or replace(recording, sentences=(), words=())
        fields = {
            "v": FORMAT_VERSION,
            "s": encode_spans(found.sentences),
            "w": encode_words(found.words, found.measured.rate_hz),
        }
        with suppress(MixerError):  # it is found again
            put_sealed(self._store, recording.key + SUFFIX, dump_json(fields).encode())


def _apply_spans(
    recording: Recording, spans: Sequence[WordSpan], sentences: int
) -> Recording | None:
    """Add the words, and the sentences where these are not known; None for an implausible fit."""
    measured = recording.measured
    rate_hz = measured.rate_hz
    quiet = measured.lead_samples + measured.tail_samples
    quiet += sum(end - start for start, end in measured.profile.pauses)
    speech_s = measured.duration_s - quiet / rate_hz
    words_s = sum(each.end_s - each.start_s for each in spans)
    if speech_s - words_s > MAX_UNSPOKEN_S + MAX_UNSPOKEN_SHARE * speech_s:
        return None
    words = tuple(
        WordStart(each.sentence, each.char, round(each.start_s * rate_hz)) for each in spans
    )
    found = recording.sentences or tuple(_span_sentences(spans, sentences, rate_hz))
    return replace(recording, sentences=found, words=words, is_aligned=True)


def _span_sentences(
    spans: Sequence[WordSpan], sentences: int, rate_hz: int
) -> Iterator[SampleSpan]:
    """From the first word of each sentence to its last; without words it has no length."""
    grouped = {
        number: list(words) for number, words in groupby(spans, key=lambda each: each.sentence)
    }
    end_s = 0.0
    for number in range(sentences):
        words = grouped.get(number, [])
        start_s, end_s = (words[0].start_s, words[-1].end_s) if words else (end_s, end_s)
        yield SampleSpan(round(start_s * rate_hz), round(end_s * rate_hz))

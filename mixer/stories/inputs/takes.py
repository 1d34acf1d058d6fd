"""Loads the chunks of a story's mix with their measurements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

from mixer.errors import DamagedObject
from mixer.parallel import run_in_parallel, usable_cores
from mixer.publish.timing import RecordedChunk, build_takes, find_unspoken, pair_recordings
from mixer.requests import Options
from mixer.sound import ProcessGroup, Timeline
from mixer.sound.analysis import Measurement, measure
from mixer.sound.arrange import Take
from mixer.speech import Recording, unreadable_error
from mixer.speech.verification import ChunkCheck
from mixer.store import ObjectStore
from mixer.stories.batches import read_synthesized_batches
from mixer.stories.folder import FLAWS, MIX, SCRIPT, TIMELINE, StoryFolder
from mixer.stories.inputs.checks import InputLimits, check_inputs, select_music_store
from mixer.stories.model import GivenFlaws, JoinedMix, StoredRequest, StoredScript, SynthesizedBatch
from mixer.stories.report import DoubtfulPassage, SpeechCheck
from mixer.stories.request_files import open_request_folder

DEFAULT_GAP_MS = 1_000
"""After chunks without metadata of their end (the contract's default)."""


@dataclass(frozen=True, slots=True)
class StoryNarration:
    """A script and its recordings.

    Attributes:
        recordings: one per chunk, in reading order; None if the voice cannot read it.
        synthesized_chunks: new ones, not found in the store.
        checks: what listening found, by key; empty if nothing was listened to.
    """

    stored: StoredScript
    recordings: tuple[Recording | None, ...]
    billed_chars: int
    synthesized_chunks: int
    checks: Mapping[str, ChunkCheck] = field(default_factory=dict)

    @property
    def recorded_chunks(self) -> tuple[RecordedChunk, ...]:
        """The audible chunks."""
        return pair_recordings(self.stored.script, self.recordings)

    def check_speech(self, timeline: Timeline | None = None) -> SpeechCheck | None:
        """What listening found; None if nothing was listened to.

        Places are those of the timeline; without one, the chunks follow each other.
        """
        recorded = self.recorded_chunks
        listened = [(each, self.checks.get(each.recording.key)) for each in recorded]
        checks = [check for _, check in listened if check is not None]
        if not checks:
            return None
        words, wrong_words = sum(each.words for each in checks), sum(c.wrong_words for c in checks)
        passages = tuple(
            DoubtfulPassage(
                each.chunk.passage,
                round(start_s, 3),
                tuple(fault.describe() for fault in check.faults),
            )
            for (each, check), start_s in zip(
                listened, _find_starts(recorded, timeline), strict=True
            )
            if check is not None and check.faults
        )
        share = 1 - wrong_words / max(1, words)
        return SpeechCheck(words, round(100 * share, 1), passages)

    @property
    def unspoken(self) -> tuple[str, ...]:
        """Passages that the voice could not read."""
        return find_unspoken(self.stored.script, self.recordings)


def _find_starts(
    recorded_chunks: Sequence[RecordedChunk], timeline: Timeline | None
) -> list[float]:
    if timeline is not None:
        return [timeline.seconds(clip.start) for clip in timeline.clips]
    lengths_s = (each.recording.measured.duration_s for each in recorded_chunks)
    return list(accumulate(lengths_s, initial=0.0))[:-1]


def load_narration(folder: StoryFolder) -> StoryNarration:
    """Load a story's script and recordings.

    Raises NothingSpoken if nothing was recorded, DamagedObject if the results of a batch are gone.
    """
    stored, batches = folder.read(SCRIPT, StoredScript), read_synthesized_batches(folder)
    recordings = folder.derive(
        f"recordings of {len(batches)} batches",
        lambda: tuple(each for batch in batches for each in _parse_recordings(batch)),
    )
    if recordings and len(recordings) != len(stored.chunk_keys):
        raise DamagedObject(
            f"Recordings of the story {folder.story_id} are missing; repeat the request to start "
            "it again.",
            story_id=folder.story_id,
        )
    if not any(recordings):
        raise unreadable_error(stored.delivery.voice, stored.script.chunks)
    return StoryNarration(
        stored=stored,
        recordings=recordings,
        billed_chars=sum(batch.billed_chars for batch in batches),
        synthesized_chunks=sum(batch.synthesized_chunks for batch in batches),
        checks={key: check for batch in batches for key, check in batch.checks.items()},
    )


def _parse_recordings(batch: SynthesizedBatch) -> list[Recording | None]:
    return [Recording.from_metadata(key, about) if about else None for key, about in batch.chunks]


def load_timeline(folder: StoryFolder) -> Timeline:
    """Load the timeline as it was finally rendered."""
    joined, laid = folder.read(MIX, JoinedMix), folder.read(TIMELINE, Timeline)
    return replace(laid, mastering=joined.mastering or laid.mastering)


@dataclass(frozen=True, slots=True)
class TakeLoader:
    """Looks up and measures chunks that a caller names; the deadline is on the monotonic clock."""

    new_processes: Callable[[], ProcessGroup]
    music: ObjectStore
    limits: InputLimits | None = None
    deadline_s: float | None = None

    def load(self, folder: StoryFolder, request: StoredRequest) -> list[Take]:
        """Load the takes of a story in playing order, with the gap of its options."""
        options = Options.model_validate(request.options)
        if request.chunk_keys:
            return self._load_given(folder, request, options)
        narration = load_narration(folder)
        own_music = None if request.music else narration.stored.script.music
        return build_takes(narration.recorded_chunks, music=own_music)

    def _load_given(
        self, folder: StoryFolder, request: StoredRequest, options: Options
    ) -> list[Take]:
        sources = {("chunk", key): folder.store for key in request.chunk_keys}
        if request.music and self.limits is not None:
            store = select_music_store(request.music, self.music, folder.store)
            sources["music", request.music] = store
        heads = check_inputs(sources, self.limits, self.deadline_s)
        known = {
            key: Recording.from_metadata(key, head.metadata)
            for (role, key), head in heads.items()
            if role == "chunk"
        }
        measured = self._measure(folder, [key for key, each in known.items() if each is None])
        takes = [_build_take(key, known[key], measured, options) for key in request.chunk_keys]
        flaws = {take.source: tuple(take.measured.profile.flaws) for take in takes}
        folder.write(FLAWS, GivenFlaws(flaws))
        return takes

    def _measure(self, folder: StoryFolder, keys: Sequence[str]) -> dict[str, Measurement]:
        if not keys:
            return {}
        sources = {("chunk", key): folder.store for key in keys}
        with open_request_folder() as scratch:
            files = scratch.fetch_all(sources, self.deadline_s)
            by_key = {key: path for (_, key), path in files.items()}
            return _measure_files(by_key, self.new_processes())


def _build_take(
    key: str, recording: Recording | None, measurements: dict[str, Measurement], options: Options
) -> Take:
    own_ms = recording.gap_ms if recording and recording.gap_ms is not None else DEFAULT_GAP_MS
    gap_ms = own_ms if options.gap_ms is None else options.gap_ms
    measured = recording.measured if recording else measurements[key]
    digest = recording.seal if recording else ""
    return Take(key, measured, gap_ms, digest=digest)


def _measure_files(files: Mapping[str, Path], processes: ProcessGroup) -> dict[str, Measurement]:
    """Measure recordings on all cores, by the names that errors use."""

    def measure_file(file: tuple[str, Path]) -> Measurement:
        return measure(file[1], file[0], processes=processes)

    measured = run_in_parallel(files.items(), measure_file, usable_cores())
    return {name: outcome.result() for (name, _), outcome in measured}

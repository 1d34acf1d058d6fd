"""What a story's folder holds, as values. All of them serialise to JSON."""

from dataclasses import dataclass, field
from enum import StrEnum

from mixer.script import Chunk, Script
from mixer.sound import Mastering
from mixer.sound.arrange import SoundFile
from mixer.speech import VoiceSettings
from mixer.stories.mix_pipeline import MixMeasurements

FORMAT_VERSION = 1
"""Of everything in a story's folder; goes up when older code can no longer read it."""


class StoryKind(StrEnum):
    """What was asked for, and so which steps it takes."""

    STORY = "story"
    """A text, to the finished audio."""

    SPEECH = "speech"
    """A text, to its chunks: what POST /synthesize had no time for."""

    MIX = "mix"
    """Chunks, to the finished audio: what POST /mixstory had no time for."""


class StoryState(StrEnum):
    """The status of a story."""

    QUEUED = "queued"
    PLANNING = "planning"
    SYNTHESIZING = "synthesizing"
    MIXING = "mixing"
    JOINING = "joining"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """What was asked for: `request.json`, written once.

    Attributes:
        kind: which steps it takes.
        caller: who asked, and pays.
        fingerprint: a hash of all that was asked.
        created_s: when, in seconds since 1970.
        options: of the contract, those that were given.
        characters: of the text.
        text_key: where the text is.
        chunk_keys: in playing order, where chunks were given instead of a text.
        music: a key in the music bucket; empty for none.
        webhook: an address to be told when the story ends; empty for none.
        warnings: what the request was told already.
    """

    kind: StoryKind
    caller: str
    fingerprint: str
    created_s: float
    options: dict[str, object]
    characters: int = 0
    text_key: str = ""
    chunk_keys: tuple[str, ...] = ()
    music: str = ""
    webhook: str = ""
    warnings: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class StoredScript:
    """What is said and who says it: `script.json`.

    Attributes:
        script: what is said.
        delivery: who says it.
        chunk_keys: where each chunk is, or will be, in reading order; while they stand here,
            the clean-up keeps these chunks.
        warnings: what became of wishes that could not be met.
    """

    script: Script
    delivery: VoiceSettings
    chunk_keys: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class Batch:
    """Some neighbouring chunks, spoken by one call: `batches/{number}.json`."""

    delivery: VoiceSettings
    chunks: tuple[Chunk, ...]
    speech_marks: bool = False
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class SynthesizedBatch:
    """What came of a batch: `spoken/{number}-{chunks}-{millionths of a dollar}.json`.

    Attributes:
        chunks: each chunk's key, and what is known of it in the form of object metadata; None for
            what the voice cannot read.
        synthesized_chunks: how many of them were said just now.
        billed_chars: what was charged just now.
    """

    chunks: tuple[tuple[str, dict[str, str] | None], ...]
    synthesized_chunks: int
    billed_chars: int
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """What GET tells of a plan without reading it: `plan.json`.

    Attributes:
        title: of the story.
        language: BCP 47 tag.
        voice: who speaks.
        engine: with which engine.
        characters: that are billed for the whole.
        chunks: how many.
        batches: in how many batches.
        duration_s: of the finished audio, foretold.
        predicted_usd: what was not in the store yet will cost.
        reservation: where that is written down in the caller's spending.
        paid_before_usd: what earlier attempts had paid, and settled.
    """

    title: str = ""
    language: str = ""
    voice: str = ""
    engine: str = ""
    characters: int = 0
    chunks: int = 0
    batches: int = 0
    duration_s: float = 0.0
    predicted_usd: float = 0.0
    reservation: str = ""
    paid_before_usd: float = 0.0
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class KnownSounds:
    """Music and sounds of a story, looked at before anything is paid: `sounds.json`."""

    sounds: tuple[SoundFile, ...]
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class GivenFlaws:
    """What is wrong with recordings that a caller has named, by key: `flaws.json`."""

    flaws: dict[str, tuple[str, ...]]
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class StoredLayout:
    """How the mix is shared out: `segments.json`.

    Attributes:
        segments: how many.
        groups: of neighbours, each rendered by one call: first segment, and one past the last.
        duration_s: of the finished audio.
    """

    segments: int
    groups: tuple[tuple[int, int], ...]
    duration_s: float
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class JoinedMix:
    """What was heard in the finished audio: `mix.json`.

    Attributes:
        integrated_loudness_lufs: None for silence.
        true_peak_dbtp: oversampled; None where the file is too long to be decoded.
        peaks: lowest and highest sample of each column of a picture.
        size_bytes: of the file.
        name: of the file.
        mastering: as it was rendered, which a second look may have changed; None: as laid out.
        measurements: what else was measured, and the rules that it keeps.
    """

    integrated_loudness_lufs: float | None
    true_peak_dbtp: float | None
    peaks: tuple[tuple[float, float], ...]
    size_bytes: int
    name: str
    mastering: Mastering | None = None
    measurements: MixMeasurements | None = None
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class StoryFailure:
    """Why a story did not end well, for a person and for a program."""

    error: str
    code: str
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoryResult:
    """How a story ended: `result.json`, written last.

    Attributes:
        state: done, failed or cancelled.
        attempt: which one ended so.
        ended_s: when, in seconds since 1970.
        cost_usd: what all attempts have paid.
        title: of the story.
        chunks: that were there in the end.
        segments: likewise.
        duration_s: of the finished audio.
        integrated_loudness_lufs: of the finished audio.
        true_peak_dbtp: likewise.
        chunk_keys: where only speech was asked for.
        links: object keys by what GET calls them.
        warnings: what the listener should know, such as passages that no voice could read.
        failure: where it did not end well.
    """

    state: StoryState
    attempt: int
    ended_s: float
    cost_usd: float = 0.0
    title: str = ""
    chunks: int = 0
    segments: int = 0
    duration_s: float | None = None
    integrated_loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    chunk_keys: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failure: StoryFailure | None = None
    format_version: int = FORMAT_VERSION

"""The values in a story's folder, all of which serialise to JSON."""

from dataclasses import dataclass, field
from enum import StrEnum

from mixer.script import Chunk, Document, Script
from mixer.script.edits import SentenceEdit
from mixer.script.readers import TextType
from mixer.sound import Mastering
from mixer.sound.analysis import ComplianceRule
from mixer.sound.arrange import SoundFile
from mixer.speech import VoiceSettings
from mixer.speech.verification import ChunkCheck

FORMAT_VERSION = 1
"""Version of a story's folder; raised when older code cannot read it."""


class StoryKind(StrEnum):
    """The kind of a request, which decides the steps."""

    STORY = "story"
    """From a text to the finished audio."""

    SPEECH = "speech"
    """From a text to its chunks, when POST /synthesize takes too long."""

    MIX = "mix"
    """From chunks to the finished audio, when POST /mixstory takes too long."""


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
class SourceText:
    """A text that has been read; the file of a book is larger than its text.

    `book` has the bytes of an EPUB, whose pages a read-aloud book keeps. `warnings` are about what
    the author may have meant otherwise.
    """

    document: Document
    is_book: bool = False
    text_type: TextType = TextType.TEXT
    book: bytes = field(default=b"", repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """The request, written once: `request.json`.

    Attributes:
        created_s: seconds since 1970.
        options: only those that were given.
        chunk_keys: in playing order; given instead of a text.
        music: a key in the music bucket; empty for none.
        webhook: URL to notify at the end; empty for none.
        warnings: already returned for the request.
        base_url: of the API that was called; empty without a gateway.
        version_of: the story of which this is a later version; empty for a story of its own.
        edits: applied in this order to the text as it is read.
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
    base_url: str = ""
    version_of: str = ""
    edits: tuple[SentenceEdit, ...] = ()
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class StoredScript:
    """The script and its voice: `script.json`; retention keeps the chunks it names."""

    script: Script
    delivery: VoiceSettings
    chunk_keys: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class Batch:
    """Neighbouring chunks, synthesized by one call: `batches/{number}.json`.

    Attributes:
        found: what the plan found in the store, by key: metadata, or None for a missing chunk.
    """

    delivery: VoiceSettings
    chunks: tuple[Chunk, ...]
    speech_marks: bool = False
    verify: bool = False
    found: dict[str, dict[str, str] | None] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class SynthesizedBatch:
    """The result of a batch: `spoken/{number}-{chunks}-{millionths of a dollar}.json`.

    Attributes:
        chunks: key and metadata of each; None if the voice cannot read it.
        synthesized_chunks: new ones, not found in the store.
        billed_chars: for the new ones.
        checks: what listening found, by key; empty if nothing was listened to.
    """

    chunks: tuple[tuple[str, dict[str, str] | None], ...]
    synthesized_chunks: int
    billed_chars: int
    checks: dict[str, ChunkCheck] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """The plan as far as GET needs it: `plan.json`.

    Attributes:
        language: BCP 47 tag.
        characters: billed for the whole story.
        duration_s: predicted.
        predicted_usd: for chunks not yet in the store.
        reservation: entry in the caller's daily budget.
        paid_before_usd: paid and settled by earlier attempts.
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
    """Music and sounds of a story, measured before anything is paid: `sounds.json`."""

    sounds: tuple[SoundFile, ...]
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class GivenFlaws:
    """Flaws of the recordings that a caller named, by key: `flaws.json`."""

    flaws: dict[str, tuple[str, ...]]
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class StoredLayout:
    """How the segments are divided: `segments.json`.

    One call renders a group, from its first segment to one past its last.
    """

    segments: int
    groups: tuple[tuple[int, int], ...]
    duration_s: float
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class MixMeasurements:
    """Measurements of a finished file other than loudness and peak.

    Attributes:
        loudness_range_lu: None, as all below, if not measured or too short.
        rms_dbfs: level of the whole file.
        noise_floor_dbfs: level of the quietest half second.
        bed_below_speech_lu: how far the music is below the voice.
        rules: results of the preset's rules.
        loudness_lufs: in equal parts of the file, for its picture.
        unmeasured: names of figures skipped because the file is too long.
    """

    loudness_range_lu: float | None = None
    rms_dbfs: float | None = None
    noise_floor_dbfs: float | None = None
    bed_below_speech_lu: float | None = None
    rules: tuple[ComplianceRule, ...] = ()
    unmeasured: tuple[str, ...] = ()
    loudness_lufs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class JoinedMix:
    """Measurements of the finished audio: `mix.json`.

    Attributes:
        integrated_loudness_lufs: None for silence.
        true_peak_dbtp: oversampled; None if the file is too long to decode.
        peaks: lowest and highest sample of each picture column.
        mastering: as rendered, after any loudness correction; None: as laid out.
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
    """Why a story failed, for people and for programs."""

    error: str
    code: str
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoryResult:
    """How a story ended, written last: `result.json`.

    Attributes:
        state: done, failed or cancelled.
        ended_s: seconds since 1970.
        cost_usd: paid by all attempts.
        chunk_keys: if only speech was requested.
        links: object keys by their names in the status.
        warnings: such as passages that the voice could not read.
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

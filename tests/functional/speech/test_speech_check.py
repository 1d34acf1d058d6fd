"""Recordings that differ from their text are found, and taken again where the engine varies."""

import array
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore

import pytest

from mixer.script import BreakKind, Chunk, EngineLimits, Utterance
from mixer.sound import ProcessGroup, ffmpeg
from mixer.speech import Charges, Narrator, Voice, VoiceSettings
from mixer.speech.embedded import EmbeddedEngine
from mixer.speech.engine import Speech
from mixer.speech.verification import (
    RetakeBudget,
    SpeechFault,
    TakeSelector,
    Verifier,
    price_retakes,
)
from mixer.store import FolderStore

TEXT = "The keeper of Athelney had not spoken to another soul in eleven quiet days."
FAULTS = {
    "as written": (TEXT, []),
    "left out": (TEXT.replace("spoken ", ""), [SpeechFault.MISSING]),
    "doubled": (TEXT.replace("soul", "soul soul"), [SpeechFault.REPEATED]),
    "swapped": (TEXT.replace("eleven quiet", "quiet eleven"), None),
    "another text": ("Les enfants jouaient dans le jardin de leur mère.", None),
}


def build_chunk(text: str) -> Chunk:
    utterance = Utterance(text, text, BreakKind.PARAGRAPH)
    return Chunk((utterance,), f"<speak><s>{text}</s></speak>", len(text), 800)


@dataclass
class ForgetfulEngine:
    """Speaks as the embedded voice does, but something else than its text at first."""

    voice: EmbeddedEngine
    slips: list[str] = field(default_factory=list)
    name: str = "generative"
    suffix: str = "flac"
    parallelism: int = 1

    def limits(self, engine: str) -> EngineLimits:
        return self.voice.limits(engine)

    def voices(self) -> tuple[Voice, ...]:
        return self.voice.voices()

    def synthesize(self, ssml: str, _settings: VoiceSettings) -> Speech:
        passage = build_chunk(self.slips.pop(0)).ssml if self.slips else ssml
        return self.voice.synthesize(passage, VoiceSettings("Ada", "embedded"))

    def close(self) -> None:
        self.voice.close()


@pytest.fixture(scope="module")
def voice() -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(parallelism=1)) as engine:
        yield engine


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def verifier(store: FolderStore) -> Iterator[Verifier]:
    with closing(Verifier(store)) as opened:
        yield opened


def build_narrator(
    store: FolderStore, engine: ForgetfulEngine, engine_name: str = "generative"
) -> Narrator:
    settings = VoiceSettings("Ada", engine_name)
    return Narrator(engine, store, settings, ProcessGroup(), BoundedSemaphore(1))


@pytest.mark.parametrize("fault", FAULTS)
def test_passage_that_differs_from_its_text_is_found(
    voice: EmbeddedEngine, store: FolderStore, verifier: Verifier, fault: str
) -> None:
    passage, kinds = FAULTS[fault]
    narrator = build_narrator(store, ForgetfulEngine(voice, [passage]))
    chunk = build_chunk(TEXT)
    recording = narrator.narrate([chunk]).recordings[0]
    assert recording is not None
    check = verifier.check(recording, chunk)
    if kinds is None:
        assert check.faults
    else:
        assert [each.kind for each in check.faults] == kinds
    assert verifier.check(recording, chunk) == check  # from the store


def read_samples(speech: Speech) -> array.array:
    arguments = [*ffmpeg.confine_stdin(), "-f", "s16le", "-"]
    return array.array("h", ffmpeg.run(arguments, stdin=speech.audio, timeout_s=30).stdout)


@pytest.mark.parametrize("end", ["cut", "noise"])
def test_damaged_end_is_found(
    voice: EmbeddedEngine, store: FolderStore, verifier: Verifier, end: str
) -> None:
    narrator, chunk = build_narrator(store, ForgetfulEngine(voice)), build_chunk(TEXT)
    recording = narrator.narrate([chunk]).recordings[0]
    assert recording is not None
    samples = read_samples(voice.synthesize(chunk.ssml, VoiceSettings("Ada", "embedded")))
    rest = len(samples) * 2 // 3
    hiss = [(n * 7919 + n * n * 104_729) % 6_001 - 3_000 for n in range(len(samples) - rest)]
    damaged = samples[:rest] + (array.array("h", hiss) if end == "noise" else array.array("h"))
    source = ["-f", "s16le", "-ar", "24000", "-ac", "1", *ffmpeg.confine_stdin()]
    audio = ffmpeg.run([*source, "-f", "flac", "-"], stdin=damaged.tobytes(), timeout_s=30).stdout
    assert verifier.listen(audio, recording, chunk).wrong_words > 0


@pytest.mark.parametrize(
    ("engine_name", "slips", "used", "wrong_words"),
    [("generative", 1, 1, 0), ("generative", 5, 3, 1), ("embedded", 5, 1, 1)],
)
def test_engine_that_varies_is_asked_again_at_most_twice(
    voice: EmbeddedEngine,
    store: FolderStore,
    verifier: Verifier,
    *,
    engine_name: str,
    slips: int,
    used: int,
    wrong_words: int,
) -> None:
    chunk = build_chunk(TEXT)
    wrong = TEXT.replace("spoken ", "")
    engine = ForgetfulEngine(voice, [wrong] * slips)
    narrator, charges = build_narrator(store, engine, engine_name), Charges()
    recordings = narrator.narrate([chunk], charges=charges).recordings
    charges.reopen()
    selector = TakeSelector(
        narrator,
        verifier,
        charges,
        RetakeBudget(price_retakes([chunk] * 20, narrator.voice_settings)),
    )
    selected, checks = selector.select_takes([chunk], recordings)
    assert slips - len(engine.slips) == used
    assert selected[0] is not None
    assert checks[selected[0].key].wrong_words == wrong_words
    assert narrator.find_recordings([chunk])[selected[0].key] == selected[0]


def test_takes_are_limited_to_a_share_of_the_text() -> None:
    chunk, settings = build_chunk(TEXT), VoiceSettings("Ada", "generative")
    price_usd = settings.price_chunks_usd([chunk])
    budget = RetakeBudget(price_retakes([chunk] * 25, settings))
    assert [budget.spend(price_usd) for _ in range(4)] == [True, True, False, False]

"""Many random timelines, rendered and measured: as loud as asked, under the ceiling."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mixer.parallel import usable_cores
from tests.mixes import ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import Sound, bursts, measure_loudness, music, speech

PLAIN = set(range(20)) - {2, 4, 6, 8, 18}
"""Those left out have the kind, preset, bed and ducking of others."""

SEEDS = (*sorted(PLAIN), 38, 42, 60, 77, 103, 108, 119, 128, 183, 186)
"""Some as they come, and the ten of two hundred that are hardest to predict: plosives, loud beds,
flattened and hurried speech."""


@dataclass(frozen=True)
class Outcome:
    """A mix and what it measures."""

    kind: str
    target_lufs: float
    ceiling_dbtp: float
    integrated_lufs: float
    true_peak_dbtp: float


def talk(draw: random.Random, kind: str, rate_hz: int) -> Sound:
    """A take: even, with plosives that stand out, or cut at full scale."""
    seconds = draw.uniform(0.5, 1.5) if kind == "no gaps" else draw.uniform(1.5, 4.0)
    voice = speech(seconds, draw.randrange(10_000), rate_hz, draw.uniform(-32, -20))
    if kind == "plosives":
        places = np.arange(0.1, seconds - 0.1, draw.uniform(0.3, 0.8))
        popping = bursts(list(places), seconds, rate_hz, peak_db=draw.uniform(-10, -4))
        size = min(voice.size, popping.size)
        return voice[:size] + popping[:size]
    return np.clip(6 * voice, -0.9, 0.9) if kind == "flattened" else voice


def random_mix(folder: Path, seed: int) -> tuple[str, PreparedMix]:
    draw = random.Random(seed)
    kind = draw.choice(["even", "no gaps", "plosives", "sparse", "flattened", "loud bed"])
    rate_hz = draw.choice([24_000, 22_050, 16_000])
    gap_ms = {"no gaps": (0, 300), "sparse": (3_000, 5_000)}.get(kind, (200, 1_500))
    chunks = [
        ChunkSpec(talk(draw, kind, rate_hz), rate_hz, draw.randint(*gap_ms), is_gap_exact=True)
        for _ in range(draw.randint(3, 6))
    ]
    bed = music(draw.uniform(3, 12)) if kind == "loud bed" or draw.random() < 0.5 else None
    style = {
        "music_level_lu": draw.uniform(12, 16) if kind == "loud bed" else draw.uniform(16, 26),
        "duck_db": draw.choice([0.0, 4.0, 8.0]),
        "intro_s": draw.choice([0.0, 3.0]),
        "outro_s": 2.0,
    }
    preset = draw.choice(["story", "podcast", "broadcast", "audiobook-acx"])
    return kind, prepare_mix(
        folder, chunks, bed, preset=preset, **(style if bed is not None else {})
    )


def outcome(folder: Path, seed: int) -> Outcome:
    folder.mkdir()
    kind, mix = random_mix(folder, seed)
    mastering = mix.render_to_target(workers=1).timeline.mastering
    return Outcome(kind, mastering.target_lufs, mastering.ceiling_dbtp, *measure_loudness(mix.path))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    folder = tmp_path_factory.mktemp("mixes")
    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(lambda seed: outcome(folder / str(seed), seed), SEEDS))


def test_every_mix_is_as_loud_as_asked(outcomes: list[Outcome]):
    errors = {
        (seed, each.kind): round(each.integrated_lufs - each.target_lufs, 2)
        for seed, each in zip(SEEDS, outcomes, strict=True)
    }
    assert {key: error for key, error in errors.items() if abs(error) > 0.3 + 1e-9} == {}


def test_every_mix_stays_under_its_ceiling(outcomes: list[Outcome]):
    assert [each for each in outcomes if each.true_peak_dbtp > each.ceiling_dbtp] == []

"""Random mixes of voices and music made of noise, for the test of their loudness and the bench."""

import random
from pathlib import Path
from typing import Any

import numpy as np

from tests.mixes import ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import Sound, bursts, music, speech


def build_take(draw: random.Random, kind: str, rate_hz: int) -> Sound:
    """A take: even, with plosives that stand out, or cut at full scale."""
    seconds = draw.uniform(0.5, 1.5) if kind == "no gaps" else draw.uniform(1.5, 4.0)
    voice = speech(seconds, draw.randrange(10_000), rate_hz, draw.uniform(-32, -20))
    if kind == "plosives":
        places = np.arange(0.1, seconds - 0.1, draw.uniform(0.3, 0.8))
        popping = bursts(list(places), seconds, rate_hz, peak_db=draw.uniform(-10, -4))
        size = min(voice.size, popping.size)
        return voice[:size] + popping[:size]
    return np.clip(6 * voice, -0.9, 0.9) if kind == "flattened" else voice


def build_random_mix(folder: Path, seed: int) -> tuple[str, PreparedMix]:
    """Lay out a mix in an existing folder; returns its kind too."""
    draw = random.Random(seed)
    kind = draw.choice(["even", "no gaps", "plosives", "sparse", "flattened", "loud bed"])
    rate_hz = draw.choice([24_000, 22_050, 16_000])
    gap_ms = {"no gaps": (0, 300), "sparse": (3_000, 5_000)}.get(kind, (200, 1_500))
    chunks = [
        ChunkSpec(build_take(draw, kind, rate_hz), rate_hz, draw.randint(*gap_ms))
        for _ in range(draw.randint(3, 6))
    ]
    bed = music(draw.uniform(3, 12)) if kind == "loud bed" or draw.random() < 0.5 else None
    style: dict[str, Any] = {
        "music_level_lu": draw.uniform(12, 16) if kind == "loud bed" else draw.uniform(16, 26),
        "duck_db": draw.choice([0.0, 4.0, 8.0]),
        "intro_s": draw.choice([0.0, 3.0]),
        "outro_s": 2.0,
    }
    preset = draw.choice(["story", "podcast", "broadcast", "audiobook-acx"])
    return kind, prepare_mix(
        folder, chunks, bed, preset=preset, **(style if bed is not None else {})
    )

"""Many random timelines, rendered and measured: as loud as asked, under the ceiling."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from mixer.parallel import usable_cores
from tests.random_mixes import build_random_mix
from tests.sounds import measure_loudness

SEEDS = (0, 1, 5, 12, 14, 38, 42, 60, 77, 103, 108, 119, 128, 183, 186)
"""The first of the quiet kinds, and the ten of the two hundred of `bench/random_mixes.py` that are
hardest to predict: plosives, loud beds and hurried speech."""


@dataclass(frozen=True)
class Outcome:
    """A mix and what it measures."""

    kind: str
    target_lufs: float
    ceiling_dbtp: float
    integrated_lufs: float
    true_peak_dbtp: float


def outcome(folder: Path, seed: int) -> Outcome:
    folder.mkdir()
    kind, mix = build_random_mix(folder, seed)
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

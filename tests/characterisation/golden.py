"""The recorded observations: kept as JSON, and held against those of today."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.characterisation.normalised import DIGEST

GOLDEN = Path(__file__).with_name("golden.json")

# Between machines. The same code on an AMD EPYC and an Intel Xeon differed by 46 ms, 925 samples of
# a timeline, 0.6 dB of a true peak and 2.0 dB of a noise floor: the voice's model rounds otherwise.
TIME_TOLERANCE_S = 0.06
SAMPLE_TOLERANCE = 1_500
LEVEL_TOLERANCE = 1.0
NOISE_TOLERANCE = 3.0


def load_golden(path: Path = GOLDEN) -> dict[str, Any]:
    """What was recorded: `machine` and `observations`, by group."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def save_golden(recorded: Mapping[str, Any], path: Path = GOLDEN) -> None:
    """Keep what was observed."""
    text = json.dumps(recorded, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def compare(wanted: Any, found: Any, *, exactly: bool, path: str = "") -> Iterator[str]:
    """Differences, one line each.

    Args:
        wanted: what was recorded.
        found: what is observed now.
        exactly: whether both were made on machines with the same fingerprint.
        path: where in the observations this is.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted({*wanted, *found}):
            inner = f"{path} > {key}" if path else key
            if key not in wanted or key not in found:
                yield f"{inner}: {'gone' if key in wanted else 'new'}"
            else:
                yield from compare(wanted[key], found[key], exactly=exactly, path=inner)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from compare(one, other, exactly=exactly, path=f"{path} [{number}]")
    elif wanted != found and (exactly or not _is_close(wanted, found, path)):
        yield f"{path}: {_show(wanted)} was recorded, now it is {_show(found)}"


TIMES = ("_s", "startTime")
"""Endings of the names of what is measured in seconds."""


def _is_close(wanted: Any, found: Any, path: str) -> bool:
    """Whether a difference is one that another machine may make."""
    if isinstance(wanted, str) and isinstance(found, str):
        return wanted.startswith(DIGEST) and found.startswith(DIGEST)
    if not _is_number(wanted) or not _is_number(found):
        return False
    return bool(abs(wanted - found) <= _tolerance(wanted, found, path))


def _tolerance(wanted: Any, found: Any, path: str) -> float:
    """How far apart two numbers may be."""
    if path.endswith("size_bytes"):
        return math.inf
    if path.endswith(TIMES):
        return TIME_TOLERANCE_S
    if path.endswith("noise_floor_dbfs"):
        return NOISE_TOLERANCE
    if isinstance(wanted, float) or isinstance(found, float):
        return LEVEL_TOLERANCE
    return SAMPLE_TOLERANCE if " > timeline > " in path else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:160]}…"

"""Remembers how music measures, by its content: a run that changes little does not decode it."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mixer.errors import StoreFailed
from mixer.files import hash_file
from mixer.sound import ProcessGroup
from mixer.sound.arrange import SoundFile
from mixer.store import ObjectStore, find_sealed, put_sealed
from mixer.stories.folder import to_json
from mixer.stories.inputs import measure_music

PREFIX = "music_measurements/"

MEASUREMENT_VERSION = 1
"""Increase it when `mixer.sound.analysis.measure` finds other figures of the same sound."""


def measure_known_music(path: Path, store: ObjectStore, processes: ProcessGroup) -> SoundFile:
    """Measure music, unless the store has its measurement; raises as `measure_music`."""
    digest = hash_file(path)
    key = f"{PREFIX}{MEASUREMENT_VERSION}-{digest}.json"
    known = _find_measured(store, key)
    if known is None:
        known = replace(measure_music(path, str(path), processes), digest=digest)
        with suppress(StoreFailed):
            put_sealed(store, key, to_json(known))
    return known


def _find_measured(store: ObjectStore, key: str) -> SoundFile | None:
    if find_sealed(store, key) is None:
        return None
    with suppress(ValidationError):
        return TypeAdapter(SoundFile).validate_json(store.get(key))
    return None

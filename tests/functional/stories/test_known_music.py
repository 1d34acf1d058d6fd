"""Music that was measured before: known by its bytes, and measured again where that is damaged."""

from dataclasses import replace
from pathlib import Path

import pytest

from mixer.errors import OutOfTime
from mixer.sound import ProcessGroup
from mixer.store.folder import FolderStore
from mixer.store.seals import put_sealed
from mixer.stories.foreground.known_music import PREFIX, measure_known_music
from tests.sounds import MIX_HZ, music, write_sound


@pytest.fixture
def track(tmp_path: Path) -> Path:
    return write_sound(tmp_path / "track.wav", music(3.0, edges_s=(0.2, 0.3)), MIX_HZ)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def stop_new_processes() -> ProcessGroup:
    """Nothing can be measured any more."""
    processes = ProcessGroup()
    processes.stop()
    return processes


def test_music_is_measured_once_under_any_name(track: Path, store: FolderStore):
    measured = measure_known_music(track, store, ProcessGroup())
    renamed = track.rename(track.with_name("other.wav"))
    known = measure_known_music(renamed, store, stop_new_processes())
    assert replace(known, source="") == replace(measured, source="")


def test_other_bytes_are_other_music(track: Path, store: FolderStore):
    before = measure_known_music(track, store, ProcessGroup())
    write_sound(track, music(2.0), MIX_HZ)
    with pytest.raises(OutOfTime):
        measure_known_music(track, store, stop_new_processes())
    assert measure_known_music(track, store, ProcessGroup()).measured != before.measured


@pytest.mark.parametrize("content", [b"", b"{}", b'{"source": "x", "measured": null}'])
@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_damaged_measurement_is_made_again(
    track: Path, store: FolderStore, content: bytes, is_sealed: bool
):
    measured = measure_known_music(track, store, ProcessGroup())
    (kept,) = store.list(PREFIX)
    if is_sealed:
        put_sealed(store, kept.key, content)
    else:
        store.put(kept.key, content)
    assert measure_known_music(track, store, ProcessGroup()) == measured
    assert measure_known_music(track, store, stop_new_processes()) == measured

"""Mixes whose loudness was predicted wrongly: rendered once more, and then as loud as asked."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mixer.requests import Options
from mixer.sound.analysis.measurement import Measurement, measure
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.loudness import shift_histogram
from mixer.sound.render.render_history import RenderHistory
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_renderer import RenderPool
from mixer.sound.timeline import Timeline
from mixer.speech.recordings import Recording
from mixer.store.folder import FolderStore
from mixer.stories.folder import MIX, TIMELINE, StoryFolder
from mixer.stories.inputs.sounds import SoundLibrary
from mixer.stories.inputs.takes import load_timeline
from mixer.stories.model import JoinedMix, StoredRequest, StoryKind
from mixer.stories.renderer import StoryRenderer, ignore_progress
from mixer.stories.request_files import RequestFolder
from mixer.stories.steps.mix import StoryMix
from mixer.stories.tasks import StepCall
from tests.sounds import VOICE_HZ, measure_loudness, speech, write_sound

CHUNKS = 3
WRONG_BY_DB = 1.2
TARGET_LUFS = -18.0


def misheard(path: Path, *, by_db: float) -> Measurement:
    """What is known of a chunk, all of it too loud by some: as if it were predicted wrongly."""
    found = measure(path)
    return replace(found, windows=shift_histogram(found.windows, by_db))


def story(folder: StoryFolder, store: FolderStore, scratch: Path) -> StoryMix:
    """A story of chunks that were given, and whose objects say of them what is not so."""
    keys = []
    for number in range(CHUNKS):
        path = write_sound(scratch / f"{number}.flac", speech(4.0, number), VOICE_HZ)
        keys.append(f"narration_chunks/{number}.flac")
        known = Recording(keys[-1], misheard(path, by_db=WRONG_BY_DB))
        store.put(keys[-1], path, metadata=known.to_metadata())
    folder.write(
        "request.json", StoredRequest(StoryKind.MIX, "anna", "f", 0.0, {}, chunk_keys=tuple(keys))
    )
    return StoryMix(store, store, workers=2)


def test_story_that_was_foretold_wrongly_is_mended_where_it_is_joined(tmp_path: Path):
    store = FolderStore(tmp_path / "store")
    folder = StoryFolder(store, "s1")
    work = story(folder, store, tmp_path)
    for group in work.lay_out(StepCall(folder, 1))["groups"]:
        work.render(StepCall(folder, 1, group))
    work.join(StepCall(folder, 1))
    joined, laid = folder.read(MIX, JoinedMix), folder.read(TIMELINE, Timeline)
    audio = store.path(folder.key(joined.name))
    assert joined.mastering is not None
    assert joined.mastering.gain_db >= laid.mastering.gain_db + WRONG_BY_DB
    assert measure_loudness(audio)[0] == pytest.approx(TARGET_LUFS, abs=0.3)
    before = audio.read_bytes()
    store.delete(folder.key(MIX))
    work.join(StepCall(folder, 2))
    assert (store.path(folder.key(joined.name)).read_bytes()) == before


def test_equal_segments_are_rendered_once(
    tmp_path: Path,
):
    store = FolderStore(tmp_path / "store")
    folder = StoryFolder(store, "s1")
    story(folder, store, tmp_path).lay_out(StepCall(folder, 1))
    timeline = folder.read(TIMELINE, Timeline)
    work = StoryRenderer(
        store=store,
        library=SoundLibrary(store, store),
        sounds={},
        timeline=timeline,
        lay_out=lambda _error_lu: timeline,
        options=Options(),
        pool=RenderPool(ProcessGroup(), 1),
        scratch=RequestFolder(tmp_path, threading.Event()),
        progress=ignore_progress,
    )
    (segment,) = work.segments
    first, second = work.render_segments([segment, segment])
    assert first == second
    assert store.head(first) is not None


def test_edit_begins_with_what_was_learnt_and_keeps_one_version(tmp_path: Path):
    store = FolderStore(tmp_path / "store")
    memory, shares = RenderHistory(SegmentCache(store), "story"), list[float]()

    def render_story(name: str) -> tuple[Timeline, bytes]:
        folder = StoryFolder(store, name)
        work = story(folder, store, tmp_path)
        work = replace(work, history=memory)

        def report(_step: str, share: float) -> None:
            shares.append(share)

        for group in work.lay_out(StepCall(folder, 1))["groups"]:
            work.render(StepCall(folder, 1, group, progress=report))
        work.join(StepCall(folder, 1, progress=report))
        audio = store.path(folder.key("story.mp3"))
        assert measure_loudness(audio)[0] == pytest.approx(TARGET_LUFS, abs=0.3)
        return load_timeline(folder), audio.read_bytes()

    first = render_story("s1")
    assert shares == [1.0, 0.9]  # rendered, and once more while it was joined
    segment_keys = {each.key for each in store.list("segments/")}
    assert len(segment_keys) == 3  # the segment, its measurements and the record
    shares.clear()
    assert render_story("s2") == first
    assert not shares
    assert {each.key for each in store.list("segments/")} == segment_keys

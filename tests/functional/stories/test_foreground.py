"""What a run in the foreground does once: read the text, look a chunk up, open an engine."""

from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest

from mixer.sound import ProcessGroup
from mixer.store.folder import FolderStore
from mixer.stories import MixService, SpeechService, StoryRequest, StoryState
from mixer.stories.budget import DailyBudget
from mixer.stories.model import StoryKind
from mixer.stories.speech_planner import SpeechPlanner
from tests.engines import ToneEngine
from tests.functional.story_world import StoryWorld
from tests.sounds import VOICE_HZ, tone, write_sound

TEXT = "\n\n* * *\n\n".join(f"Bell {number} rang." for number in range(6))


class CountingStore(FolderStore):
    """Counts what it is asked for."""

    def __init__(self, folder):
        super().__init__(folder)
        self.heads, self.puts, self.fetches = Counter(), Counter(), Counter()

    def head(self, key):
        self.heads[key] += 1
        return super().head(key)

    def fetch(self, key, path):
        self.fetches[key] += 1
        super().fetch(key, path)

    def put(self, key, *content, **more):
        self.puts[key] += 1
        super().put(key, *content, **more)


@pytest.fixture
def store(tmp_path):
    return CountingStore(tmp_path)


def test_engine_is_opened_once_each_chunk_looked_up_once_and_nothing_else_is_written(store):
    engine, opened = ToneEngine(suffix="mp3"), []

    @contextmanager
    def open_engine(name, _deadline_s, **_):
        opened.append(name)
        yield engine

    planner = SpeechPlanner(
        open_engine=open_engine,
        store=store,
        budget=DailyBudget(store, 1e6),
        max_request_usd=1e6,
        max_text_chars=10**6,
        touch_after=timedelta(days=5),
    )
    service = SpeechService(planner, "b", FolderStore)
    request = StoryRequest(StoryKind.SPEECH, "anna", {}, text=TEXT)
    synthesis = service.synthesize(request)
    keys = [each.key for each in synthesis.recordings]
    assert opened == [""]
    looked_up = {key: store.heads[key] for key in keys}
    assert looked_up == dict.fromkeys(keys, 2), "by the plan, and again before it is paid for"
    assert {key for key in store.puts if not key.startswith("spending/")} == set(keys)
    again = service.synthesize(request)
    assert (again.cache_hits, again.cost_usd) == (len(keys), 0)
    assert engine.calls == len(keys)
    assert {key: store.heads[key] - looked_up[key] for key in keys} == dict.fromkeys(keys, 1)


def test_story_in_the_background_looks_up_each_chunk_of_another_once(tmp_path, store):
    world = StoryWorld(tmp_path, store=store)
    world.create_story(TEXT, title="One")
    keys = [each.key for each in store.list("narration_chunks/")]
    before = store.heads.copy()
    story = world.create_story(TEXT, title="Two")
    assert world.status(story).state is StoryState.DONE
    assert {key: store.heads[key] - before[key] for key in keys} == dict.fromkeys(keys, 1)


def test_mix_fetches_each_input_once(store, tmp_path):
    music = CountingStore(tmp_path / "music")
    keys = ["uploads/one.wav", "uploads/two.wav"]
    for number, key in enumerate(keys, start=1):
        store.put(key, write_sound(tmp_path / "tone.wav", tone(1.0, 200 * number), VOICE_HZ))
    music.put("bed.wav", write_sound(tmp_path / "bed-tone.wav", tone(2.0), VOICE_HZ))
    service = MixService(
        stores={"b": store},
        music=music,
        output=store,
        link=str,
        link_lifetime_s=60,
        max_object_bytes=10**7,
        max_input_bytes=10**7,
        new_processes=ProcessGroup,
        open_files=FolderStore,
    )
    request = StoryRequest(StoryKind.MIX, "anna", {}, chunk_keys=tuple(keys), music="bed.wav")
    assert service.mix_chunks(request, None).duration_s > 1
    assert store.fetches == dict.fromkeys(keys, 1)
    assert music.fetches == {"bed.wav": 1}

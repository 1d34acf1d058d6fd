"""What a run in the foreground does once: read the text, look a chunk up, open an engine."""

from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest

from mixer.store.folder import FolderStore
from mixer.stories import SpeechService, StoryRequest
from mixer.stories.budget import DailyBudget
from mixer.stories.model import StoryKind
from mixer.stories.speech_planner import SpeechPlanner
from tests.engines import ToneEngine

TEXT = "\n\n* * *\n\n".join(f"Bell {number} rang." for number in range(6))


class CountingStore(FolderStore):
    """Counts what it is asked for."""

    def __init__(self, folder):
        super().__init__(folder)
        self.heads, self.puts = Counter(), Counter()

    def head(self, key):
        self.heads[key] += 1
        return super().head(key)

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
    assert {key: store.heads[key] for key in keys} == dict.fromkeys(keys, 1)
    assert {key for key in store.puts if not key.startswith("spending/")} == set(keys)
    again = service.synthesize(request)
    assert (again.cache_hits, again.cost_usd) == (len(keys), 0)
    assert engine.calls == len(keys)

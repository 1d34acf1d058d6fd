"""Chunks said into a store: nothing twice, nothing lost, whatever fails on the way."""

import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from mixer.errors import NothingSpoken, OutOfTime, SpeechFailed, StoreFailed, UnknownVoice
from mixer.requests import Options
from mixer.script.readers.text_types import TextType
from mixer.sound.ffmpeg import ProcessGroup
from mixer.speech.engine import VoiceSettings
from mixer.speech.narrator import Narrator
from mixer.store import FolderStore, LeaseKeeper
from tests.engines import ToneEngine
from tests.scripts import plan_story

TEXT = "# One\n\nAnna came.\n\n# Two\n\nBen went.\n\n# Three\n\nNobody stayed.\n"
CHUNKS = 6
"""Three headings and three paragraphs."""

JOANNA = VoiceSettings("Joanna", "generative")


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")


def chunks(text=TEXT):
    limits = ToneEngine().limits("generative")
    return list(plan_story(text, TextType.MARKDOWN, limits, "en-US", Options()).chunks)


def narrate(engine, store, text=TEXT, delivery=JOANNA, **more):
    with closing(engine):
        return Narrator(engine, store, delivery, ProcessGroup()).narrate(chunks(text), **more)


def list_stored(store):
    return [each.key for each in store.list("narration_chunks/")]


def test_every_chunk_is_said_once_and_stored_with_its_measurements(store):
    engine = ToneEngine()
    narration = narrate(engine, store)
    assert engine.calls == narration.synthesized_chunks == len(list_stored(store)) == CHUNKS
    assert narration.billed_chars == sum(chunk.billed_chars for chunk in chunks())
    assert all(each.measured.samples and each.sentences for each in narration.recordings)


def test_a_second_run_says_nothing_and_finds_the_same(store):
    first, engine = narrate(ToneEngine(), store), ToneEngine()
    again = narrate(engine, store)
    assert engine.calls == again.synthesized_chunks == again.billed_chars == 0
    assert again.recordings == first.recordings


class _CountingStore(FolderStore):
    """A store that counts how often it is asked for each object."""

    def __init__(self, root):
        super().__init__(root)
        self.lookups = Counter()

    def head(self, key):
        self.lookups[key] += 1
        return super().head(key)


def test_known_chunks_are_not_looked_up_again(tmp_path):
    store = _CountingStore(tmp_path / "store")
    narrate(ToneEngine(), store, "Anna came.")
    with closing(ToneEngine()) as engine:
        narrator = Narrator(engine, store, JOANNA, ProcessGroup())
        store.lookups.clear()
        known = narrator.find_recordings(chunks())
        assert sum(map(bool, known.values())) == 1
        narration = narrator.narrate(chunks(), known=known)
    missing = {key for key, recording in known.items() if recording is None}
    assert store.lookups == {key: 1 + (key in missing) for key in known}  # again under its lease
    assert narration.synthesized_chunks == engine.calls == CHUNKS - 1


def test_chunks_beyond_the_known_ones_are_looked_up(tmp_path):
    store = _CountingStore(tmp_path / "store")
    first = narrate(ToneEngine(), store)
    store.lookups.clear()
    with closing(ToneEngine()) as engine:
        narrator = Narrator(engine, store, JOANNA, ProcessGroup())
        key = narrator.key(chunks()[0])
        again = narrator.narrate(chunks(), known={key: first.recordings[0]})
    assert again.recordings == first.recordings
    assert key not in store.lookups
    assert len(store.lookups) == CHUNKS - 1
    assert engine.calls == 0


def test_only_what_was_edited_is_said_again(store):
    narrate(ToneEngine(), store)
    engine = ToneEngine()
    narrate(engine, store, TEXT.replace("Ben", "Dan"))
    assert engine.calls == 1
    assert "Dan" in engine.requests[0]


def test_equal_chunks_are_said_once(store):
    engine = ToneEngine()
    narration = narrate(engine, store, TEXT + TEXT)
    assert engine.calls == CHUNKS
    assert len(narration.recordings) == 2 * CHUNKS


def test_equal_chunks_keep_the_longest_of_their_silences(store):
    long, short = (replace(chunks("Anna came.")[0], gap_ms=gap_ms) for gap_ms in (2000, 400))
    for order in ([long, short], [short, long], [short, long, short]):
        with closing(ToneEngine()) as engine:
            narration = Narrator(engine, store, JOANNA, ProcessGroup()).narrate(order)
        assert {each.gap_ms for each in narration.recordings} == {2000}


def test_another_voice_is_another_recording(store):
    narrate(ToneEngine(), store)
    engine = ToneEngine()
    narrate(engine, store, delivery=VoiceSettings("Matthew", "generative"))
    assert engine.calls == CHUNKS


def test_one_failed_chunk_is_named_and_the_others_stay(store):
    with pytest.raises(SpeechFailed, match="Ben went") as failed:
        narrate(ToneEngine(fail_texts=["Ben"]), store)
    assert failed.value.passages == ("Ben went.",)
    assert len(list_stored(store)) == CHUNKS - 1
    engine = ToneEngine()
    assert narrate(engine, store).synthesized_chunks == engine.calls == 1


def test_many_failures_are_one_error_that_names_them_in_reading_order(store):
    with pytest.raises(SpeechFailed) as failed:
        narrate(ToneEngine(fail_calls=range(1, 99)), store)
    assert failed.value.passages == tuple(chunk.passage for chunk in chunks())
    assert "and 1 more" in str(failed.value)


def test_an_unknown_voice_stops_at_once(store):
    engine = ToneEngine(parallelism=1)
    with pytest.raises(UnknownVoice):
        narrate(engine, store, delivery=VoiceSettings("Nobody", "generative"))
    assert engine.calls <= 2


def test_unreadable_chunks_are_no_recordings_and_nothing_readable_is_an_error(store):
    narration = narrate(ToneEngine(), store, "Anna came.\n\n* * *\n\n你好。\n")
    assert [each is None for each in narration.recordings] == [False, True]
    assert narration.synthesized_chunks == 1
    with pytest.raises(NothingSpoken, match="Joanna") as nothing:
        narrate(ToneEngine(), store, "你好。\n")
    assert nothing.value.details["passages"] == ["你好。"]


def test_progress_counts_characters_up_to_all_of_them(store):
    shares = []
    narrate(ToneEngine(), store, progress=lambda done, total: shares.append((done, total)))
    total = sum(chunk.billed_chars for chunk in chunks())
    assert shares == sorted(shares)
    assert shares[-1] == (total, total)


def test_no_more_calls_are_under_way_than_the_engine_wants(store):
    engine = ToneEngine(parallelism=2, delay_s=0.02)
    narrate(engine, store)
    assert engine.max_concurrency == 2


def test_first_chunk_is_spoken_alone_while_a_listener_waits_for_it(store):
    engine, seen = ToneEngine(parallelism=2, delay_s=0.02), []
    with closing(engine):
        narrator = Narrator(
            engine,
            store,
            JOANNA,
            ProcessGroup(),
            on_recording=lambda key, _: seen.append((key, engine.max_concurrency)),
        )
        narrator.narrate(chunks())
    assert seen[0] == (narrator.key(chunks()[0]), 1)
    assert (len(seen), seen[-1][1]) == (CHUNKS, 2)


def test_a_chunk_that_lost_its_measurements_is_measured_again_not_paid_again(store, tmp_path):
    first = narrate(ToneEngine(), store)
    for about in (tmp_path / "store/.metadata").rglob("*.json"):
        about.write_text("{}")
    engine = ToneEngine()
    again = narrate(engine, store)
    assert engine.calls == 0
    for each, before in zip(again.recordings, first.recordings, strict=True):
        assert each.measured.samples == before.measured.samples
        assert each.measured.loudness_lufs == pytest.approx(before.measured.loudness_lufs)
    assert narrate(ToneEngine(), store).recordings == again.recordings


def test_a_chunk_that_cannot_be_played_is_said_again(store):
    narrate(ToneEngine(), store)
    store.put(list_stored(store)[0], b"")
    engine = ToneEngine()
    narrate(engine, store)
    assert engine.calls == 1


def test_what_is_paid_for_when_the_work_is_stopped_is_kept(store):
    children, engine = ProcessGroup(), ToneEngine(parallelism=1)
    narrator = Narrator(engine, store, JOANNA, children)
    children.stop()
    speech = engine.synthesize(chunks()[0].ssml, JOANNA)
    with pytest.raises(OutOfTime):
        narrator.narrate(chunks())
    late = Narrator(_Stopping(engine, children := ProcessGroup()), store, JOANNA, children)
    with closing(engine), pytest.raises(OutOfTime):
        late.narrate(chunks()[:1])
    assert store.get(narrator.key(chunks()[0])) == speech.audio
    engine = ToneEngine()
    narrate(engine, store)
    assert engine.calls == CHUNKS - 1


class _Stopping:
    """An engine whose work is stopped while it speaks."""

    name, suffix, parallelism = "tone", "flac", 1

    def __init__(self, engine, children):
        self._engine, self._children = engine, children

    def synthesize(self, ssml, voice_settings):
        speech = self._engine.synthesize(ssml, voice_settings)
        self._children.stop()
        return speech


def test_a_full_temp_folder_is_one_sentence_and_loses_nothing(store, tmp_path, monkeypatch):
    engine = ToneEngine(parallelism=1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(StoreFailed, match="gone cannot be written"):
        narrate(engine, store)
    assert list_stored(store)


def test_a_store_that_takes_no_more_stops_the_work(tmp_path):
    (tmp_path / "file").touch()
    engine = ToneEngine(parallelism=1)
    with pytest.raises(StoreFailed, match="cannot be written"):
        narrate(engine, FolderStore(tmp_path / "file" / "store"))
    assert engine.calls <= 3


class _ThreadedLookups(FolderStore):
    """A store in which several narrators have looked for all chunks before any is synthesized."""

    def __init__(self, root, narrators):
        super().__init__(root)
        self._barrier = threading.Barrier(narrators)

    def await_others(self):
        self._barrier.wait(30)


def test_equal_chunks_under_way_at_once_are_paid_once(tmp_path):
    narrators = 8
    store = _ThreadedLookups(tmp_path / "store", narrators)
    engine = ToneEngine(delay_s=0.05)

    def narrate_at_once(_):
        narrator = Narrator(engine, store, JOANNA, ProcessGroup())
        known = narrator.find_recordings(chunks())
        store.await_others()
        return narrator.narrate(chunks(), known=known)

    with closing(engine), ThreadPoolExecutor(narrators) as pool:
        narrations = list(pool.map(narrate_at_once, range(narrators)))
    assert engine.calls == CHUNKS
    assert sum(each.synthesized_chunks for each in narrations) == CHUNKS
    assert sum(each.billed_chars for each in narrations) == sum(c.billed_chars for c in chunks())
    assert all(each.recordings == narrations[0].recordings for each in narrations)
    assert not list(store.list("speaking/"))


def test_failed_chunk_is_tried_by_the_next_narrator_that_waits(store):
    engine = ToneEngine(fail_calls=[1], delay_s=0.05)
    one = chunks("Anna came.")

    def narrate_one(_):
        try:
            return Narrator(engine, store, JOANNA, ProcessGroup()).narrate(one)
        except SpeechFailed:
            return None

    with closing(engine), ThreadPoolExecutor(2) as pool:
        narrations = list(pool.map(narrate_one, range(2)))
    assert engine.calls == 2
    assert [bool(each) for each in narrations].count(True) == 1


def test_waiting_for_another_narrator_ends_at_the_deadline(store):
    one, engine = chunks("Anna came."), ToneEngine()
    narrator = Narrator(engine, store, JOANNA, ProcessGroup(), deadline_s=time.monotonic() + 0.3)
    lease = "speaking/chunks/" + narrator.key(one[0]).partition("/")[2].removesuffix(".flac")
    with (
        closing(engine),
        LeaseKeeper(store).hold_lease(lease, time.sleep),
        pytest.raises(OutOfTime),
    ):
        narrator.narrate(one)
    assert engine.calls == 0


@pytest.mark.parametrize("damage", [b"", b"fLaC", None])
def test_damaged_chunk_is_synthesized_again_by_the_same_run(store, damage, caplog):
    first = narrate(ToneEngine(), store)
    key = list_stored(store)[2]
    content = store.get(key)
    store.path(key).write_bytes(content[: len(content) // 2] if damage is None else damage)
    engine = ToneEngine()
    again = narrate(engine, store)
    assert engine.calls == again.synthesized_chunks == 1
    assert again.recordings == first.recordings
    assert store.get(key) == content
    assert key in caplog.text


def test_chunk_from_before_seals_is_used_if_it_is_as_long_as_it_was(store):
    first = narrate(ToneEngine(), store)
    for each in list_stored(store):
        about = {name: text for name, text in store.head(each).metadata.items() if name != "seal"}
        store.put(each, store.get(each), metadata=about)
    long = max(first.recordings, key=lambda each: each.measured.samples)
    short = min(first.recordings, key=lambda each: each.measured.samples)
    store.path(long.key).write_bytes(store.get(short.key))
    engine = ToneEngine()
    again = narrate(engine, store)
    assert engine.calls == 1
    assert again.recordings == first.recordings
    assert narrate(ToneEngine(), store).synthesized_chunks == 0


def test_no_thread_is_left(store):
    before = set(threading.enumerate())
    narrate(ToneEngine(), store)
    until_s = time.monotonic() + 60
    while set(threading.enumerate()) - before and time.monotonic() < until_s:
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before

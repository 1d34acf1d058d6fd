"""Segments kept in a store: rendered once, found again after an edit, joined as a stream."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from boto3 import Session
from moto import mock_aws

from mixer.errors import DamagedObject, NotFound, OutOfTime
from mixer.sound.analysis.verification import Verification, verify
from mixer.sound.arrange.cues import CROSSFADE_S
from mixer.sound.arrange.layout import MixStyle
from mixer.sound.arrange.music_places import list_music_places
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.encoding import Encoding
from mixer.sound.formats.model import Workshop
from mixer.sound.formats.tags import AudioTags
from mixer.sound.presets import PRESETS
from mixer.sound.render.render_history import RenderHistory
from mixer.sound.render.segment_beginnings import Beginnings
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_renderer import Renderer, RenderPool
from mixer.sound.render.segment_streams import render_streams
from mixer.sound.render.segments import Segment, cut_timeline, source_keys
from mixer.sound.render.store_join import StreamJoin, measurement_key
from mixer.store.folder import FolderStore
from mixer.store.s3 import S3Store, create_s3_client
from tests.mixes import WHOLE_SECTIONS, ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import music, speech

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MP3 = Encoding("mp3", 128)
TAGS = AudioTags({"title": "Joined"})
COLUMNS = 200


@pytest.fixture
def segment_cache(tmp_path: Path) -> SegmentCache:
    return SegmentCache(FolderStore(tmp_path / "store"))


@pytest.fixture
def full_cache(full_store: Path, tmp_path: Path) -> SegmentCache:
    """A store of its own that has all segments of the mix."""
    copytree(full_store, tmp_path / "full")
    return SegmentCache(FolderStore(tmp_path / "full"))


@pytest.fixture(scope="module")
def chapters_mix(tmp_path_factory: pytest.TempPathFactory) -> PreparedMix:
    """Three chapters of some twenty seconds, with music."""
    chunks = [
        ChunkSpec(speech(6.0, seed), gap_ms=900, opens=f"Chapter {seed}" if seed % 3 == 0 else None)
        for seed in range(9)
    ]
    return prepare_mix(tmp_path_factory.mktemp("mix"), chunks, music(7.0))


@pytest.fixture
def mix(chapters_mix: PreparedMix, tmp_path: Path) -> PreparedMix:
    return replace(chapters_mix, path=tmp_path / "mix.mp3")


@pytest.fixture(scope="module")
def full_store(chapters_mix: PreparedMix, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    render_all(chapters_mix, SegmentCache(FolderStore(folder)))
    return folder


@dataclass(frozen=True)
class SerialRender:
    """The mix rendered as one file, and what that measures."""

    content: bytes
    figures: Verification


@pytest.fixture(scope="module")
def serial(chapters_mix: PreparedMix) -> SerialRender:
    chapters_mix.render(tags=TAGS, segment_grids=WHOLE_SECTIONS)
    figures = verify(chapters_mix.path, chapters_mix.timeline.duration_s, COLUMNS)
    return SerialRender(chapters_mix.path.read_bytes(), figures)


def segments(mix: PreparedMix) -> tuple[Segment, ...]:
    return cut_timeline(mix.timeline, 5)


def render_all(
    mix: PreparedMix, segment_cache: SegmentCache, encoding: Encoding = MP3
) -> list[str]:
    """The keys of all segments, rendered where they are missing."""
    return render_some(mix, segments(mix), segment_cache, encoding)


def render_some(
    mix: PreparedMix,
    some: Sequence[Segment],
    segment_cache: SegmentCache,
    encoding: Encoding = MP3,
    before: Sequence[str] = (),
) -> list[str]:
    """The keys of some segments, rendered where they are missing, `before` the last version's."""
    pool = RenderPool(ProcessGroup(), 2)
    with TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder), pool.processes)
        renderer = Renderer(mix.timeline, mix.ingredients, encoding, workshop)
        streams = render_streams(renderer, some, segment_cache, pool, before)
        return [stream.key for stream in streams]


def open_join(
    mix: PreparedMix, segment_cache: SegmentCache, tags: AudioTags | None = None
) -> StreamJoin:
    return StreamJoin(
        segment_cache.store, mix.timeline, mix.encoding, tags, COLUMNS, ProcessGroup()
    )


def join(
    mix: PreparedMix,
    segment_cache: SegmentCache,
    keys: Sequence[str],
    tags: AudioTags | None = None,
) -> tuple[int, Verification]:
    """Measure segments, and join them into `mixed/a.mp3` of their own store."""
    work, streams = open_join(mix, segment_cache, tags), segment_cache.require_all(keys)
    found = work.verify(streams)
    return work.join(streams, "mixed/a.mp3"), found


def ages(segment_cache: SegmentCache) -> dict[str, object]:
    return {each.key: each.modified for each in segment_cache.store.list(segment_cache.prefix)}


@pytest.fixture
def s3() -> Iterator["S3Client"]:
    session = Session("test", "test", region_name="us-east-1")
    with mock_aws(), closing(create_s3_client(session=session)) as client:
        client.create_bucket(Bucket="segments")
        yield client


def copy_to_s3(segment_cache: SegmentCache, s3: "S3Client") -> SegmentCache:
    store = S3Store(s3, "segments")
    for each in segment_cache.store.list(segment_cache.prefix):
        head = segment_cache.store.head(each.key)
        assert head is not None
        store.put(each.key, segment_cache.store.get(each.key), metadata=dict(head.metadata))
    return SegmentCache(store)


@pytest.mark.parametrize("is_in_s3", [False, True])
def test_segments_join_into_the_bytes_of_a_render_and_measure_the_same(
    mix: PreparedMix,
    full_cache: SegmentCache,
    s3: "S3Client",
    serial: SerialRender,
    is_in_s3: bool,
):
    segment_cache = copy_to_s3(full_cache, s3) if is_in_s3 else full_cache
    keys = render_all(mix, full_cache)
    size_bytes, found = join(mix, segment_cache, keys, TAGS)
    assert segment_cache.store.get("mixed/a.mp3") == serial.content
    assert size_bytes == len(serial.content)
    expected = serial.figures
    assert found.integrated_lufs == pytest.approx(expected.integrated_lufs, abs=0.05)
    assert found.true_peak_dbtp == pytest.approx(expected.true_peak_dbtp, abs=0.05)
    assert len(found.momentary_lufs) == len(expected.momentary_lufs)


def test_single_segment_measures_what_its_file_does(mix: PreparedMix, segment_cache: SegmentCache):
    only = render_some(mix, cut_timeline(mix.timeline, None), segment_cache)
    _, found = join(mix, segment_cache, only, TAGS)
    mix.render(tags=TAGS, segment_grids=None)
    expected = verify(mix.path, mix.timeline.duration_s, COLUMNS)
    assert found.integrated_lufs == expected.integrated_lufs
    assert found.true_peak_dbtp == expected.true_peak_dbtp
    assert found.momentary_lufs == expected.momentary_lufs


def test_job_that_is_stopped_leaves_nothing(mix: PreparedMix, full_cache: SegmentCache):
    keys, processes = render_all(mix, full_cache), ProcessGroup()
    processes.stop()
    work = replace(open_join(mix, full_cache), processes=processes)
    with pytest.raises(OutOfTime):
        work.join(full_cache.require_all(keys), "mixed/a.mp3")
    assert full_cache.store.head("mixed/a.mp3") is None
    with pytest.raises(OutOfTime):
        work.verify(full_cache.require_all(keys))
    assert all(full_cache.store.head(measurement_key(key)) is None for key in keys)


def flip_bit(content: bytes) -> bytes:
    return content[:500] + bytes([content[500] ^ 1]) + content[501:]


DAMAGES: tuple[Callable[[bytes, bytes], bytes], ...] = (
    lambda *_: b"",
    lambda content, _: content[: len(content) // 2],
    lambda content, _: bytes(len(content)),
    lambda content, _: flip_bit(content),
    lambda _, other: other,
)
"""Emptied, cut, zeroed, one bit, another segment."""


def test_damaged_segment_is_never_used(mix: PreparedMix, full_cache: SegmentCache):
    """With its metadata as they were: it is named, removed, and rendered again."""
    store, keys = full_cache.store, render_all(mix, full_cache)
    join(mix, full_cache, keys)
    whole, stored, other = store.get("mixed/a.mp3"), store.get(keys[1]), store.get(keys[2])
    for damage in DAMAGES:
        streams = full_cache.require_all(keys)
        head = store.head(keys[1])
        assert head is not None
        store.put(keys[1], damage(stored, other), metadata=dict(head.metadata))
        store.delete("mixed/a.mp3")
        with pytest.raises(DamagedObject, match=keys[1]):
            open_join(mix, full_cache).join(streams, "mixed/a.mp3")
        assert store.head("mixed/a.mp3") is None
        assert store.head(keys[1]) is None
        assert render_all(mix, full_cache) == keys
        assert store.get(keys[1]) == stored
    join(mix, full_cache, keys)
    assert store.get("mixed/a.mp3") == whole


def test_damaged_measurements_are_made_again(mix: PreparedMix, full_cache: SegmentCache):
    keys = render_all(mix, full_cache)
    _, expected = join(mix, full_cache, keys)
    names = [measurement_key(key) for key in keys]
    stored = [full_cache.store.get(name) for name in names]
    full_cache.store.put(names[0], b"")
    full_cache.store.put(names[1], stored[2])
    full_cache.store.put(names[2], flip_bit(stored[2]))
    _, found = join(mix, full_cache, keys)
    assert summary(found) == summary(expected)
    assert [full_cache.store.get(name) for name in names] == stored


def test_group_that_was_measured_is_not_decoded_again(mix: PreparedMix, full_cache: SegmentCache):
    """What a worker found is what the join says, to the last digit."""
    keys = render_all(mix, full_cache)
    _, expected = join(mix, full_cache, keys)
    measured = [measurement_key(key) for key in keys]
    _, *others = [full_cache.store.get(key) for key in measured]
    for key in measured:
        full_cache.store.delete(key)
    work = open_join(mix, full_cache)
    middle = len(keys) // 2
    work.measure(full_cache.require_all(keys[middle:]), segments(mix)[middle:])
    assert [full_cache.store.get(key) for key in measured[middle + 1 :]] == others[middle:]
    assert full_cache.store.head(measured[middle]) is None
    before = {key: full_cache.store.head(key) for key in measured[middle + 1 :]}
    _, found = join(mix, full_cache, keys)
    assert summary(found) == summary(expected)
    assert {key: full_cache.store.head(key) for key in before} == before


def summary(found: Verification) -> tuple[object, ...]:
    levels = list(found.momentary_lufs), list(found.levels_dbfs)
    return found.integrated_lufs, found.true_peak_dbtp, found.peaks, found.block_s, *levels


def test_job_goes_on_after_its_mix(mix: PreparedMix, segment_cache: SegmentCache):
    children = ProcessGroup()
    mix.render(processes=children)
    mix.render(processes=children, cache=segment_cache, segment_grids=10)
    assert not children.is_stopped


def test_stored_segment_is_not_rendered_again(mix: PreparedMix, full_cache: SegmentCache):
    keys = render_all(mix, full_cache)
    before = ages(full_cache)
    assert render_all(mix, full_cache) == keys
    assert ages(full_cache) == before


def test_segment_needs_no_other_recordings_than_are_named(
    mix: PreparedMix, segment_cache: SegmentCache, full_cache: SegmentCache
):
    segment = segments(mix)[1]
    needed = source_keys(mix.timeline, [segment])
    clips = {name: path for name, path in mix.ingredients.clips.items() if name in needed}
    assert len(clips) < len(mix.ingredients.clips)
    few = replace(mix, ingredients=replace(mix.ingredients, clips=clips))
    assert render_some(few, [segment], segment_cache) == [render_all(mix, full_cache)[1]]


def edit_chunk(mix: PreparedMix, number: int, duration_s: float, folder: Path) -> PreparedMix:
    """The mix with other words in one chunk, and the gain of before."""
    chunks = list(mix.chunks)
    chunks[number] = replace(chunks[number], sound=speech(duration_s, 77))
    folder.mkdir()
    edited = prepare_mix(folder, chunks, music(7.0))
    timeline = replace(edited.timeline, mastering=mix.timeline.mastering)
    sources = replace(edited.ingredients, content_ids={str(number): "other words"})
    return replace(edited, timeline=timeline, ingredients=sources)


def test_edit_renders_only_what_it_touches(
    mix: PreparedMix, full_cache: SegmentCache, tmp_path: Path
):
    """Other words in the second chapter, and a longer one: the others only move."""
    before = set(render_all(mix, full_cache))
    edited = edit_chunk(mix, 4, 14.0, tmp_path / "edited")
    timeline = edited.timeline
    after = render_all(edited, full_cache)
    starts = [section.start for section in timeline.sections]
    outside = [
        key
        for segment, key in zip(segments(edited), after, strict=True)
        if segment.window_start >= starts[2] + CROSSFADE_S * timeline.rate_hz
        or segment.window_end <= starts[1]
    ]
    assert edited.timeline.length > mix.timeline.length
    assert len(outside) >= len(after) / 3
    assert set(outside) - before == set()


def remove_recordings(mix: PreparedMix, names: Sequence[str]) -> PreparedMix:
    clips = {name: path for name, path in mix.ingredients.clips.items() if name not in names}
    return replace(mix, ingredients=replace(mix.ingredients, clips=clips))


@dataclass(frozen=True)
class LateEdit:
    """An edit late in a segment, and the recordings that only the beginning of it needs."""

    number: int
    duration_s: float
    unneeded: tuple[str, ...]


@pytest.mark.parametrize(
    "edit",
    [
        LateEdit(5, 4.2, ("3",)),
        LateEdit(6, 7.7, ("3", "4")),  # the first of a chapter, in the segment before it
        LateEdit(8, 6.1, ("6",)),
    ],
)
def test_edit_late_in_a_segment_renders_the_rest_of_it(
    mix: PreparedMix, segment_cache: SegmentCache, tmp_path: Path, edit: LateEdit
):
    before = render_some(mix, cut_timeline(mix.timeline), segment_cache)
    edited = edit_chunk(mix, edit.number, edit.duration_s, tmp_path / "edited")
    cut = cut_timeline(edited.timeline)
    whole_cache = SegmentCache(FolderStore(tmp_path / "whole"))
    whole = render_some(edited, cut, whole_cache)
    few = remove_recordings(edited, edit.unneeded)
    changed = [each for each, key in zip(cut, whole, strict=True) if key not in before]
    render_some(few, changed[:1], segment_cache, before=before)
    assert render_some(edited, cut, segment_cache, before=before) == whole
    for key in whole:
        assert segment_cache.store.get(key) == whole_cache.store.get(key)
        stored, expected = segment_cache.find(key), whole_cache.find(key)
        assert stored is not None
        assert expected is not None
        assert (stored.frames, stored.beginnings) == (expected.frames, expected.beginnings)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_beginning_is_rendered_again(
    mix: PreparedMix,
    segment_cache: SegmentCache,
    tmp_path: Path,
    damage: Callable[[bytes, bytes], bytes],
):
    before = render_some(mix, cut_timeline(mix.timeline), segment_cache)
    contents = [segment_cache.store.get(key) for key in before]
    for key, content, other in zip(before, contents, [*contents[1:], contents[0]], strict=True):
        head = segment_cache.store.head(key)
        assert head is not None
        segment_cache.store.put(key, damage(content, other), metadata=dict(head.metadata))
    edited = edit_chunk(mix, 5, 4.2, tmp_path / "edited")
    cut = cut_timeline(edited.timeline)[1:2]
    whole_cache = SegmentCache(FolderStore(tmp_path / "whole"))
    (key,) = render_some(edited, cut, segment_cache, before=before)
    assert render_some(edited, cut, whole_cache) == [key]
    assert segment_cache.store.get(key) == whole_cache.store.get(key)


def test_frames_that_depend_on_the_whole_segment_are_not_reused(
    mix: PreparedMix, segment_cache: SegmentCache
):
    """AAC's rate control looks back over the whole stream."""
    aac = Encoding("m4b", 64)
    keys = render_some(mix, cut_timeline(mix.timeline), segment_cache, aac)
    assert not Beginnings.find(segment_cache, keys).streams


def test_another_bit_rate_or_recording_has_another_address(
    mix: PreparedMix, segment_cache: SegmentCache
):
    first = segments(mix)[:1]
    renamed = replace(mix.ingredients, content_ids={"music": "another track of that length"})
    clips = tuple(replace(clip, digest="other bytes under that key") for clip in mix.timeline.clips)
    other = replace(mix, timeline=replace(mix.timeline, clips=clips))
    keys = {
        *render_some(mix, first, segment_cache),
        *render_some(mix, first, segment_cache, Encoding("mp3", 64)),
        *render_some(replace(mix, ingredients=renamed), first, segment_cache),
        *render_some(other, first, segment_cache),
    }
    assert len(keys) == 4


def test_joining_what_was_not_rendered_names_it(mix: PreparedMix, full_cache: SegmentCache):
    keys = [*render_all(mix, full_cache), "segments/missing.mp3"]
    with pytest.raises(NotFound, match=r"segments/missing\.mp3"):
        join(mix, full_cache, keys)
    assert full_cache.store.head("mixed/a.mp3") is None


def test_render_keeps_what_it_made_when_time_runs_out(
    mix: PreparedMix, segment_cache: SegmentCache
):
    with pytest.raises(OutOfTime):
        mix.render(cache=segment_cache, segment_grids=5, workers=1, deadline_s=0.0)
    assert ages(segment_cache) == {}
    mix.render(cache=segment_cache, segment_grids=5)
    assert len(ages(segment_cache)) == len(cut_timeline(mix.timeline, 5))


def put_unused_segment(segment_cache: SegmentCache, content: str) -> str:
    """A segment that nothing needs."""
    key = f"{segment_cache.prefix}{content}"
    segment_cache.store.put(key, content.encode())
    return key


def test_mix_keeps_its_gain_and_the_segments_of_one_version(
    mix: PreparedMix, segment_cache: SegmentCache
):
    memory = RenderHistory(segment_cache, "/somewhere/story.mp3")
    assert memory.restore_mastering(mix.timeline) == mix.timeline
    first = mix.render(cache=segment_cache, segment_grids=5)
    unused = put_unused_segment(segment_cache, "an earlier look")
    memory.record_render(mix.timeline, first, [*first, unused], 0.4)
    assert memory.prediction_error_lu() == 0.4
    assert set(ages(segment_cache)) == {*first, memory.key}
    gain_db = mix.timeline.mastering.gain_db
    louder = replace(mix.timeline.mastering, gain_db=gain_db + 0.1)
    assert memory.restore_mastering(replace(mix.timeline, mastering=louder)) == mix.timeline
    music = memory.restore_style(MixStyle(PRESETS["story"])).kept_music
    assert music == list_music_places(mix.timeline)
    assert len(music) == 3
    clips = (*mix.timeline.clips[:-1], replace(mix.timeline.clips[-1], gain_db=0.0))
    edited = replace(mix, timeline=replace(mix.timeline, clips=clips))
    second = edited.render(cache=segment_cache, segment_grids=5)
    assert 0 < len(set(first) & set(second)) < len(first)
    memory.record_render(edited.timeline, second, second)
    assert memory.prediction_error_lu() == 0.0
    assert set(ages(segment_cache)) == {*second, memory.key}


def test_record_that_cannot_be_read_is_none(mix: PreparedMix, segment_cache: SegmentCache):
    memory = RenderHistory(segment_cache, "story")
    for content in (b"", b"{}", b"[]", b'{"mastering": {"gain_db": 1}, "segments": []}'):
        segment_cache.store.put(memory.key, content)
        assert memory.restore_mastering(mix.timeline) == mix.timeline


def test_edit_measures_only_what_it_touches(
    mix: PreparedMix, full_cache: SegmentCache, tmp_path: Path
):
    """A longer second chapter moves the third by any number of grid steps, and the whole grows."""
    join(mix, full_cache, render_all(mix, full_cache))
    stored = ages(full_cache)
    edited = edit_chunk(mix, 4, 9.04, tmp_path / "edited")
    timeline = edited.timeline
    keys = render_all(edited, full_cache)
    join(edited, full_cache, keys)
    moved_s = (timeline.length - mix.timeline.length) / timeline.rate_hz
    assert round(10 * moved_s, 3) % 1 > 0.1  # not a whole number of loudness windows
    measured = {
        key for key, age in ages(full_cache).items() if key not in stored or age != stored[key]
    }
    measured = {key for key in measured if key == measurement_key(key.removesuffix(".measured"))}
    unchanged = [
        measurement_key(key)
        for before, key in pairwise(keys)
        if key in stored and before in stored and measurement_key(key) in stored
    ]
    assert len(unchanged) >= 3
    assert not measured.intersection(unchanged)

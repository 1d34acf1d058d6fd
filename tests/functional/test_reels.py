"""Reels kept in a store: rendered once, found again after an edit, joined here or inside S3."""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from boto3 import Session
from moto import mock_aws

from mixer.errors import NotFound, OutOfTime
from mixer.sound.analysis.loudness import integrated_lufs
from mixer.sound.arrange.cues import CROSSFADE_S
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.encoding import Encoding
from mixer.sound.render.joining import join_in_store, join_to_file
from mixer.sound.render.loudness_correction import RenderAttempt
from mixer.sound.render.render_history import RenderHistory
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segment_groups import plan_store_groups, render_group
from mixer.sound.render.segments import SegmentGroup, cut_timeline, group_segments, source_keys
from mixer.sound.timeline import Section
from mixer.store.folder import FolderStore
from mixer.store.multipart import MIN_PART_BYTES
from mixer.store.s3 import S3Store, create_s3_client
from tests.mixes import ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import music, speech

MP3 = Encoding("mp3", 128)
HEAD = b"ID3" + bytes(200)


@pytest.fixture
def shelf(tmp_path: Path) -> SegmentCache:
    return SegmentCache(FolderStore(tmp_path / "store"))


@pytest.fixture
def mix(tmp_path: Path) -> PreparedMix:
    """Three chapters of some twenty seconds, with music."""
    chunks = [
        ChunkSpec(speech(6.0, seed), gap_ms=900, opens=f"Chapter {seed}" if seed % 3 == 0 else None)
        for seed in range(9)
    ]
    return prepare_mix(tmp_path, chunks, music(7.0))


def reels(mix: PreparedMix) -> tuple[SegmentGroup, ...]:
    return group_segments(mix.timeline, cut_timeline(mix.timeline, 5))


def kept(mix: PreparedMix, shelf: SegmentCache) -> list[str]:
    """The keys of all reels, rendered where they are missing."""
    return [
        render_group(mix.timeline, reel, mix.ingredients, shelf, encoding=MP3).key
        for reel in reels(mix)
    ]


def ages(shelf: SegmentCache) -> dict[str, object]:
    return {each.key: each.modified for each in shelf.store.list(shelf.prefix)}


def test_reels_join_into_the_bytes_of_a_render(
    mix: PreparedMix, shelf: SegmentCache, tmp_path: Path
):
    keys = kept(mix, shelf)
    join_to_file(
        shelf, keys, tmp_path / "a.mp3", encoding=MP3, timeline=mix.timeline, raw_tags=HEAD
    )
    join_in_store(shelf, keys, "mixed/b.mp3", encoding=MP3, timeline=mix.timeline, raw_tags=HEAD)
    mixdown = mix.render(raw_tags=HEAD, segment_grids=None)
    whole = mix.path.read_bytes()
    assert (tmp_path / "a.mp3").read_bytes() == whole
    assert shelf.store.get("mixed/b.mp3") == whole
    again = join_to_file(shelf, keys, tmp_path / "a.mp3", encoding=MP3, timeline=mix.timeline)
    assert again.frames == mixdown.frames
    assert integrated_lufs(again.windows) == pytest.approx(
        integrated_lufs(mixdown.windows), abs=0.02
    )


def test_job_goes_on_after_its_mix(mix: PreparedMix, shelf: SegmentCache):
    children = ProcessGroup()
    mix.render(processes=children)
    mix.render(processes=children, cache=shelf, segment_grids=10)
    assert not children.is_stopped


def test_reel_that_is_there_is_not_rendered_again(mix: PreparedMix, shelf: SegmentCache):
    keys = kept(mix, shelf)
    before = ages(shelf)
    assert kept(mix, shelf) == keys
    assert ages(shelf) == before


def test_reel_needs_no_other_recordings_than_are_named(mix: PreparedMix, shelf: SegmentCache):
    reel = reels(mix)[1]
    needed = source_keys(mix.timeline, reel.segments)
    clips = {name: path for name, path in mix.ingredients.clips.items() if name in needed}
    assert len(clips) < len(mix.ingredients.clips)
    few = replace(mix.ingredients, clips=clips)
    key = render_group(mix.timeline, reel, few, shelf, encoding=MP3).key
    assert key == kept(mix, shelf)[1]


def test_edit_renders_only_what_it_touches(mix: PreparedMix, shelf: SegmentCache, tmp_path: Path):
    """Other words in the second chapter, and a longer one: the others only move."""
    before = set(kept(mix, shelf))
    chunks = list(mix.chunks)
    chunks[4] = replace(chunks[4], sound=speech(14.0, 77))
    (tmp_path / "edited").mkdir()
    edited = prepare_mix(tmp_path / "edited", chunks, music(7.0))
    timeline = replace(edited.timeline, mastering=mix.timeline.mastering)
    names = {"4": "other words"}
    edited = replace(
        edited, timeline=timeline, ingredients=replace(edited.ingredients, content_ids=names)
    )
    after = kept(edited, shelf)
    starts = [section.start for section in timeline.sections]
    outside = [
        key
        for reel, key in zip(reels(edited), after, strict=True)
        if reel.segments[0].window_start >= starts[2] + CROSSFADE_S * timeline.rate_hz
        or reel.segments[-1].window_end <= starts[1]
    ]
    assert edited.timeline.length > mix.timeline.length
    assert len(outside) >= len(after) / 3
    assert set(outside) - before == set()


def test_another_bit_rate_or_recording_has_another_address(mix: PreparedMix, shelf: SegmentCache):
    reel = reels(mix)[0]
    first = render_group(mix.timeline, reel, mix.ingredients, shelf, encoding=MP3)
    other = render_group(mix.timeline, reel, mix.ingredients, shelf, encoding=Encoding("mp3", 64))
    renamed = replace(mix.ingredients, content_ids={"music": "another track of that length"})
    third = render_group(mix.timeline, reel, renamed, shelf, encoding=MP3)
    assert len({first.key, other.key, third.key}) == 3


def test_joining_what_was_not_rendered_names_it(
    mix: PreparedMix, shelf: SegmentCache, tmp_path: Path
):
    keys = [*kept(mix, shelf), "segments/missing.mp3"]
    with pytest.raises(NotFound, match=r"segments/missing\.mp3"):
        join_to_file(shelf, keys, tmp_path / "a.mp3", encoding=MP3, timeline=mix.timeline)
    assert not (tmp_path / "a.mp3").exists()


def test_render_keeps_what_it_made_when_time_runs_out(mix: PreparedMix, shelf: SegmentCache):
    with pytest.raises(OutOfTime):
        mix.render(cache=shelf, segment_grids=5, workers=1, deadline_s=0.0)
    assert ages(shelf) == {}
    mix.render(cache=shelf, segment_grids=5)
    assert len(ages(shelf)) == len(cut_timeline(mix.timeline, 5))


class CountedReads:
    """A client of S3 that counts what is fetched through it."""

    def __init__(self, client: Any) -> None:
        self._client, self.fetched_bytes = client, 0

    def get_object(self, **request: Any) -> Any:
        answer = self._client.get_object(**request)
        self.fetched_bytes += answer["ContentLength"]
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.fixture
def s3() -> Iterator[CountedReads]:
    session = Session("test", "test", region_name="us-east-1")
    with mock_aws(), closing(create_s3_client(session=session)) as client:
        client.create_bucket(Bucket="reels")
        yield CountedReads(client)


def test_join_inside_s3_fetches_little_and_gives_the_bytes_of_a_local_join(
    tmp_path: Path, s3: CountedReads
):
    """Ten minutes at 320 kbit/s: four reels of more than 5 MiB, none but the first fetched."""
    loud, bucket = Encoding("mp3", 320), S3Store(s3, "reels")  # type: ignore[arg-type]
    chunk = ChunkSpec(speech(55.0), gap_ms=1_000, is_gap_exact=True)
    mix = prepare_mix(tmp_path, [chunk] * 11, bitrate_kbps=320)
    shelf, segments = SegmentCache(bucket), cut_timeline(mix.timeline, 105)
    keys = [
        render_group(
            mix.timeline, SegmentGroup((segment,)), mix.ingredients, shelf, encoding=loud
        ).key
        for segment in segments
    ]
    sizes = [each.size_bytes for each in bucket.list(shelf.prefix)]
    assert len(sizes) == 4
    assert min(sizes) >= MIN_PART_BYTES
    join_to_file(
        shelf, keys, tmp_path / "a.mp3", encoding=loud, timeline=mix.timeline, raw_tags=HEAD
    )
    s3.fetched_bytes = 0
    join_in_store(shelf, keys, "mixed/b.mp3", encoding=loud, timeline=mix.timeline, raw_tags=HEAD)
    assert 0 < s3.fetched_bytes <= 10 << 20
    assert bucket.get("mixed/b.mp3") == (tmp_path / "a.mp3").read_bytes()


@pytest.mark.parametrize("kbps", [64, 128, 320])
def test_reels_for_s3_are_large_enough_save_the_last(mix: PreparedMix, kbps: int):
    """However short the chapters are: what a book of ten hours is parted into."""
    hours = tuple(
        replace(clip, start=clip.start + n * mix.timeline.rate_hz * 70)
        for n in range(500)
        for clip in mix.timeline.clips
    )
    grid = mix.timeline.grid
    draw = random.Random(kbps)
    starts = [0]
    while starts[-1] < hours[-1].end - 1_000 * grid:
        starts.append(starts[-1] + draw.choice([15, 100, 450, 750]) * grid)
    sections = tuple(Section(start) for start in starts)
    book = replace(mix.timeline, clips=hours, cues=(), sections=sections, length=hours[-1].end)
    encoding = Encoding("mp3", kbps)
    parted = plan_store_groups(book, encoding)
    seconds = [(reel.end - reel.start) / book.rate_hz for reel in parted]
    assert (parted[0].start, parted[-1].end) == (0, book.length)
    assert all(before.end == after.start for before, after in pairwise(parted))
    assert min(seconds[:-1]) * encoding.stream_bytes_per_s(2) >= MIN_PART_BYTES
    assert max(seconds) * encoding.stream_bytes_per_s(2) < 5 * MIN_PART_BYTES


def reel_of(shelf: SegmentCache, content: str) -> str:
    """A segment that nothing needs."""
    key = f"{shelf.prefix}{content}"
    shelf.store.put(key, content.encode())
    return key


def test_mix_keeps_its_gain_and_the_segments_of_one_version(mix: PreparedMix, shelf: SegmentCache):
    memory = RenderHistory(shelf, "/somewhere/story.mp3")
    assert memory.restore_mastering(mix.timeline) == mix.timeline
    first = mix.render(cache=shelf, segment_grids=5)
    unused = reel_of(shelf, "an earlier look")
    memory.record_render(RenderAttempt(mix.timeline, first, 0.4), [*first.segment_keys, unused])
    assert memory.prediction_error_lu() == 0.4
    assert set(ages(shelf)) == {*first.segment_keys, memory.key}
    gain_db = mix.timeline.mastering.gain_db
    louder = replace(mix.timeline.mastering, gain_db=gain_db + 0.1)
    assert memory.restore_mastering(replace(mix.timeline, mastering=louder)) == mix.timeline
    clips = (*mix.timeline.clips[:-1], replace(mix.timeline.clips[-1], gain_db=0.0))
    edited = replace(mix, timeline=replace(mix.timeline, clips=clips))
    second = edited.render(cache=shelf, segment_grids=5)
    assert 0 < len(set(first.segment_keys) & set(second.segment_keys)) < len(first.segment_keys)
    memory.record_render(RenderAttempt(edited.timeline, second), second.segment_keys)
    assert memory.prediction_error_lu() == 0.0
    assert set(ages(shelf)) == {*second.segment_keys, memory.key}


def test_record_that_cannot_be_read_is_none(mix: PreparedMix, shelf: SegmentCache):
    memory = RenderHistory(shelf, "story")
    for content in (b"", b"{}", b"[]", b'{"mastering": {"gain_db": 1}, "reels": []}'):
        shelf.store.put(memory.key, content)
        assert memory.restore_mastering(mix.timeline) == mix.timeline

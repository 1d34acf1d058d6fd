"""Mixes rendered by FFmpeg and decoded again: the Timeline is what comes out, to the sample."""

import os
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3

from mixer.errors import NotFound, OutOfTime, RenderFailed, StoreFailed
from mixer.sound import ffmpeg
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats import mp3_frames as mp3
from mixer.sound.formats.tags import AudioTags
from mixer.sound.render.bed import prepare_bed
from mixer.sound.render.command import RUMBLE_FILTERS, VOICE_FILTERS, build_segment_command
from mixer.sound.render.segment_cache import SegmentCache
from mixer.sound.render.segments import cut_timeline
from mixer.sound.render.store_join import StreamJoin
from mixer.store.folder import FolderStore
from tests.mixes import WHOLE_SECTIONS, ChunkSpec, PreparedMix, prepare_mix
from tests.sounds import (
    MIX_HZ,
    MU_LAW,
    VOICE_HZ,
    Sound,
    bursts,
    decode_audio,
    duplicate_channels,
    find_onset,
    level_db,
    measure_loudness,
    music,
    noise,
    run_ffmpeg,
    silence,
    speech,
    surround,
    tone,
)

MS = MIX_HZ // 1000
BEGINNING = 100 * MS
"""So much of a clip is enough to recognise it."""

CONVERSION = re.compile(r"auto_aresample_\d+ @ .* chl:(\w+) fmt:(\w+) .* fmt:(\w+) ")
"""A conversion that FFmpeg inserted, in its verbose log."""


def talk(count: int, seconds: float = 5.0, **of_each: object) -> list[ChunkSpec]:
    return [
        replace(ChunkSpec(speech(seconds, seed, edges_s=(0.2, 0.3))), **of_each)  # type: ignore[arg-type]
        for seed in range(count)
    ]


def convert_to_mix_rate(chunk: ChunkSpec) -> Sound:
    """A chunk as it should sound: mono, at the rate of the mix."""
    mono = chunk.sound if chunk.sound.ndim == 1 else chunk.sound.max(axis=1)
    at = np.arange(round(mono.size * MIX_HZ / chunk.rate_hz)) * chunk.rate_hz / MIX_HZ
    return np.interp(at, np.arange(mono.size), mono)


def start_errors(mix: PreparedMix, samples: Sound) -> list[int]:
    """For each clip, by how many samples of the mix it starts too late."""
    errors = []
    for clip, chunk in zip(mix.timeline.clips, mix.chunks, strict=True):
        expected = convert_to_mix_rate(chunk)[mix.mix_samples(clip.skip) :][:BEGINNING]
        near = mix.mix_samples(clip.start)
        errors.append(find_onset(samples, expected, near, 20 * MS) - near)
    return errors


@pytest.mark.parametrize(
    ("preset", "bed", "bitrate_kbps"),
    [
        ("story", None, 128),
        ("story", partial(music, 8.0), 128),
        ("podcast", None, 64),
        ("podcast", partial(music, 25.0, channels=1), 192),
        ("audiobook-acx", None, 192),
        ("broadcast", partial(music, 4.0), 320),
    ],
)
def test_mix_measures_what_was_planned(
    tmp_path: Path, preset: str, bed: Callable[[], Sound] | None, bitrate_kbps: int
):
    mix = prepare_mix(tmp_path, talk(3), bed and bed(), preset=preset, bitrate_kbps=bitrate_kbps)
    mix.render()
    integrated_lufs, true_peak_dbtp = measure_loudness(mix.path)
    samples = decode_audio(mix.path)
    assert samples.shape == (mix.mix_samples(mix.timeline.length), 1 if bed is None else 2)
    assert integrated_lufs == pytest.approx(mix.timeline.mastering.target_lufs, abs=0.3)
    assert true_peak_dbtp <= mix.timeline.mastering.ceiling_dbtp


def test_music_that_is_loud_in_pauses_is_part_of_the_sum(tmp_path: Path):
    style = {"music_level_lu": 10.0, "intro_s": 12.0, "outro_s": 8.0}
    mix = prepare_mix(tmp_path, talk(2), music(8.0), **style)
    mix.render()
    integrated_lufs, true_peak_dbtp = measure_loudness(mix.path)
    assert integrated_lufs == pytest.approx(mix.timeline.mastering.target_lufs, abs=0.5)
    assert true_peak_dbtp <= mix.timeline.mastering.ceiling_dbtp


@pytest.mark.parametrize("bed", [None, partial(music, 8.0)])
def test_peaks_stay_under_the_ceiling(tmp_path: Path, bed: Callable[[], Sound] | None):
    loud = [
        speech(3.0, seed, rms_db=-30) + bursts([0.4, 2.1], 3.0, peak_db=-4) for seed in range(3)
    ]
    clipped = np.clip(speech(3.0, 9, rms_db=-6) * 4, -1, 1)
    mix = prepare_mix(
        tmp_path,
        [ChunkSpec(each) for each in (*loud, clipped)],
        bed and bed(),
        preset="podcast",
    )
    assert mix.timeline.mastering.limit_db is not None
    mix.render()
    assert measure_loudness(mix.path)[1] <= mix.timeline.mastering.ceiling_dbtp


@pytest.mark.parametrize(("rate_hz", "most_db"), [(16_000, 0.8), (24_000, 1.4), (48_000, 2.4)])
def test_limiter_controls_peaks_between_samples(tmp_path: Path, rate_hz: int, most_db: float):
    """Bursts of noise up to half of the rate: the hardest case."""
    places = list(np.arange(0.2, 5.8, 0.2))
    popping = speech(6.0, 3, rate_hz, rms_db=-30) + bursts(places, 6.0, rate_hz, peak_db=-4)
    mix = prepare_mix(tmp_path, [ChunkSpec(popping, rate_hz)], preset="podcast", kind="flac")
    limit_db = mix.timeline.mastering.limit_db
    assert limit_db is not None
    mix.render()
    assert limit_db < measure_loudness(mix.path)[1] < limit_db + most_db


def test_clips_of_every_kind_start_where_the_timeline_says(tmp_path: Path):
    """Rates, channels and codecs mixed, gaps set to the millisecond."""
    chunks = [
        ChunkSpec(bursts([0.0, 0.7], 1.0, rate_hz), rate_hz, gap_ms=gap_ms)
        for rate_hz, gap_ms in ((8_000, 1_000), (16_000, 1), (22_050, 333), (48_000, 0))
    ]
    chunks += [
        ChunkSpec(
            duplicate_channels(bursts([0.0, 0.5], 1.0, 44_100)),
            44_100,
            gap_ms=777,
        ),
        ChunkSpec(surround(bursts([0.0, 0.4], 1.0)), gap_ms=50),
        ChunkSpec(bursts([0.0, 0.6], 1.0, 8_000), 8_000, name="{}.au", options=MU_LAW),
        ChunkSpec(bursts([0.1, 0.3], 1.0), name="{}.mp3", gap_ms=4_000),
        ChunkSpec(bursts([0.0, 0.9], 1.0, 11_025), 11_025),
    ]
    mix = prepare_mix(tmp_path, chunks)
    mix.render(segment_grids=5)
    assert max(map(abs, start_errors(mix, decode_audio(mix.path)[:, 0]))) <= MS


def test_nothing_drifts_over_many_joins(tmp_path: Path):
    chunks = [
        ChunkSpec(bursts([0.0, 0.25], 0.4, rate_hz), rate_hz, gap_ms=300 + turn)
        for turn in range(12)
        for rate_hz in (22_050, 24_000, 16_000)
    ]
    mix = prepare_mix(tmp_path, chunks)
    mix.render()
    samples = decode_audio(mix.path)
    assert samples.shape[0] == mix.mix_samples(mix.timeline.length)
    assert max(map(abs, start_errors(mix, samples[:, 0]))) <= MS


@pytest.mark.parametrize("edge_s", [0.0, 0.03, 0.4])
def test_gaps_are_silent_and_exact(tmp_path: Path, edge_s: float):
    """From the end of a sound to the beginning of the next, however much silence is around them."""
    chunks = [
        ChunkSpec(
            np.concatenate(
                [
                    silence(edge_s, rate_hz),
                    tone(0.5, 1_000, rate_hz),
                    silence(edge_s, rate_hz),
                ]
            ),
            rate_hz,
            gap_ms=gap_ms,
        )
        for rate_hz, gap_ms in ((24_000, 250), (22_050, 1_000), (8_000, 500), (48_000, 3_000))
    ]
    mix = prepare_mix(tmp_path, [*chunks, ChunkSpec(tone(0.5, 1_000))])
    mix.render(segment_grids=5)
    loud = np.abs(decode_audio(mix.path)[:, 0]) > 0.01
    edges = np.flatnonzero(np.diff(np.convolve(loud, np.ones(2 * MS), "same") > 0))
    gaps_s = (edges[2:-1:2] - edges[1:-1:2]) / MIX_HZ
    fades_s = 0.001  # a fade of 10 ms needs as long at each end to be heard; a window takes it back
    assert gaps_s == pytest.approx([0.25, 1.0, 0.5, 3.0], abs=0.002 + fades_s)


def random_mix(folder: Path, seed: int) -> PreparedMix:
    """Some chunks of one engine's rate, chapters, ducked and looped music, a limiter at work."""
    draw = random.Random(seed)
    rate_hz = 22_050 if seed % 2 else 24_000
    spiky = bursts([0.2, 0.5], 1.0, rate_hz, peak_db=-1) + speech(1.0, 1, rate_hz, -40)
    chunks = [
        ChunkSpec(
            speech(draw.uniform(1, 5), seed + number, rate_hz) if number else spiky,
            rate_hz,
            gap_ms=draw.randint(0, 3_500),
            ends_paragraph=draw.choice([False, True]),
            opens=f"Chapter {number}" if draw.random() < 0.4 else None,
            name=draw.choice(["{}.wav", "{}.mp3"]),
        )
        for number in range(5)
    ]
    return prepare_mix(
        folder,
        chunks,
        music(draw.uniform(2, 20), edges_s=(0.3, 0.4)) if seed else None,
        preset=draw.choice(["story", "podcast"]),
        music_level_lu=draw.uniform(10, 25),
        intro_s=draw.choice([0.0, 5.0]),
        fade_out_s=draw.choice([0.0, 5.0, 20.0]),
    )


def integrate_by_ffmpeg_lufs(path: Path) -> float:
    """The loudness of a file as FFmpeg integrates it, not rounded as in its summary."""
    levels = "ebur128=metadata=1:framelog=quiet,ametadata=print:key=lavfi.r128.I:file=-"
    printed = run_ffmpeg(["-i", str(path), "-map", "0:a:0", "-af", levels, "-f", "null", "-"])
    return float(printed.decode().rsplit("=", 1)[1])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_segments_join_into_the_bytes_of_whole_sections_and_know_their_loudness(
    tmp_path: Path, seed: int
):
    """Even of mixes with many windows right at the gate, where single ones count or do not."""
    mix = random_mix(tmp_path, seed)
    cache = SegmentCache(FolderStore(tmp_path / "store"))
    assert mix.timeline.mastering.limit_db is not None
    assert bool(seed) == any(cue.ramps for cue in mix.timeline.cues)
    mix.render(segment_grids=WHOLE_SECTIONS)
    whole = list(mp3.split_frames(mix.path.read_bytes()))
    expected_lufs = integrate_by_ffmpeg_lufs(mix.path)
    grids = max(1, mix.timeline.length // mix.timeline.grid // 8)
    keys = mix.render(segment_grids=grids, cache=cache)
    assert len(cut_timeline(mix.timeline, grids)) >= 8
    assert list(mp3.split_frames(mix.path.read_bytes())) == whole
    join = StreamJoin(cache.store, mix.timeline, mix.encoding, None, 400, ProcessGroup())
    checked = join.verify(cache.require_all(keys))
    assert checked.integrated_lufs == pytest.approx(expected_lufs, abs=0.1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_where_sections_meet_only_the_encoder_s_noise_differs_from_a_serial_render(
    tmp_path: Path, seed: int
):
    mix = random_mix(tmp_path, seed)
    mix.render(segment_grids=None)
    serial = decode_audio(mix.path)
    mix.render()
    joined = decode_audio(mix.path)
    assert joined.shape == serial.shape
    assert level_db(joined - serial) < level_db(serial) - 60


def test_segment_after_long_silence_joins_without_a_trace(tmp_path: Path):
    """The encoder must have read enough before its own frames, however far back that lies."""
    loud = ChunkSpec(noise(2.0, rms_db=-14), gap_ms=9_000)
    mix = prepare_mix(tmp_path, [loud, *talk(2, 1.0, gap_ms=10_000), *talk(1)])
    mix.render(segment_grids=None)
    serial = mix.path.read_bytes()
    mix.render(segment_grids=5)
    assert mix.path.read_bytes() == serial


def test_voice_stays_as_loud_with_a_bed_as_without(tmp_path: Path):
    (tmp_path / "alone").mkdir()
    (tmp_path / "with").mkdir()
    alone = prepare_mix(tmp_path / "alone", talk(3), preset="broadcast")
    bedded = prepare_mix(tmp_path / "with", talk(3), music(6.0), preset="broadcast")
    levels = []
    for mix in (alone, bedded):
        mix.render()
        samples, gain_db = decode_audio(mix.path).mean(axis=1), mix.timeline.mastering.gain_db
        spans = [(mix.mix_samples(c.start), mix.mix_samples(c.end)) for c in mix.timeline.clips]
        levels.append([level_db(samples[start:end]) - gain_db for start, end in spans])
    difference_db = np.diff(levels, axis=0) + 10 * np.log10(2)  # two channels sum to one more bit
    assert np.abs(difference_db).max() < 0.5


@pytest.fixture
def finished(tmp_path: Path) -> PreparedMix:
    onsets = [ChunkSpec(bursts([0.0, 0.9], 1.5), gap_ms=2_500, opens=f"Part {n}") for n in range(4)]
    mix = prepare_mix(tmp_path, onsets)
    sections = [(mix.timeline.seconds(s.start), s.title) for s in mix.timeline.sections]
    about = {"title": "A & B = <C>; #1\\", "artist": "Ünïcödé 物語"}
    mix.render(tags=AudioTags(about, sections, mix.timeline.duration_s))
    return mix


def test_players_show_the_right_length(finished: PreparedMix):
    assert MP3(finished.path).info.length == pytest.approx(finished.timeline.duration_s, abs=0.001)
    assert decode_audio(finished.path).shape[0] == finished.mix_samples(finished.timeline.length)


@pytest.mark.parametrize("at_s", [1.0, 7.3, 10.0])
def test_seeking_lands_where_it_should(finished: PreparedMix, at_s: float):
    raw = run_ffmpeg(["-ss", str(at_s), "-i", str(finished.path), "-t", "2", "-f", "f32le", "-"])
    sought = np.frombuffer(raw, "<f4").astype(np.float64)
    whole = decode_audio(finished.path)[:, 0]
    start = round(at_s * MIX_HZ)
    expected = whole[start : start + sought.size]
    steady = slice(3 * 1_152, None)  # a decoder that begins in the middle lacks the frame before
    assert np.abs(sought[steady] - expected[steady]).max() < 1e-3


def test_title_author_and_chapters_can_be_read_back(finished: PreparedMix):
    tags = ID3(finished.path)
    chapters = sorted(tags.getall("CHAP"), key=lambda chapter: chapter.start_time)
    starts_ms = [
        round(s.start * 1000 / finished.timeline.rate_hz) for s in finished.timeline.sections
    ]
    assert str(tags["TIT2"]).rstrip() == "A & B = <C>; #1\\"
    assert str(tags["TPE1"]) == "Ünïcödé 物語"
    assert [chapter.start_time for chapter in chapters] == starts_ms
    assert [str(chapter.sub_frames["TIT2"]) for chapter in chapters] == [
        f"Part {n}" for n in range(4)
    ]
    assert chapters[-1].end_time == round(finished.timeline.duration_s * 1000)
    metadata = run_ffmpeg(["-i", str(finished.path), "-f", "ffmetadata", "-"]).decode()
    assert metadata.count("[CHAPTER]") == 4


def leftovers(folder: Path, before: set[Path]) -> set[str]:
    """What lies about after a failure: files, scratch folders, processes."""
    files = {path.name for path in set(folder.rglob("*")) - before}
    scratch = {path.name for path in Path(tempfile.gettempdir()).glob("mixer-mixdown-*")}
    running = {each.name() for each in psutil.Process().children() if "ffmpeg" in each.name()}
    return files | scratch | running


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of our own for temporary files, so that others' are not taken for leftovers."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("content", [b"", b"no sound at all" * 99])
def test_clip_that_cannot_be_read_is_named_and_leaves_nothing(tmp_path: Path, content: bytes):
    mix = prepare_mix(tmp_path, talk(6))
    (tmp_path / "3.wav").write_bytes(content)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(RenderFailed, match=r"cannot read .*3\.wav"):
        mix.render(segment_grids=5)
    assert leftovers(tmp_path, before) == set()


@pytest.mark.usefixtures("scratch")
def test_clip_or_music_that_is_gone_is_named(tmp_path: Path):
    mix = prepare_mix(tmp_path, talk(2), music(3.0))
    (tmp_path / "1.wav").rename(tmp_path / "elsewhere")
    with pytest.raises(NotFound, match=r"1\.wav"):
        mix.render()
    (tmp_path / "1.wav").mkdir()
    with pytest.raises(StoreFailed, match=r"1\.wav cannot be read"):
        mix.render()
    (tmp_path / "music.wav").write_bytes(b"")
    with pytest.raises(RenderFailed, match=r"cannot read .*music\.wav"):
        mix.render()


@pytest.mark.usefixtures("scratch")
def test_failure_keeps_the_last_finished_file(tmp_path: Path):
    mix = prepare_mix(tmp_path, talk(2))
    mix.path.write_bytes(b"yesterday's")
    (tmp_path / "1.wav").write_bytes(b"")
    with pytest.raises(RenderFailed):
        mix.render()
    assert mix.path.read_bytes() == b"yesterday's"


@pytest.mark.usefixtures("scratch")
def test_stopped_job_ends_at_once_and_leaves_nothing(tmp_path: Path):
    minutes = [ChunkSpec(noise(60.0, seed)) for seed in range(4)]
    mix = prepare_mix(tmp_path, minutes, music(5.0))
    before, children = set(tmp_path.rglob("*")), ProcessGroup()
    threading.Timer(0.5, children.stop).start()
    with pytest.raises(OutOfTime):
        mix.render(processes=children, segment_grids=20)
    assert leftovers(tmp_path, before) == set()


@pytest.mark.usefixtures("scratch")
def test_failure_while_joining_ends_the_segments_in_the_making(tmp_path: Path):
    """The disk fills up while later segments still render."""
    mix = prepare_mix(tmp_path, [ChunkSpec(noise(60.0, seed)) for seed in range(4)])
    before = set(tmp_path.rglob("*"))

    def full(_: float) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreFailed, match="the disk is full"):
        mix.render(segment_grids=5, progress=full)
    assert leftovers(tmp_path, before) == set()


def test_place_that_cannot_be_written_is_reported_before_rendering(tmp_path: Path):
    mix = prepare_mix(tmp_path, talk(1))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        StoreFailed, match=r"mix\.mp3 cannot be written: part of its path is a file"
    ):
        replace(mix, path=tmp_path / "file" / "mix.mp3").render()
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreFailed, match="a folder with that name exists"):
        replace(mix, path=tmp_path / "folder").render()


RENDER_WITH_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from mixer.errors import StoreFailed
from tests.mixes import ChunkSpec, prepare_mix
from tests.sounds import speech

folder, room = Path(sys.argv[1]), int(sys.argv[2])
mix = prepare_mix(folder, [ChunkSpec(speech(3.0, seed)) for seed in range(6)])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    mix.render(segment_grids=5)
except StoreFailed as error:
    print(error)
"""


@pytest.mark.parametrize("room_bytes", [40_000, 150_000])
def test_full_disk_is_reported_and_leaves_nothing(tmp_path: Path, room_bytes: int):
    """Too little room for a segment, or for the whole."""
    (tmp_path / "scratch").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", RENDER_WITH_LITTLE_ROOM, str(tmp_path), str(room_bytes)],
        env=os.environ | {"TMPDIR": str(tmp_path / "scratch")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot" in done.stdout
    assert "written" in done.stdout or "write" in done.stdout
    assert not any((tmp_path / "scratch").iterdir())
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".wav"}


def test_progress_is_reported_up_to_the_end(tmp_path: Path):
    shares: list[float] = []
    mix = prepare_mix(tmp_path, talk(4))
    mix.render(segment_grids=5, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def run_segment(
    path: Path, mix: PreparedMix, arguments: Sequence[str], files: Sequence[Path]
) -> bytes:
    """Render into a file; its bytes."""
    command = [*arguments, *mix.encoding.segment_arguments, str(path)]
    done = ffmpeg.run(command, files=files, timeout_s=60)
    assert "non monotonically" not in done.stderr
    return path.read_bytes()


@pytest.mark.parametrize("bed", [None, partial(music, 12.0)], ids=["voice", "music"])
def test_sounds_that_the_graph_decodes_give_the_same_bytes(
    tmp_path: Path, bed: Callable[[], Sound] | None
):
    path = tmp_path / "segment.mp3"
    names = ("{}.mp3", "{}.wav", "{}.flac", "{}.ogg")
    rates_hz = (24_000, 48_000, 22_050, 24_000)
    chunks = [
        ChunkSpec(speech(4.3 + number, number, rate_hz=rate_hz), rate_hz=rate_hz, name=name)
        for number, (name, rate_hz) in enumerate(zip(names, rates_hz, strict=True))
    ]
    mix = prepare_mix(tmp_path, chunks, bed and bed())
    beds = {
        (name, is_trimmed): prepare_bed(*recording, 40.0, tmp_path)
        for name, recording in mix.ingredients.music.items()
        for is_trimmed in (True, False)
    }
    segments = [*cut_timeline(mix.timeline, 3), *cut_timeline(mix.timeline)]
    for segment in segments:
        command = build_segment_command(mix.timeline, segment, mix.ingredients.clips, beds)
        inputs, sources = (
            run_segment(path, mix, arguments, files)
            for arguments, files in ((command.arguments, command.files), command.decode_inside())
        )
        assert inputs == sources
        assert inputs


@pytest.mark.parametrize(
    ("bed", "expected"),
    [
        (None, ["mono dblp dbl", "mono dbl fltp"]),
        (partial(music, 12.0), ["mono dblp dbl", "mono dbl fltp", "stereo s16 fltp"]),
    ],
    ids=["voice", "music"],
)
def test_samples_are_converted_around_the_limiter_and_once_in_music(
    tmp_path: Path, bed: Callable[[], Sound] | None, expected: list[str]
):
    """FFmpeg inserts a conversion wherever two filters want different formats."""
    names = ("{}.mp3", "{}.wav")
    chunks = [ChunkSpec(speech(3.0, seed), name=name) for seed, name in enumerate(names)]
    mix = prepare_mix(tmp_path, chunks, bed and bed())
    beds = {
        (name, is_trimmed): prepare_bed(*recording, 40.0, tmp_path)
        for name, recording in mix.ingredients.music.items()
        for is_trimmed in (True, False)
    }
    mastering = replace(mix.timeline.mastering, limit_db=-6.0)
    timeline = replace(mix.timeline, mastering=mastering)
    (segment,) = cut_timeline(timeline, None)
    command = build_segment_command(timeline, segment, mix.ingredients.clips, beds)
    arguments, files = command.decode_inside()
    output = ["-c:a", "libmp3lame", "-f", "null", "-"]
    log = ffmpeg.run(["-v", "verbose", *arguments, *output], files=files, timeout_s=60).stderr
    found = CONVERSION.findall(log)
    assert sorted(" ".join(each) for each in found) == sorted(expected)


def test_silence_after_speech_is_filtered_into_zeros():
    """Denormal numbers, the last ones before zero, take a processor twenty times as long."""
    voice = (
        "sine=frequency=200:sample_rate=24000:duration=0.2,aformat=sample_fmts=fltp,apad=pad_dur=3"
    )
    filters = ",".join((VOICE_FILTERS, RUMBLE_FILTERS)).format(VOICE_HZ, 60)
    raw = ["-af", filters, "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"]
    samples = np.abs(np.frombuffer(run_ffmpeg(["-f", "lavfi", "-i", voice, *raw]), np.float32))
    denormal = (samples > 0) & (samples < np.finfo(np.float32).tiny)
    assert samples.max() > 0.01
    assert denormal.sum() < 0.1 * VOICE_HZ

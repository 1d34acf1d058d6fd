"""Chapters as files of their own: each is heard as that stretch of the whole, to the sample."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mutagen import File
from mutagen.mp3 import MP3

from mixer.formats import FormatName
from mixer.publish.cover import encode_cover
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.model import FileCut, WholeFile, Workshop
from mixer.sound.formats.mp3 import Mp3
from mixer.sound.formats.tags import AudioTags
from tests.mixes import ChunkSpec, LocalAudio, PreparedMix, prepare_mix
from tests.pictures import build_picture
from tests.sounds import MIX_HZ, decode_audio, level_db, music, speech

KINDS: tuple[FormatName, ...] = ("mp3", "m4b", "flac", "wav")
"""One of each class of format: m4a is cut as m4b is."""


def mix_of(folder: Path, kind: FormatName, **more: object) -> PreparedMix:
    """Three chapters, with music that plays on where they meet."""
    chunks = [ChunkSpec(speech(3.0, seed), opens=f"Part {seed}") for seed in range(3)]
    mix = prepare_mix(folder, chunks, music(5.0), kind=kind, **more)  # type: ignore[arg-type]
    label = AudioTags({"title": "Whole"}, cover=encode_cover(build_picture(300, 300), "cover"))
    mix.render(tags=label)
    return mix


def cut_out(
    mix: PreparedMix, cuts: Sequence[FileCut], label: AudioTags | None = None
) -> list[Path]:
    kind = mix.encoding.format
    folder = mix.path.parent / "cut"
    folder.mkdir()
    wanted = ((cut, folder / f"{n}.{kind}", label) for n, cut in enumerate(cuts))
    return list(mix.encoding.kind.split(whole_file(mix, folder), wanted))


def whole_file(mix: PreparedMix, folder: Path) -> WholeFile:
    return WholeFile(
        LocalAudio(mix.path),
        mix.encoding.bitrate_kbps,
        mix.timeline.channels,
        None,
        Workshop(folder, ProcessGroup()),
    )


def at_chapters(mix: PreparedMix) -> list[FileCut]:
    starts = [mix.mix_samples(section.start) for section in mix.timeline.sections]
    ends = [*starts[1:], mix.mix_samples(mix.timeline.length)]
    return [FileCut(start, end) for start, end in zip(starts, ends, strict=True)]


def at_odd_places(mix: PreparedMix) -> list[FileCut]:
    """Anywhere: on no grid, in no frame's beginning, in the midst of sound."""
    length = mix.mix_samples(mix.timeline.length)
    edges = [0, 50_001, 123_457, 300_030, length]
    return [FileCut(start, end) for start, end in pairwise(edges)]


TITLE_AND_TRACK = {
    "mp3": ("TIT2", "TRCK"),
    "wav": ("TIT2", "TRCK"),
    "m4b": ("©nam", "trkn"),
    "flac": ("title", "tracknumber"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_is_that_stretch_of_the_whole_and_says_so(tmp_path: Path, kind: FormatName):
    mix = mix_of(tmp_path, kind)
    whole = decode_audio(mix.path)
    label = AudioTags(
        {"title": "Two", "track": "2/3"}, cover=encode_cover(build_picture(200, 200), "it")
    )
    cuts = [*at_chapters(mix), *at_odd_places(mix)]
    for cut, path in zip(cuts, cut_out(mix, cuts, label), strict=True):
        samples, wanted = decode_audio(path), whole[cut.start : cut.end]
        assert samples.shape == wanted.shape
        error_db = level_db(samples - wanted) - level_db(wanted)
        # AAC's decoder draws the noise in its highest bands anew.
        assert error_db < (-40 if kind == "m4b" else -100)
    tags = File(path).tags
    title, track = (str(tags[name]).strip("[]'()") for name in TITLE_AND_TRACK[kind])
    assert (title, track.replace(", ", "/")) == ("Two", "2/3")


@pytest.mark.parametrize("kbps", [128, 192, 320])
def test_silence_goes_around_an_mp3_without_a_click(tmp_path: Path, kbps: int):
    mix = mix_of(tmp_path, "mp3", bitrate_kbps=kbps)
    whole = decode_audio(mix.path)
    (cut,) = at_chapters(mix)[1:2]
    before, after = 30 * 1_152, 90 * 1_152
    (path,) = cut_out(mix, [FileCut(cut.start, cut.end, before, after)])
    samples = decode_audio(path)
    assert samples.shape[0] == cut.end - cut.start + before + after
    assert MP3(path).info.length == pytest.approx(samples.shape[0] / MIX_HZ, abs=0.001)
    edge = 1_152  # what the transform spreads over its neighbours
    assert np.abs(samples[: before - edge]).max() < 1e-6
    assert np.abs(samples[-after + edge :]).max() < 1e-6
    inner = slice(edge, -3 * edge)  # quiet begins up to two frames sooner
    assert np.allclose(samples[before:-after][inner], whole[cut.start : cut.end][inner], atol=1e-4)


def test_quiet_after_an_mp3_holds_nothing_of_what_follows(tmp_path: Path):
    chunks = [ChunkSpec(speech(2.0, 1), gap_ms=1_000), ChunkSpec(speech(2.0, 2))]
    mix = prepare_mix(tmp_path, chunks)
    mix.render()
    loud = np.flatnonzero(np.abs(decode_audio(mix.path)).max(axis=1) > 0.01)
    onset = int(loud[np.searchsorted(loud, 2.5 * MIX_HZ)])
    after = 40 * 1_152
    cuts = [FileCut(0, onset - ahead, 0, after) for ahead in range(20, 1_172, 144)]
    for cut, path in zip(cuts, cut_out(mix, cuts), strict=True):
        samples = decode_audio(path)
        assert samples.shape[0] == cut.end + after
        assert np.abs(samples[-after:]).max() < 1e-4


def test_a_stretch_of_samples_becomes_an_mp3_of_the_same_level(tmp_path: Path):
    mix = mix_of(tmp_path, "wav")
    (cut,) = at_chapters(mix)[1:2]
    Mp3().encode_cut(whole_file(mix, tmp_path), cut, tmp_path / "part.mp3", 128)
    samples, wanted = (
        decode_audio(tmp_path / "part.mp3"),
        decode_audio(mix.path)[cut.start : cut.end],
    )
    assert abs(samples.shape[0] - wanted.shape[0]) <= 1_152
    assert level_db(samples) == pytest.approx(level_db(wanted), abs=0.1)

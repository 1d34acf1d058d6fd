"""Finished files of every format, decoded again: as long, as loud and as titled as an MP3 is."""

import threading
from base64 import b64decode
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from subprocess import run

import numpy as np
import psutil
import pytest
from mutagen import File
from mutagen.flac import FLAC
from mutagen.flac import Picture as Block
from mutagen.mp4 import MP4
from mutagen.ogg import OggFileType

from mixer.errors import BadOption, RenderFailed
from mixer.formats import DEFAULT_FORMAT, FormatName
from mixer.publish.cover import encode_cover
from mixer.sound.ffmpeg import binary_path
from mixer.sound.formats.encoding import FORMATS
from mixer.sound.formats.tags import AudioTags
from tests.mixes import ChunkSpec, PreparedMix, prepare_mix
from tests.pictures import build_picture
from tests.sounds import (
    MIX_HZ,
    Sound,
    decode_audio,
    level_db,
    measure_loudness,
    music,
    noise,
    run_ffmpeg,
    speech,
)

OTHERS = tuple(name for name in FORMATS if name != DEFAULT_FORMAT)
LOSSLESS = ("flac", "wav")
LONG_S = 2.5
EVERY_FRAME = 9_216
"""Samples after which frames of MP3 and AAC both begin."""


def mix_of(
    folder: Path, kind: FormatName, bed: Sound | None = None, chunk_s: float = 1.0
) -> PreparedMix:
    """Two chapters: several segments of one grid step."""
    chunks = [
        ChunkSpec(
            speech(chunk_s, seed), gap_ms=800, opens=f"Part {seed}" if seed % 2 == 0 else None
        )
        for seed in range(4)
    ]
    return prepare_mix(folder, chunks, bed, kind=kind, section_grid=EVERY_FRAME)


@pytest.fixture(scope="module")
def as_wav(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    mix = mix_of(tmp_path_factory.mktemp("wav"), "wav", music(5.0), LONG_S)
    mix.render(segment_grids=None)
    return decode_audio(mix.path)


@pytest.mark.parametrize("kind", OTHERS)
def test_other_formats_play_the_same_sound_for_the_same_time(
    tmp_path: Path, kind: FormatName, as_wav: Sound
):
    """Segments joined, against raw samples of a serial render; lossless ones are its bytes."""
    mix = mix_of(tmp_path, kind, music(5.0), LONG_S)
    mix.render(segment_grids=5)
    if kind in LOSSLESS:
        joined = mix.path.read_bytes()
        mix.render(segment_grids=None)
        assert mix.path.read_bytes() == joined
    samples = decode_audio(mix.path, MIX_HZ)
    assert abs(samples.shape[0] - mix.mix_samples(mix.timeline.length)) <= (kind == "opus")
    length = min(len(samples), len(as_wav))
    error_db = level_db(samples[:length] - as_wav[:length]) - level_db(as_wav)
    assert error_db < (-90 if kind in LOSSLESS else -20)
    assert measure_loudness(mix.path)[0] == pytest.approx(
        mix.timeline.mastering.target_lufs, abs=0.3
    )


@pytest.mark.parametrize("kind", ["m4b", "flac"])
def test_colon_in_a_name_is_part_of_the_name(
    tmp_path: Path, kind: FormatName, monkeypatch: pytest.MonkeyPatch
):
    mix = replace(mix_of(tmp_path, kind), path=Path(f"Part1:Intro.{kind}"))
    monkeypatch.chdir(tmp_path)
    mix.render()
    assert decode_audio(tmp_path / mix.path).shape[0] > 0


@pytest.mark.parametrize("kind", ["m4a", "opus"])
def test_voice_alone_stays_mono_whatever_the_bit_rate(tmp_path: Path, kind: FormatName):
    mix = prepare_mix(tmp_path, [ChunkSpec(speech(2.0))], kind=kind, bitrate_kbps=320)
    mix.render()
    assert File(mix.path).info.channels == 1


def test_aac_joins_are_as_clean_as_the_rest(tmp_path: Path):
    """What the encoder gets wrong around the seams is no more than what it does elsewhere."""
    seams_s = [6.4 * n for n in range(1, 4)]
    chunk = ChunkSpec(speech(20.0))
    sounds = []
    for kind, grids in (("wav", None), ("m4a", 5)):
        mix = prepare_mix(tmp_path, [chunk], music(5.0), kind=kind)  # type: ignore[arg-type]
        mix.render(segment_grids=grids)
        sounds.append(decode_audio(mix.path))
    error = sounds[1] - sounds[0]
    window = MIX_HZ // 10
    everywhere = [level_db(error[at : at + window]) for at in range(0, len(error), window)]
    seams = [level_db(error[round(s * MIX_HZ) - window // 2 :][:window]) for s in seams_s]
    assert max(seams) < np.percentile(everywhere, 99) + 1


FIELDS = {
    "title": "Ünïcödé; = #1",
    "artist": "A. Writer",
    "album": "Gates, 2",
    "composer": "Ada Voice",
    "genre": "Mystery",
    "date": "2026",
    "comment": "A gate; opened = closed.",
    "language": "eng",
}
ID3_NAMES = "TIT2 TPE1 TALB TCOM TCON TDRC COMM::eng TLAN"
MP4_NAMES = "©nam ©ART ©alb ©wrt ©gen ©day ©cmt"
XIPH_NAMES = "title artist album composer genre date description language"
TAG_NAMES = {"mp3": ID3_NAMES, "wav": ID3_NAMES, "m4a": MP4_NAMES, "m4b": MP4_NAMES}
"""What mutagen calls the fields, in their order."""


def list_chapters(path: Path) -> list[tuple[float, str]]:
    """Chapters as FFmpeg reads them: start in seconds, title."""
    metadata = run_ffmpeg(["-i", str(path), "-f", "ffmetadata", "-"]).decode()
    found = []
    for block in metadata.split("[CHAPTER]")[1:]:
        lines = dict(line.split("=", 1) for line in block.split("\n") if "=" in line)
        start_s = int(lines["START"]) * Fraction(lines["TIMEBASE"])
        found.append((float(start_s), lines["title"]))
    return found


def read_covers(path: Path) -> list[bytes]:
    """Covers as mutagen reads them."""
    file = File(path)
    if isinstance(file, MP4):
        return [bytes(each) for each in file.tags["covr"]]
    if isinstance(file, FLAC):
        return [each.data for each in file.pictures if each.type == 3]
    if isinstance(file, OggFileType):
        return [Block(b64decode(each)).data for each in file.tags["metadata_block_picture"]]
    return [each.data for each in file.tags.getall("APIC") if each.type == 3]


@pytest.mark.parametrize("kind", ["mp3", *OTHERS])
def test_tags_chapters_and_cover_can_be_read_back(tmp_path: Path, kind: FormatName):
    mix = mix_of(tmp_path, kind)
    starts_s = [mix.timeline.seconds(section.start) for section in mix.timeline.sections]
    chapters = list(zip(starts_s, ("One", "Zwei – ä"), strict=True))
    cover = encode_cover(build_picture(640, 480), "cover.png")
    label = AudioTags(FIELDS, chapters, mix.timeline.duration_s, cover)
    mix.render(tags=label)
    file = File(mix.path)
    tags = file.tags
    read = [tags[name] for name in TAG_NAMES.get(kind, XIPH_NAMES).split()]
    texts = [str(each[0]) if isinstance(each, list) else str(each) for each in read]
    assert texts == list(FIELDS.values())[: len(texts)]
    assert read_covers(mix.path) == [cover.content]
    metadata = run_ffmpeg(["-i", str(mix.path), "-f", "ffmetadata", "-"]).decode()
    if not isinstance(file, OggFileType):  # FFmpeg counts its comments among the stream's
        assert "title=Ünïcödé\\; \\= \\#1\n" in metadata
        assert "artist=A. Writer\n" in metadata
    if kind == "wav":  # its players know no chapters; the ID3 tag in it has them
        assert sorted(frame.start_time for frame in tags.getall("CHAP")) == [
            round(1000 * start_s) for start_s in starts_s
        ]
    else:
        assert [title for _, title in list_chapters(mix.path)] == ["One", "Zwei – ä"]
        read_s = [start_s for start_s, _ in list_chapters(mix.path)]
        delay_s = 0.026 if kind == "mp3" else 0.001  # FFmpeg counts from the first frame on
        assert read_s == pytest.approx(starts_s, abs=delay_s)
    assert abs(decode_audio(mix.path, MIX_HZ).shape[0] - mix.mix_samples(mix.timeline.length)) <= 1


@pytest.mark.parametrize("part", ["1", "1.5", "70000", "9" * 5_000, ""])
def test_series_of_an_audiobook_is_where_players_look(tmp_path: Path, part: str):
    mix = mix_of(tmp_path, "m4b")
    fields = {
        "title": "Gates",
        "series": "Tóre",
        "series-part": part,
        "publisher": "P",
        "language": "eng",
        "isbn": "9",
    }
    cover = encode_cover(build_picture(64, 64), "cover.png")
    mix.render(tags=AudioTags(fields, [(0.0, "One"), (3.0, "Two")], mix.timeline.duration_s, cover))
    tags = File(mix.path).tags
    free = {
        name.removeprefix("----:com.apple.iTunes:"): bytes(tags[name][0]).decode()
        for name in tags
        if name.startswith("----")
    }
    named = {"SERIES": "Tóre", "ISBN": "9", "PUBLISHER": "P", "LANGUAGE": "eng"}
    assert free == named | ({"SERIES-PART": part} if part else {})
    assert (tags["\xa9mvn"], tags["\xa9pub"]) == (["Tóre"], ["P"])
    assert tags.get("\xa9mvi") == ([1] if part == "1" else None)
    assert "\xa9lyr" not in tags
    assert read_covers(mix.path) == [cover.content]
    assert decode_audio(mix.path, MIX_HZ).shape[0] > 0


def test_what_comes_before_the_first_chapter_of_an_m4b_is_a_chapter(tmp_path: Path):
    mix = mix_of(tmp_path, "m4b")
    chapters = [(2.56, "One"), (5.12, "Two")]
    mix.render(tags=AudioTags({"title": "Gates"}, chapters, mix.timeline.duration_s))
    metadata = [(round(start_s, 2), title) for start_s, title in list_chapters(mix.path)]
    assert metadata == [(0.0, "Gates"), *chapters]
    content = mix.path.read_bytes()
    count = content[content.index(b"chpl") + 12]  # version, flags, reserved, then how many
    assert count == 3
    assert MP4(mix.path).chapters[0].start == 0
    assert [each.title for each in MP4(mix.path).chapters] == ["Gates", "One", "Two"]


def test_language_of_an_audiobook_is_that_of_its_sound(tmp_path: Path):
    mix = mix_of(tmp_path, "m4b")
    mix.render(tags=AudioTags({"language": "deu"}))
    metadata = run(
        [binary_path(), "-hide_banner", "-i", str(mix.path)], capture_output=True, check=False
    )
    assert b"(deu): Audio: aac" in metadata.stderr
    assert File(mix.path).tags["stik"] == [2]


def test_m4b_differs_from_m4a_and_begins_with_its_index(tmp_path: Path):
    mix = mix_of(tmp_path, "m4b")
    mix.render()
    content = mix.path.read_bytes()
    assert content[8:12] == b"M4B "
    assert content.index(b"moov") < content.index(b"mdat")
    encoder_delay_s = 1_024 / MIX_HZ
    length_s = mix.timeline.duration_s + encoder_delay_s  # the tag reader knows no edit lists
    assert MP4(mix.path).info.length == pytest.approx(length_s, abs=encoder_delay_s)


def test_wav_beyond_four_gibibytes_is_refused_with_a_hint(tmp_path: Path):
    mix = mix_of(tmp_path, "wav")
    hours = replace(mix.timeline, length=7 * 3_600 * mix.timeline.rate_hz, channels=2)
    with pytest.raises(BadOption, match=r"7\.0 hours need 4\.1 GiB; use flac"):
        replace(mix, timeline=hours).render()
    assert not mix.path.exists()


@pytest.mark.parametrize("kind", ["flac", "m4b"])
def test_broken_chunk_is_named_and_leaves_nothing(tmp_path: Path, kind: FormatName):
    mix = mix_of(tmp_path, kind)
    (tmp_path / "2.wav").write_bytes(b"no sound")
    with pytest.raises(RenderFailed, match=r"cannot read .*2\.wav"):
        mix.render(segment_grids=5)
    assert not mix.path.exists()
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".wav"]


def kill_ffmpeg(word: str, is_over: threading.Event) -> None:
    """Kill every FFmpeg whose command holds a word; a first one may end before the signal."""
    while not is_over.wait(0.01):
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):
                if any(word in argument for argument in child.cmdline()):
                    child.kill()


@pytest.mark.parametrize(("kind", "word"), [("mp3", "libmp3lame"), ("m4b", "/stream")])
def test_killed_ffmpeg_is_reported_and_leaves_nothing(tmp_path: Path, kind: FormatName, word: str):
    """A segment's, and the one that takes them all."""
    minutes = [ChunkSpec(noise(60.0, seed)) for seed in range(3)]
    mix = prepare_mix(tmp_path, minutes, music(5.0), kind=kind)
    before = set(tmp_path.iterdir())
    is_over = threading.Event()
    killer = threading.Thread(target=kill_ffmpeg, args=[word, is_over])
    killer.start()
    try:
        with pytest.raises(RenderFailed, match=r"killed by SIGKILL"):
            mix.render(segment_grids=25)
    finally:
        is_over.set()
        killer.join()
    assert set(tmp_path.iterdir()) == before
    assert not [each for each in psutil.Process().children() if "ffmpeg" in each.name()]

"""Files beside the finished one: chapters in a folder and in an archive, a read-aloud book."""

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mutagen import File

from mixer.formats import FormatName
from mixer.publish.chapters import FinishedFile, zip_chapters
from mixer.publish.cover import encode_cover
from mixer.publish.epub import ReadAloudMetadata, write_read_aloud
from mixer.publish.epub.pages import BlockShape, BookBlock, BookPage, BookSentence
from mixer.publish.zips import unpack_zip
from mixer.sound.analysis.compliance import StreamInfo, check_compliance
from mixer.sound.analysis.verification import verify
from mixer.sound.ffmpeg import ProcessGroup
from mixer.sound.formats.tags import AudioTags
from mixer.sound.presets import PRESETS
from mixer.sound.timeline import MIX_RATE_HZ
from tests.epub_rules import find_broken_rules, list_overlays, open_epub
from tests.mixes import ChunkSpec, LocalAudio, prepare_mix
from tests.pictures import build_picture
from tests.sounds import decode_audio, level_db, speech

FIELDS = {"title": "The Gate", "artist": "A. Writer", "genre": "Mystery"}


def render_chapters(folder: Path, kind: FormatName = "mp3", preset: str = "story") -> FinishedFile:
    """Three chapters; the gap before the last is a long one."""
    chunks = [
        ChunkSpec(speech(5.0, seed), gap_ms=700 if seed else 6_000, opens=f"Part {seed}")
        for seed in range(3)
    ]
    mix = prepare_mix(folder, chunks, kind=kind, preset=preset)
    marks = [(mix.timeline.seconds(each.start), each.title) for each in mix.timeline.sections]
    cover = encode_cover(build_picture(300, 300), "cover")
    label = AudioTags(FIELDS, marks, mix.timeline.duration_s, cover)
    mix.render(tags=label)
    return FinishedFile(LocalAudio(mix.path), mix.timeline, mix.encoding, preset, label)  # type: ignore[arg-type]


def write_chapters(work: FinishedFile, folder: Path) -> list[Path]:
    """The files of the chapters in a folder, the playlist last."""
    archive = work.audio.local_path().with_name("chapters.zip")
    with archive.open("wb") as file:
        zip_chapters(work, file, ProcessGroup())
    unpack_zip(archive, folder)
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return [folder / name for name in opened.namelist()]


def test_the_chapters_are_the_whole_in_order(tmp_path: Path):
    work = render_chapters(tmp_path)
    *files, listed = write_chapters(work, tmp_path / "parts")
    assert [path.name for path in files] == [f"0{n + 1} - Part {n}.mp3" for n in range(3)]
    assert [line for line in listed.read_text("utf-8").splitlines() if line[0] != "#"] == [
        path.name for path in files
    ]
    assert sorted((tmp_path / "parts").iterdir()) == sorted([*files, listed])
    assert sum(len(decode_audio(path)) for path in files) == len(
        decode_audio(work.audio.local_path())
    )
    tags = [File(path).tags for path in files]
    assert [str(each["TRCK"]) for each in tags] == ["1/3", "2/3", "3/3"]
    assert {str(each["TALB"]) for each in tags} == {"The Gate"}
    assert {each.getall("APIC")[0].data for each in tags} == {work.tags.cover.content}  # type: ignore[union-attr]


def test_every_chapter_keeps_the_rules_of_acx(tmp_path: Path):
    work = render_chapters(tmp_path, preset="audiobook-acx")
    *files, _ = write_chapters(work, tmp_path / "parts")
    for path in files:
        stream = File(path).info
        output = verify(path, stream.length, 100)
        carrier = StreamInfo("mp3", stream.sample_rate, stream.bitrate / 1000, stream.length)
        broken = [
            each
            for each in check_compliance(output, carrier, PRESETS["audiobook-acx"], -20.0)
            if not each.passed
        ]
        assert broken == []


@pytest.mark.parametrize("kind", ["mp3", "m4b", "flac"])
def test_a_read_aloud_book_plays_every_sentence_of_the_whole(tmp_path: Path, kind: FormatName):
    work = render_chapters(tmp_path, kind)
    pages = [
        BookPage(
            part.title,
            (BookBlock(BlockShape.PARAGRAPH, (BookSentence("Words.", 0.1),)),),
            part.duration_s,
        )
        for part in work.parts
    ]
    about = ReadAloudMetadata("The Gate", "en", "urn:x:1", datetime(2026, 1, 1, tzinfo=UTC))
    with (tmp_path / "book.epub").open("wb") as file:
        write_read_aloud(work, pages, about, file, ProcessGroup())
    content = (tmp_path / "book.epub").read_bytes()
    assert find_broken_rules(content) == []
    book, whole = open_epub(content), decode_audio(work.audio.local_path())
    for part, (_, overlay) in zip(work.parts, list_overlays(book), strict=True):
        (name,) = (
            i.path
            for i in book.items.values()
            if overlay.path[5:17] in i.path[5:] and "audio" in i.path
        )
        path = tmp_path / Path(name).name
        path.write_bytes(book.archive.read(name))
        output = decode_audio(path)
        wanted = whole[round(part.start_s * MIX_RATE_HZ) : round(part.end_s * MIX_RATE_HZ)]
        assert abs(len(output) - len(wanted)) < 1_152
        assert level_db(output) == pytest.approx(level_db(wanted), abs=0.1)


def test_a_story_without_chapters_is_one_file(tmp_path: Path):
    work = render_chapters(tmp_path)
    alone = replace(work, tags=replace(work.tags, chapters=()))
    only, _ = write_chapters(alone, tmp_path / "parts")
    assert only.name == "01 - The Gate.mp3"
    assert len(decode_audio(only)) == len(decode_audio(work.audio.local_path()))
    assert io.BytesIO(only.read_bytes()).read(3) == b"ID3"

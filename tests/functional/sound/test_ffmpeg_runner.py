"""The runner of FFmpeg: what it returns, how it fails, and that it leaves nothing behind."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from mixer.errors import NotFound, OutOfTime, RenderFailed
from mixer.sound import ffmpeg

ONE_SECOND_BYTES = 44_100 * 2
ENDLESS = ["-re", "-f", "lavfi", "-i", "sine", "-f", "null", "-"]


@pytest.fixture(autouse=True, scope="module")
def _known_binary() -> None:
    """Looking FFmpeg up starts one of its own, once; these tests look for children."""
    ffmpeg.binary_path()


def make_sound(path: Path, *options: str) -> Path:
    arguments = ["-f", "lavfi", "-i", "sine=duration=1", *options, str(path)]
    ffmpeg.run(arguments, timeout_s=20)
    return path


def decode(path: Path) -> bytes:
    arguments = [*ffmpeg.confine_input(0), "-f", "s16le", "-"]
    return ffmpeg.run(arguments, timeout_s=20, files=[path]).stdout


def children_of_this_process() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "ffmpeg" in each.name()]


def wait_for_child() -> psutil.Process:
    for _ in range(6_000):
        if running := children_of_this_process():
            return running[0]
        time.sleep(0.01)
    raise AssertionError("FFmpeg did not start")


def test_standard_output_and_error_come_back():
    completed = ffmpeg.run(
        ["-f", "lavfi", "-i", "sine=duration=1", "-f", "s16le", "-"], timeout_s=20
    )
    assert len(completed.stdout) == ONE_SECOND_BYTES
    assert "Stream #0:0" in completed.stderr


def test_failure_carries_the_end_of_standard_error():
    with pytest.raises(RenderFailed, match="No such filter: 'nonsense'"):
        ffmpeg.run(["-f", "lavfi", "-i", "sine", "-af", "nonsense", "-f", "null", "-"], timeout_s=9)


def test_timeout_kills_the_child():
    with pytest.raises(OutOfTime, match=r"within 0\.5 s"):
        ffmpeg.run(ENDLESS, timeout_s=0.5)
    assert children_of_this_process() == []


def test_interrupt_kills_the_child():
    def interrupt() -> None:
        wait_for_child()
        os.kill(os.getpid(), signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        ffmpeg.run(ENDLESS, timeout_s=90)
    interrupter.join()
    assert children_of_this_process() == []


def test_child_is_out_of_reach_of_the_terminals_interrupt():
    children = ffmpeg.ProcessGroup()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(ffmpeg.run, ENDLESS, timeout_s=90, processes=children)
        assert os.getpgid(wait_for_child().pid) != os.getpgid(0)
        children.stop()
        with pytest.raises(OutOfTime, match="Time ran out, or the work was stopped"):
            running.result()


def test_stop_ends_all_children_and_starts_no_more():
    children = ffmpeg.ProcessGroup()
    with ThreadPoolExecutor(4) as pool:
        running = [
            pool.submit(ffmpeg.run, ENDLESS, timeout_s=90, processes=children) for _ in range(4)
        ]
        wait_for_child()
        children.stop()
        for each in running:
            with pytest.raises(OutOfTime, match="stopped"):
                each.result(timeout=60)
    assert children_of_this_process() == []
    with pytest.raises(OutOfTime, match="Time ran out, or the work was stopped"):
        ffmpeg.run(ENDLESS, timeout_s=30, processes=children)


def test_bytes_on_standard_input_are_read(tmp_path):
    sound = make_sound(tmp_path / "a.mp3").read_bytes()
    completed = ffmpeg.run([*ffmpeg.confine_stdin(), "-f", "s16le", "-"], timeout_s=20, stdin=sound)
    assert len(completed.stdout) == ONE_SECOND_BYTES


def test_standard_input_is_empty_by_default():
    with pytest.raises(RenderFailed):
        ffmpeg.run([*ffmpeg.confine_stdin(), "-f", "null", "-"], timeout_s=20)


def test_large_output_of_a_file_target_is_not_held_in_memory(tmp_path):
    arguments = ["-f", "lavfi", "-i", "anullsrc", "-t", "600", str(tmp_path / "long.wav")]
    assert ffmpeg.run(arguments, timeout_s=60).stdout == b""
    assert (tmp_path / "long.wav").stat().st_size > 50_000_000


def test_names_are_relative_to_the_given_folder(tmp_path):
    ffmpeg.run(["-f", "lavfi", "-i", "sine=duration=1", "a.wav"], timeout_s=20, cwd=tmp_path)
    assert (tmp_path / "a.wav").exists()


@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "m4a", "opus", "ogg", "aac", "aiff"])
def test_confined_input_reads_sound(tmp_path, suffix):
    pcm = decode(make_sound(tmp_path / f"a.{suffix}"))
    assert len(pcm) == pytest.approx(ONE_SECOND_BYTES, rel=0.1)


def test_confined_inputs_are_read_independently(tmp_path):
    paths = [make_sound(tmp_path / "a.m4a"), make_sound(tmp_path / "b.wav")]
    arguments = [*ffmpeg.confine_input(0), *ffmpeg.confine_input(1)]
    arguments += ["-filter_complex", "concat=n=2:v=0:a=1", "-f", "s16le", "-"]
    both = ffmpeg.run(arguments, timeout_s=20, files=paths).stdout
    assert len(both) == len(decode(paths[0])) + len(decode(paths[1]))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"nowhere\.wav"):
        decode(tmp_path / "nowhere.wav")


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{uri}\n#EXT-X-ENDLIST\n",
    "m3u": "#EXTM3U\n{uri}\n",
    "concat": "ffconcat version 1.0\nfile '{path}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="audio/wav">'
    '<Representation id="1" bandwidth="1"><BaseURL>{uri}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="9" height="9"><image width="9" height="9" xlink:href="{uri}"/></svg>',
    "ass": "[Script Info]\nScriptType: v4.00+\n[Events]\n"
    "Dialogue: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,{uri}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "cue": 'FILE "{path}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
}


def playlist_of(kind: str, folder: Path) -> Path:
    other = make_sound(folder / "other.wav")
    playlist = folder / f"list.{kind}"
    playlist.write_text(PLAYLISTS[kind].format(uri=other.as_uri(), path=other))
    return playlist


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_file_that_names_other_files_is_refused(tmp_path, kind):
    playlist = playlist_of(kind, tmp_path)
    with pytest.raises(RenderFailed):
        decode(playlist)


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_bytes_that_name_other_files_are_refused(tmp_path, kind):
    playlist = playlist_of(kind, tmp_path).read_bytes()
    arguments = [*ffmpeg.confine_stdin(), "-f", "s16le", "-"]
    with pytest.raises(RenderFailed):
        ffmpeg.run(arguments, timeout_s=20, stdin=playlist)


@pytest.mark.parametrize(
    ("kind", "freely"),
    [
        ("hls", ["-extension_picky", "0"]),
        ("concat", ["-safe", "0"]),
        ("dash", ["-allowed_extensions", "ALL"]),
    ],
)
def test_the_refused_playlists_would_play_unconfined(tmp_path, kind, freely):
    playlist = playlist_of(kind, tmp_path)
    arguments = ["-f", kind, *freely, "-i", str(playlist), "-f", "s16le", "-"]
    assert len(ffmpeg.run(arguments, timeout_s=20).stdout) == ONE_SECOND_BYTES


def test_playlist_is_refused_even_when_its_format_is_named(tmp_path):
    other = make_sound(tmp_path / "other.wav")
    playlist = tmp_path / "list.ffconcat"
    playlist.write_text(f"ffconcat version 1.0\nfile '{other}'\n")
    arguments = ["-f", "concat", "-safe", "0", *ffmpeg.confine_input(0), "-f", "null", "-"]
    with pytest.raises(RenderFailed):
        ffmpeg.run(arguments, timeout_s=20, files=[playlist])

"""Mutated sound files and pictures, and playlists that name other files."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from warnings import catch_warnings

from mixer import MixerError, inspect
from mixer.publish import encode_cover
from mixer.sound import ffmpeg
from tests.attack.campaign import Row, Tally, describe_exception
from tests.attack.mutation import mutate_bytes
from tests.pictures import build_picture

SOUND_SUFFIXES = ("wav", "mp3", "flac", "m4a", "ogg", "opus", "aiff", "mkv")
CANARY_NAME = "canary.wav"
PLAYLISTS = (
    "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile '{canary}'\n",
    "[playlist]\nFile1={canary}\nNumberOfEntries=1\n",
    "file '{canary}'\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\na={canary}\n",
    "<svg xmlns='http://www.w3.org/2000/svg'><image href='{canary}'/></svg>",
    "<MPD><Period><BaseURL>{canary}</BaseURL></Period></MPD>",
)
"""They lead to a sound that must not be read: a file with one of these has none of its own."""


def attack_media(tally: Tally, draw: random.Random, count: int) -> None:
    """Inspect mutated files as sound or as a cover, and playlists."""
    with TemporaryDirectory(prefix="attack-") as name:
        folder = Path(name)
        sounds, pictures = _make_sounds(folder), list(_make_pictures())
        for number in range(count):
            match draw.randrange(12):
                case 0:
                    tally.count(_inspect_playlist(draw, folder))
                case 1 | 2 | 3 | 4 | 5:
                    content = mutate_bytes(draw, draw.choice(pictures))
                    tally.count(_try_work(number, lambda c=content: encode_cover(c, "cover")))
                case _:
                    suffix = draw.choice(list(sounds))
                    path = folder / f"mutated.{suffix}"
                    path.write_bytes(mutate_bytes(draw, sounds[suffix]))
                    tally.count(_try_work(number, lambda p=path: inspect(p)))


def _try_work(number: int, work: Callable[[], object]) -> str:
    try:
        with catch_warnings(action="ignore"):  # Pillow reports odd tags so
            work()
    except MixerError:
        return ""
    except Exception as error:  # noqa: BLE001 - what must not be is what is looked for
        return f"number {number}: {describe_exception(error)}"
    return ""


def _inspect_playlist(draw: random.Random, folder: Path) -> str:
    text = draw.choice(PLAYLISTS).format(canary=draw.choice((CANARY_NAME, folder / CANARY_NAME)))
    path = folder / f"playlist.{draw.choice(('m3u8', 'wav', 'mp3', 'txt', 'sdp', 'mpd', 'svg'))}"
    path.write_bytes(draw.choice((b"", b"\n", b"\xef\xbb\xbf")) + text.encode())
    try:
        inspect(path)
    except MixerError:
        return ""
    except Exception as error:  # noqa: BLE001
        return f"playlist {text!r}: {describe_exception(error)}"
    return f"{path.suffix} was read as a sound: {text!r}"


def _make_sounds(folder: Path) -> dict[str, bytes]:
    tone = ["-f", "lavfi", "-i", "sine=f=300:d=0.4", "-metadata", "title=A tone", "-y"]
    sounds = {}
    for suffix in SOUND_SUFFIXES:
        path = folder / f"tone.{suffix}"
        ffmpeg.run([*tone, str(path)], timeout_s=60)
        sounds[suffix] = path.read_bytes()
    (folder / CANARY_NAME).write_bytes(sounds["wav"])
    return sounds


def _make_pictures() -> Iterator[bytes]:
    for kind, mode in (
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("JPEG", "RGB"),
        ("JPEG", "L"),
    ):
        yield build_picture(600, 600, kind, mode)
    yield _add_orientation(build_picture(600, 600, "JPEG"))


def _add_orientation(jpeg: bytes) -> bytes:
    """The picture with an EXIF block, whose bytes are then likely to be changed."""
    entries = b"\x00\x03" + b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
    entries += (
        b"\x01\x0f\x00\x02\x00\x00\x00\x04ABC\x00" + b"\x01\x1a\x00\x05\x00\x00\x00\x01" + bytes(4)
    )
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + entries + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + jpeg[2:]


ROW = Row(
    "mutated sounds and pictures, playlists",
    "no exception outside the error tree, no other file read",
    short=40,
    full=2_000,
    attack=attack_media,
)

"""What the rendering benches mix: forty chunks like a speech service's, and music that loops.

A chunk is bursts of harmonics with hard beginnings and pauses between them, as FLAC at 24 kHz, each
with a rhythm and a pitch of its own; forty of 38 s with a second between them make 26 minutes. A
book takes the same files again under other names, so that nothing of it is found to be there
already. The chunks are measured when they are made, as a service measures what it has spoken; that
is not part of a mix.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mixer.parallel import usable_cores
from mixer.sound import ffmpeg
from mixer.sound.cues import Music
from mixer.sound.encoders import MP3, Encoding
from mixer.sound.measure import MUSIC_CHANNELS, measure
from mixer.sound.placing import Take
from mixer.sound.rendering import in_order

CHUNKS = 40
CHUNK_S = 38.0
GAP_MS = 1_000
STORY_S = CHUNKS * (CHUNK_S + GAP_MS / 1000)
LONGER_S, SHORTER_S = 44.0, 31.0
"""A chunk after one sentence in it grew, and after one shrank."""

PARAGRAPH_WEIGHT = 3.0
TIMEOUT_S = 600.0

VOICE = (
    "aevalsrc=exprs='0.15*gt(sin(2*PI*t*{speed})+0.4*sin(2*PI*t*0.23)\\,-0.2)"
    "*(1+1.6*exp(-40*mod(t\\,1.7)))"
    "*(sin(2*PI*{pitch}*t)+0.5*sin(4*PI*{pitch}*t)+0.3*sin(10*PI*{pitch}*t)+0.1*(2*random(0)-1))'"
    ":s=24000:d={seconds}"
)
CHORDS = (
    "aevalsrc=exprs='0.2*(sin(2*PI*220*t)+sin(2*PI*277*t)+sin(2*PI*330*t))"
    "|0.2*(sin(2*PI*221*t)+sin(2*PI*278*t)+sin(2*PI*331*t))':s=44100:d=20"
)


@dataclass(frozen=True, slots=True)
class Work:
    """One mix to be made by a process of its own.

    Attributes:
        takes: the voice, measured.
        files: by source.
        music: what lies under it.
        music_file: of the music.
        out: the finished file.
        encoding: its format.
        workers: segments rendered at a time; all cores when None.
        shelf: a folder where segments are kept; None to keep none.
        checked: whether the finished file is decoded and measured, too.
    """

    takes: tuple[Take, ...]
    files: dict[str, Path]
    music: Music
    music_file: Path
    out: Path
    encoding: Encoding = MP3
    workers: int | None = None
    shelf: Path | None = None
    checked: bool = False

    def written(self, path: Path) -> Path:
        """Put it where its process reads it."""
        path.write_bytes(pickle.dumps(self))
        return path


@dataclass(frozen=True, slots=True)
class Material:
    """Chunks and music in files, and what is known of them."""

    chunks: tuple[Take, ...]
    longer: Take
    shorter: Take
    music: Music
    folder: Path

    def story(self, out: Path) -> Work:
        """Twenty-six minutes: the chunks as they are, a second apart."""
        return self._work(self.chunks, out)

    def book(self, hours: float, out: Path, *, edited: Take | None = None) -> Work:
        """So many hours in chapters of some twenty minutes; its third chunk may be another one."""
        count = round(hours * 3600 / (CHUNK_S + GAP_MS / 1000))
        takes = [_read(self.chunks[number % CHUNKS], number) for number in range(count)]
        if edited:
            takes[2] = _read(edited, 2)
        return self._work(tuple(takes), out)

    def _work(self, takes: tuple[Take, ...], out: Path) -> Work:
        files = {take.source: self.folder / take.source.split("-")[0] for take in takes}
        return Work(takes, files, self.music, self.folder / self.music.source, out)


def _read(take: Take, number: int) -> Take:
    """A chunk of a book, under a name of its own."""
    return Take(
        f"{take.source}-{number}",
        take.measured,
        GAP_MS,
        weight=PARAGRAPH_WEIGHT if number % 3 == 0 else 1.0,
        opens=f"Chapter {number // 30 + 1}" if number % 30 == 0 else None,
    )


def material(folder: Path) -> Material:
    """Make all files in a folder, and measure them."""
    lengths_s = [*(CHUNK_S,) * CHUNKS, LONGER_S, SHORTER_S]
    takes = list(in_order(enumerate(lengths_s), _Maker(folder), usable_cores(), ffmpeg.Children()))
    music = _made(folder / "music.flac", CHORDS)
    known = Music(music.name, measure(music, channels=MUSIC_CHANNELS))
    return Material(tuple(takes[:CHUNKS]), takes[CHUNKS], takes[CHUNKS + 1], known, folder)


@dataclass(frozen=True, slots=True)
class _Maker:
    folder: Path

    def __call__(self, numbered: tuple[int, float]) -> Take:
        number, seconds = numbered
        sound = VOICE.format(speed=1.1 + number / 50, pitch=95 + 3 * number, seconds=seconds)
        path = _made(self.folder / f"chunk{number:02}.flac", sound)
        return Take(path.name, measure(path), GAP_MS, is_gap_exact=True)


def _made(path: Path, source: str) -> Path:
    ffmpeg.run(["-f", "lavfi", "-i", source, "-sample_fmt", "s16", str(path)], timeout_s=TIMEOUT_S)
    return path


def chunk_files(folder: Path) -> Sequence[Path]:
    """The forty chunks, in playing order."""
    return sorted(folder.glob("chunk*.flac"))[:CHUNKS]

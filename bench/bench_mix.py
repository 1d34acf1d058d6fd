"""One mix to be made by a process of its own, as the bench hands it over.

It stands apart from the material, so that the process that is measured loads what a mix needs and
no speech engine.
"""

import pickle
from dataclasses import dataclass
from pathlib import Path

from mixer.sound.arrange import SoundFile, Take
from mixer.sound.formats import MP3, Encoding


@dataclass(frozen=True, slots=True)
class BenchMix:
    """One mix to be made by a process of its own.

    Attributes:
        takes: the voice, measured.
        files: by source.
        music_file: of the music.
        out: the finished file.
        encoding: its format.
        workers: segments rendered at a time; all cores when None.
        cache_folder: a folder where segments are kept; None to keep none.
        is_verified: whether the finished file is decoded and measured, too.
    """

    takes: tuple[Take, ...]
    files: dict[str, Path]
    music: SoundFile
    music_file: Path
    out: Path
    encoding: Encoding = MP3
    workers: int | None = None
    cache_folder: Path | None = None
    is_verified: bool = False

    def save(self, path: Path) -> Path:
        """Put it where its process reads it."""
        path.write_bytes(pickle.dumps(self))
        return path

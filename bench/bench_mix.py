"""The parameters of one mix for a process of its own.

Separate from the material, so that the measured process loads no speech engine.
"""

import pickle
from dataclasses import dataclass
from pathlib import Path

from mixer.sound.arrange import SoundFile, Take
from mixer.sound.formats import MP3, Encoding


@dataclass(frozen=True, slots=True)
class BenchMix:
    """One mix for a process of its own.

    Attributes:
        workers: segments rendered at a time; all cores when None.
        cache_folder: cache of segments; no cache when None.
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
        """Write it to the file that its process reads."""
        path.write_bytes(pickle.dumps(self))
        return path

"""What a narration depends on that no request states: code, packages, FFmpeg, voices, variables.

Only what is cheap to read is imported here, since a run that has nothing to do begins with it.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from mixer.errors import MixerError
from mixer.settings import find_voice_folder

if TYPE_CHECKING:
    from mixer.store import FolderStore

PACKAGE = Path(__file__).parents[1]

VARIABLES = ("ENGINE_", "MIXER_")
"""How the variables begin that engines and signatures depend on."""

DISTRIBUTION_SUFFIXES = (".dist-info", ".egg-info")
"""Of the folders that name an installed package and its version."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What narrates on this machine, with the folder that keeps what it makes."""

    folder: Path

    @property
    def store(self) -> "FolderStore":
        """The store in the folder."""
        from mixer.store import FolderStore

        return FolderStore(self.folder)

    def fingerprint(self) -> str:
        """Digest what narrates; raises OSError if that cannot be read."""
        return fingerprint_installation(os.environ)

    def list_signing_files(self) -> tuple[Path, ...]:
        """List the files of key and certificates, which may not exist yet; none if nothing signs.

        Raises Misconfigured if only one of them is named.
        """
        from mixer.compose.laptop import find_signing_files

        files = find_signing_files(os.environ)
        return (files.key, files.certificates) if files else ()


def fingerprint_installation(
    environ: Mapping[str, str], package: Path = PACKAGE, ffmpeg: Path | None = None
) -> str:
    """Digest the code, the packages, FFmpeg, the installed voices and the variables.

    Code is read (9 ms); of FFmpeg and the voices only sizes and times, as they are large.
    """
    variables = sorted(each for each in environ.items() if each[0].startswith(VARIABLES))
    parts = [sys.version, variables, list(_list_packages()), _describe_ffmpeg(ffmpeg)]
    parts += [list(_describe_folder(find_voice_folder(environ))), _hash_code(package)]
    return sha256(json.dumps(parts).encode()).hexdigest()


def _hash_code(package: Path) -> str:
    digest = sha256()
    for folder, folders, files in os.walk(package):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        for name in sorted(files):
            content = Path(folder, name).read_bytes()
            digest.update(f"{folder}/{name} {len(content)}\n".encode(errors="surrogateescape"))
            digest.update(content)
    return digest.hexdigest()


def _list_packages() -> Iterator[str]:
    for folder in sys.path:
        with suppress(OSError):
            names = os.listdir(folder or ".")  # noqa: PTH208 - starts sooner
            yield from sorted(each for each in names if each.endswith(DISTRIBUTION_SUFFIXES))


def _describe_ffmpeg(path: Path | None) -> str:
    """The place, size and time of the binary; empty where there is none."""
    from mixer.sound.ffmpeg import binary_path

    with suppress(MixerError, OSError):
        return _describe_file(path or Path(shutil.which(binary_path()) or ""))
    return ""


def _describe_folder(folder: Path) -> Iterator[str]:
    with suppress(OSError):
        for each in sorted(folder.iterdir()):
            yield _describe_file(each)


def _describe_file(path: Path) -> str:
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"

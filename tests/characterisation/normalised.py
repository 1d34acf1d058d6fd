"""Answers and files with everything taken out that differs from run to run."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import mutagen

DIGEST = "sha256:"
"""Begins every string that holds only where the machine makes the same sound."""

IDS = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{20,64})")
LINK = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+")
QUERY = re.compile(r"(expires|signature)=[^&\s\"]+")
TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?")
CUE_TIME = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})")


OGG_HEADER_BYTES = 27
OGG_RANDOM_FIELDS = (14, 22)
"""Where a page has its stream's serial number and its checksum, four bytes each (RFC 3533, 6)."""


class Names:
    """Gives each id a number, in the order in which they appear in one observation."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def replace(self, text: str) -> str:
        """A text without ids, ports, signatures and dates."""
        text = QUERY.sub(r"\1=", LINK.sub("<server>", text))
        return TIMES.sub("<time>", IDS.sub(self._name, text))

    def _name(self, found: re.Match[str]) -> str:
        return self._known.setdefault(found[0], f"<id {len(self._known) + 1}>")


def normalise(value: Any, names: Names | None = None, key: str = "") -> Any:
    """A JSON value as it is in every run.

    Args:
        value: of any type.
        names: of the ids met before.
        key: under which it stands.
    """
    names = names or Names()
    if key in BY_KEY and value is not None and not (key == "error" and isinstance(value, dict)):
        return BY_KEY[key](value)
    if isinstance(value, dict):
        return {names.replace(each): normalise(value[each], names, each) for each in value}
    if isinstance(value, list):
        return [normalise(each, names) for each in value]
    return names.replace(value) if isinstance(value, str) else value


def _hide_sentences(value: str | list[str]) -> str | list[str]:
    """That something is said is pinned, not how."""
    return "<sentence>" if isinstance(value, str) else ["<sentence>"] * len(value)


def _hide_moment(_value: float | str) -> str:
    return "<moment>"


def _list_numbers(value: str) -> list[str]:
    """The numbers of a sentence."""
    return re.findall(r"-?\d+(?:\.\d+)?", value)


MOMENTS = ("request_id", "created_at", "time_left_s", "expires", "signature")
BY_KEY: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("error", "problem", "warnings", "adjustments"), _hide_sentences),
    **dict.fromkeys(MOMENTS, _hide_moment),
    "stages_s": sorted,
    "wanted": _list_numbers,
}


def digest(content: bytes) -> str:
    """What stands for bytes."""
    return DIGEST + hashlib.sha256(content).hexdigest()


def describe(name: str, content: bytes) -> Any:
    """What is pinned of a file, by its name's ending."""
    read = READERS.get(PurePath(name).suffix)
    return {"bytes": digest(content)} if read is None else read(content)


def _describe_audio(content: bytes) -> dict[str, Any]:
    sound = mutagen.File(io.BytesIO(content))
    duration_s = None if sound is None else round(sound.info.length, 3)
    tags = [] if sound is None else sorted({name.lower() for name in sound})
    return {"bytes": digest(content), "duration_s": duration_s, "tags": tags}


def _describe_opus(content: bytes) -> dict[str, Any]:
    """As other audio, without the random number of the stream and the checksums over it."""
    pages, start = bytearray(content), 0
    while pages.startswith(b"OggS", start):
        segments = pages[start + OGG_HEADER_BYTES - 1]
        sizes = pages[start + OGG_HEADER_BYTES : start + OGG_HEADER_BYTES + segments]
        for field in OGG_RANDOM_FIELDS:
            pages[start + field : start + field + 4] = bytes(4)
        start += OGG_HEADER_BYTES + segments + sum(sizes)
    return {**_describe_audio(content), "bytes": digest(bytes(pages))}


def _describe_captions(content: bytes) -> dict[str, Any]:
    lines = content.decode().splitlines()
    times = [CUE_TIME.findall(line) for line in lines if "-->" in line]
    words = [line for line in lines if "-->" not in line and not line.isdecimal()]
    return {
        "bytes": digest(content),
        "cues": len(times),
        "end_s": _seconds(times[-1][1]) if times else None,
        "text": " ".join(" ".join(words).split()),
    }


def _seconds(written: tuple[str, str, str, str]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in written)
    return 3_600 * hours + 60 * minutes + seconds + thousandths / 1_000


def _describe_json(content: bytes) -> Any:
    """The whole of it; of a long list of numbers (a waveform) the length and a digest."""
    return _shorten(normalise(json.loads(content)))


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shorten(each) for key, each in value.items()}
    if isinstance(value, list) and len(value) > 100 and isinstance(value[0], (int, float)):
        return {"length": len(value), "bytes": digest(json.dumps(value).encode())}
    return [_shorten(each) for each in value] if isinstance(value, list) else value


def _describe_archive(content: bytes) -> dict[str, Any]:
    names = Names()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            names.replace(each): describe(each, archive.read(each)) for each in archive.namelist()
        }


def _describe_text(content: bytes) -> str:
    return Names().replace(content.decode())


def _describe_page(content: bytes) -> dict[str, str]:
    """A page of a book: the same whatever the sound."""
    return {"text": hashlib.sha256(content).hexdigest()}


def _describe_package(content: bytes) -> dict[str, str]:
    """What a book says of itself holds an id, a date and durations."""
    return {"bytes": digest(_describe_text(content).encode())}


READERS: dict[str, Callable[[bytes], Any]] = {
    **dict.fromkeys((".mp3", ".m4a", ".m4b", ".wav", ".flac"), _describe_audio),
    **dict.fromkeys((".vtt", ".srt"), _describe_captions),
    **dict.fromkeys((".zip", ".epub"), _describe_archive),
    ".opus": _describe_opus,
    ".json": _describe_json,
    ".m3u8": _describe_text,
    ".opf": _describe_package,
    **dict.fromkeys((".xhtml", ".css", ".xml"), _describe_page),
}

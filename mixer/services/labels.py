"""Reads back what a finished file says about itself: tags, chapters, the size of its picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import regex

from mixer.sound import ProcessGroup, ffmpeg

TIMEOUT_S = 600.0

_PICTURE = regex.compile(r"Stream #0:\d+.*?: Video: [^\n]*?, (?P<width>\d+)x(?P<height>\d+)")
_LABEL = regex.compile(r"(?P<name>[^=\\]+)=(?P<value>.*)", regex.DOTALL)
_ESCAPE = regex.compile(r"\\(.)", regex.DOTALL)
_LINE_END = regex.compile(r"(?<!\\)(?:\\\\)*\K\n")
"""A line break that no backslash escapes (FFmpeg's metadata format)."""


@dataclass(frozen=True, slots=True)
class FileLabels:
    """Fields by FFmpeg's names in small letters, chapters, and the picture's width and height."""

    fields: Mapping[str, str]
    chapter_starts_s: tuple[float, ...]
    picture_px: tuple[int, int] | None


def read_labels(path: Path, processes: ProcessGroup) -> FileLabels:
    """Read the labels of a file of any format that FFmpeg reads."""
    command = [*ffmpeg.confine_input(0), "-map", "0:a:0", "-c", "copy", "-f", "ffmetadata", "-"]
    done = ffmpeg.run(command, files=[path], timeout_s=TIMEOUT_S, processes=processes)
    picture = _PICTURE.search(done.stderr)
    size = (int(picture["width"]), int(picture["height"])) if picture else None
    fields, starts_s = _parse_metadata(done.stdout.decode(errors="replace"))
    return FileLabels(fields, starts_s, size)


def _parse_metadata(text: str) -> tuple[dict[str, str], tuple[float, ...]]:
    fields: dict[str, str] = {}
    starts_s: list[float] = []
    section, unit_s = "", 1.0
    for line in _LINE_END.split(text):
        label = _LABEL.fullmatch(line)
        if line.startswith("["):
            section = line
        elif label is None:
            continue
        elif section != "[CHAPTER]":
            fields.setdefault(label["name"].lower(), _ESCAPE.sub(r"\1", label["value"]))
        elif label["name"] == "TIMEBASE":
            above, _, below = label["value"].partition("/")
            unit_s = int(above) / int(below)
        elif label["name"] == "START":
            starts_s.append(int(label["value"]) * unit_s)
    return fields, tuple(starts_s)

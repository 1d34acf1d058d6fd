"""Where finished files go: the defaults and the rules of each place, as data (`targets.toml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mixer.formats import FormatName

TargetName = Literal[
    "apple-podcasts", "spotify", "audiobookshelf", "jellyfin", "acx", "kobo", "youtube"
]

SETTINGS = ("preset", "format", "bitrate_kbps")
"""Options that a target sets unless they are given."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place for finished files.

    Attributes:
        source: where its rules are published.
        formats: codecs by FFmpeg's names; empty for any.
        kbps, loudness_lufs, artwork_px: lowest and highest; of artwork, its sides.
        is_artwork_square: whether artwork must be.
        tags: fields that must not be empty, by FFmpeg's names.
        checks_preset: whether all rules of the preset are checked, too.
        note: what no measurement shows.
    """

    title: str
    source: str
    preset: str
    format: FormatName
    bitrate_kbps: int | None = None
    formats: tuple[str, ...] = ()
    kbps: tuple[int, int] | None = None
    rates_hz: tuple[int, ...] = ()
    loudness_lufs: tuple[float, float] | None = None
    peak_dbtp: float | None = None
    max_s: float | None = None
    max_bytes: int | None = None
    artwork_px: tuple[int, int] | None = None
    is_artwork_square: bool = True
    tags: tuple[str, ...] = ()
    min_chapters: int = 0
    min_chapter_s: float = 0.0
    checks_preset: bool = False
    note: str = ""


@cache
def load_targets() -> Mapping[str, Target]:
    """Load all targets, by name."""
    import tomllib  # a command without a target starts sooner

    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return {name: Target(**_freeze(table)) for name, table in tomllib.loads(text).items()}


def apply_target(values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the options that the target among some options sets, and that are not given."""
    name = str(values.get("target") or "")
    target = load_targets().get(name) if name else None
    if target is None:
        return dict(values)
    named = {name: getattr(target, name) for name in SETTINGS}
    return {name: each for name, each in named.items() if each is not None} | dict(values)


def _freeze(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if isinstance(each, list) else each for name, each in table.items()}

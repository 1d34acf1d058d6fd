"""Warnings about a run before it is made."""

import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from mixer.errors import MixerError, MixerWarning
from mixer.formats import DEFAULT_FORMAT
from mixer.requests import Options
from mixer.script import Script
from mixer.script.review import list_pausing_files
from mixer.sound import PRESETS

CALLER = 3
"""The frame of the caller of a public function, for the place of a warning."""


def warn_about(sentences: Iterable[str]) -> None:
    """Warn the caller of a public function."""
    for sentence in sentences:
        warnings.warn(MixerWarning(sentence), stacklevel=CALLER)


def list_conflicts(options: Options, *, has_music: bool) -> tuple[str, ...]:
    """What keeps a mix with some options from meeting the rules of its preset."""
    preset = PRESETS[options.preset]
    kbps = options.bitrate_kbps or preset.bitrate_kbps
    codec = options.format or DEFAULT_FORMAT
    conflicts = preset.find_conflicts(codec, kbps, has_music=has_music)
    return tuple(f"--preset {options.preset}: {each}" for each in conflicts)


def measure_sounds(script: Script, sounds: Mapping[str, Path]) -> dict[str, float]:
    """The lengths of sounds for which the voice waits, by file; those that cannot be read are 0."""
    lengths_s = {}
    for file in sorted(list_pausing_files(script) & sounds.keys()):
        from mixer.sound.analysis import MUSIC_CHANNELS, measure

        with suppress(MixerError):
            lengths_s[file] = measure(sounds[file], channels=MUSIC_CHANNELS).duration_s
    return lengths_s

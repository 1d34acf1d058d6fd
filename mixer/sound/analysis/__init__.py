"""Measures recordings and finished files, and checks them against the rules of a preset.

The names are loaded when they are first used: a rule needs no meter.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixer.sound.analysis.compliance import ComplianceRule, StreamInfo, check_compliance
    from mixer.sound.analysis.decoding import DecodedLevels
    from mixer.sound.analysis.measurement import MUSIC_CHANNELS, Measurement, measure
    from mixer.sound.analysis.profile import Edge, Flaw, Profile
    from mixer.sound.analysis.verification import (
        EncodedPiece,
        Verification,
        probe_stream,
        verify,
        verify_pieces,
    )

_HOMES = {
    "ComplianceRule": "compliance",
    "DecodedLevels": "decoding",
    "Edge": "profile",
    "EncodedPiece": "verification",
    "Flaw": "profile",
    "MUSIC_CHANNELS": "measurement",
    "Measurement": "measurement",
    "Profile": "profile",
    "StreamInfo": "compliance",
    "Verification": "verification",
    "check_compliance": "compliance",
    "measure": "measurement",
    "probe_stream": "verification",
    "verify": "verification",
    "verify_pieces": "verification",
}

__all__ = [
    "MUSIC_CHANNELS",
    "ComplianceRule",
    "DecodedLevels",
    "Edge",
    "EncodedPiece",
    "Flaw",
    "Measurement",
    "Profile",
    "StreamInfo",
    "Verification",
    "check_compliance",
    "measure",
    "probe_stream",
    "verify",
    "verify_pieces",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"mixer.sound.analysis.{_HOMES[name]}"), name)

"""Measures recordings and finished files, and checks them against the rules of a preset."""

from mixer.sound.analysis.compliance import ComplianceRule, StreamInfo, check_compliance
from mixer.sound.analysis.loudness import BIN_LU, Histogram
from mixer.sound.analysis.measurement import (
    DECODE_TIMEOUT_S,
    MUSIC_CHANNELS,
    VOICE_CHANNELS,
    Measurement,
    measure,
)
from mixer.sound.analysis.profile import Edge, Flaw, Profile
from mixer.sound.analysis.verification import Verification, verify

__all__ = [
    "BIN_LU",
    "DECODE_TIMEOUT_S",
    "MUSIC_CHANNELS",
    "VOICE_CHANNELS",
    "ComplianceRule",
    "Edge",
    "Flaw",
    "Histogram",
    "Measurement",
    "Profile",
    "StreamInfo",
    "Verification",
    "check_compliance",
    "measure",
    "verify",
]

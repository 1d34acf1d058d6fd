"""Measures recordings and finished files, and checks them against the rules of a preset."""

from mixer.sound.analysis.compliance import ComplianceRule, StreamInfo, check_compliance
from mixer.sound.analysis.decoding import DecodedLevels
from mixer.sound.analysis.measurement import MUSIC_CHANNELS, Measurement, measure
from mixer.sound.analysis.probe import probe_stream
from mixer.sound.analysis.profile import Edge, Flaw, Profile
from mixer.sound.analysis.verification import (
    EncodedPiece,
    Verification,
    verify,
    verify_pieces,
)

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

"""Measures recordings and finished files, and checks them against the rules of a preset.

The names are loaded when they are first used: a rule needs no meter.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.sound.analysis.compliance import ComplianceRule, StreamInfo, check_compliance
    from mixer.sound.analysis.decoding import DecodedLevels
    from mixer.sound.analysis.measurement import MUSIC_CHANNELS, Measurement, measure
    from mixer.sound.analysis.profile import Edge, Flaw, Profile
    from mixer.sound.analysis.verification import (
        EncodedPiece,
        PieceDecoder,
        Verification,
        verify,
    )

__getattr__ = export_lazily(__name__)

"""Listens to recordings: were the words of the text spoken, and does anything sound wrong?"""

from mixer.speech.verification.judgement import ChunkCheck, Fault, SpeechFault
from mixer.speech.verification.takes import (
    RetakeBudget,
    TakeSelector,
    VerifierOpener,
    price_retakes,
)
from mixer.speech.verification.verifier import Verifier, is_verifier_installed, refuse_verifier

__all__ = [
    "ChunkCheck",
    "Fault",
    "RetakeBudget",
    "SpeechFault",
    "TakeSelector",
    "Verifier",
    "VerifierOpener",
    "is_verifier_installed",
    "price_retakes",
    "refuse_verifier",
]

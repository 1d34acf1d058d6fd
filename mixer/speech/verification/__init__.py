"""Listens to recordings: were the words of the text spoken, and does anything sound wrong?"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.speech.verification.judgement import ChunkCheck, Fault, SpeechFault
    from mixer.speech.verification.verifier import (
        RetakeBudget,
        TakeSelector,
        Verifier,
        VerifierOpener,
        is_verifier_installed,
        price_retakes,
        refuse_verifier,
    )

__getattr__ = export_lazily(__name__)

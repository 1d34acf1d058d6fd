"""The embedded voice: speech without an account and without a network."""

from mixer.speech.embedded.engine import VOICES, EmbeddedEngine, phonemize_ssml

__all__ = ["VOICES", "EmbeddedEngine", "phonemize_ssml"]

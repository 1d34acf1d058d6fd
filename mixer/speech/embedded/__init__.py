"""The embedded voice: speech without an account and without a network."""

from mixer.speech.embedded.engine import VOICES, EmbeddedEngine

__all__ = ["VOICES", "EmbeddedEngine"]

"""The conformance suite of speech engines; run by pytest, never imported by Mixer itself."""

from mixer.testing.engines.case import EngineCase

"""Voices without an account and without a network; and the parts of which engines are made."""

from mixer.speech.embedded.engine import VOICES, EmbeddedEngine, phonemize_ssml
from mixer.speech.embedded.phonemes import pronounce_ssml
from mixer.speech.embedded.ssml_reader import Pause, Phrase, SsmlSentence, read_ssml, snippet
from mixer.speech.embedded.worker import decode_audio, encode_audio

__all__ = [
    "VOICES",
    "EmbeddedEngine",
    "Pause",
    "Phrase",
    "SsmlSentence",
    "decode_audio",
    "encode_audio",
    "phonemize_ssml",
    "pronounce_ssml",
    "read_ssml",
    "snippet",
]

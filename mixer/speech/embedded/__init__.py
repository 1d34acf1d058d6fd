"""Voices without an account and without a network; and the parts of which engines are made.

The names are loaded when they are first used: listing voices starts no worker.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.speech.embedded.engine import VOICES, EmbeddedEngine, phonemize_ssml
    from mixer.speech.embedded.phonemes import is_known_word, pronounce_ssml
    from mixer.speech.embedded.ssml_reader import Pause, Phrase, SsmlSentence, read_ssml, snippet
    from mixer.speech.embedded.worker import decode_audio, encode_audio

__getattr__ = export_lazily(__name__)

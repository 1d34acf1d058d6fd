"""Kokoro's voices, as far as they are installed: `make voices`. Read before the tests hide them."""

import os

import pytest

from mixer.settings import find_voice_folder
from mixer.speech.embedded.kokoro import is_installed

VOICE_FOLDER = find_voice_folder(os.environ)

needs_voices = pytest.mark.skipif(
    not is_installed(VOICE_FOLDER), reason="Kokoro's voices are not installed: make voices"
)

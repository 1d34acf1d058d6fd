"""The Kokoro voices: a cast offline, once their files are installed."""

from mixer.speech.embedded.kokoro.engine import KokoroEngine
from mixer.speech.embedded.kokoro.files import find_voice_folder, install_voices, is_installed

__all__ = ["KokoroEngine", "find_voice_folder", "install_voices", "is_installed"]

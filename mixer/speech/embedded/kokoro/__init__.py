"""The Kokoro voices: a cast offline, once their files are installed."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.speech.embedded.kokoro.engine import KokoroEngine
    from mixer.speech.embedded.kokoro.files import install_voices, is_installed

__getattr__ = export_lazily(__name__)

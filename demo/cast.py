"""The sample play with real voices where they are installed: python demo/cast.py PLAY OUT."""

import os
import re
import sys
from pathlib import Path

from mixer.settings import find_voice_folder
from mixer.speech.embedded.kokoro import is_installed

VOICES = {"Ada": "af_heart", "Ben": "bm_george", "Cora": "bf_emma"}
"""Kokoro's, in place of the one embedded voice at its pitches."""


def recast(play: str) -> str:
    """The play with other voices in the cast of its front matter."""
    _, head, body = play.split("---\n", 2)
    pattern = re.compile(rf"(?<=: )({'|'.join(VOICES)})\b")
    return f"---\n{pattern.sub(lambda match: VOICES[match[1]], head)}---\n{body}"


def main(source: Path, out: Path) -> None:
    """Write the play for the voices that are here."""
    play = source.read_text(encoding="utf-8")
    out.write_text(
        recast(play) if is_installed(find_voice_folder(os.environ)) else play, encoding="utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

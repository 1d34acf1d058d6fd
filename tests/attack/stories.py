"""A short story, narrated into a folder in this process with the tests' engine."""

import wave
from pathlib import Path

from mixer.compose import build_story_runner
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.stories import JobContext, StoryInput
from tests.engines import ToneEngine

TEXT = "# One\n\nThe lamp went out.\n\n# Two\n\nIt was the cat.\n"

STORE, OUT, MUSIC = "store", "out/story.mp3", "music.wav"


def write_music(folder: Path) -> None:
    """Some seconds of a square wave, so that no FFmpeg has to make them."""
    with wave.open(str(folder / MUSIC), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes((b"\x00\x08" * 20 + b"\x00\xf8" * 20) * 800)


def narrate_story(folder: Path, engine: ToneEngine, text: str = TEXT) -> bytes:
    """Narrate into `folder`, and return the audio; the engine is closed."""
    document = read_document(text, TextType.MARKDOWN)
    runner = build_story_runner(folder / STORE, engine, JobContext())
    story = StoryInput(document, folder / MUSIC)
    (folder / OUT).parent.mkdir(exist_ok=True)
    try:
        runner.run_story(story, Options(format="mp3"), folder / OUT)
    finally:
        engine.close()
    return (folder / OUT).read_bytes()

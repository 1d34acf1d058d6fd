"""How many words Whisper understands in each offered voice.

    python -m bench.intelligibility WHISPER_FOLDER LANGUAGE... [--engine embedded]
        [--voices 5] [--sentences 100] [--after 0]

It needs `faster-whisper` with a model in a folder (of English, or of many languages), and the
voices (`mixer voices install`). Words are compared after case and marks are gone; a word is right
if it stands in the alignment of what was written and what was transcribed. The sentences are ours.
"""

import argparse
import difflib
import io
import os
import re
import time
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from mixer.settings import find_voice_folder
from mixer.speech import SpeechEngine, Voice, VoiceSettings
from mixer.speech.embedded import EmbeddedEngine
from mixer.speech.embedded.kokoro import KokoroEngine

SENTENCES: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_name("sentences.toml").read_text("utf-8")
)
"""By language, with no figures in them, which may be written in two ways."""

GROUP = 6
"""Sentences that are transcribed at once: Whisper reads 30 seconds at a time."""


def main() -> None:
    """Print one line for each voice, and one for each language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("whisper", type=Path)
    parser.add_argument("languages", nargs="+", choices=SENTENCES)
    parser.add_argument("--engine", choices=("embedded", "kokoro"), default="kokoro")
    parser.add_argument("--voices", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--after", type=int, default=0, help="leave out that many first")
    options = parser.parse_args()
    with closing(open_engine(options.engine)) as engine:
        for language in options.languages:
            measure_language(engine, options.whisper, language, options)


def open_engine(name: str) -> SpeechEngine:
    """An engine that speaks one sentence at a time."""
    if name == "embedded":
        return EmbeddedEngine(parallelism=1)
    return KokoroEngine(find_voice_folder(os.environ), parallelism=1)


def measure_language(
    engine: SpeechEngine, whisper: Path, language: str, options: argparse.Namespace
) -> None:
    """Measure the best voices of a language."""
    from faster_whisper import WhisperModel

    listener = WhisperModel(str(whisper), device="cpu", compute_type="int8", cpu_threads=1)
    voices = [each for each in engine.voices() if each.language.startswith(language)]
    right = total = 0
    for voice in voices[: options.voices]:
        started_s = time.process_time()
        sentences = SENTENCES[language][options.after :][: options.sentences]
        counts = [
            count_words_right(engine, listener, voice, sentences[first : first + GROUP])
            for first in range(0, len(sentences), GROUP)
        ]
        voice_right, voice_total = (sum(each) for each in zip(*counts, strict=True))
        right, total = right + voice_right, total + voice_total
        print(
            f"{voice.id:12} {voice_right}/{voice_total} words = {voice_right / voice_total:.1%}, "
            f"{len(sentences)} sentences, {time.process_time() - started_s:.0f} CPU s to listen",
            flush=True,
        )
    print(f"{language}: {right}/{total} words = {right / total:.1%}", flush=True)


def count_words_right(
    engine: SpeechEngine,
    listener: Any,  # noqa: ANN401 - of faster-whisper, which has no types
    voice: Voice,
    sentences: Sequence[str],
) -> tuple[int, int]:
    """The words of some sentences that were understood, and all of them."""
    ssml = " ".join(f"<s>{escape(each)}</s>" for each in sentences)
    speech = engine.synthesize(f"<speak>{ssml}</speak>", VoiceSettings(voice.id, voice.engines[0]))
    language = voice.language.partition("-")[0]
    transcript, _ = listener.transcribe(io.BytesIO(speech.audio), language=language, beam_size=5)
    written_words = list(split_words(" ".join(sentences)))
    found_words = list(split_words(" ".join(each.text for each in transcript)))
    matcher = difflib.SequenceMatcher(None, written_words, found_words, autojunk=False)
    right = sum(block.size for block in matcher.get_matching_blocks())
    for kind, start, end, found_start, found_end in matcher.get_opcodes():
        if kind != "equal":
            wrong, found = written_words[start:end], found_words[found_start:found_end]
            print(f"  {voice.id}: {' '.join(wrong)} | {' '.join(found)}", flush=True)
    return right, len(written_words)


def split_words(text: str) -> Iterator[str]:
    """Words in lower case, without marks."""
    folded = unicodedata.normalize("NFC", text.casefold()).replace("’", "'")
    yield from re.findall(r"[^\W_]+", folded)


if __name__ == "__main__":
    main()

"""Is a stated pause as long in the file? By kind, over random sentences, from speech to speech.

Measured by FFmpeg's `silencedetect`, which shares no code with Mixer's meters, at -50 dBFS. With
Kokoro, where its voices are installed, a few pauses inside chunks: the others are the mix's.
"""

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import regex

from mixer import Options, mix, narrate
from mixer.sound import ffmpeg

COUNT = 21
KOKORO_COUNT = 6
TOLERANCE_MS = 20
SHARE = 0.95

WHO = ("The keeper", "My sister", "An old sailor", "His father", "Her teacher", "Five boys", "Phil")
DID = ("walked to", "found", "left behind", "hid under", "followed", "washed", "threw", "fixed")
WHAT = ("the harbour", "a quiet house", "the leaf", "his hat", "a broken cliff", "the fish", "him")
WHEN = ("at night", "before the storm", "in silence", "with both hands", "for a laugh", "at last")

Row = dict[str, object]
Pauses = dict[str, int]


def run() -> list[Row]:
    """Measure all kinds."""
    with TemporaryDirectory(prefix="bench-pauses-") as folder:
        os.environ["MIXER_STORE"] = str(Path(folder, "store"))
        rows = [*_measure_texts(Path(folder), COUNT), *_measure_gaps(Path(folder))]
        if "MIXER_VOICES" in os.environ:
            rows += _measure_inside(Path(folder), KOKORO_COUNT, "af_heart")
    return rows


def _measure_texts(folder: Path, count: int) -> Iterator[Row]:
    ones, twos = _draw_sentences(1, count), _draw_sentences(2, count)
    chapters = "\n\n".join(f"# {one[:-1]}\n\n{two}" for one, two in zip(ones, twos, strict=True))
    texts: Sequence[tuple[str, int, str, Pauses]] = (
        ("paragraph", 900, "\n\n".join(ones), {"paragraph": 900}),
        ("scene", 2_000, "\n\n* * *\n\n".join(ones), {"scene": 2_000}),
        ("heading", 1_200, chapters, {"heading": 1_200, "chapter": 3_000}),
        ("chapter", 2_700, chapters, {"heading": 1_000, "chapter": 2_700}),
        ("`[[pause 1s]]` between sentences", 1_000, " [[pause 1s]] ".join(ones), {}),
        ("`[[pause 250ms]]` between sentences", 250, " [[pause 250ms]] ".join(ones), {}),
    )
    for kind, stated_ms, text, pauses in texts:
        path = _narrate(folder, text, Options(pauses=pauses or "natural", format="wav"))
        yield _build_row(kind, stated_ms, path, count - (kind != "heading"))
    yield from _measure_inside(folder, count, "Ada")


def _measure_inside(folder: Path, count: int, voice: str) -> Iterator[Row]:
    """Pauses that the engine makes, and of sentences, some of which the mix makes."""
    ones, twos = _draw_sentences(3, count), _draw_sentences(4, count)
    pairs = [(one[:-1], two[0].lower() + two[1:]) for one, two in zip(ones, twos, strict=True)]
    tags = "".join(f'<s>{one} <break time="1s"/> {two}</s>' for one, two in pairs)
    ssml = folder / "breaks.ssml"
    ssml.write_text(f"<speak>{tags}</speak>")
    texts: Sequence[tuple[str, int, str | Path, Pauses, int]] = (
        ("sentence", 500, " ".join(ones), {"sentence": 500}, count - 1),
        ("comma", 300, " ".join(map(", ".join, pairs)), {"comma": 300, "sentence": 1_500}, count),
        ("clause", 400, " ".join(map("; ".join, pairs)), {"clause": 400, "sentence": 1_500}, count),
        ("`<break>` inside a sentence", 1_000, ssml, {"sentence": 500}, count),
    )
    for kind, stated_ms, text, pauses, found in texts:
        path = _narrate(folder, text, Options(pauses=pauses, voice=voice, format="wav"))
        yield _build_row(f"{kind}, {voice}", stated_ms, path, found)


def _measure_gaps(folder: Path) -> Iterator[Row]:
    """Of a narration, and of a mix of its recordings."""
    path, options = folder / "gaps.wav", Options(gap_ms=1_000, format="wav")
    narration = narrate("\n\n* * *\n\n".join(_draw_sentences(1, COUNT)), path, options)
    yield _build_row("`gap_ms` of a narration", 1_000, path, COUNT - 1)
    for gap_ms in (250, 1_000):
        path = folder / f"mix{gap_ms}.mp3"
        mix([each.path for each in narration.chunks], path, Options(gap_ms=gap_ms))
        yield _build_row("`gap_ms` of a mix, MP3", gap_ms, path, COUNT - 1)


def _narrate(folder: Path, text: str | Path, options: Options) -> Path:
    path = folder / "story.wav"
    narrate(text, path, options)
    return path


def _draw_sentences(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(map(draw.choice, (WHO, DID, WHAT, WHEN))) + "." for _ in range(count)]


def _build_row(kind: str, stated_ms: int, path: Path, count: int) -> Row:
    """Judge the silences that may be this pause; those at the edges of the file are left out."""
    filters = ["-af", "silencedetect=noise=-50dB:duration=0.1", "-f", "null", "-"]
    arguments = [*ffmpeg.confine_stdin(), *filters]
    log = ffmpeg.run(arguments, stdin=path.read_bytes(), timeout_s=60).stderr
    found = [1000 * float(each) for each in regex.findall(r"silence_duration: ([\d.]+)", log)][1:-1]
    errors = [each - stated_ms for each in found if stated_ms / 1.5 < each < stated_ms * 1.5]
    share = sum(abs(each) <= TOLERANCE_MS for each in errors) / max(count, len(errors))
    worst = max(errors, key=abs, default=0.0)
    average = mean(errors) if errors else 0.0
    return {
        "what": f"{kind}, {stated_ms:,} ms, {len(errors)} of {count}",
        "measured": f"{average:+.0f} ms, worst {worst:+.0f} ms, {share:.0%} within",
        "figure": f"≥ {SHARE:.0%} within {TOLERANCE_MS} ms",
        "ok": share >= SHARE,
    }

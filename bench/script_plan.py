"""Time, growth and memory of planning a million characters.

The prose is the sample story's sentences, shuffled and made distinct. Every measurement runs in its
own process, which reports its peak of memory. Time is the minimum of five, in CPU seconds; single
and double length alternate, so that other load only adds.
"""

import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

from mixer.script.planning import plan_document
from mixer.script.planning.sentences import split_sentences
from mixer.script.readers import TextType, read_document

CHARS = 1_000_000
MOST_S = 5.0
MOST_GROWTH = 2.2
MOST_MB = 300.0
REPEATS = 5
SENTENCES_PER_PARAGRAPH = (1, 8)
SAMPLE = Path(__file__).parents[1] / "demo" / "story.md"


def generate_prose(chars: int) -> str:
    """Generate so many characters of distinct sentences in paragraphs; deterministic."""
    drawn, known = random.Random(chars), load_sentences()
    paragraphs: list[str] = []
    length = number = 0
    while length < chars:
        sentences = [drawn.choice(known) for _ in range(drawn.randint(*SENTENCES_PER_PARAGRAPH))]
        paragraph = " ".join(
            _number_sentence(each, number + index) for index, each in enumerate(sentences)
        )
        number += len(sentences)
        length += len(paragraph) + 2
        paragraphs.append(paragraph)
    return "\n\n".join(paragraphs)[:chars]


def load_sentences() -> list[str]:
    """Load the sentences of the sample story."""
    blocks = read_document(SAMPLE.read_text(encoding="utf-8"), TextType.MARKDOWN).blocks
    spans = ((block.text, span) for block in blocks for span in split_sentences(block.text, "en"))
    return [text[start:end].strip() for text, (start, end) in spans]


def _number_sentence(sentence: str, number: int) -> str:
    """Insert a distinct word after the first one of a sentence."""
    first, _, rest = sentence.partition(" ")
    word = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    return f"{first} qu{word} {rest}" if rest else sentence


def measure_plan(chars: int) -> dict[str, float]:
    """Measure CPU seconds and peak megabytes of one planning, in a process of its own."""
    command = [sys.executable, "-m", "bench.script_plan", str(chars)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _measure_here(chars: int) -> dict[str, float]:
    text = generate_prose(chars)
    began_s = time.process_time()
    script = plan_document(read_document(text, TextType.TEXT))
    seconds = time.process_time() - began_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    return {"seconds": seconds, "peak_mb": peak_mb, "chunks": sum(1 for _ in script.chunks)}


def run() -> list[dict[str, object]]:
    """Measure the three rows; takes about a minute."""
    both = [(measure_plan(CHARS), measure_plan(2 * CHARS)) for _ in range(REPEATS)]
    once, twice = zip(*both, strict=True)
    seconds = min(each["seconds"] for each in once)
    growth = min(each["seconds"] for each in twice) / seconds
    peak_mb = max(each["peak_mb"] for each in once)
    return [
        _build_row(
            f"{CHARS:,} characters planned",
            f"{seconds:.2f} s",
            f"≤ {MOST_S:g} s",
            seconds <= MOST_S,
        ),
        _build_row(
            "twice the text",
            f"{growth:.2f} × the time",
            f"≤ {MOST_GROWTH} ×",
            growth <= MOST_GROWTH,
        ),
        _build_row("peak memory", f"{peak_mb:.0f} MB", f"< {MOST_MB:g} MB", peak_mb < MOST_MB),
    ]


def _build_row(what: str, measured: str, figure: str, ok: bool) -> dict[str, object]:
    return {"what": what, "measured": measured, "figure": figure, "ok": ok}


def main() -> None:
    """Print the rows, or measure one planning for the process that asks."""
    if sys.argv[1:]:
        print(json.dumps(_measure_here(int(sys.argv[1]))))
        return
    for each in run():
        mark = "ok  " if each["ok"] else "MISS"
        print(f"{mark} {each['what']}: {each['measured']} (figure: {each['figure']})")


if __name__ == "__main__":
    main()

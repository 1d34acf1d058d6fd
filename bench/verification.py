"""How many planted faults listening finds, how often it is wrong about good speech, what it costs.

Sentences of the project's own texts, and others of names and numbers, are spoken by the embedded
voice at its five pitches, once as written and once with a fault; the order is shuffled with a fixed
seed. Costs are processor seconds of the worker
process and FFmpeg, without the start of the process.
"""

import array
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from mixer.sound import ProcessGroup, ffmpeg
from mixer.speech import VoiceSettings
from mixer.speech.embedded import EmbeddedEngine
from mixer.speech.verification.judgement import ChunkCheck
from mixer.speech.verification.listener import Listener, ListeningRequest

STORIES = ("demo/story.md", "demo/play.md", "README.md")
CHUNKS = 500
FOUND, FALSE_ALARMS, COST = 0.95, 0.01, 0.1
OTHER_LANGUAGE = (
    "Les enfants jouaient dans le jardin, et personne ne savait encore rien de tout cela."
)
RATE_HZ = 24_000
VOICES = ("Ada", "Ben", "Cora", "Dora", "Eve")
FIGURES_SHARE = 0.25
"""Of the texts: sentences of names and numbers."""

FIGURES = (
    "The train to {place} leaves at {hour}:05 from platform {small}; a ticket costs £{large}.50.",
    "On March {small}, {year}, Mr. {name} moved into number {large} of the old street in {place}.",
    "Dr. {name} counted {many:,} birds in {year}, which is {small} percent more than before.",
    "{name} paid ${many} for the house in {place}, and sold it {small} years later.",
    "At {hour} o'clock on the {small}th of June, the {name} family had walked {large} miles.",
    "Captain {name} reached {place} by the {small}th, with {large} men and {hour} horses.",
    "Mrs. {name} of {place} turned {large} in August, and all {small} of her grandchildren came.",
)
NAMES = ("Okonkwo", "Petrova", "Nakamura", "Haversham", "Lindqvist", "O'Malley", "Szymanski")
PLACES = ("Valparaiso", "Edinburgh", "Reykjavik", "Bologna", "Worcester", "Toulouse", "Galway")


EDITORS: dict[str, Callable[[random.Random, list[str], int, list[str]], list[str]]] = {
    "left out": lambda _, words, at, __: [*words[:at], *words[at + 1 :]],
    "swapped": lambda _, words, at, __: [*words[:at], words[at + 1], words[at], *words[at + 2 :]],
    "doubled": lambda _, words, at, __: [*words[:at], words[at], *words[at:]],
    "replaced": lambda choice, words, at, all_words: [
        *words[:at],
        choice.choice(all_words),
        *words[at + 1 :],
    ],
    "other language": lambda *_: OTHER_LANGUAGE.split(),
}
CUTS = ("noise", "cut end")


@dataclass(frozen=True, slots=True)
class Trial:
    """A text, what is spoken instead, and the fault; empty where it is spoken as written."""

    text: str
    spoken: str
    fault: str
    voice: str = VOICES[0]


def run() -> list[dict[str, object]]:
    """Measure faults found, false alarms and cost."""
    trials = list(plan_trials(random.Random(2026)))
    found: Counter[str] = Counter()
    total = Counter(trial.fault for trial in trials)
    listener, engine = Listener(ProcessGroup()), EmbeddedEngine()
    speech_s = cost_s = 0.0
    try:
        for trial in trials:
            audio, duration_s = speak(engine, trial)
            started = time.process_time()
            reply = listener.handle_request(ListeningRequest(audio, build_ssml(trial.text)))
            cost_s, speech_s = cost_s + time.process_time() - started, speech_s + duration_s
            found[trial.fault] += isinstance(reply, ChunkCheck) and bool(reply.faults)
    finally:
        engine.close()
    planted = total.total() - total[""]
    share = (found.total() - found[""]) / planted
    by_fault = ", ".join(f"{name} {found[name]}/{total[name]}" for name in sorted(total) if name)
    what = f"planted faults found, of {planted} ({by_fault})"
    return [
        _build_row(what, share, FOUND, share >= FOUND),
        _build_row(
            f"false alarms, of {total['']} good chunks",
            found[""] / total[""],
            FALSE_ALARMS,
            found[""] <= FALSE_ALARMS * total[""],
        ),
        {
            "what": f"listening to {speech_s:.0f} s of speech",
            "measured": f"{cost_s / speech_s:.3f} CPU s a second",
            "figure": f"≤ {COST}",
            "ok": cost_s <= COST * speech_s,
        },
    ]


def _build_row(what: str, share: float, target: float, is_met: bool) -> dict[str, object]:
    sign = "≥" if target > FALSE_ALARMS else "≤"
    return {
        "what": what,
        "measured": f"{share:.1%}",
        "figure": f"{sign} {target:.0%}",
        "ok": is_met,
    }


def plan_trials(choice: random.Random) -> Iterator[Trial]:
    """Plan half of the trials as written, half with a fault, all kinds equally often."""
    texts = list(_list_texts())
    choice.shuffle(texts)
    figures = round(FIGURES_SHARE * CHUNKS)
    texts = [*texts[: CHUNKS - figures], *(_write_figures(choice) for _ in range(figures))]
    choice.shuffle(texts)
    all_words = [word for text in texts for word in text.split()]
    faults = [*EDITORS, *CUTS]
    for number, text in enumerate(texts):
        voice = VOICES[number % len(VOICES)]
        yield Trial(text, text, "", voice)
        fault, words = faults[number % len(faults)], text.split()
        edit = EDITORS.get(fault)
        at = choice.randrange(1, len(words) - 2)
        spoken = " ".join(edit(choice, words, at, all_words)) if edit else text
        yield Trial(text, spoken, fault, voice)


def _write_figures(choice: random.Random) -> str:
    """A sentence of names and numbers."""
    return choice.choice(FIGURES).format(
        place=choice.choice(PLACES),
        name=choice.choice(NAMES),
        hour=choice.randrange(1, 13),
        small=choice.randrange(4, 20),
        large=choice.randrange(21, 99),
        many=choice.randrange(1_001, 99_999),
        year=choice.randrange(1750, 2020),
    )


def _list_texts() -> Iterator[str]:
    docs = sorted(Path("docs").rglob("*.md"))
    for file in [*map(Path, STORIES), *docs]:
        prose = re.sub(r"```.*?```|\[\[.*?\]\]", "", file.read_text("utf-8"), flags=re.DOTALL)
        prose = re.sub(r"^[|#\-!].*$", "", prose, flags=re.MULTILINE)
        prose = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", prose)
        yield from re.findall(r"(?<=[.!?]\s)[A-Z][^.!?`*_|<>\n]{40,240}[.!?](?=\s)", prose)


def build_ssml(text: str) -> str:
    """A chunk of one sentence element."""
    return f"<speak><s>{escape(text)}</s></speak>"


def speak(engine: EmbeddedEngine, trial: Trial) -> tuple[bytes, float]:
    """The audio file of a trial, and its length in seconds."""
    speech = engine.synthesize(build_ssml(trial.spoken), VoiceSettings(trial.voice, "embedded"))
    decode = [*ffmpeg.confine_stdin(), "-f", "s16le", "-"]
    samples = array.array("h", ffmpeg.run(decode, stdin=speech.audio, timeout_s=60).stdout)
    if trial.fault == "cut end":
        samples = samples[: len(samples) * 85 // 100]
    elif trial.fault == "noise":
        half, hiss = len(samples) // 2, random.Random(1)
        noise = (round(hiss.gauss(0, 3_000)) for _ in range(len(samples) - half))
        samples = samples[:half] + array.array("h", noise)
    source = ["-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", *ffmpeg.confine_stdin()]
    encode = [*source, "-f", "flac", "-"]
    audio = ffmpeg.run(encode, stdin=samples.tobytes(), timeout_s=60).stdout
    return audio, len(samples) / RATE_HZ

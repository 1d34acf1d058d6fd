"""The embedded engine as a neighbour: processes, memory, level, times."""

import array
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import psutil
import pytest

from mixer.errors import MixerError, OutOfTime, SpeechFailed
from mixer.sound import ProcessGroup, ffmpeg
from mixer.speech.embedded.engine import PITCHES, EmbeddedEngine, require_packages
from mixer.speech.embedded.mapped_text import MappedText
from mixer.speech.embedded.ssml_reader import Phrase
from mixer.speech.embedded.worker import HibariSynthesizer, WorkerRequest
from mixer.speech.engine import Speech, VoiceSettings

ADA = VoiceSettings("Ada", "embedded")
SENTENCES = "".join(
    f"<s>{text}</s>"
    for text in (
        "The keeper had not spoken to another soul in eleven days, and the sea was still.",
        "She waited for the storm that everybody had promised, but it never came!",
        "Why would it?",
    )
)
LONG = "<s>" + "the keeper walked along the quiet shore with a lamp " * 55 + "</s>"
WORKER_BYTES = 400_000_000
SPEAKING = """
import sys
from mixer.speech.embedded.engine import EmbeddedEngine
from mixer.speech.engine import VoiceSettings
engine = EmbeddedEngine(parallelism=1)
engine.synthesize("<speak>Ready.</speak>", VoiceSettings("Ada", "embedded"))
print("ready", flush=True)
while True:
    engine.synthesize(sys.argv[1], VoiceSettings("Ada", "embedded"))
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(parallelism=1)) as opened:
        yield opened


@pytest.fixture
def own() -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(parallelism=1)) as opened:
        yield opened


def say(engine: EmbeddedEngine, inside: str, voice: str = "Ada") -> Speech:
    return engine.synthesize(f"<speak>{inside}</speak>", VoiceSettings(voice, "embedded"))


def report_of(speech: Speech) -> str:
    arguments = [*ffmpeg.confine_stdin(), "-af", "ebur128=peak=sample", "-f", "null", "-"]
    return ffmpeg.run(arguments, stdin=speech.audio, timeout_s=30).stderr


def samples_of(speech: Speech) -> array.array:
    arguments = [*ffmpeg.confine_stdin(), "-f", "s16le", "-"]
    return array.array("h", ffmpeg.run(arguments, stdin=speech.audio, timeout_s=30).stdout)


def workers() -> list[psutil.Process]:
    return [
        each
        for each in psutil.Process().children()
        if "embedded.worker" in " ".join(each.cmdline())
    ]


def eventually(true: Callable[[], bool], within_s: float = 60.0) -> bool:
    until = time.monotonic() + within_s
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


@pytest.mark.parametrize("voice", PITCHES)
def test_voice_is_loud_enough_and_does_not_clip(engine, voice):
    report = report_of(say(engine, SENTENCES, voice))
    loudness_lufs = float(re.findall(r"I:\s+(-[\d.]+) LUFS", report)[-1])
    peak_dbfs = float(re.findall(r"Peak:\s+(-?[\d.]+) dBFS", report)[-1])
    assert loudness_lufs == pytest.approx(-20, abs=1)
    assert peak_dbfs <= -1.0


def test_voices_last_about_as_long_as_each_other(engine):
    lengths = [len(samples_of(say(engine, SENTENCES, voice))) for voice in PITCHES]
    assert max(lengths) < 1.3 * min(lengths)


def test_slow_is_longer_and_fast_is_shorter(engine):
    lengths = [
        len(samples_of(say(engine, f'<prosody rate="{rate}">{SENTENCES}</prosody>')))
        for rate in ("50%", "100%", "150%")
    ]
    assert lengths[0] > 1.6 * lengths[1]
    assert lengths[1] > 1.3 * lengths[2]


def test_fresh_process_says_the_same_bytes(engine, own):
    assert say(own, SENTENCES) == say(engine, SENTENCES)


def test_sentence_sounds_the_same_in_any_chunk(engine):
    alone, within = say(engine, "<s>Why?</s>"), say(engine, "<s>One.</s><s>Why?</s>")
    spoken = [
        samples_of(speech)[span.start_samples : span.end_samples]
        for speech, span in ((alone, alone.sentences[0]), (within, within.sentences[1]))
        if span is not None
    ]
    assert spoken[0] == spoken[1]


def test_words_begin_within_a_tenth_of_a_second_of_their_sound(engine):
    pauses = '<s>Bread,<break time="300ms"/> cheese,<break time="300ms"/> dates,</s>'
    speech = say(engine, pauses)
    samples = samples_of(speech)
    for word in speech.words:
        start = word.span.start_samples
        onset = next(
            at for at in range(max(start - 2400, 0), len(samples)) if abs(samples[at]) > 150
        )
        assert abs(onset - start) < speech.rate_hz // 10


def test_sentence_without_punctuation_takes_bounded_memory(engine):
    say(engine, LONG)
    assert all(worker.memory_info().rss < WORKER_BYTES for worker in workers())


@pytest.mark.parametrize(
    "text",
    ["7" * 100, "x" * 300, "[a](/x/)" * 20, "1." * 50, "① ② ③", "\u0301", "- " * 50],
)
def test_strange_text_is_survived(engine, text):
    assert len(samples_of(say(engine, f"<s>{text}</s>"))) > 0


def test_link_syntax_does_not_pass_phonemes(engine):
    assert say(engine, "<s>[word](/x/)</s>").audio != say(engine, "<s>x</s>").audio


def test_nothing_heavy_is_imported_with_the_engine():
    program = (
        "import sys, mixer.speech.embedded.engine; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'onnxruntime', 'hibari')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_missing_package_says_what_to_install():
    with pytest.raises(MixerError, match="pip install"):
        require_packages(["surely_not_installed"])


def test_worker_that_dies_loses_its_chunk_only(own):
    before = workers()
    say(own, "<s>One.</s>")
    (worker,) = (each for each in workers() if each not in before)
    threading.Timer(0.3, worker.kill).start()
    with pytest.raises(SpeechFailed) as caught:
        say(own, LONG * 20)
    assert caught.value.passages[0].startswith("the keeper")
    assert say(own, "<s>Two.</s>").audio


def test_closing_ends_a_chunk_in_the_middle(own):
    say(own, "<s>One.</s>")
    threading.Timer(0.3, own.close).start()
    with pytest.raises(OutOfTime):
        say(own, LONG * 20)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_die_with_their_parent(ending):
    ssml = f"<speak>{LONG * 20}</speak>"
    with subprocess.Popen(
        [sys.executable, "-c", SPEAKING, ssml],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        time.sleep(0.3)
        parent.send_signal(ending)
        try:
            parent.wait(60)
        finally:
            parent.kill()
    assert children
    assert eventually(lambda: not any(child.is_running() for child in children))


def test_interrupts_do_not_reach_the_workers(own):
    say(own, "<s>One.</s>")
    for worker in workers():
        worker.send_signal(signal.SIGINT)
    assert say(own, "<s>Two.</s>").audio


def test_phrase_that_was_spoken_is_kept_for_its_voice():
    synthesizer = HibariSynthesizer(ProcessGroup())
    phrase = Phrase(MappedText.literal("It rang."))
    ada, ben = (
        synthesizer.select_voice(WorkerRequest("", PITCHES[name], "flac"))(phrase)
        for name in ("Ada", "Ben")
    )
    again = synthesizer.select_voice(WorkerRequest("", PITCHES["Ada"], "flac"))(replace(phrase))
    assert again is ada
    assert len(ben.samples) != len(ada.samples)

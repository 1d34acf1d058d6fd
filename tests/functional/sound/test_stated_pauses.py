"""A stated pause is the silence in the file, from the end of speech to its beginning."""

import re

import pytest

from mixer import Options, mix, narrate
from mixer.sound import ffmpeg
from mixer.sound.analysis import measure

TEXT = """# The mill

He walked to the river, she left the kitchen. Harold found a boat. [[pause 1s]] Vera opened it.

The horse saw the moon.

* * *

Phil fixed a lamp.

# The road

Susan watched the bread [[pause 700ms]] by the river."""
LENGTHS_MS = {
    "comma": 300,
    "sentence": 500,
    "paragraph": 900,
    "heading": 1_200,
    "scene": 2_000,
    "chapter": 2_700,
}
PAUSES_MS = [1_200, 300, 500, 1_000, 900, 2_000, 2_700, 1_200, 700]
INSIDE_SENTENCES = {300, 700}
GAP_MS = 1_000
TOLERANCE_MS = 20


def find_silences(path):
    """Where each ends, in seconds, and its length in ms; not those at the edges of the file."""
    filters = ["-af", "silencedetect=noise=-50dB:duration=0.15", "-f", "null", "-"]
    arguments = [*ffmpeg.confine_stdin(), *filters]
    log = ffmpeg.run(arguments, stdin=path.read_bytes(), timeout_s=60).stderr
    found = re.findall(r"silence_end: ([\d.]+) \| silence_duration: ([\d.]+)", log)
    return [(float(end_s), 1000 * float(length_s)) for end_s, length_s in found][1:-1]


def list_measured_pauses_ms(path):
    measured = measure(path)
    lengths = [1000 * (end - begin) / measured.rate_hz for begin, end in measured.profile.pauses]
    return [each for each in lengths if each >= 150]


def read_cue_starts_s(path):
    starts = re.findall(r"(\d+):(\d+):([\d.]+) -->", path.read_text())
    return [3600 * int(hours) + 60 * int(minutes) + float(rest) for hours, minutes, rest in starts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pauses")


@pytest.fixture(scope="module")
def chunks(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXER_STORE", str(folder / "store"))
        options = Options(pauses=LENGTHS_MS, format="wav")
        return [each.path for each in narrate(TEXT, folder / "story.wav", options).chunks]


@pytest.mark.usefixtures("chunks")
def test_pauses_of_a_text_are_as_long_as_stated(folder):
    silences = find_silences(folder / "story.wav")
    for lengths in ([ms for _, ms in silences], list_measured_pauses_ms(folder / "story.wav")):
        assert lengths == pytest.approx(PAUSES_MS, abs=TOLERANCE_MS)
    spoken = [
        end_s
        for (end_s, _), ms in zip(silences, PAUSES_MS, strict=True)
        if ms not in INSIDE_SENTENCES
    ]
    starts_s = read_cue_starts_s(folder / "story.vtt")[1:]
    assert starts_s == pytest.approx(spoken, abs=TOLERANCE_MS / 1000)


def test_gaps_between_chunks_are_as_long_as_stated(folder, chunks):
    mix(chunks, folder / "mix.wav", Options(gap_ms=GAP_MS, format="wav"))
    lengths = [ms for _, ms in find_silences(folder / "mix.wav")]
    within = [300, 500, 900, 700]
    gaps = [ms for ms in lengths if not any(abs(ms - each) <= TOLERANCE_MS for each in within)]
    assert gaps == pytest.approx([GAP_MS] * (len(chunks) - 1), abs=TOLERANCE_MS)

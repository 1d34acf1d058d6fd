"""Captions against the audio: with the engine's times of sentences, and with none at all."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mixer.publish.captions import build_cues
from mixer.publish.timing import RecordedChunk, build_takes, caption_sentences
from mixer.publish.timing.alignment import align_clauses, split_clauses
from mixer.script.script import BreakKind, Chunk, Utterance
from mixer.sound.analysis.measurement import measure
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.formats.encoding import MP3
from mixer.sound.presets import PRESETS
from mixer.speech.engine import SampleSpan
from mixer.speech.recordings import Recording, normalise_recording
from tests.sounds import VOICE_HZ, Sound, silence, speech, write_sound

CHUNKS = 16
WORDS = (
    *("the", "old", "harbour", "slept", "under", "fog", "and", "nobody", "heard", "it", "when"),
    *("boat", "came", "slowly", "past", "seven", "lamps", "of", "an", "empty", "quay", "where"),
    *("three", "sailors", "waited", "without", "a", "word"),
)


@dataclass(frozen=True)
class Said:
    """A chunk made in the test, and when its sentences and its clauses really begin."""

    chunk: RecordedChunk
    sentences_s: list[float]
    clauses_s: dict[str, float]


def sentence(draw: random.Random) -> list[str]:
    """Some clauses."""
    clauses = [
        " ".join(draw.choices(WORDS, k=draw.randint(3, 8)))
        for _ in range(draw.choice([1, 1, 2, 3]))
    ]
    return [f"{each}," for each in clauses[:-1]] + [f"{clauses[-1]}{draw.choice('..?!')}"]


def read_aloud(folder: Path, seed: int) -> Said:
    """A reader who hurries and lingers, and at times stops in the middle of a clause."""
    draw = random.Random(seed)
    sound: list[Sound] = [silence(draw.uniform(0.0, 0.2))]
    texts, spans, clauses_s = [], [], {}
    for number in range(draw.randint(3, 8)):
        clauses, first = sentence(draw), sum(part.size for part in sound)
        tempo = draw.uniform(0.85, 1.15)
        for clause in clauses:
            at = sum(part.size for part in sound)
            clauses_s[f"{seed}.{number}.{clause}"] = at / VOICE_HZ
            for word in clause.split():
                seconds = 0.065 * len(word.strip(",.?!")) * tempo * draw.uniform(0.8, 1.2)
                sound.append(speech(seconds, draw.randrange(9_999)))
                sound.append(silence(draw.uniform(0.1, 0.2) if draw.random() < 0.05 else 0.0))
            spoken_until = sum(part.size for part in sound)
            sound.append(silence(draw.uniform(0.12, 0.35)))
        texts.append(" ".join(clauses))
        spans.append(SampleSpan(first, spoken_until))
        sound.append(silence(draw.uniform(0.15, 0.5)))
    path = write_sound(folder / f"{seed}.flac", np.concatenate(sound), VOICE_HZ)
    utterances = tuple(Utterance(text, text, BreakKind.SENTENCE) for text in texts)
    recorded = normalise_recording(Recording(f"{seed}", measure(path), tuple(spans)))
    starts = [span.start_samples / VOICE_HZ for span in spans]
    return Said(RecordedChunk(Chunk(utterances, "", 0, 700), recorded, None), starts, clauses_s)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> list[Said]:
    folder = tmp_path_factory.mktemp("said")
    return [read_aloud(folder, seed) for seed in range(CHUNKS)]


def sentence_errors_s(story: list[Said], *, hidden: bool) -> np.ndarray:
    chunks = [each.chunk for each in story]
    if hidden:
        chunks = [replace(c, recording=replace(c.recording, sentences=())) for c in chunks]
    timeline = build_timeline(
        build_takes(chunks),
        None,
        MixStyle(PRESETS["story"], MP3.level_offset_db),
    )
    found = [each.start_s for each in caption_sentences(chunks, timeline)]
    really = [
        timeline.seconds(clip.start - clip.skip) + start_s
        for each, clip in zip(story, timeline.clips, strict=True)
        for start_s in each.sentences_s
    ]
    return np.abs(np.array(found) - np.array(really))


def test_with_times_of_sentences_captions_are_exact(story: list[Said]):
    errors_s = sentence_errors_s(story, hidden=False)
    assert np.median(errors_s) <= 0.06
    assert errors_s.max() <= 0.3


def test_without_any_times_captions_follow_the_pauses(story: list[Said]):
    errors_s = sentence_errors_s(story, hidden=True)
    assert len(errors_s) > 60
    assert np.median(errors_s) <= 0.15
    assert np.mean(errors_s <= 0.5) >= 0.95


def test_cues_that_begin_inside_a_sentence_begin_with_their_words(story: list[Said]):
    errors_s = []
    for each in story:
        timeline = build_timeline(
            build_takes([each.chunk]),
            None,
            MixStyle(PRESETS["story"], MP3.level_offset_db),
        )
        (clip,) = timeline.clips
        begin_s = timeline.seconds(clip.start - clip.skip)
        shown = build_cues(caption_sentences([each.chunk], timeline), total_s=timeline.duration_s)
        clauses = [(name.split(".", 2)[2], at + begin_s) for name, at in each.clauses_s.items()]
        for cue in shown:
            text = " ".join(cue.lines)
            near = [
                abs(cue.start_ms / 1000 - at) for clause, at in clauses if text.startswith(clause)
            ]
            errors_s += [min(near)] if near else []
    assert len(errors_s) > 60
    assert np.median(errors_s) <= 0.06
    assert max(errors_s) <= 0.3


def test_no_pauses_leave_the_letters_to_share_the_time():
    parts = split_clauses(["Aaaa aaaa.", "Aaaa."])
    assert align_clauses(parts, (1.0, 4.0), []) == [(1.0, 3.0), (3.0, 4.0)]


def test_clauses_cover_a_sentence_and_keep_its_places():
    text = "One, two; three: 1,200.50 dollars. 昔々、あるところに。"
    found = [text[piece.char :] for piece in split_clauses([text])]
    assert [each[:3] for each in found] == ["One", "two", "thr", "1,2", "昔々、", "あると"]
    assert [piece.ends_sentence for piece in split_clauses([text])] == [False] * 5 + [True]

"""Forced alignment of the embedded voice's speech, as if it had reported no times."""

import json
import zipfile
from contextlib import closing
from dataclasses import replace
from statistics import median

import pytest

from mixer.compose import build_story_runner
from mixer.compose.services import open_word_aligner
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.sound import ProcessGroup
from mixer.speech import Narrator, VoiceSettings
from mixer.speech.alignment.worker import list_pronunciations, split_tokens
from mixer.speech.embedded import EmbeddedEngine
from mixer.store.folder import FolderStore
from mixer.stories import JobContext, StoryInput
from mixer.stories.steps import plan_script
from mixer.stories.word_times import find_word_times

TEXT = "Dr. Eilidh Vorwerk paid 21 pounds in 1984. The clock struck eleven, and nobody came."
OTHER = "Photosynthesis turns light into sugar, which plants need to grow."


class UntimedEngine(EmbeddedEngine):
    """A voice that reports no times, as Polly's generative ones."""

    def synthesize(self, ssml, voice_settings):
        return replace(super().synthesize(ssml, voice_settings), sentences=(), words=())


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    store = FolderStore(tmp_path_factory.mktemp("store"))
    with closing(EmbeddedEngine(parallelism=1)) as engine:
        document = read_document(TEXT, TextType.TEXT)
        script = plan_script(document, engine.limits("embedded"), "en-US", Options())
        narrator = Narrator(engine, store, VoiceSettings("Ada", "embedded"), ProcessGroup())
        (recording,) = narrator.narrate(list(script.chunks)).recordings
    return store, next(script.chunks), recording


def test_words_are_found_where_the_engine_says_and_found_again_without_a_search(world):
    store, chunk, recording = world
    bare = replace(recording, sentences=(), words=())
    texts = [each.spoken for each in chunk.utterances]
    with closing(open_word_aligner(store)) as aligner:
        found = aligner.align(bare, texts)
    rate_hz = recording.measured.rate_hz
    own = {(each.sentence, each.char): each.start_samples for each in recording.words}
    errors_s = [
        abs(each.start_samples - own[each.sentence, each.char]) / rate_hz
        for each in found.words
        if (each.sentence, each.char) in own
    ]
    assert len(errors_s) >= 12
    assert median(errors_s) <= 0.04
    assert found.is_aligned
    assert len(found.sentences) == len(recording.sentences)
    for span, known in zip(found.sentences, recording.sentences, strict=True):
        assert abs(span.start_samples - known.start_samples) < 0.2 * rate_hz
    again = aligner.align(bare, texts)  # it is closed
    assert [(w.sentence, w.char) for w in again.words] == [
        (w.sentence, w.char) for w in found.words
    ]


def test_another_text_is_refused(world):
    store, _, recording = world
    other = replace(recording, key=recording.key.replace("narration_chunks/", "copies/"))
    store.put(other.key, store.get(recording.key))
    bare = replace(other, sentences=(), words=())
    with closing(open_word_aligner(store)) as aligner:
        assert aligner.align(bare, [OTHER]) is None
    assert aligner.align(bare, [OTHER]) is None  # it is closed, and the refusal is stored


def test_a_story_has_aligned_words_in_all_its_files(tmp_path):
    options = Options(outputs=["words", "read_aloud"], read_aloud_by="word")
    document = read_document(f"# One\n\n{TEXT}", TextType.MARKDOWN)
    with closing(UntimedEngine(parallelism=1)) as engine:
        runner = build_story_runner(tmp_path / "store", engine, JobContext())
        run = runner.run_story(StoryInput(document), options, tmp_path / "story.mp3")
    assert run.result.warnings == ()
    words = json.loads((tmp_path / "story.words.json").read_text())
    assert {each["origin"] for each in words["sentences"]} == {"alignment"}
    assert "{\\k" in (tmp_path / "story.ass").read_text()
    assert "<00:" in (tmp_path / "story.words.vtt").read_text()
    with zipfile.ZipFile(tmp_path / "story.read-aloud.epub") as book:
        names = [name for name in book.namelist() if name.endswith(".smil")]
        overlay = book.read(names[0]).decode()
        page = book.read(names[0].replace(".smil", ".xhtml")).decode()
    assert 'src="chapter-0001.xhtml#s1w0"' in overlay
    assert '<span id="s1w0">Dr.</span> <span id="s1w1">Eilidh</span>' in page


@pytest.mark.parametrize(
    ("language", "opened", "reason"),
    [("de-DE", True, "de-DE cannot be aligned"), ("en-GB", False, "PocketSphinx is not installed")],
)
def test_what_cannot_be_aligned_is_said(tmp_path, language, opened, reason):
    with closing(UntimedEngine(parallelism=1)) as engine:
        runner = build_story_runner(tmp_path / "store", engine, JobContext())
        run = runner.run_story(
            StoryInput(read_document("Hello.", TextType.TEXT)), Options(), tmp_path / "story.mp3"
        )
    stored = run.narration.stored
    script = replace(stored.script, language=language)
    narration = replace(run.narration, stored=replace(stored, script=script))
    timed = find_word_times(narration, lambda: pytest.fail(language) if opened else None, None)
    assert timed.narration is narration
    assert reason in timed.warnings[0]


YEAR = ["nineteen eighty four", "one thousand nine hundred and eighty four", "one nine eight four"]
READINGS = {
    "Cat": ["cat"],
    "1984": YEAR,
    "21st": ["twenty first", "twenty one", "two one"],
    "BBC": ["B K", "b b c"],  # an unknown word is spelled out by rules of thumb
    "%": ["percent"],
    "Ωμ": [],
}


@pytest.mark.parametrize("token", READINGS)
def test_a_word_is_listened_for_in_every_way_it_is_read(token):
    found = list_pronunciations(token, lambda word: None if word == "bbc" else word)
    assert found == READINGS[token]


def test_tokens_are_the_words_that_are_spoken():
    found = split_tokens(["Don’t pay $1,249.50 – 50% & more.", "The 21st."])
    assert [(each.sentence, each.text) for each in found] == [
        *[(0, text) for text in ("Don’t", "pay", "1,249.50", "50", "%", "&", "more")],
        *[(1, text) for text in ("The", "21st")],
    ]


@pytest.mark.parametrize("token", ["1²", "10²", "²", "9" * 5_000, "9" * 400 + ".5", "1.2.3", "9½"])
def test_figures_without_a_name_are_no_error(token):
    for each in split_tokens([token]):
        assert all(list_pronunciations(each.text, lambda _: None))
    assert all(list_pronunciations(token, lambda _: None))

"""The Kokoro voices, where they are installed; and what is said where they are not, or damaged."""

import shutil
from contextlib import closing

import pytest

from mixer.errors import MixerError, SpeechFailed, UnknownVoice
from mixer.sound import ProcessGroup
from mixer.sound.analysis import measure
from mixer.speech.embedded.kokoro import KokoroEngine, install_voices, is_installed
from mixer.speech.embedded.kokoro.catalogue import load_catalogue
from mixer.speech.embedded.kokoro.files import MODEL_NAME
from mixer.speech.embedded.kokoro.phonemes import KokoroPhonemizer, find_espeak
from mixer.speech.embedded.mapped_text import MappedText
from mixer.speech.embedded.model import LEAD_SAMPLES
from mixer.speech.engine import VoiceSettings
from tests.kokoro import VOICE_FOLDER, needs_voices

needs_espeak = pytest.mark.skipif(find_espeak() is None, reason="espeak-ng is not installed")
GREETING = "<speak><s>Good evening.</s> <s>Tom?</s></speak>"
WORD = "<speak><s>Hi.</s></speak>"


@pytest.fixture(scope="module")
def engine():
    with closing(KokoroEngine(VOICE_FOLDER, parallelism=1)) as opened:
        yield opened


def speak(engine, voice, ssml=GREETING):
    return engine.synthesize(ssml, VoiceSettings(voice, "kokoro"))


@needs_voices
def test_sentences_and_words_have_their_times(engine, tmp_path):
    speech = speak(engine, "af_heart")
    first, second = speech.sentences
    assert LEAD_SAMPLES == first.start_samples < first.end_samples < second.start_samples
    assert [word.text for word in speech.words] == ["Good", "evening", "Tom"]
    starts = [word.span.start_samples for word in speech.words]
    assert starts == sorted(starts)
    assert starts[2] > second.start_samples
    path = tmp_path / "greeting.flac"
    path.write_bytes(speech.audio)
    measured = measure(path, "greeting", processes=ProcessGroup())
    assert measured.samples == pytest.approx(second.end_samples, abs=2_400)
    assert speech.billed_chars == 0


@needs_voices
def test_equal_text_gives_equal_bytes_and_each_voice_its_own(engine):
    voices = ("af_heart", "af_heart", "am_adam", "af_heart+am_adam*0.5")
    first, again, *others = (speak(engine, voice, WORD).audio for voice in voices)
    assert first == again
    assert len({first, *others}) == 3


@needs_voices
@needs_espeak
def test_spanish_is_read_by_espeak(engine):
    ssml = "<speak><s>¿Dónde está?</s></speak>"
    words = [word.text for word in speak(engine, "ef_dora", ssml).words]
    assert words == ["Dónde", "está"]


@needs_voices
@pytest.mark.parametrize("ssml", ["<speak><s>" + "wörd 😀 漢字</s></speak>", "<speak/>"])
def test_odd_text_is_spoken_or_silent_not_an_error(engine, ssml):
    assert speak(engine, "af_heart", ssml).audio


@needs_voices
@pytest.mark.parametrize("name", [MODEL_NAME, "af_heart.bin"])
def test_damaged_file_is_refused_in_a_sentence(name, tmp_path):
    for each in VOICE_FOLDER.glob("*.*"):
        (tmp_path / each.name).symlink_to(each)
    damaged = bytearray((tmp_path / name).read_bytes())
    damaged[1_000] ^= 1
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(damaged)
    with (
        closing(KokoroEngine(tmp_path, parallelism=1)) as opened,
        pytest.raises(SpeechFailed, match=f"{name} is damaged or of another version"),
    ):
        speak(opened, "af_heart", WORD)


@needs_voices
def test_voices_are_installed_from_a_folder_of_ones_own(tmp_path):
    own, folder = tmp_path / "own", tmp_path / "voices"
    shutil.copytree(VOICE_FOLDER, own / "deep")
    (own / "deep" / "af_heart.bin").rename(own / "renamed.bin")
    assert install_voices(folder, own, print) == len(load_catalogue())
    assert is_installed(folder)
    assert not [each for each in folder.iterdir() if each.name.startswith(".")]


def test_engine_without_files_says_how_to_install_them(tmp_path):
    with pytest.raises(MixerError, match="mixer voices install"):
        KokoroEngine(tmp_path)


def test_folder_that_lacks_files_is_refused(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "af_heart.bin").write_bytes(bytes(522_240))
    (tmp_path / "own" / "broken.whl").write_bytes(b"no archive")
    with pytest.raises(MixerError, match="lacks 36 of Kokoro's 36 files"):
        install_voices(tmp_path / "voices", tmp_path / "own", print)
    assert not list((tmp_path / "voices").glob("*.bin"))


@needs_voices
def test_unknown_voice_is_refused(engine):
    with pytest.raises(UnknownVoice, match="has no voice “Ada”"):
        speak(engine, "Ada")


@needs_espeak
@pytest.mark.parametrize(
    ("language", "text", "phonemes"),
    [
        ("es-ES", "¡Hola! [[hEl]]", "ˈola!"),
        ("fr-FR", "Bonjour, Tom.", "bɔ̃ʒˈuʁ"),
        ("pt-BR", "Bom dia", "bˈoŋ ʤˈiæ"),
    ],
)
def test_phonemes_of_espeak_are_of_the_models_alphabet(language, text, phonemes):
    phonemizer = KokoroPhonemizer(language)
    prepared = phonemizer.prepare_text(MappedText.literal(text)).text
    found = phonemizer.phonemize(prepared).text
    assert found.startswith(phonemes[:4])
    assert set(found) <= {*phonemizer.ids}
    assert "^" not in found

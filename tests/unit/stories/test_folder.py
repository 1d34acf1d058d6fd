"""What steps of a story leave for the next ones."""

import math

from mixer.sound.analysis.measurement import Measurement
from mixer.sound.analysis.profile import Profile
from mixer.sound.arrange.cues import SoundFile
from mixer.store.folder import FolderStore
from mixer.stories.folder import MUSIC, StoryFolder


def test_music_that_begins_in_silence_is_read_as_it_was_written(tmp_path):
    profile = Profile(momentary_lufs=(-math.inf, -30.5, -18.0))
    heard = Measurement(88_200, 44_100, 2, -12.9, 10, 10, {-18.0: 1}, profile)
    folder = StoryFolder(FolderStore(tmp_path), "s1")
    folder.write(MUSIC, SoundFile("quiet.flac", heard))
    assert folder.read(MUSIC, SoundFile) == SoundFile("quiet.flac", heard)

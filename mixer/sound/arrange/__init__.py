"""Decides what plays when, and how loud: takes, music and sounds to a Timeline. Pure."""

from mixer.sound.arrange.cues import SoundFile, seam_s
from mixer.sound.arrange.layout import MixStyle, build_timeline
from mixer.sound.arrange.levels import windows_under_speech
from mixer.sound.arrange.mastering_reuse import reuse_mastering
from mixer.sound.arrange.placement import Take
from mixer.sound.arrange.sound_annotations import SoundAnnotation

__all__ = [
    "MixStyle",
    "SoundAnnotation",
    "SoundFile",
    "Take",
    "build_timeline",
    "reuse_mastering",
    "seam_s",
    "windows_under_speech",
]

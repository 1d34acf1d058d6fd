"""Decides what plays when, and how loud: takes, music and sounds to a Timeline. Pure."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.sound.arrange.bed_figures import bed_below_speech_lu, bed_outline
    from mixer.sound.arrange.cues import SoundFile, seam_s
    from mixer.sound.arrange.layout import MixStyle, build_timeline, split_stems
    from mixer.sound.arrange.music_places import list_music_places
    from mixer.sound.arrange.placement import (
        LEAD_MARGIN_S,
        TAIL_MARGIN_S,
        MusicPlace,
        SoundAnnotation,
        Take,
    )

__getattr__ = export_lazily(__name__)

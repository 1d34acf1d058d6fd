"""Captions: sentences with their times in, WebVTT and SubRip out.

`values` holds what goes in and out, `units` cuts text where lines may break, `breaks` says what
each break costs, `clock` when each unit is heard, `layout` cuts cues and lines, `cues` puts them on
the screen, `files` writes them down. All of it is pure.

The rules are those of the trade: at most two lines of 42 columns (21 full-width characters),
1 to 7 seconds, at most 17 characters a second where the speech allows it, breaks at phrases.
"""

from mixer.publish.captions.cues import build_cues
from mixer.publish.captions.files import format_chapters_vtt, format_srt, format_webvtt
from mixer.publish.captions.values import CaptionCue, CaptionedSentence

__all__ = [
    "CaptionCue",
    "CaptionedSentence",
    "build_cues",
    "format_chapters_vtt",
    "format_srt",
    "format_webvtt",
]

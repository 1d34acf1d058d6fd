"""Captions: sentences with their times in, WebVTT and SubRip out. Pure.

`units` splits text where lines may break, `passages` times the units, `layout` cuts cues and lines,
`cues` schedules and writes them, `words` writes the time of each word.

The rules are those of the trade: at most two lines of 42 columns (21 full-width characters),
1 to 7 seconds, at most 17 characters a second where the speech allows it, breaks at phrases.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.publish.captions.cues import (
        CaptionCue,
        build_cues,
        format_chapters_vtt,
        format_srt,
        format_webvtt,
    )
    from mixer.publish.captions.passages import CaptionedSentence, WordOrigin
    from mixer.publish.captions.units import visible_text
    from mixer.publish.captions.words import (
        TimedWord,
        format_karaoke,
        format_words_json,
        format_words_vtt,
        time_words,
    )

__getattr__ = export_lazily(__name__)

"""What goes into captions and what comes out: a sentence with its times, a cue on the screen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaptionedSentence:
    """One sentence and when it is heard.

    Attributes:
        text: as the author wrote it.
        start_s: first sound, in the finished audio.
        end_s: last sound, in the finished audio.
        words: (character offset in `text`, start in seconds) of words whose time is known; may be
            empty or leave words out.
        chapter: title of the chapter that the sentence opens, else empty.
        voice: who says it, for WebVTT voice spans; may be empty.
        ends_paragraph: nothing after it may share its cue.
    """

    text: str
    start_s: float
    end_s: float
    words: tuple[tuple[int, float], ...] = ()
    chapter: str = ""
    voice: str = ""
    ends_paragraph: bool = False


@dataclass(frozen=True, slots=True)
class CaptionCue:
    """What stands on the screen for a while.

    Attributes:
        start_ms: when it appears; later than the cue before it.
        end_ms: when it goes; later than `start_ms`, never later than the next cue's start.
        lines: one or two, top first; plain text, not yet escaped for any file format.
        voice: who says it; may be empty.
        chapter: title of the chapter that opens here, else empty.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    voice: str = ""
    chapter: str = ""

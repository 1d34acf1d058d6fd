"""Writes cues as WebVTT and SubRip, and chapters as WebVTT.

WebVTT: https://www.w3.org/TR/webvtt1/ (syntax: section 4). SubRip has no standard; players agree
on numbered blocks, comma milliseconds and a few HTML-like tags, which text must not imitate.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from mixer.publish.captions.cues import CaptionCue
from mixer.publish.captions.units import visible_text

_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_TAG = re.compile(r"<(?=[/A-Za-z])|\{(?=\\)")
_WORD_JOINER = "\u2060"
"""Invisible, without width: follows a `<` that a SubRip player would take for a tag."""


def format_webvtt(cues: Iterable[CaptionCue], *, title: str = "", language: str = "") -> str:
    """Format cues as WebVTT; language (a BCP 47 tag) and chapters become notes."""
    head = f"WEBVTT - {_format_one_line(title)}" if _format_one_line(title) else "WEBVTT"
    notes = [f"NOTE Language: {_format_one_line(language)}"] if language else []
    return _join_blocks([head, *notes, *_format_cue_blocks(cues)])


def format_srt(cues: Iterable[CaptionCue]) -> str:
    """Format cues as SubRip, which has no titles, voices or chapters."""
    return "\n".join(
        f"{number}\n{_srt_time(cue.start_ms)} --> {_srt_time(cue.end_ms)}\n{_srt_text(cue)}\n"
        for number, cue in enumerate(cues, start=1)
    )


def format_chapters_vtt(chapters: Sequence[tuple[float, str]], *, total_s: float) -> str:
    """Format chapters as WebVTT for `<track kind="chapters">`.

    Args:
        chapters: (start in seconds, title), in order; one without length or title is left out.
        total_s: end of the last chapter.
    """
    ends_s = [start_s for start_s, _ in chapters[1:]] + [total_s]
    spans = [
        (round(start_s * 1000), round(end_s * 1000), _format_one_line(title))
        for (start_s, title), end_s in zip(chapters, ends_s, strict=True)
    ]
    return _join_blocks(
        [
            "WEBVTT",
            *(
                f"{_webvtt_time(start_ms)} --> {_webvtt_time(end_ms)}\n{title.translate(_ESCAPES)}"
                for start_ms, end_ms, title in spans
                if title and 0 <= start_ms < end_ms
            ),
        ]
    )


def _format_cue_blocks(cues: Iterable[CaptionCue]) -> Iterator[str]:
    for cue in cues:
        if chapter := _format_one_line(cue.chapter):
            yield f"NOTE Chapter: {chapter}"
        text = "\n".join(cue.lines).translate(_ESCAPES)
        voice = f"<v {_format_one_line(cue.voice).translate(_ESCAPES)}>" if cue.voice else ""
        yield f"{_webvtt_time(cue.start_ms)} --> {_webvtt_time(cue.end_ms)}\n{voice}{text}"


def _join_blocks(blocks: Sequence[str]) -> str:
    """Join blocks with the blank line that the format requires after each."""
    return "\n\n".join(blocks) + ("\n" if len(blocks) > 1 else "\n\n")


def _srt_text(cue: CaptionCue) -> str:
    return _TAG.sub(lambda found: found[0] + _WORD_JOINER, _replace_arrows("\n".join(cue.lines)))


def _format_one_line(text: str) -> str:
    return _replace_arrows(visible_text(text))


def _replace_arrows(text: str) -> str:
    """Replace the sign that both formats take for a timing line."""
    return text.replace("-->", "→")


def _webvtt_time(time_ms: int) -> str:
    seconds, ms = divmod(time_ms, 1000)
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours:02}:{m:02}:{s:02}.{ms:03}"


def _srt_time(time_ms: int) -> str:
    return _webvtt_time(time_ms).replace(".", ",")

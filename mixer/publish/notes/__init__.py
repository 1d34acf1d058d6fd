"""Texts that go with a story: show notes and transcripts. Pure."""

from mixer.publish.notes.show_notes import (
    ShowNotes,
    format_clock,
    format_notes_html,
    format_notes_markdown,
)
from mixer.publish.notes.transcript import format_transcript

__all__ = [
    "ShowNotes",
    "format_clock",
    "format_notes_html",
    "format_notes_markdown",
    "format_transcript",
]

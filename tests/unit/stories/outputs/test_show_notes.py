"""Show notes and transcripts: what they contain, and that no text can break out of them."""

import pytest
from markdown_it import MarkdownIt

from mixer.publish.captions import CaptionedSentence
from mixer.stories.outputs.show_notes import (
    ShowNotes,
    format_clock,
    format_notes_html,
    format_notes_markdown,
    format_transcript,
)

NOTES = ShowNotes(
    title="The Gate",
    description="Ships came in.",
    chapters=((0.0, "One"), (3_725.5, "Two")),
    credits=(("Written by", "Ann"),),
    cast=(("Tom", "Ben"),),
    music=("Evening rain",),
)
HOSTILE = "*a* [b](javascript:x) <script>c</script> `d` 1. e _f_ & #g"


def test_notes_name_chapters_credits_cast_and_music():
    text = format_notes_markdown(NOTES).decode()
    for line in ("# The Gate", "Ships came in.", "- 00:00 One", "- 1:02:05 Two", "- Tom: Ben"):
        assert line in text.splitlines()
    page = format_notes_html(NOTES)
    for piece in ("<p>Ships came in.</p>", "<li>1:02:05 Two</li>", "<li>Evening rain</li>"):
        assert piece in page


def test_hostile_text_stays_text():
    notes = ShowNotes(HOSTILE, HOSTILE, ((0.0, HOSTILE),), ((HOSTILE, HOSTILE),))
    rendered = MarkdownIt().render(format_notes_markdown(notes).decode())
    for tag in ("<em>", "<a ", "<script", "<code>", "<ol>"):
        assert tag not in rendered
        assert tag not in format_notes_html(notes)


def test_long_notes_lose_their_last_chapters_first():
    notes = ShowNotes("T", "D", tuple((float(n), f"Chapter {n}") for n in range(2_000)))
    page = format_notes_html(notes, 10_000)
    assert len(page.encode()) <= 10_000
    assert "<li>00:00 Chapter 0</li>" in page
    assert page.endswith("</ul>")


@pytest.mark.parametrize(
    ("at_s", "text"), [(0, "00:00"), (59.9, "00:59"), (3_599.9, "59:59"), (3_600, "1:00:00")]
)
def test_clock_is_what_players_recognise(at_s, text):
    assert format_clock(at_s) == text


def test_transcript_has_a_paragraph_per_speaker():
    sentences = [
        CaptionedSentence("Gate", 0.0, 1.0, chapter="Gate", ends_paragraph=True),
        CaptionedSentence("Come in.", 1.0, 2.0, voice="Tom"),
        CaptionedSentence("It is late.", 2.0, 3.0, voice="Tom"),
        CaptionedSentence("I know.", 3.0, 4.0, voice="Mary", ends_paragraph=True),
        CaptionedSentence("Lamps.", 65.0, 66.0, chapter="Lamp"),
    ]
    assert format_transcript("Book", sentences).decode().split("\n\n") == [
        "Book",
        "[00:00] Gate",
        "[00:01] Tom: Come in. It is late.",
        "[00:03] Mary: I know.",
        "Lamp",
        "[01:05] Lamps.\n",
    ]

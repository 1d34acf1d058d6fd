"""Reads words that take the place of others in a paragraph, with the tags that a text may have."""

from collections.abc import Sequence

from mixer.script.document import Block, collapse_whitespace, paragraph
from mixer.script.script import Role

NAME = "The new text"
"""In errors."""


def read_sentence(
    text: str, cast: Sequence[Role], speaker: str, *, is_markdown: bool
) -> tuple[Block, ...]:
    """Read some words of a paragraph; one block for each voice, none if there are no words.

    Raises:
        UnreadableText: a tag is malformed.
    """
    from mixer.script.readers.inline_tags import InlineTagReader
    from mixer.script.readers.markdown import read_markdown_line
    from mixer.script.readers.sound_tags import SoundDefinitions

    tags = InlineTagReader(
        cast, NAME, 1, SoundDefinitions(None, {}), {}, has_explicit_headings=True
    )
    line = collapse_whitespace(text)
    if cast or "[[" in line:
        line = collapse_whitespace(tags.prepare_text(line))
    words = read_markdown_line(line) if is_markdown else line
    return tuple(tags.split_voices(paragraph(words), speaker))

"""Casting a book on this machine: who says what, and a voice for each."""

from pathlib import Path

from mixer.compose import list_local_voices, open_speaker_model
from mixer.errors import Misconfigured, UnreadableText
from mixer.narration.story_files import collect_story_files
from mixer.narration.story_source import read_story_text
from mixer.requests import Options
from mixer.script.readers import TextType
from mixer.script.speakers import read_cast
from mixer.services import CastBook, SpeakerModel, assign_voices
from mixer.speech import EMBEDDED


def cast(
    story: str | Path, options: Options | None = None, *, with_model: bool = False
) -> CastBook:
    """Find who says what in a book in English, and propose a voice for each.

    Args:
        story: the text itself, or the Path of a book; Path("-") is standard input.
        options: `engine` whose voices are proposed, `voice` of the narrator, `text_type`.
        with_model: ask the language model of `MODEL_URL` about the quotations in doubt; passages of
            the book are sent to it.

    Raises:
        MixerError: the message explains the reason and the remedy.
    """
    options = options or Options()
    name, text, is_plain = _read_book(story, options)
    found = read_cast(text, name)
    listed = list_local_voices(options.engine or EMBEDDED)
    book = assign_voices(text, found, listed, options.voice or "", is_plain=is_plain)
    return _require_model().label(book) if with_model else book


def _require_model() -> SpeakerModel:
    model = open_speaker_model()
    if model is None:
        raise Misconfigured(
            "No language model is set: name one with --model-url or MODEL_URL.",
            variable="MODEL_URL",
        )
    return model


def _read_book(story: str | Path, options: Options) -> tuple[str, str, bool]:
    """The name of a book in messages, its text, and whether it is plain text."""
    name, text, text_type = read_story_text(story, options)
    if text_type is TextType.SSML:
        raise UnreadableText(f"{name} is SSML, which names its voices itself.")
    if text is not None and text_type in (TextType.TEXT, TextType.MARKDOWN):
        return name, text, text_type is TextType.TEXT
    return name, collect_story_files(story, options, None).source.document.write_markdown(), False

"""The text of a story, read from what the caller sent."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mixer.errors import OutOfTime, UnreadableText
from mixer.requests import Options
from mixer.script import Document
from mixer.script.edits import SentenceEdit, edit_document
from mixer.script.readers import (
    TextType,
    decode_book,
    decode_upload,
    detect_text_type,
    read_document,
)
from mixer.sound import ProcessGroup
from mixer.stories.folder import StoryFolder
from mixer.stories.model import SourceText, StoredRequest

HEAD_CHARS = 4_096
"""Beginning of a text by which a book is recognised, before the length of a text is checked."""


def is_book_text(content: str | bytes, options: Options) -> bool:
    """Whether a text is the file of a book."""
    head = content if isinstance(content, bytes) else content[:HEAD_CHARS]
    return TextType(options.text_type or detect_text_type(head)).is_book


def read_source_text(
    content: str | bytes,
    options: Options,
    edits: Sequence[SentenceEdit] = (),
    check_time: Callable[[], None] = lambda: None,
) -> SourceText:
    """Read a text or a book, and apply edits; raises UnreadableText.

    An error that `check_time` raises ends the reading.
    """
    with name_text():
        text_type = TextType(options.text_type or detect_text_type(content))
        if text_type.is_book:
            content = decode_book(content)
            text_type = detect_text_type(content)
        document = read_document(
            content,
            text_type,
            front_matter=not options.skip_front_matter,
            check_time=check_time,
        )
    for edit in edits:
        is_markdown = text_type is TextType.MARKDOWN
        document = edit_document(document, edit, is_markdown=is_markdown)
    book = content if text_type is TextType.EPUB and isinstance(content, bytes) else b""
    return SourceText(document, text_type.is_book, text_type, book, _list_warnings(document))


def _list_warnings(document: Document) -> tuple[str, ...]:
    """List what has no effect where the request alone states options."""
    names = " and ".join(f"“{name.replace('_', '-')}”" for name in document.options)
    be, them = ("are", "them") if len(document.options) > 1 else ("is", "it")
    unused = f"{names} in the front matter {be} ignored here: choose {them} among the options."
    stated = (f"{each[0].upper()}{each[1:]}" for each in document.warnings)
    return (*stated, *([unused] if names else ()))


def load_book(
    folder: StoryFolder, request: StoredRequest, options: Options, deadline_s: float | None = None
) -> SourceText | None:
    """Load the book that a story was read from; None for one of another source.

    Raises:
        NotFound: its file was deleted.
        OutOfTime: the deadline, on the monotonic clock, has passed.
    """
    if folder.source is not None or not request.text_key:
        return folder.source
    content = decode_upload(folder.store.get(request.text_key))
    if not is_book_text(content, options):
        return None
    processes = ProcessGroup()
    return read_source_text(
        content, options, request.edits, lambda: require_time(processes, deadline_s)
    )


def require_time(processes: ProcessGroup, deadline_s: float | None) -> None:
    """Raise OutOfTime for a text that takes too long."""
    if processes.is_stopped or (deadline_s is not None and time.monotonic() > deadline_s):
        raise OutOfTime("text: it takes too long to plan; send it in parts.")


@contextmanager
def name_text(field: str = "text") -> Iterator[None]:
    """Say in an error of the block that it is about the text, or another field."""
    try:
        yield
    except UnreadableText as error:
        raise UnreadableText(f"{field}: {error}", field=field) from error

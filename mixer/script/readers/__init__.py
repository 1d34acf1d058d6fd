"""One module for each kind of source: what an author hands in, read into a Document.

The names are loaded when they are first used: a page of Markdown needs no reader of books.
"""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.script.document import strip_spaces
    from mixer.script.readers.archive import Archive, has_scheme
    from mixer.script.readers.encodings import decode_text
    from mixer.script.readers.epub import open_epub
    from mixer.script.readers.epub_contents import read_contents
    from mixer.script.readers.package_xml import decode_xml
    from mixer.script.readers.page_reader import RAW_TAGS
    from mixer.script.readers.registry import (
        decode_book,
        decode_upload,
        read_document,
        read_sentence,
    )
    from mixer.script.readers.text_types import (
        TextType,
        detect_text_type,
        is_book,
    )

__getattr__ = export_lazily(__name__)

"""Edits of sentences: where they stand, in the document and in the author's text. Pure."""

from mixer.script.document import TextOrigin, take_spans
from mixer.script.edits.document_edit import SentenceEdit, edit_document
from mixer.script.edits.source_text import (
    UNWRITTEN,
    SentencePlace,
    edit_source,
    locate_origins,
    locate_sentences,
    recall_utterances,
)

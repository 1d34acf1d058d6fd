"""Who says what in a book: its characters, and the speaker of each quotation. Rules and data."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.script.speakers.marks import write_marks
    from mixer.script.speakers.model import (
        CERTAIN,
        DOUBTFUL,
        MODEL_CONFIDENCE,
        Age,
        BookCast,
        Character,
        Gender,
        Method,
        Quotation,
        Span,
        correct_speakers,
        describe_cast,
    )
    from mixer.script.speakers.reader import read_cast

__getattr__ = export_lazily(__name__)

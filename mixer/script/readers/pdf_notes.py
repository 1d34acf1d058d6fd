"""Notes of a PDF, by their marks or at the end of the text, and captions inside sentences."""

from collections.abc import Sequence

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.headings import ends_statement
from mixer.script.readers.page_marks import SUPERSCRIPTS
from mixer.script.readers.pdf_lines import Line

NOTE_LINE = compile_lazily(r"\s*(?:\[?\d{1,3}\]?[.)]?|[*†‡])\s*\S")
_NOTE_NUMBER = compile_lazily(r"\s*(\d{1,3})[.)\]\s]*[“‘\"'«„(\[]?\p{Lu}")
_ENDNOTE = compile_lazily(r"\[?(\d{1,3})[.\])]?\s")
_CAPTION = compile_lazily(r"\s*(?i:figure|fig\.|table|abbildung|abb\.|tabelle)\s*\d{1,3}[.:]\s")
_RETURN_ARROW = compile_lazily(r"[↩⏎↑]\ufe0e?\s*$")
_BEFORE_MARK = r"\p{L}{2}[.,;:!?”’)]?|\b[12]\d{3}[.,;:!?”’)]"
MAX_NOTE_GROUPS = 5


def drop_references(lines: Sequence[Line], notes: Sequence[Line]) -> None:
    """Take out the marks of notes that stand behind words in letters of their own."""
    marks = (_NOTE_NUMBER.match(note.text) for note in notes)
    for written in (match[1] for match in marks if match):
        raised = written.translate(SUPERSCRIPTS)
        pattern = regex.compile(rf"(?<={_BEFORE_MARK})(?:{written}|{raised})(?!\p{{N}})")
        found = [line for line in lines if pattern.search(line.text)]
        for line in found if len(found) == 1 else ():
            line.text = pattern.sub("", line.text)


def drop_endnotes(groups: Sequence[list[Line]]) -> list[list[Line]]:
    """Drop notes at the end of a text that was a page of the web: each ends with an arrow back."""
    kept: list[list[Line]] = []
    for group in groups:
        kept.append(group)
        if _RETURN_ARROW.search(group[-1].text):
            start = len(kept) - 1
            while start > 0 and start > len(kept) - MAX_NOTE_GROUPS:
                if NOTE_LINE.match(kept[start][0].text):
                    break
                start -= 1
            is_note = NOTE_LINE.match(kept[start][0].text) is not None
            del kept[start if is_note else len(kept) - 1 :]
    return kept


def drop_numbered_notes(groups: list[list[Line]]) -> list[list[Line]]:
    """Drop the last paragraphs where they begin with the numbers of notes that the text has."""
    references = {mark for group in groups for line in group for mark in line.references}
    last = len(groups)
    for start in range(len(groups) - 1, -1, -1):
        number = _ENDNOTE.match(groups[start][0].text)
        if number and number[1] in references:
            last = start
            if number[1] == "1":
                return groups[:start]
        elif last - start > MAX_NOTE_GROUPS:
            break
    return groups


def is_caption_between(last: Sequence[Line], group: Sequence[Line]) -> bool:
    """Whether a group is a caption that stands inside a sentence."""
    return _CAPTION.match(group[0].text) is not None and not ends_statement(last[-1].text)

"""SSML by the author to Document: words in paragraphs, elements kept as annotations.

Chunks are cut at sentences, as for any other text; an element that spans several is closed and
reopened at each cut. Names and attributes are those that Amazon Polly documents; whether the chosen
engine honours them is checked when the story is planned.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from mixer.errors import UnreadableText
from mixer.script.annotations import (
    BREAK_TAG,
    MAX_PAUSE_MS,
    AnnotatedTextBuilder,
    Attributes,
    parse_duration_ms,
)
from mixer.script.document import Block, BlockKind, Document, build_line_error, has_words
from mixer.script.readers.encodings import restore_punctuation
from mixer.script.readers.metadata import normalise_language_tag

ATTRIBUTES = {
    "amazon:auto-breaths": {"volume", "frequency", "duration"},
    "amazon:breath": {"volume", "duration"},
    "amazon:domain": {"name"},
    "amazon:effect": {"name", "phonation", "vocal-tract-length"},
    "break": {"time", "strength"},
    "emphasis": {"level"},
    "lang": {"xml:lang"},
    "mark": {"name"},
    "p": set[str](),
    "phoneme": {"alphabet", "ph"},
    "prosody": {"volume", "rate", "pitch", "amazon:max-duration"},
    "s": set[str](),
    "say-as": {"interpret-as", "format"},
    "sub": {"alias"},
    "w": {"role"},
}
"""By element. Source: supported-tags pages of Polly's developer guide."""

REQUIRED_ATTRIBUTES = {
    "lang": "xml:lang",
    "mark": "name",
    "phoneme": "ph",
    "say-as": "interpret-as",
    "sub": "alias",
    "w": "role",
}

_EMPTY_ELEMENTS = frozenset({BREAK_TAG, "mark", "amazon:breath"})


MAX_DEPTH = 50
"""Of elements in each other; each sentence carries all that are open around it."""


def read_ssml_text(text: str, name: str = "The SSML") -> Document:
    """Read a `<speak>` document; UnreadableText names the line of a mistake."""
    parser = _SsmlSourceParser(name)
    parser.read(text)
    return Document(
        tuple(parser.blocks),
        language=normalise_language_tag(parser.language),
        must_honour_tags=True,
    )


@dataclass
class _SsmlSourceParser:
    name: str
    blocks: list[Block] = field(default_factory=list)
    language: str = ""
    _open_elements: list[tuple[str, Attributes, int, int]] = field(default_factory=list)
    _builder: AnnotatedTextBuilder = field(default_factory=AnnotatedTextBuilder)

    def read(self, text: str) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start_element
        self._parser.EndElementHandler = self._end_element
        self._parser.CharacterDataHandler = self._add_text
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            self._parser.Parse(text.encode(errors="replace"), True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise UnreadableText(
                f"{self.name} is not SSML: line {error.lineno}: {reason}."
            ) from error
        self._close_block(is_paragraph=True)

    def _add_text(self, text: str) -> None:
        self._builder.add_text(restore_punctuation(text))

    def _start_element(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open_elements) == MAX_DEPTH:
            raise self._build_error(f"its elements are nested more than {MAX_DEPTH} deep")
        if not self._open_elements:
            self._start_root(tag, attributes)
        else:
            self._check_element(tag, attributes)
        if tag in ("p", "s"):
            self._close_block(is_paragraph=tag == "p")
        line = self._parser.CurrentLineNumber
        self._open_elements.append((tag, tuple(attributes.items()), self._builder.length, line))

    def _start_root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "speak":
            raise self._build_error(f"its root is <{tag}>, not <speak>")
        self.language = attributes.get("xml:lang", "")

    def _end_element(self, tag: str) -> None:
        _, attributes, start, line = self._open_elements.pop()
        if tag in ("p", "s"):
            self._close_block(is_paragraph=tag == "p")
        elif tag != "speak":
            self._builder.annotate(start, tag, attributes, line)

    def _close_block(self, *, is_paragraph: bool) -> None:
        """End a paragraph or a sentence; open elements continue in the next one."""
        for tag, attributes, start, line in reversed(self._open_elements):
            if tag not in ("speak", "p", "s") and start < self._builder.length:
                self._builder.annotate(start, tag, attributes, line)
        text, annotations = self._builder.build()
        if has_words(text):
            block = Block(
                BlockKind.PARAGRAPH, text, annotations=annotations, continues=not is_paragraph
            )
            self.blocks.append(block)
            self._builder = AnnotatedTextBuilder()
        elif is_paragraph and self.blocks:
            self._end_paragraph()
        self._open_elements = [
            (tag, attributes, self._builder.length, line)
            for tag, attributes, _, line in self._open_elements
        ]

    def _end_paragraph(self) -> None:
        last = self.blocks[-1]
        self.blocks[-1] = Block(last.kind, last.text, annotations=last.annotations)

    def _check_element(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in ATTRIBUTES:
            raise self._build_error(f"<{tag}> is not an element that Mixer can speak")
        unknown = attributes.keys() - ATTRIBUTES[tag]
        if unknown:
            raise self._build_error(f"<{tag}> has no attribute {min(unknown)}")
        if tag in REQUIRED_ATTRIBUTES and not attributes.get(REQUIRED_ATTRIBUTES[tag]):
            raise self._build_error(f"<{tag}> needs the attribute {REQUIRED_ATTRIBUTES[tag]}")
        if self._open_elements[-1][0] in _EMPTY_ELEMENTS:
            raise self._build_error(f"<{self._open_elements[-1][0]}> must be empty")
        if tag == BREAK_TAG and "time" in attributes:
            self._check_time(attributes["time"])

    def _check_time(self, written: str) -> None:
        length_ms = parse_duration_ms(written)
        if length_ms is None or length_ms > MAX_PAUSE_MS:
            raise self._build_error(
                f"a break takes a time such as 300ms or 2s, at most 10s, not “{written[:40]}”"
            )

    def _refuse_doctype(self, *_declared: object) -> None:
        raise self._build_error("a document type declaration is not allowed")

    def _build_error(self, reason: str) -> UnreadableText:
        return build_line_error(self.name, self._parser.CurrentLineNumber, reason)

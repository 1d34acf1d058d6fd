"""What a page says of itself: title, author, language, kinds, and how its classes are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mixer.script.readers.page_marks import parse_types
from mixer.script.readers.page_styles import PageStyles, read_styles


@dataclass
class PageHead:
    """Title, `<meta>` by name, `epub:type` and `role` of the body and its sections, styles."""

    styles: PageStyles
    title: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    _style: list[str] = field(default_factory=list)
    _open: str = ""

    def open_element(self, tag: str, attributes: Mapping[str, str], skipped: str) -> None:
        """Read an element; `skipped` is the one around it that is left out."""
        if tag in ("html", "body"):
            language = attributes.get("lang") or attributes.get("xml:lang")
            self.metadata["language"] = language or self.metadata.get("language", "")
        elif tag == "meta":
            self._read_named(attributes.get("name", "").lower(), attributes.get("content", ""))
        elif tag == "style" or (tag == "title" and not self.title and skipped in ("", "head")):
            self._open = tag
        if tag in ("body", "section"):
            self.types |= parse_types(attributes)

    def add_text(self, text: str) -> bool:
        """Add text of a title or a style sheet; False where none is open."""
        if self._open:
            (self.title if self._open == "title" else self._style).append(text)
        return bool(self._open)

    def close_element(self, tag: str) -> None:
        """Close an element."""
        if tag == "style" and self._style:
            self.styles = self.styles.add(read_styles("".join(self._style)))
            self._style = []
        self._open = ""

    def _read_named(self, name: str, value: str) -> None:
        before = self.metadata.get(name, "") if name == "author" else ""
        self.metadata[name] = f"{before}, {value}" if before and value not in before else value

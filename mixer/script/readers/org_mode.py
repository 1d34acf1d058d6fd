"""Org rewritten as Markdown: the words that its exports would show, without notes and drawers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from mixer.lazy import compile_lazily
from mixer.script.document import has_words
from mixer.script.readers.marks import is_notes_title
from mixer.script.readers.replacements import compile_replacements, replace_all

_START = compile_lazily(r"\A\s*+(?:#[ \t].*\n\s*+)*+(?:#\+[A-Za-z_]+:|\*+ .*\n:PROPERTIES:)")
_HEADLINE = compile_lazily(
    r"(?P<stars>\*{1,6})[ \t]+(?:(?:TODO|DONE|NEXT|WAITING|DRAFT)[ \t]+)?(?:\[#\w\][ \t]+)?"
    r"(?P<title>\S.{0,300}?)(?:[ \t]+:[\w@#%:]{1,80}:)?[ \t]*"
)
_SECTION = compile_lazily(r"(?m)^\*{1,6} \S")
_KEYWORD = compile_lazily(r"#\+(?P<name>[A-Za-z_]{1,30}):[ \t]*(?P<value>.*)")
_FENCE = compile_lazily(r"[ \t]*#\+(?P<edge>begin|end)_(?P<kind>\w{1,20}).*", regex.IGNORECASE)
_DRAWER = compile_lazily(r"[ \t]*:[\w-]{1,30}:[ \t]*")
_SKIPPED_LINE = compile_lazily(
    r"[ \t]*(?:#(?:[ \t].*)?|#\+\w.*|(?:SCHEDULED|DEADLINE|CLOSED|CLOCK):.*)"
    r"|[ \t]*\|[-+|]+[ \t]*"
)
_NOTE = compile_lazily(r"\[fn:[\w-]{1,30}\][ \t]")
_TERM = compile_lazily(r"(?P<term>[ \t]*[-+][ \t]+\S.{0,200}?)[ \t]+::(?:[ \t]+(?P<meaning>.*))?")
_CODE, _DROPPED = ("src", "example"), ("comment", "export")
_INSIDE = compile_replacements(
    (r"\[fn:[\w-]{0,30}(?::[^\[\]\n]{0,1000})?\]", ""),
    (r"\[\[[^\[\]\n]{1,500}\]\[([^\[\]\n]{1,500})\]\]", r"\1"),
    (r"\[\[(?:[\w+.-]{1,20}:|[./#*])[^\[\]\n]{0,500}\]\]", ""),
    (r"@@\w{1,20}:[^@\n]{0,500}@@|\{\{\{[^{}\n]{0,200}\}\}\}|<<<?[^<>\n]{1,200}>>>?", ""),
    (r"(?<![\w/])/(?=[^\s/])([^/\n]{1,500})(?<=\S)/(?![\w/])", r"\1"),
    (r"(?<![\w=])=(?=[^\s=])([^=\n]{1,300})(?<=\S)=(?![\w=])", r"\1"),
    (r"(?<![\w~])~(?=[^\s~])([^~\n]{1,300})(?<=\S)~(?![\w~])", r"\1"),
    (r"(?<![\w+])\+(?=[^\s+])([^+\n]{1,300})(?<=\S)\+(?![\w+])", r"\1"),
    (r"\\\\[ \t]*$", r"\\"),
)


def is_org(text: str) -> bool:
    """Whether a text begins with keywords or a drawer of Org, and has headlines."""
    return _START.match(text) is not None and _SECTION.search(text) is not None


def rewrite_org(text: str) -> str:
    """Rewrite Org with LF as its only line break as Markdown."""
    lines = text.split("\n")
    fields = dict(_iter_fields(lines))
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    title = f"# {fields['title']}\n\n" if "title" in fields else ""
    return f"---\n{head}---\n\n{title}" + "\n".join(_OrgWriter(lines).write())


def _iter_fields(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.startswith("#+") and (match := _KEYWORD.fullmatch(line)):
            name = match["name"].lower()
            if name in ("title", "author", "language") and match["value"].strip():
                yield name, match["value"].strip()


@dataclass
class _OrgWriter:
    """Writes lines as Markdown; `block` is the kind of the one that is open."""

    lines: Sequence[str]
    block: str = ""
    in_drawer: bool = False
    in_note: bool = False

    def write(self) -> Iterator[str]:
        """Write all lines."""
        for line in self.lines:
            if fence := (_FENCE.fullmatch(line) if "#+" in line else None):
                yield from self._write_fence(fence["edge"].lower(), fence["kind"].lower())
            elif self.block in _CODE:
                yield line
            elif self.block not in _DROPPED:
                yield from self._write_line(line)

    def _write_fence(self, edge: str, kind: str) -> Iterator[str]:
        self.block = kind if edge == "begin" else ""
        yield "```" if kind in _CODE else ""

    def _write_line(self, line: str) -> Iterator[str]:
        if _DRAWER.fullmatch(line):
            self.in_drawer = line.strip().upper() != ":END:"
            return
        self.in_note = bool(line) and (self.in_note or _NOTE.match(line) is not None)
        if self.in_drawer or self.in_note or _SKIPPED_LINE.fullmatch(line):
            yield ""
        elif headline := _HEADLINE.fullmatch(line):
            level = min(len(headline["stars"]) + 1, 6)
            is_notes = is_notes_title(headline["title"])
            yield "" if is_notes else f"\n{'#' * level} {_rewrite_words(headline['title'])}\n"
        elif line.startswith("-----"):
            yield from ("", "* * *", "")
        elif self.block == "verse" and line.strip():
            yield f"| {_rewrite_words(line.strip())}"
        elif line.lstrip().startswith("|"):
            cells = (cell.strip() for cell in line.split("|"))
            yield from (f"{_rewrite_words(cell)}\n" for cell in cells if has_words(cell))
        elif term := (_TERM.fullmatch(line) if "::" in line else None):
            yield from (_rewrite_words(term["term"]), "", _rewrite_words(term["meaning"] or ""), "")
        else:
            yield _rewrite_words(line)


def _rewrite_words(line: str) -> str:
    return replace_all(line, _INSIDE)

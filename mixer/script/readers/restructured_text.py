"""reStructuredText rewritten as Markdown: the words that its tools would show, without notes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mixer.lazy import compile_lazily
from mixer.script.document import split_names
from mixer.script.readers.replacements import compile_replacements, replace_all

_ADORNMENT = compile_lazily(r"(?P<sign>[!-/:-@\[-`{-~])(?P=sign)+")
_DIRECTIVE_LINE = compile_lazily(r"(?m)^\.\. (?:[\w:-]+::|\[[^\]\n]+\] |_[^:\n]+:)")
_DIRECTIVE = compile_lazily(r"\.\. (?:\|[^|]+\| )?(?P<name>[\w:-]+)::\s*(?P<argument>.*)")
_OPTION = compile_lazily(r"\s+:[\w-]+:(?:\s.*)?")
_FIELD = compile_lazily(r":(?P<name>[\w -]{1,40}):(?:\s+(?P<value>.*))?")
_TRANSITION_CHARS = 4
_READ = split_names(
    "note tip warning caution important hint attention danger error admonition epigraph topic "
    "rubric sidebar container figure pull-quote highlights compound line-block parsed-literal "
    "code-block code table list-table centered versionadded versionchanged seealso"
)
"""Directives whose content is read."""

_TITLED = split_names("admonition topic rubric sidebar table list-table centered")
_CODE = split_names("code-block code")
_ROWS = compile_lazily(r"\s*\*?\s*-\s+(?=\S)")
_LIST_ITEM = compile_lazily(r"\s*(?:[-*+•]|#\.|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+(?=\S)")
_INSIDE = compile_replacements(
    (r" ?\[(?:\d{1,3}|#[\w-]*|\*)\]_(?!\w)", ""),
    (r":[\w:+-]{1,40}:`([^`<]{1,300}?)\s*(?:<[^<>`]*>)?`", r"\1"),
    (r"`([^`<]{1,300}?)\s*<[^<>`]+>`__?", r"\1"),
    (r"(?<!`)`([^`\n]+)`__?(?!\w)", r"\1"),
    (r"``([^`]+)``", r"\1"),
    (r"\\ ", ""),
    (r"::$", ":"),
    (r"^(\s*)#\. ", r"\g<1>1. "),
)


def is_restructured_text(text: str) -> bool:
    """Whether a text has explicit markup, and titles that are underlined."""
    if _DIRECTIVE_LINE.search(text) is None:
        return False
    lines = text.split("\n")
    return any(_is_title(lines, n) for n in range(len(lines)))


def rewrite_restructured_text(text: str) -> str:
    """Rewrite reStructuredText with LF as its only line break as Markdown."""
    writer = _RestructuredTextWriter([line.rstrip() for line in text.expandtabs(8).split("\n")])
    body = "\n".join(writer.write())
    fields = "\n".join(f"{name}: {value}" for name, value in writer.fields.items())
    return f"---\n{fields}\n---\n\n{body}" if fields else body


def _is_title(lines: Sequence[str], n: int) -> bool:
    """Whether a line has an adornment of at least its length below it."""
    line, below = lines[n].strip(), lines[n + 1].rstrip() if n + 1 < len(lines) else ""
    if not line or _ADORNMENT.fullmatch(line) or not _ADORNMENT.fullmatch(below):
        return False
    above = lines[n - 1].rstrip() if n else ""
    is_framed = above == below
    return (
        len(below) >= len(line)
        and (is_framed or not above)
        and (is_framed or not lines[n][:1].isspace())
    )


def _count_indent(line: str) -> int:
    return len(line) - len(line.lstrip())


@dataclass
class _RestructuredTextWriter:
    """Writes lines as Markdown; `styles` are those of titles by their level."""

    lines: Sequence[str]
    fields: dict[str, str] = field(default_factory=dict)
    styles: list[tuple[str, bool]] = field(default_factory=list)
    n: int = 0

    def write(self) -> Iterator[str]:
        """Write all lines."""
        while self.n < len(self.lines):
            line = self.lines[self.n]
            if _is_title(self.lines, self.n):
                yield from self._write_title()
            elif line.startswith(".. ") or line == "..":
                yield from self._write_markup(line)
            elif self._is_field(line):
                self.n += 1
            else:
                yield from self._write_line(line)

    def _write_title(self) -> Iterator[str]:
        below = self.lines[self.n + 1]
        style = (below[0], self.n > 0 and self.lines[self.n - 1] == below)
        if style not in self.styles:
            self.styles.append(style)
        yield from ("", f"{'#' * (self.styles.index(style) + 1)} {self.lines[self.n].strip()}", "")
        self.n += 2

    def _is_field(self, line: str) -> bool:
        """Whether a line states something of the document, which stands in front of its text."""
        match = _FIELD.fullmatch(line)
        if match is None:
            return False
        name = match["name"].lower()
        if name in ("author", "title"):
            self.fields.setdefault(name, (match["value"] or "").strip())
        return True

    def _write_markup(self, line: str) -> Iterator[str]:
        """Write a directive's words; comments, notes, targets and pictures have none."""
        directive = _DIRECTIVE.fullmatch(line)
        name = directive["name"].rpartition(":")[2] if directive else ""
        self.n += 1
        start = self.n
        while self.n < len(self.lines) and (
            not self.lines[self.n] or self.lines[self.n][0].isspace()
        ):
            self.n += 1
        if directive is None or name not in _READ:
            yield ""
            return
        body = [each for each in self.lines[start : self.n] if not _OPTION.fullmatch(each)]
        has_words = name in _TITLED or not (name in _CODE or name == "figure")
        yield from ("", _rewrite_words(directive["argument"]) if has_words else "", "")
        yield from self._write_body(name, body)

    def _write_body(self, name: str, body: Sequence[str]) -> Iterator[str]:
        indent = min((_count_indent(each) for each in body if each), default=0)
        if name in _CODE:
            yield from ("```", *(each[indent:] for each in body), "```", "")
        elif name == "list-table":
            yield from (f"{_ROWS.sub('', each).strip()}\n" for each in body)
        else:
            yield from _RestructuredTextWriter([each[indent:] for each in body]).write()

    def _write_line(self, line: str) -> Iterator[str]:
        """Write a line of a paragraph: what is indented deeper begins another."""
        before = self.lines[self.n - 1] if self.n else ""
        self.n += 1
        is_rule = _ADORNMENT.fullmatch(line)
        if is_rule:
            is_alone = not before and not any(self.lines[self.n : self.n + 1])
            is_break = is_alone and len(line) >= _TRANSITION_CHARS
            yield "* * *" if is_break else ""
            return
        is_item = _LIST_ITEM.match(before) or before.startswith("|")
        if before and _count_indent(line) > _count_indent(before) and not is_item:
            yield ""
        is_table = line.startswith(("+-", "+=")) or (line.startswith("|") and line.endswith("|"))
        yield line if is_table else _rewrite_words(line.strip())


def _rewrite_words(line: str) -> str:
    if not any(mark in line for mark in "`_:\\#"):
        return line
    return replace_all(line, _INSIDE)

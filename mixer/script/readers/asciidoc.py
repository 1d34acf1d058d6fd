"""AsciiDoc rewritten as Markdown: the words that its own tools would show, without notes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mixer.lazy import compile_lazily
from mixer.script.document import has_words
from mixer.script.readers.replacements import compile_replacements, replace_all

_TITLE = compile_lazily(r"={1,6}[ \t]+(?P<title>\S.*?)(?:[ \t]+=+)?[ \t]*")
_SECTION = compile_lazily(r"(?m)^==+[ \t]+\S")
_START = compile_lazily(r"\A(?:\s*+(?://.*|:[\w-]+:.*)\n)*+\s*+= \S")
_SKIPPED_LINE = compile_lazily(
    r":!?[\w-]+!?:(?:\s.*)?|//(?!/).*|\[\[(?!\s*(?:pause|emphasis|lang|say|music|sting|sound)\b)"
    r"[\w:.-]+(?:,[^\]]*)?\]\]|\[(?!\[)(?:[^\]\"]|\"[^\"]*+\"|\")*+\]|\+|<{3}|-{2}"
    r"|(?:image|include|toc|ifdef|ifndef|endif|ifeval|video|audio)::.*|\|={3,}.*|[,!:]={3,}"
)
_QUOTED = compile_lazily(r"\[(?:quote|verse)[^,\]]*,\s*(?P<source>[^\]]+)\]")
_VERSE = compile_lazily(r"\[verse\b[^\]]*\]")
_FENCE = compile_lazily(r"(?P<fence>_{4,}|\*{4,}|={4,}|-{4,}|\.{4,}|/{4,}|\+{4,}|`{3,}.*)\s*")
_BREAK = compile_lazily(r"'{3,}|\* ?\* ?\*|- ?- ?-")
_BULLET = compile_lazily(r"\s*(?:(?P<dots>\.{1,5})|\*{1,5}|-)\s+(?=\S)")
_BLOCK_TITLE = compile_lazily(r"\A\.(?=[^\s.])")
_TERM = compile_lazily(r"(?P<term>\S.{0,200}?):{2,4}(?:\s+(?P<meaning>\S.*))?")
_CELL = compile_lazily(r"(?:^|\s)(?:\d*[.+*<^>\d]*[aehlmdsv]?)\|")
_INSIDE = compile_replacements(
    (r"footnote(?:ref)?:[\w-]*\[(?:[^\[\]]|\[[^\[\]]*\])*\]", ""),
    (r"\(\(\([^()]*\)\)\)|(?:indexterm:|image:[^\s\[\]]{1,300})\[[^\]]*\]", ""),
    (r"\[\[[\w:.-]+\]\]", ""),
    (r"\(\(([^()]+)\)\)|indexterm2:\[([^\]]*)\]", r"\1\2"),
    (r"<<[^<>,\n]+,\s*([^<>]+)>>", r"\1"),
    (r"<<[^<>\n]+>>|xref:[^\s\[\]]{1,300}\[\]", ""),
    (r"(?:link:|xref:|mailto:|https?://)[^\s\[\]]{1,500}\[([^\[\],^]+)[^\[\]]*\]", r"\1"),
    (r"\[[.#%\w-]+\](?=[#*_`])", ""),
    (r"(?<!\w)#{1,2}([^#\n]{1,500})#{1,2}(?!\w)", r"\1"),
    (r"\"`(.{1,500}?)`\"", r"“\1”"),
    (r"'`(.{1,500}?)`'", r"‘\1’"),
    (r"`'", "’"),
    (r"\{(?:empty|zwsp|wj)\}", ""),
    (r"\{nbsp\}", " "),
    (r"(?<!\w)(\*\*|__)(\S(?:.{0,500}?\S)?)\1(?!\w)", r"\2"),
)
_HARD_BREAK = " +"
_COMMENT, _PASSED = "/", "+"
_CODE = "-.`"


def is_asciidoc(text: str) -> bool:
    """Whether a text begins with a title of AsciiDoc, and has sections."""
    return _START.match(text) is not None and _SECTION.search(text) is not None


def rewrite_asciidoc(text: str) -> str:
    """Rewrite AsciiDoc with LF as its only line break as Markdown."""
    lines = text.split("\n")
    start = next(n for n, line in enumerate(lines) if line.startswith("= "))
    title = _TITLE.fullmatch(lines[start])
    end = start + 1
    while end < len(lines) and lines[end].strip():
        end += 1
    body = "\n".join(_AsciiDocWriter(lines[end:]).write())
    body = replace_all(body, _INSIDE)
    author = _find_author(lines[start + 1 : end])
    head = f"---\ntitle: {title['title'] if title else ''}\nauthor: {author}\n---\n\n"
    return f"{head}# {title['title'] if title else ''}\n\n{body}"


def _find_author(header: Sequence[str]) -> str:
    """The author in the second line of a document, without an address."""
    line = header[0] if header else ""
    if line.startswith(":author:"):
        return line.removeprefix(":author:").strip()
    return "" if line.startswith((":", "//")) else line.partition("<")[0].strip()


@dataclass
class _AsciiDocWriter:
    """Writes lines as Markdown; `fence` is that of the open block that is kept or left out."""

    lines: Sequence[str]
    fence: str = ""
    source: str = ""
    is_verse: bool = False
    in_table: bool = False
    in_quotation: bool = False

    def write(self) -> Iterator[str]:
        """Write all lines."""
        for line in map(str.rstrip, self.lines):
            if self.fence:
                yield from self._write_fenced(line)
                continue
            fence = _FENCE.fullmatch(line)
            if fence is None:
                yield from self._write_line(line)
            elif fence["fence"][0] in _CODE + _COMMENT + _PASSED:
                self.fence = fence["fence"][:4]
                yield "```" if line[0] in _CODE else ""
            else:
                yield from self._toggle_quotation()

    def _write_fenced(self, line: str) -> Iterator[str]:
        is_end = line == self.fence or (self.fence[0] == "`" and line == "```")
        is_code = self.fence[0] in _CODE
        if is_end:
            self.fence = ""
        if is_code:
            yield "```" if is_end else line

    def _toggle_quotation(self) -> Iterator[str]:
        """Open a quotation or close it, behind which its source is named."""
        yield ""
        if self.in_quotation:
            yield from self._write_source()
        self.in_quotation = not self.in_quotation

    def _write_source(self) -> Iterator[str]:
        yield from (self.source, "") if self.source else ()
        self.source, self.is_verse = "", False

    def _write_line(self, line: str) -> Iterator[str]:
        title = _TITLE.fullmatch(line)
        if quoted := _QUOTED.fullmatch(line):
            self.source = quoted["source"].replace('"', "")
        self.is_verse |= _VERSE.fullmatch(line) is not None
        if line.startswith("|==="):
            self.in_table = not self.in_table
        if title:
            level = len(line) - len(line.lstrip("="))
            yield from ("", f"{'#' * max(level, 2)} {title['title']}", "")
        elif _BREAK.fullmatch(line):
            yield from ("", "* * *", "")
        elif _SKIPPED_LINE.fullmatch(line):
            yield ""
        elif not line and self.source and not self.in_quotation:
            yield ""
            yield from self._write_source()
        else:
            yield from self._write_words(line)

    def _write_words(self, line: str) -> Iterator[str]:
        if self.in_table and has_words(line):
            yield from (f"{cell.strip()}\n" for cell in _CELL.split(line) if cell and cell.strip())
        elif self.is_verse and line:
            yield f"| {line}"
        elif bullet := _BULLET.match(line):
            yield ("1. " if bullet["dots"] else "- ") + line[bullet.end() :]
        elif term := _TERM.fullmatch(line):
            yield from ("", term["term"], "", term["meaning"] or "")
        elif line.endswith(_HARD_BREAK):
            yield line[: -len(_HARD_BREAK)] + "\\"
        else:
            yield _BLOCK_TITLE.sub("", line, count=1)

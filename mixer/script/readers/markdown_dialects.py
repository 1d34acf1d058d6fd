"""What Pandoc, Obsidian, GitHub, Hugo and editors add to Markdown, rewritten to CommonMark.

Notes and the references to them, comments, attributes, block names, embedded files and commands are
left out; links between notes, highlights, sub- and superscripts leave their words. Code stays as it
is. Tables whose columns are as wide as their rules become rows with bars between the cells.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise, zip_longest

from mixer.lazy import compile_lazily
from mixer.script.readers.marks import remove_spans
from mixer.script.readers.replacements import replace_all

MAX_TABLE_LINES = 500
_RULE = compile_lazily(r" {0,3}-{2,}(?: +-{2,})+ *")
_LONG_RULE = compile_lazily(r" {0,3}-{5,} *")
_GRID_RULE = compile_lazily(r" {0,3}\+(?:[-=:]{2,}\+)+ *")
_GRID_LINE = compile_lazily(r" {0,3}[|+].*[|+] *")
_DASHES = compile_lazily(r"-+")


def rewrite_tables(lines: Sequence[str]) -> list[str]:
    """Rewrite a text's lines, which stay as they are outside of tables."""
    written: list[str] = []
    index = 0
    while index < len(lines):
        end = index + 1
        if _GRID_RULE.fullmatch(lines[index]):
            while end < len(lines) and _GRID_LINE.fullmatch(lines[end]):
                end += 1
            written += _write_grid(lines[index:end]) if end > index + 1 else [lines[index]]
        elif _RULE.fullmatch(lines[index]):
            end = _rewrite_columns(lines, index, written)
        else:
            written.append(lines[index])
        index = end
    return written


def _write_grid(lines: Sequence[str]) -> list[str]:
    corners = [n for n, sign in enumerate(lines[0]) if sign == "+"]
    columns = [(one + 1, two) for one, two in pairwise(corners)]
    groups = groupby(lines, lambda line: line.lstrip().startswith("+"))
    return _write_rows([list(each) for is_rule, each in groups if not is_rule], columns)


def _rewrite_columns(lines: Sequence[str], start: int, written: list[str]) -> int:
    """Rewrite the table whose columns a rule shows; returns where it ends."""
    head = _list_head(written)
    is_framed = len(head) > 1 and _LONG_RULE.fullmatch(head[0]) is not None
    end = _find_end(lines, start + 1, is_closed=is_framed or not head)
    body = lines[start + 1 : end]
    head_rows = [head[is_framed:]] if head else []
    rows = [*head_rows, *_split_rows(body)]
    starts = [match.start() for match in _DASHES.finditer(lines[start])]
    if len(head) > 1 > is_framed or not body or not body[0].strip() or not _fit(rows, starts):
        written.append(lines[start])
        return start + 1
    del written[len(written) - len(head) :]
    written += _write_rows(rows, [*pairwise(starts), (starts[-1], None)])
    return end + (end < len(lines) and _is_rule(lines[end]))


def _list_head(written: Sequence[str]) -> list[str]:
    """The lines right above a rule."""
    count = 0
    while count < min(len(written), MAX_TABLE_LINES) and written[-1 - count].strip():
        count += 1
    return list(written[len(written) - count :])


def _is_rule(line: str) -> bool:
    return _RULE.fullmatch(line) is not None or _LONG_RULE.fullmatch(line) is not None


def _find_end(lines: Sequence[str], start: int, *, is_closed: bool) -> int:
    """Where a rule ends a table, or an empty line one that needs no rule; else its start."""
    for end in range(start, min(len(lines), start + MAX_TABLE_LINES)):
        if _is_rule(lines[end]) or not (is_closed or lines[end].strip()):
            return end
    return start if is_closed or start + MAX_TABLE_LINES < len(lines) else len(lines)


def _split_rows(body: Sequence[str]) -> list[list[str]]:
    """The lines of each row, which empty lines separate where there are any."""
    if all(line.strip() for line in body):
        return [[line] for line in body]
    groups = groupby(body, lambda line: bool(line.strip()))
    return [list(each) for has_text, each in groups if has_text]


def _fit(rows: Sequence[Sequence[str]], starts: Sequence[int]) -> bool:
    """Whether no word stands across the beginning of a column."""
    lines = [line for row in rows for line in row]
    are_apart = all(not line[at - 1 : at].strip() for line in lines for at in starts if at)
    return are_apart and any(line[starts[1] :].strip() for line in lines)


def _write_rows(
    rows: Sequence[Sequence[str]], columns: Sequence[tuple[int, int | None]]
) -> list[str]:
    written = [
        "| " + " | ".join(_write_cell(row, start, end) for start, end in columns) + " |"
        for row in rows
    ]
    return ["", written[0], "|" + "---|" * len(columns), *written[1:], ""]


def _write_cell(row: Sequence[str], start: int, end: int | None) -> str:
    text = " ".join(line[start:end].strip() for line in row)
    return text.strip().replace("|", "\\|")


MAX_NOTE_CHARS = 1_000
"""Of a note inside a sentence."""

_BRACKET = compile_lazily(r"[\[\]]")
_FENCE = compile_lazily(r" {0,3}(?P<fence>`{3,}|~{3,})")
_CODE_SPAN = compile_lazily(r"(`[^`\n]*+`)")
_NOTE = compile_lazily(r" {0,3}\[\^[^\]\s]{1,60}\]:")
_COMMAND_LINE = compile_lazily(
    r"\s*+(?:\\[a-zA-Z]{2,30}\*?(?:\{[^{}]{0,200}\}){0,3}\s*+|:{3,}.*|\[{1,2}_?(?i:toc)_?\]{1,2}\s*+"
    r"|\*\[[^\]]{1,60}\]:.*|(?:#\p{Ll}[\w/-]*+\s*+)+)"
)
"""Commands, fences of divisions, places of a table of contents, abbreviations, tags of notes."""

_CLOSE_HEADING = compile_lazily(r"(?:#(?=\p{Lu}\S* )|#{2,6}(?=[^\W_]))(?=[^#]{1,80}(?<![.,;!?])$)")
"""The signs of a heading that no space separates from its words, unlike those of tags."""

_DEFINITION = compile_lazily(r"(?:  )?[:~]\s+(?=\S)")
_RAW_CODE = compile_lazily(r"`[^`\n]*+`\{=\w+\}")
_RAW_FENCE = compile_lazily(r"\s*\{=\w+\}\s*")
_FORMULA_BLOCK = compile_lazily(r"(?m)^\$\$[ \t]*\n([^$]{1,2000})\n\$\$[ \t]*$")
_LINE_BLOCK = compile_lazily(r"\|(?: (?P<line>.*[^|\s])?)?\s*")
_BEGINNINGS = (
    (
        compile_lazily(r"\A(?P<kept>(?:\s{0,3}>\s?)++)\[!\w{1,30}\][+-]?\s*+(?P<title>.*)"),
        "\\g<kept>\\g<title>\n\\g<kept>",
    ),
    (compile_lazily(r"\A(?P<kept>\s*+(?:[-*+]|\d{1,9}[.)])\s++)\[[ xX/-]\]\s++"), r"\g<kept>"),
    (compile_lazily(r"\A(?P<kept>\s*+)(?:#\.|\(@\w*\))\s+(?=\S)"), r"\g<kept>1. "),
    (compile_lazily(r"\A(?P<kept>\d{3,9})(?=[.)]\s)"), r"\g<kept>\\"),
)
"""Of lines: callouts, whose title is a paragraph, boxes of tasks, Pandoc's counters, and years."""

_SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ATTRIBUTE = r"(?:[#.][\w:.-]+|[\w:-]+=(?:\"[^\"\n]*\"|[^\s\"}]+)|-|=\w+)"
_TAG_WORDS = "pause|emphasis|lang|say|music|sting|sound"
_MATHS = compile_lazily(
    r"(?<![\\$\w])(?P<mark>\${1,2})(?=[^\s$])(?P<formula>[^$\n]{1,200})(?<=[^\s\\])(?P=mark)(?![\w$])"
)
_INSIDE = (
    (
        compile_lazily(
            r"\{--.{0,300}?--\}|\{>>.{0,300}?<<\}|\{%.{0,300}?%\}|\{\{[<%].{0,300}?[>%]\}\}"
        ),
        "",
    ),
    (
        compile_lazily(
            r"\{\+\+(.{0,300}?)\+\+\}|\{==(.{0,300}?)==\}|\{~~[^~]{0,300}~>(.{0,300}?)~~\}"
        ),
        r"\1\2\3",
    ),
    (compile_lazily(r"!\[\[[^\[\]\n]{1,300}\]\]"), ""),
    (
        compile_lazily(
            rf"\[\[(?!\s*(?:{_TAG_WORDS})\b)[^\[\]|\n]{{1,200}}\|([^\[\]|\n]{{1,200}})\]\]"
        ),
        r"\1",
    ),
    (
        compile_lazily(
            rf"\[\[(?!\s*(?:{_TAG_WORDS})\b)#?([^\[\]|:#\n]{{1,200}})(?:#[^\[\]|:\n]{{1,200}})?\]\]"
        ),
        r"\1",
    ),
    (compile_lazily(r"\[\^[^\]\s]{1,60}\]|\s?\[-?@\w[^\[\]\n]{0,200}\]"), ""),
    (compile_lazily(rf"\[([^\[\]\n]{{1,300}})\](?=\{{{_ATTRIBUTE})"), r"\1"),
    (compile_lazily(rf"\s?\{{:?\s*{_ATTRIBUTE}(?:\s+{_ATTRIBUTE}){{0,20}}\s*\}}"), ""),
    (compile_lazily(r"==(?=[^\s=])([^=\n]{1,300})(?<=\S)=="), r"\1"),
    (compile_lazily(r"(?<=[\w)])\^([^\s^~]{1,20})\^"), lambda m: m[1].translate(_SUPERSCRIPTS)),
    (
        compile_lazily(r"(?<=[\w)])(?<!~)~([^\s^~]{1,20})~(?!~)"),
        lambda m: m[1].translate(_SUBSCRIPTS),
    ),
    (compile_lazily(r"(?<![\w:]):[a-z][a-z0-9_+-]{1,30}:(?![\w:])"), ""),
    (compile_lazily(r"\s\^[\w-]{1,60}\s*$"), ""),
)
"""Inside lines, outside of code: pattern and what it becomes; first the marks of editors."""

_POWER = compile_lazily(r"\^(?:\{([-+]?\d{1,3})\}|(\d))")
_FRACTION = compile_lazily(r"\\[dt]?frac\{([^{}]*+)\}\{([^{}]*+)\}")
_COMMAND = compile_lazily(r"\\([a-zA-Z]+)\s*|[{}]")


def rewrite_dialects(text: str) -> str:
    """Rewrite a text with LF as its only line break to plain CommonMark."""
    if "%%" in text:
        text = remove_spans(text, "%%", "%%")
    if "$$\n" in text:
        text = _FORMULA_BLOCK.sub(lambda match: _rewrite_formula(match[1]), text)
    lines = rewrite_tables(text.split("\n"))
    return "\n".join(_rewrite_line_blocks(list(_rewrite_lines(lines))))


def _rewrite_lines(lines: Sequence[str]) -> Iterator[str]:
    fence, in_note, before, is_raw = "", False, "", False
    for line in lines:
        opening = _FENCE.match(line)
        if fence or opening:
            if opening and not fence:
                fence = opening["fence"]
                is_raw = _RAW_FENCE.fullmatch(line, opening.end()) is not None
            elif fence and line.strip().startswith(fence):
                fence = ""
            yield "" if is_raw else line
            continue
        in_note = _NOTE.match(line) is not None or (in_note and _continues_note(line, before))
        before = line
        if not in_note:
            yield from _rewrite_line(line)
        elif not line:
            yield ""


def _continues_note(line: str, before: str) -> bool:
    """A note goes on up to an empty line, and behind it where lines are indented."""
    return not line or line.startswith(("  ", "\t")) or bool(before)


def _rewrite_line(line: str) -> Iterator[str]:
    if _COMMAND_LINE.fullmatch(line):
        yield ""
        return
    if definition := _DEFINITION.match(line):
        yield ""
        line = line[definition.end() :]
    if line.startswith("#"):
        line = _CLOSE_HEADING.sub(r"\g<0> ", line, count=1)
    line = _RAW_CODE.sub("", line) if "`{=" in line else line
    if "[" in line or "#." in line or "(@" in line or line[:3].isdecimal():
        for pattern, replacement in _BEGINNINGS:
            line = pattern.sub(replacement, line, count=1)
    if "`" not in line:
        yield _rewrite_words(line)
        return
    parts = _CODE_SPAN.split(line)
    yield "".join(part if n % 2 else _rewrite_words(part) for n, part in enumerate(parts))


def _rewrite_words(text: str) -> str:
    if not any(mark in text for mark in "[{=^~:$"):
        return text
    text = _drop_inline_notes(text)
    text = replace_all(text, _INSIDE)
    return _MATHS.sub(lambda match: _rewrite_formula(match["formula"]), text)


def _drop_inline_notes(text: str) -> str:
    """Drop notes such as ^[He came by boat.], which may contain brackets."""
    kept, start = list[str](), 0
    while (opened := text.find("^[", start)) >= 0:
        end = _find_closing_bracket(text, opened + 1)
        if end < 0:
            kept.append(text[start : opened + 2])
            start = opened + 2
        else:
            kept.append(text[start:opened])
            start = end
    return "".join([*kept, text[start:]])


def _find_closing_bracket(text: str, start: int) -> int:
    limit, depth = start + MAX_NOTE_CHARS, 0
    if text.find("]", start, limit) < 0:
        return -1
    for bracket in _BRACKET.finditer(text, start, limit):
        depth += 1 if bracket[0] == "[" else -1
        if depth == 0:
            return bracket.end()
    return -1


def _rewrite_formula(formula: str) -> str:
    """A formula without its dollar signs, so that it is not read as money."""
    powers = _POWER.sub(lambda match: (match[1] or match[2]).translate(_SUPERSCRIPTS), formula)
    powers = _FRACTION.sub(r"\1/\2", powers)
    return _COMMAND.sub(lambda match: f"{match[1]} " if match[1] else "", powers).strip()


def _rewrite_line_blocks(lines: Sequence[str]) -> Iterator[str]:
    """Pandoc's verse, whose lines begin with a bar; lines of tables end with one as well."""
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        match = _LINE_BLOCK.fullmatch(line) if line.startswith("|") else None
        words = (match["line"] or "").strip() if match else ""
        ending = "\\" if words and following.startswith("| ") else ""
        yield line if match is None or "|" in words else words + ending

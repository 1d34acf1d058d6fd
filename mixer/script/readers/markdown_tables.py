"""Pandoc's tables, whose columns are as wide as their rules, as rows with bars between the cells.

Name    Age        ------ -----        +------+-----+
------ -----       Tom    9            | Name | Age |
Tom    9           Ann    12           +======+=====+
                   ------ -----        | Tom  | 9   |
                                       +------+-----+
"""

from collections.abc import Sequence
from itertools import groupby, pairwise

from mixer.lazy import compile_lazily

MAX_TABLE_LINES = 500
_RULE = compile_lazily(r" {0,3}-{2,}(?: +-{2,})+ *")
_LONG_RULE = compile_lazily(r" {0,3}-{5,} *")
_GRID_RULE = compile_lazily(r" {0,3}\+(?:[-=:]{2,}\+)+ *")
_GRID_LINE = compile_lazily(r" {0,3}[|+].*[|+] *")
_DASHES = compile_lazily(r"-+")

Columns = Sequence[tuple[int, int | None]]
"""Where each begins and ends in a line."""


def rewrite_tables(lines: Sequence[str]) -> list[str]:
    """Rewrite a text's lines, which stay as they are outside of tables."""
    written: list[str] = []
    index = 0
    while index < len(lines):
        end = index + 1
        if _GRID_RULE.fullmatch(lines[index]):
            end = _find_grid_end(lines, index)
            written += _write_grid(lines[index:end]) if end > index + 1 else [lines[index]]
        elif _RULE.fullmatch(lines[index]):
            end = _rewrite_columns(lines, index, written)
        else:
            written.append(lines[index])
        index = end
    return written


def _find_grid_end(lines: Sequence[str], start: int) -> int:
    end = start + 1
    while end < len(lines) and _GRID_LINE.fullmatch(lines[end]):
        end += 1
    return end


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


def _write_rows(rows: Sequence[Sequence[str]], columns: Columns) -> list[str]:
    written = [
        "| " + " | ".join(_write_cell(row, start, end) for start, end in columns) + " |"
        for row in rows
    ]
    return ["", written[0], "|" + "---|" * len(columns), *written[1:], ""]


def _write_cell(row: Sequence[str], start: int, end: int | None) -> str:
    text = " ".join(line[start:end].strip() for line in row)
    return text.strip().replace("|", "\\|")

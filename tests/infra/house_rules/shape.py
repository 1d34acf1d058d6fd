"""How large things are, how they are called, and what may stand where."""

import ast
import re

from tests.infra.house_rules.source import (
    HANDLERS,
    Finding,
    Module,
    Source,
    docstring_lines,
    iter_docstrings,
)

MAX_PARAMETERS = 6
MAX_FUNCTION_LINES = 25
MAX_FILE_LINES = 300
_REPEATED = re.compile(r"^\s+(\w+): (?:an? |the |of |for |its |in |the story's )*(\w+)\.$")
_EMPTY = re.compile(r"^\s+\w+: (?:of (?:the |a |an )?\w+|likewise)\.$")


def count_modules(source: Source) -> int:
    """Production modules: the package and the handlers."""
    return len(source.production)


def count_code_lines(source: Source) -> int:
    """Lines of production code without docstrings and blanks."""
    return sum(
        sum(1 for line in module.text.splitlines() if line.strip()) - _docstring_text(module)
        for module in source.production
    )


def _docstring_text(module: Module) -> int:
    """Lines of docstrings that are not blank."""
    lines = module.text.splitlines()
    return sum(
        sum(1 for line in lines[node.lineno - 1 : node.end_lineno] if line.strip())
        for node in iter_docstrings(module)
    )


def docstring_share(source: Source) -> float:
    """Docstrings' share of all lines of production code, %."""
    modules = source.production
    lines = sum(len(module.text.splitlines()) for module in modules)
    return 100 * sum(map(docstring_lines, modules)) / max(lines, 1)


def find_repeating_docstrings(source: Source) -> list[Finding]:
    """Lines of docstrings that repeat a name."""
    found = []
    for module in source.production:
        for number, line in enumerate(module.text.splitlines(), 1):
            match = _REPEATED.match(line)
            repeats = match and match[2].lower() in match[1].lower().split("_")
            if repeats or _EMPTY.match(line):
                found.append(Finding(module.path, number, f"adds nothing: {line.strip()}"))
    return found


def find_many_parameters(source: Source) -> list[Finding]:
    """Functions with more than six parameters."""
    found = []
    for module in source.select("mixer", "deploy", "bench", "demo", *HANDLERS):
        for node in module.functions:
            a = node.args
            names = [each.arg for each in [*a.posonlyargs, *a.args, *a.kwonlyargs]]
            names = names[1:] if names[:1] in (["self"], ["cls"]) else names
            if len(names) > MAX_PARAMETERS:
                found.append(module.find(node, f"{node.name} has {len(names)} parameters"))
    return found


def find_tuple_splats(source: Source) -> list[Finding]:
    """Tuple literals unpacked into calls."""
    return [
        module.find(node, "unpacks a literal into a call")
        for module in source.select("mixer", "deploy", "bench", "demo", *HANDLERS)
        for node in module.nodes
        if isinstance(node, ast.Call)
        for argument in node.args
        if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Tuple)
    ]


def find_long_functions(source: Source) -> list[Finding]:
    """Functions of more than 25 lines, docstring left out."""
    found = []
    for module in source.production:
        for node in module.functions:
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node, clean=False) is not None:
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            if lines > MAX_FUNCTION_LINES:
                found.append(module.find(node, f"{node.name} has {lines} lines"))
    return found


def find_long_files(source: Source) -> list[Finding]:
    """Files of more than 300 lines."""
    return [
        Finding(module.path, 1, f"{lines} lines")
        for module in source.production
        if (lines := len(module.text.splitlines())) > MAX_FILE_LINES
    ]

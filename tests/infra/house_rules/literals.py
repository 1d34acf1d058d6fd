"""Words and adapters that only certain places may name."""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.infra.house_rules.source import Finding, Module, Source
from tests.infra.house_rules.words import WORDS


def find_format_comparisons(source: Source) -> list[Finding]:
    """Comparisons with a format outside of sound/formats."""
    formats = set(WORDS["literals"]["formats"])
    return [
        module.find(node, f"compares with {', '.join(sorted(words))}")
        for module in _list_outside(source, WORDS["literals"]["format_places"])
        for node, strings in _list_comparisons(module)
        if (words := {each for each in strings if each.lstrip(".").lower() in formats})
    ]


def _list_outside(source: Source, places: Iterable[str]) -> Iterator[Module]:
    """The production modules that are not in some packages."""
    roots = tuple(places)
    for module in source.production:
        if not any(module.name == root or module.name.startswith(f"{root}.") for root in roots):
            yield module


def _list_comparisons(module: Module) -> Iterator[tuple[ast.AST, set[str]]]:
    """Comparisons and patterns, and the words in them: strings, and members of enumerations."""
    for node in module.nodes:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            yield node, {word for side in sides for word in _read_words(side)}
        elif isinstance(node, ast.MatchValue):
            yield node, set(_read_words(node.value))


def _read_words(node: ast.expr) -> Iterator[str]:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.Attribute) and part.attr.isupper():
            yield part.attr


def find_step_literals(source: Source) -> list[Finding]:
    """Names of steps outside of stories/steps."""
    steps = set(WORDS["literals"]["steps"])
    return [
        module.find(node, f"names the step {step!r}")
        for module in _list_outside(source, WORDS["literals"]["step_places"])
        for node, step in _list_step_words(module)
        if step in steps
    ]


def _list_step_words(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for node in module.nodes:
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if _is_string(key) and key.value == "task" and _is_string(value):
                    yield value, value.value
                elif _is_string(key) and "_" in key.value and not _is_string(value):
                    yield key, key.value
        elif isinstance(node, ast.Call):
            yield from ((a, a.value) for a in node.args if _is_string(a) and "_" in a.value)


def _is_string(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def find_adapter_calls(source: Source) -> list[Finding]:
    """Adapters made outside of compose.py."""
    classes = set(WORDS["adapters"]["classes"])
    return [
        module.find(node, f"makes {called}")
        for module in _list_outside(source, WORDS["adapters"]["places"])
        for node in module.nodes
        if isinstance(node, ast.Call)
        for called in [ast.unparse(node.func)]
        if called in classes
        or called.startswith("boto3.")
        or re.fullmatch(r"create_\w+_client|\w*[sS]ession\.client", called)
        if not _defines_class(module, called)
    ]


def _defines_class(module: Module, name: str) -> bool:
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in module.tree.body)

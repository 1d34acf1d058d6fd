"""What production code defines and production code does not use."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.infra.house_rules.source import Finding, Module, Source
from tests.infra.house_rules.words import WORDS

_PLAIN = {
    "abstractmethod", "cache", "cached_property", "classmethod", "contextmanager", "dataclass",
    "lru_cache", "override", "property", "runtime_checkable", "staticmethod", "total_ordering",
}  # fmt: skip
_KNOWN_BASES = {
    "Enum", "Exception", "Flag", "Generic", "IntEnum", "NamedTuple", "Protocol", "StrEnum",
    "TypedDict", "ABC",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z_]\w*")


def find_unused_symbols(source: Source) -> list[Finding]:
    """Symbols that production does not use: only tests, benches or nothing."""
    modules = (*source.production, *source.select("deploy"))
    uses = defaultdict(list)
    for module in modules:
        for name, line in _list_uses(module):
            uses[name].append((module.path, line))
    classes = {
        node.name for m in modules for node in m.nodes if isinstance(node, ast.ClassDef)
    } | _KNOWN_BASES
    exported = _read_public_names(source)
    return [
        module.find(node, f"nothing in production uses {name}")
        for module in modules
        for name, node in _list_definitions(module, classes)
        if name not in exported and not _is_used(uses[name], module, node)
    ]


def _is_used(places: list[tuple[str, int]], module: Module, node: ast.AST) -> bool:
    """Whether a name is used anywhere but in its own definition."""
    own = range(node.lineno, node.end_lineno + 1)
    return any(path != module.path or line not in own for path, line in places)


def _read_public_names(source: Source) -> set[str]:
    package = source.modules.get("mixer")
    names = set(WORDS["usage"]["entries"])
    if package is not None:
        names |= {
            each.value
            for node in package.tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            for each in ast.walk(node.value)
            if isinstance(each, ast.Constant)
        }
    return names


def _list_definitions(module: Module, classes: set[str]) -> Iterator[tuple[str, ast.AST]]:
    """What could be taken away: names of modules, and methods that no foreign class asks for."""
    for node in module.tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if _is_plain(node):
                yield node.name, node
            case ast.ClassDef():
                if _is_plain(node):
                    yield node.name, node
                if {ast.unparse(base).split("[")[0] for base in node.bases} <= classes:
                    yield from _list_methods(node)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if not name.startswith("__"):
                    yield name, node


def _list_methods(node: ast.ClassDef) -> Iterator[tuple[str, ast.AST]]:
    functions = (i for i in node.body if isinstance(i, ast.FunctionDef | ast.AsyncFunctionDef))
    for function in functions:
        if not function.name.startswith("__") and _is_plain(function):
            yield function.name, function


def _is_plain(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether no decorator registers it somewhere, and Python does not call it itself."""
    names = {ast.unparse(each).split("(")[0].rpartition(".")[2] for each in node.decorator_list}
    return names <= _PLAIN and node.name != "__getattr__"


def _list_uses(module: Module) -> Iterator[tuple[str, int]]:
    """Names that are read, called or given as annotations; re-exports do not count."""
    for node in module.nodes:
        match node:
            case ast.Name(ctx=ast.Load()):
                yield node.id, node.lineno
            case ast.Attribute():
                yield node.attr, node.lineno
            case ast.alias(name=name, asname=str()) if not module.is_package:
                yield name, node.lineno
            case ast.ImportFrom() if not module.is_package:
                yield from ((alias.name, node.lineno) for alias in node.names)
        yield from _read_texts(getattr(node, "annotation", None))
        yield from _read_texts(getattr(node, "returns", None))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("cast", "getattr", "TypeVar"):
            yield from (each for argument in node.args for each in _read_texts(argument))


def _read_texts(node: object) -> Iterator[tuple[str, int]]:
    for inner in ast.walk(node) if isinstance(node, ast.AST) else ():
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield from ((word, inner.lineno) for word in _WORD.findall(inner.value))

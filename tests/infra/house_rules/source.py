"""The source tree as syntax trees, and which module imports which name of which."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

FOLDERS = ("mixer", "deploy", "bench", "demo", "tests")
HANDLERS = ("app", "authorizer", "polly_handler", "sanitation", "stories")


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that breaks a rule."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Import:
    """A name that a module imports: `module` is the one that defines it."""

    importer: "Module"
    line: int
    written: str
    """The module as it stands in the statement."""
    module: str
    name: str
    """Empty where the module itself is imported."""
    typing_only: bool


@dataclass(frozen=True)
class Module:
    """A parsed file."""

    name: str
    path: str
    text: str
    tree: ast.Module = field(repr=False)
    is_package: bool = False

    @property
    def room(self) -> str:
        """The package of the first level that a module belongs to; its own name outside of any."""
        parts = self.name.split(".")
        if parts[0] in HANDLERS:
            return "handlers"
        return ".".join(parts[:2]) if parts[0] == "mixer" else parts[0]

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node, walked once."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def functions(self) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
        """Every function, methods and nested ones included."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return tuple(node for node in self.nodes if isinstance(node, kinds))

    def find(self, node: ast.AST, message: str) -> Finding:
        """A finding at a node."""
        return Finding(self.path, getattr(node, "lineno", 1), message)


SUITES = "mixer.testing"
"""Tests that are part of the package, for outside engines to run."""


class Source:
    """All modules below a root.

    Attributes:
        modules: by dotted name.
        production: the package, without the suites in it, and the handlers.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        files = [path for name in FOLDERS for path in sorted((root / name).rglob("*.py"))]
        files += [root / f"{name}.py" for name in HANDLERS if (root / f"{name}.py").exists()]
        self.modules = {each.name: each for each in (self._parse(path) for path in files)}
        self.production = tuple(
            each for each in self.select("mixer", *HANDLERS) if not each.name.startswith(SUITES)
        )

    def _parse(self, path: Path) -> Module:
        relative = path.relative_to(self.root)
        parts = relative.with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        text = path.read_text(encoding="utf-8")
        return Module(name, str(relative), text, ast.parse(text), is_package)

    def select(self, *names: str) -> tuple[Module, ...]:
        """The modules of some packages of the first level."""
        return tuple(m for m in self.modules.values() if m.name.split(".")[0] in names)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """What all but the tests import of each other, re-exports followed to where they end."""
        found = self.select("mixer", "deploy", "bench", "demo", *HANDLERS)
        return tuple(each for module in found for each in self._read_imports(module))

    def _read_imports(self, module: Module) -> Iterator[Import]:
        lazy = {
            inner
            for node in module.nodes
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for statement in node.body
            for inner in ast.walk(statement)
        }
        for node in module.nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    written, target, name = self._resolve(node.module, alias.name)
                    if target in self.modules:
                        yield Import(module, node.lineno, written, target, name, node in lazy)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in self.modules:
                        yield Import(module, node.lineno, alias.name, alias.name, "", node in lazy)

    def _resolve(self, module: str, name: str) -> tuple[str, str, str]:
        """The module as written, the one that defines a name, and the name there."""
        if f"{module}.{name}" in self.modules:
            return f"{module}.{name}", f"{module}.{name}", ""
        written, passed = module, set()
        while (module, name) not in passed and name in self._exports.get(module, {}):
            passed.add((module, name))
            module, name = self._exports[module][name]
            if f"{module}.{name}" in self.modules:
                return written, f"{module}.{name}", ""
        return written, module, name

    @cached_property
    def _exports(self) -> dict[str, dict[str, tuple[str, str]]]:
        """Names that packages re-export, and where from, lazily loaded ones included."""
        return {
            module.name: {
                alias.asname or alias.name: (node.module, alias.name)
                for node in module.nodes
                if isinstance(node, ast.ImportFrom) and node.module
                for alias in node.names
            }
            for module in self.modules.values()
            if module.is_package
        }


def docstring_lines(module: Module) -> int:
    """Lines that docstrings take, those below constants and attributes included."""
    return sum(node.end_lineno - node.lineno + 1 for node in iter_docstrings(module))


def iter_docstrings(module: Module) -> Iterator[ast.Expr]:
    """Statements that are nothing but a string."""
    for node in module.nodes:
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield node

"""Which module may import what, and how much crosses from room to room."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.infra.house_rules.source import HANDLERS, Finding, Import, Module, Source

MAX_EXPORTS = 15


def find_inner_imports(source: Source) -> list[Finding]:
    """Imports past a package's `__init__`."""
    return [
        Finding(each.importer.path, each.line, f"imports {each.written}; import {package}")
        for each in source.imports
        if each.importer.room not in ("bench", "demo")
        and (package := _find_entered_package(source, each)) is not None
    ]


def _find_entered_package(source: Source, each: Import) -> str | None:
    """The package whose `__init__` an import goes around; None if it does not."""
    if source.modules[each.written].is_package:
        return None
    package = each.written.rpartition(".")[0]
    is_shared = package in ("", "mixer", "deploy")
    inside = each.importer.name == package or each.importer.name.startswith(f"{package}.")
    return None if is_shared or inside else package


def find_large_exports(source: Source) -> list[Finding]:
    """Packages that export more than 15 names."""
    found = []
    for module in source.production:
        if module.is_package and module.name != "mixer":
            names = _list_exports(module.tree)
            if len(names) > MAX_EXPORTS:
                found.append(Finding(module.path, 1, f"exports {len(names)} names"))
    return found


def _list_exports(tree: ast.Module) -> list[str]:
    """What the `__init__` of a package imports from within, it exports."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    inner = (node for node in imports if str(node.module).startswith("mixer."))
    names = [alias.name for node in inner for alias in node.names]
    return [name for name in names if name != "export_lazily"]


def find_handler_imports(source: Source) -> list[Finding]:
    """Imports of handlers by the package."""
    return [
        Finding(each.importer.path, each.line, f"imports the handler {each.module}")
        for each in source.imports
        if each.module in HANDLERS and each.importer.name.startswith("mixer")
    ]


def find_loops(source: Source) -> list[Finding]:
    """Import loops, handlers included."""
    loops = []
    for level in (_name_file, _name_room, _name_package):
        graph = defaultdict(set)
        for each in source.imports:
            if not each.typing_only:
                graph[level(each.importer)].add(level(source.modules[each.written]))
        loops += [loop for loop in _find_circles(graph) if set(loop) not in map(set, loops)]
    return [Finding(loop[0], 0, " -> ".join(loop)) for loop in loops]


def _name_file(module: Module) -> str:
    return module.name


def _name_room(module: Module) -> str:
    return module.room


def _name_package(module: Module) -> str:
    return module.room.partition(".")[0]


def _find_circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Circles, each broken where it closes before the next one is looked for."""
    circles = []
    left = {node: targets - {node} for node, targets in graph.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            circle = error.args[1]
            circles.append(circle)
            left[circle[1]].discard(circle[0])
        else:
            return circles


def find_crossing_names(source: Source) -> list[Finding]:
    """Names that cross a package's border."""
    crossing = {}
    for each in source.imports:
        target = source.modules[each.module]
        outside = each.importer.room not in (target.room, "bench", "demo")
        if target.name.startswith("mixer.") and outside:
            crossing.setdefault((target.path, each.name), each.importer.path)
    return [
        Finding(path, 1, f"{name or 'the module'} is imported by {importer}")
        for (path, name), importer in sorted(crossing.items())
    ]


def find_single_importers(source: Source) -> list[Finding]:
    """Modules that exactly one other imports."""
    importers = defaultdict(set)
    for each in source.imports:
        if not each.importer.is_package and each.importer in source.production:
            importers[each.module].add(each.importer.name)
    return [
        Finding(module.path, 1, f"only imported by {next(iter(importers[module.name]))}")
        for module in source.production
        if not module.is_package and len(importers[module.name]) == 1
    ]


def find_layer_modules(source: Source) -> list[Finding]:
    """Modules named by import contracts instead of packages."""
    file = source.root / "pyproject.toml"
    if not file.exists():
        return []
    linter = tomllib.loads(file.read_text(encoding="utf-8"))["tool"]["importlinter"]
    names = {
        name.strip()
        for contract in linter["contracts"]
        for key in ("layers", "modules", "source_modules", "forbidden_modules")
        for row in contract.get(key, ())
        for name in row.split("|")
    }
    return [
        Finding("pyproject.toml", 1, f"a contract names the module {name}")
        for name in sorted(names)
        if name.count(".") > 1 and name in source.modules and not source.modules[name].is_package
    ]


def find_unmirrored_tests(source: Source) -> list[Finding]:
    """Unit tests that do not mirror the tree."""
    tests = source.root / "tests" / "unit"
    return [
        Finding(str(file.relative_to(source.root)), 1, "no folder or module has this name")
        for file in sorted(tests.rglob("test_*.py"))
        if not _is_mirrored(source.root, file.relative_to(tests))
    ]


def _is_mirrored(root: Path, file: Path) -> bool:
    """A test is in a folder of a package's name, or has the name of a module outside of any."""
    if len(file.parts) == 1:
        return (root / "mixer" / f"{file.stem.removeprefix('test_')}.py").exists()
    return any((home / file.parent).is_dir() for home in (root / "mixer", root))

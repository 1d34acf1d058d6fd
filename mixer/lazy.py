"""Exports of packages that are loaded when they are first used, so that starting stays quick."""

from collections.abc import Callable, Mapping
from typing import Any


def export_lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Build a package's `__getattr__`.

    Args:
        homes: names, separated by spaces, by the module that has them, such as `.story_plan`.
    """
    modules = {name: home for home, names in homes.items() for name in names.split()}

    def load_export(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(modules[name], package), name)

    return load_export

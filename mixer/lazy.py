"""Exports, patterns and extras that are loaded when first used, so that starting stays quick."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    import regex


def export_lazily(package: str) -> Callable[[str], Any]:
    """Build a package's `__getattr__` for the names that it imports `if TYPE_CHECKING`.

    They are read from its source when the first of them is used, which takes 0.15 ms.
    """
    homes: dict[str, str] = {}

    def load_export(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
        from importlib import import_module

        homes.update(homes or _read_homes(package))
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return load_export


def _read_homes(package: str) -> dict[str, str]:
    """The module that has a name, by the names that a package imports for type checkers."""
    import ast

    with open(str(sys.modules[package].__file__), encoding="utf-8") as file:  # noqa: PTH123 - starts sooner
        blocks = [each for each in ast.parse(file.read()).body if isinstance(each, ast.If)]
    imports = [each for block in blocks for each in block.body if isinstance(each, ast.ImportFrom)]
    return {alias.name: str(each.module) for each in imports for alias in each.names}


def require_extra(extra: str, package: str, purpose: str) -> None:
    """Raise MixerError if a package of one of Mixer's extras is missing, without importing it."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        from mixer.errors import MixerError

        raise MixerError(
            f"{purpose} needs packages that are not installed: run pip install '.[{extra}]' in "
            "Mixer's folder."
        )


def compile_lazily(pattern: AnyStr, flags: int = 0) -> "regex.Pattern[AnyStr]":
    """Build a pattern of `regex` that is compiled when it is first used; for constants of modules.

    The readers have two hundred of them, of which a page needs few; a long one takes milliseconds.
    """
    return cast("regex.Pattern[AnyStr]", _LazyPattern(pattern, flags))


class _LazyPattern:
    """Stands for a compiled pattern; its methods are the pattern's own once they were used."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._source = pattern, flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the pattern has
        if "_compiled" not in self.__dict__:
            import regex

            self._compiled: Any = regex.compile(*self._source)
        attribute = getattr(self._compiled, name)
        setattr(self, name, attribute)
        return attribute

"""Exports of packages and patterns that are made when first used, so that starting stays quick."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    import regex


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

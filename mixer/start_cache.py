"""What each start would compile again, kept in a file: regular expressions and tables in TOML.

Python compiles regular expressions in Python: 400 of them were a quarter of the plan of a page. The
command line opens the file before a command and saves it behind one. Nothing else does, so a
function in the cloud and a program that imports Mixer compile as ever.

The price: CPython has no public way to keep a compiled pattern. The file holds what its compiler
hands to `_sre.compile`, for one version of Python; that function checks each code, and whatever is
missing, damaged or refused is compiled as usual.
"""

import json
import re
import sys
from array import array
from binascii import a2b_base64, b2a_base64, crc32
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

Kind = Literal["patterns", "tables"]
Entries = dict[Kind, dict[str, Any]]

MAX_BYTES = 2_000_000
"""A longer file is replaced by what the last command used; reading one takes 10 ms."""


class StartCache:
    """Compiled patterns and parsed tables by their source; a file is read when one is asked for."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._used: Entries = {"patterns": {}, "tables": {}}
        self._is_changed = False

    @cached_property
    def _file_entries(self) -> Entries:
        """The entries of the file; none if it is missing, damaged or of another Python."""
        try:
            head, _, content = (self._path.read_bytes() if self._path else b"").partition(b"\n")
            if head != _build_head(content):
                return {"patterns": {}, "tables": {}}
            stored = json.loads(content)
            return {"patterns": dict(stored["patterns"]), "tables": dict(stored["tables"])}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return {"patterns": {}, "tables": {}}

    def find(self, kind: Kind, source: str) -> Any:  # noqa: ANN401 - an entry of either kind
        """Find an entry; None if there is none."""
        found = self._file_entries[kind].get(source)
        if found is not None:
            self._used[kind][source] = found
        return found

    def add(self, kind: Kind, source: str, entry: object) -> None:
        """Add an entry that was made, in the place of one that was refused."""
        self._used[kind][source] = entry
        self._is_changed = True

    def save(self) -> None:
        """Write the file if an entry was added; if it cannot be written, do without."""
        if self._path is None or not self._is_changed:
            return
        from mixer.errors import MixerError
        from mixer.files import open_atomic

        content = self._serialise()
        try:
            with open_atomic(self._path, is_durable=False) as file:
                file.write(_build_head(content) + b"\n" + content)
        except MixerError:
            return

    def _serialise(self) -> bytes:
        used = {kind: dict(entries) for kind, entries in self._used.items()}  # threads may add
        content = json.dumps(
            {kind: self._file_entries[kind] | used[kind] for kind in used}
        ).encode()
        return content if len(content) <= MAX_BYTES else json.dumps(used).encode()


def _build_head(content: bytes) -> bytes:
    """The first line: what codes depend on (Python, its `re`, the machine), and a checksum."""
    engine = import_module("_sre")
    version = f"{sys.implementation.cache_tag} {sys.hexversion:x}"
    codes = f"{engine.MAGIC} {engine.CODESIZE} {sys.byteorder}"
    return f"{version} {codes} {crc32(content)}".encode()


_cache = StartCache()


def open_start_cache(path: Path) -> StartCache:
    """Use what a file holds from now on, and collect what it lacks."""
    global _cache  # noqa: PLW0603 - modules compile their patterns as they are imported
    _cache = StartCache(path)
    return _cache


def parse_toml(text: str) -> dict[str, Any]:
    """Parse one of Mixer's own tables, which hold strings, numbers, lists and tables only."""
    digest = sha256(text.encode()).hexdigest()
    stored = _cache.find("tables", digest)
    if isinstance(stored, dict):
        return stored
    import tomllib

    table = tomllib.loads(text)
    _cache.add("tables", digest, table)
    return table


def compile_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compile a regular expression as `re.compile` does; it raises re.error for a wrong one.

    Unlike that, it keeps no patterns in memory: call it once for each.
    """
    source = f"{int(flags)}:{pattern}"
    try:
        return _build_pattern(pattern, *_cache.find("patterns", source))
    except Exception:  # noqa: BLE001 - missing, damaged, or of a Python that does otherwise
        return _compile_entry(pattern, int(flags), source)


def _compile_entry(pattern: str, flags: int, source: str) -> re.Pattern[str]:
    """Compile as `re._compiler.compile` of CPython 3.11 to 3.14, and keep what its end gets."""
    try:
        parsed = import_module("re._parser").parse(pattern, flags)
        code = import_module("re._compiler")._code(parsed, flags)
        packed = b2a_base64(array("I", code).tobytes(), newline=False).decode()
        state = parsed.state
        entry = [flags | state.flags, state.groups - 1, state.groupdict, packed]
        built = _build_pattern(pattern, *entry)
    except Exception:  # noqa: BLE001 - a wrong pattern raises its own error below
        return re.compile(pattern, flags)
    _cache.add("patterns", source, entry)
    return built


def _build_pattern(
    pattern: str, flags: int, groups: int, numbers: dict[str, int], packed: str
) -> re.Pattern[str]:
    if not 0 <= groups <= len(pattern):
        raise ValueError(f"{pattern!r} cannot have {groups} groups")
    names: list[str | None] = [None] * (groups + 1)
    for name, number in numbers.items():
        names[number] = name
    code = array("I", a2b_base64(packed)).tolist()
    built: re.Pattern[str] = import_module("_sre").compile(
        pattern, flags, code, groups, numbers, tuple(names)
    )
    return built

"""The tables of each language, for the normaliser and the sentence splitter.

They are TOML files in `languages/`, named for the language (`en`), with a second one for a region
where it differs (`en-US`). A language without tables gets empty ones: then nothing is replaced, and
sentences end at their marks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mixer.start_cache import compile_pattern, parse_toml

MACRO_LANGUAGES = {"arb": "ar", "cmn": "zh", "yue": "zh", "no": "nb"}
"""Codes whose tables have a wider or an older code (ISO 639-3 macrolanguages)."""

MAX_NAME_CHARS = 35
"""Of a tag (BCP 47, RFC 5646, 4.4.1); a longer one is never used as a file name."""

MAX_CACHED_LANGUAGES = 128
"""Polly speaks 42."""

FOLDER = Path(__file__).with_name("languages")

_PATTERN_NAME = compile_pattern(r"(?<!\?P)<([a-z_]+)>")


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """The tables of one language; equal only to itself, so that compiled rules can be cached.

    `code` is that of the tables, such as `en`, which num2words and sentencex know as well.
    """

    code: str
    _tables: Mapping[str, Any]

    def table(self, path: str) -> Mapping[str, Any]:
        """A table by its dotted path; empty when the language has none."""
        value: Any = self._tables
        for name in path.split("."):
            value = value.get(name, {})
        return value if isinstance(value, Mapping) else {}

    def spellings(self, path: str) -> Mapping[str, str]:
        """A table of spoken forms by written form."""
        return {written: str(spoken) for written, spoken in self.table(path).items()}

    def number_forms(self, path: str) -> Mapping[str, tuple[str, str]]:
        """A table of singular and plural by sign."""
        return {sign: (forms[0], forms[-1]) for sign, forms in self.table(path).items()}

    def words(self, path: str) -> tuple[str, ...]:
        """A list of words by its dotted path."""
        table, _, name = path.rpartition(".")
        return tuple(self.table(table).get(name, ()))

    def phrase(self, path: str) -> str:
        """A word or template by its dotted path; empty when the language has none."""
        table, _, name = path.rpartition(".")
        return str(self.table(table).get(name, ""))

    def fill_pattern(self, pattern: str) -> str:
        """A pattern of these tables, in which `<name>` stands for one of their `patterns`."""
        patterns = self.table("patterns")
        return _PATTERN_NAME.sub(
            lambda match: f"(?:{self.fill_pattern(patterns[match[1]])})", pattern
        )


@lru_cache(maxsize=MAX_CACHED_LANGUAGES)
def load_language(tag: str) -> Language:
    """Load the tables for a BCP 47 tag such as `en-US`, `cmn-CN` or `arb`."""
    _, _, region = tag.replace("_", "-").partition("-")
    code = primary_code(tag)
    tables = _load_tables(code)
    if region:
        tables = _merge_tables(tables, _load_tables(f"{code}-{region.upper()}"))
    return Language(code, tables)


def primary_code(tag: str) -> str:
    """The language of a tag without its region, as the tables name it."""
    primary = tag.replace("_", "-").partition("-")[0].lower()
    return MACRO_LANGUAGES.get(primary, primary)


def is_same_language(one: str, other: str) -> bool:
    """Whether two tags name one language, perhaps of different regions."""
    return primary_code(one) == primary_code(other)


def _load_tables(name: str) -> dict[str, Any]:
    if len(name) > MAX_NAME_CHARS or not name.replace("-", "").isalnum():
        return {}
    file = FOLDER / f"{name}.toml"
    return parse_toml(file.read_text("utf-8")) if file.is_file() else {}


def _merge_tables(tables: dict[str, Any], regional: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(tables)
    for name, value in regional.items():
        existing = merged.get(name)
        if isinstance(existing, dict) and isinstance(value, Mapping):
            merged[name] = _merge_tables(existing, value)
        else:
            merged[name] = value
    return merged

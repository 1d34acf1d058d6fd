"""The front matter of a text: what it states about the whole, and its cast.

It stands between two lines of three hyphens:

    ---
    title: The Lighthouse
    cast:
      Narrator: Ada
      Tom: Ben, level -2, rate 95
      Mary: Amy, engine neural, language en-GB
    ---
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date

import regex

from mixer.errors import UnreadableText
from mixer.lazy import compile_lazily
from mixer.script.document import Block, Document, build_line_error
from mixer.script.readers.head_checks import (
    list_head_warnings,
    list_repetition_warnings,
    list_speaker_warnings,
    read_head_options,
)
from mixer.script.readers.metadata import normalise_language_tag
from mixer.script.script import Metadata, Role, SoundCue

METADATA_KEYS = tuple(each.name for each in fields(Metadata))

KNOWN_KEYS = frozenset({
    "title", "author", "language", "cast", "cover", "lexicon", "music", "sounds", "text-type",
    "text_type", *METADATA_KEYS,
})  # fmt: skip

MAX_ROLES = 40
MAX_LEVEL_DB = 12.0
SLOWEST_PERCENT, FASTEST_PERCENT = 50, 200

_FRONT_MATTER = compile_lazily(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", regex.DOTALL)
_TOML = compile_lazily(r"\A\+{3}[ \t]*\n(.*?\n)\+{3}[ \t]*(?:\n|\Z)", regex.DOTALL)
_TITLE_BLOCK = compile_lazily(
    r"\A%[ \t]*(?P<title>\S.*(?:\n[ \t]+\S.*)*+)?\n%[ \t]*(?P<author>.*(?:\n[ \t]+\S.*)*+)\n"
    r"(?:%[ \t]*(?P<date>.*)\n)?(?=\n|\Z)"
)
"""Pandoc's: title, authors, perhaps a date."""

_HEADER = compile_lazily(
    r"\A(?:[A-Za-z][A-Za-z -]{2,20}:(?:[ \t].*)?\n(?:[ \t]+\S.*\n){0,9}+){2,20}+(?=\n)"
)
_HEADER_KEYS = frozenset({
    "title", "subtitle", "author", "authors", "date", "year", "language", "lang", "copyright",
    "keywords", "tags", "publisher", "series", "genre", "description", "rights",
    "credit", "source", "draft date", "contact", "revision", "notes",
})  # fmt: skip
"""Of MultiMarkdown, Fountain, and of typists; any other name makes the lines text."""

_YEAR = compile_lazily(r"[12]\d{3}(?=-|$)")
_LISTED_KEYS = frozenset({"author", "authors"})
_LIST_ITEM = compile_lazily(r"\s*-\s+(?:name:\s*)?(?P<item>[^:]+)")
_LINE = compile_lazily(r"(?P<name>[\w-]+)\s*:(?P<value>(?:\s.*)?)")
_CONTINUATION = compile_lazily(r"\s*|[\s#-].*|[]}].*")
"""The rest of a longer value, a comment, or an empty line."""

_ROLE = compile_lazily(
    r"(?P<name>[^\s:\[\]#][^:\[\]]{0,39}?)\s*+:\s*+(?P<voice>[\w.*+-]*)\s*+(?:,(?P<more>.*))?"
)
_SETTING = compile_lazily(
    r"(?:(engine)\s+([a-z-]{1,20})|(language)\s+([A-Za-z]{2,8}(?:-[0-9A-Za-z]{1,8}){0,3})"
    r"|(level|rate)\s+(\S+))"
)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a text states about itself.

    `values` are as written, by lower-case name; `source_lines` begin with the text's second line;
    `line_count` includes the rules around them.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    cast: tuple[Role, ...] = ()
    source_lines: tuple[str, ...] = ()
    line_count: int = 0

    @property
    def metadata(self) -> Metadata:
        """For the finished file."""
        return Metadata(**{name: self.values.get(name, "") for name in METADATA_KEYS})

    def build_document(self, blocks: tuple[Block, ...], music: SoundCue | None) -> Document:
        """The document of a text that begins with this."""
        return Document(
            blocks,
            title=self.values.get("title", ""),
            author=self.values.get("author", ""),
            language=self.values.get("language", ""),
            metadata=self.metadata,
            cast=self.cast,
            cover_name=self.values.get("cover", ""),
            lexicon_name=self.values.get("lexicon", ""),
            music=music,
            options=read_head_options(self.values),
            warnings=(
                *list_head_warnings(self.source_lines, KNOWN_KEYS),
                *list_repetition_warnings(self.source_lines, KNOWN_KEYS),
                *list_speaker_warnings(blocks, [role.name for role in self.cast]),
            ),
        )


def split_front_matter(
    text: str, name: str = "The text", *, allow_unknown: bool = True
) -> tuple[FrontMatter, str]:
    """Separate the front matter from the text that follows it, both with LF as line breaks.

    Args:
        name: what to call the text in errors.
        allow_unknown: whether front matter may consist of unknown names only.

    Raises:
        UnreadableText: a line of the cast is malformed; names the line.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return _split_header(text, allow_title_block=allow_unknown)
    lines = match.group(1).splitlines()
    values = _parse_values(lines)
    if not values or not (allow_unknown or KNOWN_KEYS & values.keys()):
        return FrontMatter(), text
    cast = tuple(_parse_cast(lines, name))
    line_count = text.count("\n", 0, match.end())
    return FrontMatter(values, cast, tuple(lines), line_count), text[match.end() :]


def _split_header(text: str, *, allow_title_block: bool) -> tuple[FrontMatter, str]:
    """Separate a header that no lines enclose, or front matter in TOML."""
    values = dict[str, str]()
    match = _TITLE_BLOCK.match(text) if allow_title_block else None
    if match is not None:
        values = {name: value or "" for name, value in match.groupdict().items()}
    elif match := _HEADER.match(text):
        written = (line for line in match[0].splitlines() if not line[0].isspace())
        lines = (line.partition(":") for line in written)
        values = {name.strip().lower(): value.strip() for name, _, value in lines}
        if not (values.keys() <= _HEADER_KEYS and values.keys() & {"title", "author"}):
            match = None
    if match is None:
        return _split_toml(text)
    values = _add_aliases({name: " ".join(value.split()) for name, value in values.items()})
    return FrontMatter(values, (), (), text.count("\n", 0, match.end())), text[match.end() :]


def _split_toml(text: str) -> tuple[FrontMatter, str]:
    """Separate front matter between lines of three plus signs, as Hugo writes it."""
    match = _TOML.match(text)
    if match is None:
        return FrontMatter(), text
    try:
        table = tomllib.loads(match[1])
    except (tomllib.TOMLDecodeError, RecursionError):
        return FrontMatter(), text
    values = {name.lower(): _write_value(value) for name, value in table.items()}
    line_count = text.count("\n", 0, match.end())
    return FrontMatter(_add_aliases(values), (), (), line_count), text[match.end() :]


def _write_value(value: object) -> str:
    """A value as text, lists with commas; nothing for what is richer."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_write_value, value)))
    return str(value) if isinstance(value, str | int | float | date) else ""


def _add_aliases(values: dict[str, str]) -> dict[str, str]:
    """The names that Pandoc and Hugo use: `lang`, `authors`, `date`."""
    values.setdefault("language", values.get("lang", ""))
    values.setdefault("author", values.get("authors", ""))
    year = _YEAR.match(values.get("date", ""))
    values.setdefault("year", year[0] if year else "")
    values["language"] = normalise_language_tag(values["language"])
    return values


def iter_nested_lines(lines: Sequence[str], key: str) -> Iterator[tuple[int, str]]:
    """List the indented lines under a name, with their line numbers in the text."""
    is_inside = False
    for number, line in enumerate(lines, start=2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace():
            is_inside = line.split(":")[0].strip().lower() == key
        elif is_inside:
            yield number, line


def _parse_values(lines: Sequence[str]) -> dict[str, str]:
    """Read the `name: value` lines and skip anything richer.

    Empty when a line looks like prose: then the rules around it are scene breaks.
    """
    values: dict[str, str] = {}
    name = ""
    for line in lines:
        if match := _LINE.fullmatch(line):
            name = match["name"].lower()
            values[name] = _parse_flow_list(match["value"].strip("\"' "))
        elif not _CONTINUATION.fullmatch(line):
            return {}
        elif (item := _LIST_ITEM.fullmatch(line)) and name in _LISTED_KEYS:
            values[name] = ", ".join(filter(None, (values[name], item["item"].strip("\"' "))))
    return _add_aliases(values) if values else {}


def _parse_flow_list(value: str) -> str:
    """A value, or the items of a list such as `[Ann, Bob]`, with commas."""
    if not (value.startswith("[") and value.endswith("]")):
        return value
    return ", ".join(item.strip("\"' ") for item in value[1:-1].split(","))


def _parse_cast(lines: Sequence[str], text_name: str) -> Iterator[Role]:
    names = set[str]()
    for number, line in iter_nested_lines(lines, "cast"):
        cast_line = _CastLine(line, number, text_name)
        role = cast_line.parse_role()
        if role.name in names:
            raise cast_line.build_error(f"{role.name} is cast twice")
        if len(names) == MAX_ROLES:
            raise cast_line.build_error(f"a cast has at most {MAX_ROLES} roles")
        names.add(role.name)
        yield role


@dataclass(frozen=True, slots=True)
class _CastLine:
    """One line of the cast, such as `Tom: Ben, level -2`."""

    line: str
    number: int
    text_name: str

    def build_error(self, reason: str) -> UnreadableText:
        return build_line_error(self.text_name, self.number, reason)

    def parse_role(self) -> Role:
        match = _ROLE.fullmatch(self.line.strip())
        if match is None or not match["voice"]:
            raise self.build_error(
                f"write a role as “Tom: Ben, level -2”, not “{self.line.strip()[:40]}”"
            )
        settings = dict(self._parse_settings(match["more"])) if match["more"] else {}
        rate = self._parse_number(settings, "rate", SLOWEST_PERCENT, FASTEST_PERCENT)
        return Role(
            name=match["name"].strip(),
            voice=match["voice"],
            engine=settings.get("engine", ""),
            language=settings.get("language", ""),
            level_db=self._parse_number(settings, "level", -MAX_LEVEL_DB, MAX_LEVEL_DB) or 0.0,
            rate_percent=None if rate is None else round(rate),
            line=self.number,
        )

    def _parse_settings(self, written: str) -> Iterator[tuple[str, str]]:
        for part in written.split(","):
            match = _SETTING.fullmatch(part.strip())
            if match is None:
                raise self.build_error(
                    f"“{part.strip()[:40]}” is not a setting of a voice; use engine, language, "
                    "level or rate, such as “level -2”"
                )
            key, value = filter(None, match.groups())
            yield key, value

    def _parse_number(
        self, settings: Mapping[str, str], key: str, lowest: float, highest: float
    ) -> float | None:
        if key not in settings:
            return None
        try:
            value = float(settings[key].removesuffix("dB").removesuffix("%"))
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            raise self.build_error(
                f"{key} takes a number from {lowest:g} to {highest:g}, not “{settings[key][:20]}”"
            )
        return value

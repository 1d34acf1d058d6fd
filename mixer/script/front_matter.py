"""The cast of a story: who speaks for whom, and what the head of a text says of the whole.

A head stands between two lines of three hyphens:

    ---
    title: The Lighthouse
    cast:
      Narrator: Ada
      Tom: Ben, level -2, rate 95
      Mary: Amy, engine neural, language en-GB
    ---
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import regex

from mixer.errors import UnreadableText

NARRATOR = "Narrator"
"""Whose paragraphs nobody else is named for."""

METADATA_KEYS = ("narrator", "series", "year", "genre", "description")
"""What a finished file says of itself besides title and author."""

MAX_ROLES = 40
MAX_LEVEL_DB = 12.0
SLOWEST_PERCENT, FASTEST_PERCENT = 50, 200

_FRONT_MATTER = regex.compile(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", regex.DOTALL)
_LINE = regex.compile(r"(?P<name>[\w-]+)\s*:(?P<value>(?:\s.*)?)")
_CONTINUATION = regex.compile(r"\s*|[\s#-].*|[]}].*")
"""Of a line: the rest of a longer value, a comment, or nothing."""

_ROLE = regex.compile(
    r"\s+(?P<name>[^:\[\]#][^:\[\]]{0,39}?)\s*:\s*(?P<voice>[\w-]*)\s*(?:,(?P<more>.*))?"
)
_SETTING = regex.compile(
    r"\s*(?:(engine)\s+([a-z-]{1,20})|(language)\s+([A-Za-z]{2,8}(?:-[0-9A-Za-z]{1,8}){0,3})"
    r"|(level|rate)\s+(\S+))\s*"
)

_KEYS = (
    "title",
    "author",
    "language",
    "cast",
    "cover",
    "lexicon",
    "music",
    "sounds",
    *METADATA_KEYS,
)

KNOWN_KEYS = frozenset(_KEYS)
"""Names of a head that mean something here."""


@dataclass(frozen=True, slots=True)
class Role:
    """A name of the cast and the voice that speaks for it.

    Attributes:
        name: as the text writes it before what is said.
        voice: of the engine.
        engine: its name; empty for the story's own.
        language: that the voice shall read; empty for its own.
        level_db: louder or softer than the others.
        rate_percent: of the voice's own speed; None for the story's.
        line: of the text, for messages.
    """

    name: str
    voice: str
    engine: str = ""
    language: str = ""
    level_db: float = 0.0
    rate_percent: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a finished file says of itself besides title and author; each may be empty.

    Attributes:
        narrator: who reads, as listeners shall see it.
        series: and the volume in it, as the author writes it.
        year: of publication.
        genre: such as `Mystery`.
        description: a few sentences.
    """

    narrator: str = ""
    series: str = ""
    year: str = ""
    genre: str = ""
    description: str = ""


NO_METADATA = Metadata()


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the head of a text says.

    Attributes:
        values: by name, as written.
        cast: in its order.
        source_lines: its lines, from the text's second on.
        line_count: that the head takes, its own marks included.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    cast: tuple[Role, ...] = ()
    source_lines: tuple[str, ...] = ()
    line_count: int = 0

    @property
    def metadata(self) -> Metadata:
        """What the finished file shall say of itself."""
        return Metadata(**{name: self.values.get(name, "") for name in METADATA_KEYS})


def split_front_matter(
    text: str, name: str = "The text", *, allow_unknown: bool = True
) -> tuple[FrontMatter, str]:
    """The head of a text and what follows it.

    Args:
        text: with one kind of line break.
        name: what to call it in errors.
        allow_unknown: whether a head may hold nothing but names that mean nothing here.

    Raises:
        UnreadableText: the cast is written in a way that nobody can follow; names the line.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return FrontMatter(), text
    lines = match.group(1).splitlines()
    values = _parse_values(lines)
    if not values or not (allow_unknown or KNOWN_KEYS & values.keys()):
        return FrontMatter(), text
    cast = tuple(_parse_cast(lines, name))
    head = FrontMatter(values, cast, tuple(lines), text.count("\n", 0, match.end()))
    return head, text[match.end() :]


def _parse_values(lines: Sequence[str]) -> dict[str, str]:
    """The `name: value` lines; anything richer is passed over.

    Empty when a line looks like prose: then the rules around it are scene breaks.
    """
    values: dict[str, str] = {}
    for line in lines:
        if match := _LINE.fullmatch(line):
            values[match["name"].lower()] = match["value"].strip("\"' ")
        elif not _CONTINUATION.fullmatch(line):
            return {}
    return values


def iter_nested_lines(lines: Sequence[str], key: str) -> Iterator[tuple[int, str]]:
    """The indented lines of a head under a name, with their numbers in the text."""
    inside = False
    for number, line in enumerate(lines, start=2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace():
            inside = line.split(":")[0].strip().lower() == key
        elif inside:
            yield number, line


def _parse_cast(lines: Sequence[str], name: str) -> Iterator[Role]:
    """The indented lines under `cast:`."""
    seen = set[str]()
    for number, line in iter_nested_lines(lines, "cast"):
        role = _parse_role(line, number, name)
        if role.name in seen or len(seen) == MAX_ROLES:
            why = "is cast twice" if role.name in seen else f"is one of more than {MAX_ROLES}"
            raise UnreadableText(f"{name} is refused: line {number}: {role.name} {why}.")
        seen.add(role.name)
        yield role


def _parse_role(line: str, number: int, name: str) -> Role:
    match = _ROLE.fullmatch(line.rstrip())
    if match is None or not match["voice"]:
        raise UnreadableText(
            f"{name} is refused: line {number}: a cast is written like “Tom: Ben, level -2”, not "
            f"“{line.strip()[:40]}”."
        )
    settings = dict(_parse_settings(match["more"], number, name)) if match["more"] else {}
    return Role(
        name=match["name"].strip(),
        voice=match["voice"],
        engine=settings.get("engine", ""),
        language=settings.get("language", ""),
        level_db=_parse_number(settings, "level", (-MAX_LEVEL_DB, MAX_LEVEL_DB), number, name)
        or 0.0,
        rate_percent=_parse_rate_percent(settings, number, name),
        line=number,
    )


def _parse_settings(written: str, number: int, name: str) -> Iterator[tuple[str, str]]:
    for part in written.split(","):
        match = _SETTING.fullmatch(part)
        if match is None:
            raise UnreadableText(
                f"{name} is refused: line {number}: “{part.strip()[:40]}” sets nothing of a voice: "
                "there are engine, language, level and rate, such as “level -2”."
            )
        name_of, value = filter(None, match.groups())
        yield name_of, value


def _parse_rate_percent(settings: Mapping[str, str], number: int, name: str) -> int | None:
    rate = _parse_number(settings, "rate", (SLOWEST_PERCENT, FASTEST_PERCENT), number, name)
    return None if rate is None else round(rate)


def _parse_number(
    settings: Mapping[str, str], key: str, bounds: tuple[float, float], number: int, name: str
) -> float | None:
    if key not in settings:
        return None
    written = settings[key].removesuffix("dB").removesuffix("%")
    try:
        value = float(written)
    except ValueError:
        value = float("nan")
    if not bounds[0] <= value <= bounds[1]:
        raise UnreadableText(
            f"{name} is refused: line {number}: {key} takes a number from {bounds[0]:g} to "
            f"{bounds[1]:g}, not “{settings[key][:20]}”."
        )
    return value

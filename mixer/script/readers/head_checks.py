"""Finds what an author may have meant otherwise: names, tags, speakers without a cast."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from mixer.lazy import compile_lazily
from mixer.script.document import Block, BlockKind
from mixer.script.readers.metadata import names_language

HEAD_OPTIONS = frozenset({
    "bitrate_kbps", "chapters", "de_ess", "disclose", "disclosure", "duck_attack_s", "duck_db",
    "duck_hold_s", "duck_release_s", "engine", "fade_out_s", "feed_episodes", "format", "gap_ms",
    "lexicons", "music_intro_s", "music_level_lu", "music_outro_s", "outputs", "pauses",
    "plain_narrator", "preset", "provenance", "rate", "read_aloud_by", "speech_marks", "target",
    "titles", "verify", "voice",
})  # fmt: skip
"""Options that a text may state itself; those of the request take precedence."""

FOREIGN_KEYS = frozenset({
    "aliases", "abstract", "authors", "bibliography", "categories", "category", "copyright",
    "date", "draft", "id", "identifier", "isbn", "keywords", "lang", "lastmod", "layout",
    "license", "permalink", "published", "publisher", "rights", "slug", "subject", "subtitle",
    "summary", "tags", "toc", "updated", "url", "weight",
})  # fmt: skip
"""What Pandoc and the makers of web sites keep there; it is ignored without a word."""

_BRACKETS = compile_lazily(r"\[\[\s*+(\p{L}{3,12})(?![\p{L}\p{N}])[^\[\]]{0,200}\]\]")
_TAGS = ("emphasis", "lang", "music", "pause", "say", "sound", "sting")
TAG_LIKENESS = 0.75
"""From here on a word is taken for a misspelt tag: `puase`, not `Paul`."""

_SPEAKER = compile_lazily(r"\**(\p{Lu}[\p{L}\p{M}'’. -]{0,29}?)\**:\**\s+\S")
MIN_PARAGRAPHS, MIN_TURNS = 3, 2
"""Without a cast: so many paragraphs begin with a name and a colon, so many with the same one."""


def read_head_options(values: Mapping[str, str]) -> dict[str, str]:
    """The options among a head's values; hyphens count as underscores."""
    named = {name.replace("-", "_"): value for name, value in values.items()}
    return {name: value for name, value in named.items() if name in HEAD_OPTIONS and value}


def list_head_warnings(lines: Sequence[str], known: frozenset[str]) -> Iterator[str]:
    """Sentences on names in the head that mean nothing, with their lines in the text."""
    names = sorted(known | HEAD_OPTIONS)
    for number, line in enumerate(lines, start=2):
        name, colon, value = line.partition(":")
        key = name.strip().lower().replace("-", "_")
        if key in ("language", "lang") and not names_language(value.strip(" \"'")):
            yield (
                f"line {number}: “{value.strip()[:40]}” is not a language, so the voice's own is "
                "used; write a tag such as en-US."
            )
        if not colon or line[0].isspace() or line[0] in "#-" or key in {*names, *FOREIGN_KEYS}:
            continue
        near = get_close_matches(key, names, n=1)
        meant = f"did you mean “{near[0]}”?" if near else "it is ignored."
        yield f"line {number}: “{name.strip()}” is not known in the front matter; {meant}"


def list_repetition_warnings(lines: Sequence[str], known: frozenset[str]) -> Iterator[str]:
    """Sentences on names that are given twice in the head, of which the last value counts."""
    seen, names = dict[str, int](), known | HEAD_OPTIONS
    for number, line in enumerate(lines, start=2):
        name, _, value = line.partition(":")
        key = name.rstrip().lower().replace("-", "_")
        if key not in names or not value.strip():
            continue
        if key in seen:
            yield f"line {number}: “{name}” is in line {seen[key]} too; only this line counts."
        seen[key] = number


def list_speaker_warnings(blocks: Sequence[Block], cast: Sequence[str]) -> Iterator[str]:
    """Sentences on names that begin paragraphs like a speaker's, and will be read aloud."""
    texts = (each.text for each in blocks if each.kind is BlockKind.PARAGRAPH and not each.speaker)
    turns = Counter(match[1] for text in texts if (match := _SPEAKER.match(text)))
    is_play = bool(cast) or turns.total() >= MIN_PARAGRAPHS
    for name, count in turns.items() if is_play else ():
        if count >= MIN_TURNS or get_close_matches(name, cast):
            yield (
                f"“{name}:” begins {count} of the paragraphs and is read aloud; if {name} speaks "
                "there, add the name to the cast in the front matter."
            )


def list_tag_warnings(text: str) -> Iterator[str]:
    """Sentences on brackets that will be read aloud, though they look like a tag."""
    for match in _BRACKETS.finditer(text):
        near = get_close_matches(match[1].lower(), _TAGS, n=1, cutoff=TAG_LIKENESS)
        if near and match[1] not in near:
            yield f"“{match[0][:60]}” is read aloud; did you mean a tag such as “[[{near[0]} …]]”?"

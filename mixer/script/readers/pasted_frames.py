"""What stands around a text that was copied from a mail or an archive of stories.

A mail's header names the title and the author; links of the service that sent it are left out.
"""

from collections.abc import Iterator, Sequence

from mixer.lazy import compile_lazily
from mixer.script.document import Block, split_names
from mixer.script.readers.project_gutenberg import GutenbergBook, is_archive_line

_HEADER_LINE = compile_lazily(r"(?P<name>\p{L}[\p{L}-]{0,30}):[ \t]+(?P<value>\S.*)")
_FROM = split_names("from von de da van")
_SUBJECT = split_names("subject betreff objet asunto oggetto onderwerp")
_OTHERS = split_names(
    "to an à para a aan date datum fecha data sent gesendet envoyé enviado cc bcc reply-to "
    "return-path received message-id mime-version content-type content-transfer-encoding "
    "list-unsubscribe list-id delivered-to"
)
MIN_HEADER_LINES = 3

_ADDRESS = compile_lazily(r"\s*<[^<>]*>|\S+@\S+")
_SERVICE = compile_lazily(
    r"(?i)(?:view|read|open) (?:this (?:e-?mail|message|post|newsletter) )?(?:in|on) "
    r"(?:your|the|a) (?:browser|web|app)|(?:having )?trouble (?:viewing|reading)|\bunsubscribe\b"
    r"|forwarded this e-?mail|you(?:['’]re| are) (?:receiving|getting) this (?:e-?mail|because)"
    r"|manage your (?:preferences|subs)|im browser (?:ansehen|anzeigen|öffnen)|abbestellen"
    r"|se désabonner|désinscri|darse de baja"
)
_SIGNATURE, _LINK, _FILE_END = "--", "http", "End file."
MAX_SIGNATURE_LINES = 15

_LABEL = (
    r"(?:Rating|Archive Warnings?|Categor(?:y|ies)|Genres?|Fandoms?|Relationships?|Characters?"
    r"|Additional Tags|Language|Series|Collections|Stats|Status|Published|Updated|Packaged"
    r"|Chapters|Words|Publisher|Story URL):"
)
_TAGS = compile_lazily(rf"{_LABEL}(?:\s.*)?")
_LABELS = compile_lazily(rf"(?<!\S){_LABEL}")
MIN_TAGS, MAX_TAG_BLOCKS = 3, 60


def split_pasted_frame(text: str) -> GutenbergBook:
    """Take a mail's text out of its frame, a story's out of an archive's; any other stays.

    Lines that are taken out stay as empty ones.
    """
    lines = text.split("\n")
    if header := dict(_read_header(lines)):
        count = next(n for n, line in enumerate(lines) if line) + len(header)
        body = [""] * count + list(_blank_service(lines[count:]))
        names = {name.casefold(): value for name, value in header.items()}
        author = _ADDRESS.sub("", next((names[k] for k in names if k in _FROM), "")).strip('" ')
        title = next((names[k] for k in names if k in _SUBJECT), "")
        return GutenbergBook("\n".join(body), title, author)
    if any(map(is_archive_line, lines)) or sum(map(_is_tag, lines)) >= MIN_TAGS:
        return GutenbergBook("\n".join(_blank_tags(lines)))
    return GutenbergBook(text)


def drop_tags(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Blocks without the tags that an archive states in front of a story."""
    front = blocks[:MAX_TAG_BLOCKS]
    if sum(len(_LABELS.findall(each.text)) for each in front) < MIN_TAGS:
        return tuple(blocks)
    kept, is_tagged = list[Block](), False
    for each in front:
        is_tag = _is_tag(each.text)
        kept += [] if is_tag or is_tagged else [each]
        is_tagged = (is_tag and each.text.endswith(":")) or (
            (is_tag or is_tagged) and each.continues
        )
    return (*kept, *blocks[MAX_TAG_BLOCKS:])


def _read_header(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The fields of a mail that a text begins with; none of any other text."""
    start = next((n for n, line in enumerate(lines) if line), len(lines))
    found = list[tuple[str, str]]()
    for line in lines[start:]:
        match = _HEADER_LINE.fullmatch(line)
        name = match["name"].casefold() if match else ""
        if not match or not (name in _OTHERS or name in _FROM or name in _SUBJECT):
            break
        found.append((match["name"], match["value"].strip()))
    names = {name.casefold() for name, _ in found}
    if len(names) == len(found) >= MIN_HEADER_LINES and names & _SUBJECT and names & _FROM:
        yield from found


def _blank_service(lines: Sequence[str]) -> Iterator[str]:
    """Lines of a mail without its signature and the paragraphs of its service."""
    last = max(0, len(lines) - MAX_SIGNATURE_LINES)
    end = next((n for n in range(last, len(lines)) if lines[n].rstrip() == _SIGNATURE), len(lines))
    for line in lines[:end]:
        yield "" if _LINK in line and _SERVICE.search(line) else line


def _is_tag(line: str) -> bool:
    return _TAGS.fullmatch(line.strip()) is not None


def _blank_tags(lines: Sequence[str]) -> Iterator[str]:
    """Lines without an archive's own, and without the paragraphs of tags below its first line."""
    is_tagged = False
    for line in lines:
        is_tagged = bool(line) and (is_tagged or _is_tag(line))
        yield "" if is_tagged or is_archive_line(line) or line == _FILE_END else line

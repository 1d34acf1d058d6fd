"""What stands around a text that was copied from a mail, an archive of stories, a manuscript.

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
MIN_HEADER_LINES, MAX_HEADER_LINES = 3, 60

_ADDRESS = compile_lazily(r"\s*<[^<>]*>|\S+@\S+")
_SERVICE = compile_lazily(
    r"(?i)(?:view|read|open) (?:this (?:e-?mail|message|post|newsletter) )?(?:in|on) "
    r"(?:your|the|a) (?:browser|web|app)|(?:having )?trouble (?:viewing|reading)|\bunsubscribe\b"
    r"|forwarded this e-?mail|you(?:['’]re| are) (?:receiving|getting) this (?:e-?mail|because)"
    r"|manage your (?:preferences|subs)|im browser (?:ansehen|anzeigen|öffnen)|abbestellen"
    r"|se désabonner|désinscri|darse de baja"
)
_WORD_COUNT = compile_lazily(
    r"(?i)(?:^[ \t]*|\s{2})(?:(?:about|approx(?:imately|\.)?|c\.|ca\.) ?)?"
    r"\d{1,3}(?:,?\d{3}){0,2} words$"
)
_CONTACT = compile_lazily(r"\S@\S|\(?\d{3}\)?[ -]\d{3}[ -]\d{4}")
MAX_TITLE_PAGE_LINES, MAX_CONTACT_LINES = 60, 10
"""Of a manuscript: the page with its title, and what stands above that."""

_PAGE_END = compile_lazily(
    r"(?im)^[ \t]*+(?:share this|like this|leave a (?:reply|comment)|loading\.{3})"
    r"[ \t]*+:?[ \t]*+$"
)
_PAGE_LINK = compile_lazily(r"(?:←|«|<<|‹).{1,60}|.{1,60}(?:→|»|>>|›)")
MAX_PAGE_END_LINES, MAX_SITE_LINE_CHARS = 60, 120
"""Of what a site puts below a text; a longer line is a comment, or text."""

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
    header, count = _read_header(lines)
    if header:
        body = [""] * count + list(_blank_service(lines[count:]))
        names = {name.casefold(): value for name, value in header.items()}
        author = _ADDRESS.sub("", next((names[k] for k in names if k in _FROM), "")).strip('"() ')
        title = next((names[k] for k in names if k in _SUBJECT), "")
        return GutenbergBook("\n".join(body), title, author)
    if contact := _find_contact(lines):
        return GutenbergBook("\n".join("" if n in contact else x for n, x in enumerate(lines)))
    if any(map(is_archive_line, lines)) or sum(map(_is_tag, lines)) >= MIN_TAGS:
        return GutenbergBook("\n".join(_blank_tags(lines)))
    if _PAGE_END.search("\n".join(lines[-MAX_PAGE_END_LINES:])):
        return GutenbergBook("\n".join(_blank_page_end(lines)))
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


def _read_header(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """The fields of a mail that a text begins with, and where they end; none of any other text.

    Names that are not known may stand among those that are.
    """
    start = next((n for n, line in enumerate(lines) if line), len(lines))
    found, known, end = list[tuple[str, str]](), 0, start
    for end in range(start, min(len(lines), start + MAX_HEADER_LINES)):
        match = _HEADER_LINE.fullmatch(lines[end])
        if not match and (not found or not lines[end][:1].isspace()):
            break
        if match:
            name = match["name"].casefold()
            known += name in _OTHERS or name in _FROM or name in _SUBJECT
            found.append((match["name"], match["value"].strip()))
    names = {name.casefold() for name, _ in found}
    is_ended = known == len(found) or not lines[end].strip()
    is_header = len(names) == len(found) and known >= MIN_HEADER_LINES and is_ended
    return (dict(found), end) if is_header and names & _SUBJECT and names & _FROM else ({}, 0)


def _blank_page_end(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a page without what a site puts below its text, and links to other pages."""
    first = max(0, len(lines) - MAX_PAGE_END_LINES)
    ends = (n for n in range(first, len(lines)) if _PAGE_END.fullmatch(lines[n].strip()))
    end = next(ends, len(lines))
    is_end = not any(len(line) > MAX_SITE_LINE_CHARS for line in lines[end:])
    for n, line in enumerate(lines):
        is_link = n >= first and _PAGE_LINK.fullmatch(line.strip()) is not None
        yield "" if is_end and (n >= end or is_link) else line


def _find_contact(lines: Sequence[str]) -> set[int]:
    """The lines of a manuscript that say where its author lives, and how many words it has."""
    first = [n for n, line in enumerate(lines[:MAX_TITLE_PAGE_LINES]) if line.strip()]
    counts = [n for n in first if _WORD_COUNT.search(lines[n])]
    block = [n for n, place in zip(first, range(first[0] if first else 0, len(lines)), strict=False)
             if n == place]  # fmt: skip
    is_contact = any(_CONTACT.search(lines[n]) for n in block) or bool(set(counts) & set(block))
    if not counts or not 1 < len(block) <= MAX_CONTACT_LINES or not is_contact:
        return set()
    return {*block, *counts}


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

"""Licences, copyright notices and what tools say of themselves: none is read, but for one alone.

They stand at the beginning of a book, or at its end. A lone line that may be one stays; so does all
that is not next to a line which certainly is.
"""

from collections.abc import Iterator, Sequence

import regex

from mixer.lazy import compile_lazily
from mixer.script.document import Block, BlockKind
from mixer.script.readers.marks import fold_title

MAX_FRONT_BLOCKS, MAX_BACK_BLOCKS = 60, 40
MAX_NOTICE_CHARS = 1_500
MAX_CREDIT_CHARS = 200
"""Of a line that only says who made the book, and when."""

_NOTICE = compile_lazily(
    r"(?:^|\W{2,})all rights (?:are )?reserved(?=\W*$|\W{2,})"
    r"|(?:^|\W{2,})no part of this [\w-]{3,20}\b.{0,80}\bmay be \w+"
    r"|\blicen[sc]ed for your personal|^\W*(?:e-?)?isbn\b|^smashwords edition"
    r"|\bbrought to you by feedbooks\b|^(?:https?://)?www\.feedbooks\.com\b|^food for the mind$"
    r"|\bproduced in \w+ format by the internet archive\b|\bconverted to \w+ format automatically"
    r"|^this e-?(?:book|text) is for the use of anyone anywhere"
    r"|\balle rechte vorbehalten|\btous droits (?:de .{3,60} )?réservés|\balle rechten voorbehouden"
    r"|\b(?:todos los derechos|todos os direitos) reservados|\bderechos reservados"
    r"|\btutti i diritti (?:sono )?riservati",
    regex.IGNORECASE,
)
_SPEECH = compile_lazily(r"[“”„«»]|(?<!\w)[\"'‘][\w ,.!]+[\"'’]")
"""A notice that is read aloud in a story."""

_NOTICE_WORDS = (
    "right", "©", "(c)", "isbn", "licen", "be ", "smashwords", "archive", "automatically", "ebook",
    "e-book", "e-text", "etext", "feedbooks", "food", "rechte",
    "droits", "derechos", "direitos", "diritti",
)  # fmt: skip
"""A notice has one of them; looking for them is quicker."""

_COPYRIGHT = compile_lazily(
    r"(?:text |cover .{0,20})?(?:copyright\s*(?:©|\(c\))?|©|\(c\))\s*(?:by .{2,60} )?\d{4}\b.*",
    regex.IGNORECASE,
)
_CREDIT = compile_lazily(
    r"(?:this (?:[\w-]+ )?is a work of fiction|any (?:resemblance|similarit)|(?:copyright\b|©)"
    r"|(?:first|second|third|\d+(?:st|nd|rd|th)) (?:\w+ ){0,2}(?:edition|print|publish|impression)"
    r"|(?:published|printed|designed|typeset|formatted|created|converted|written|edited)"
    r" (?:by|in|with)"
    r"|(?:cover|book|jacket|interior) (?:art|design|illustration|image|layout|photo)"
    r"|the (?:moral )?rights? of .{3,80} (?:have|has) been asserted"
    r"|the right of .{3,60} to be identified"
    r"|an? (?:cip )?catalogue? (?:record|entry) |printed and bound |typeset |isbn\b"
    r"|(?:www\.|https?://)\S+$|(?:imprint|impressum|legal notices?|licen[sc]e notes?)$).*",
    regex.IGNORECASE,
)
_EDITION = compile_lazily(r"about this digital edition", regex.IGNORECASE)
"""The title of what Wikisource says of itself."""


def drop_imprint(blocks: Sequence[Block], title: str = "") -> tuple[Block, ...]:
    """Blocks without notices; those of a page that names the book again are without that name."""
    first, last = min(MAX_FRONT_BLOCKS, len(blocks)), max(0, len(blocks) - MAX_BACK_BLOCKS)
    name = fold_title(title)
    end = next((n for n in range(last, len(blocks)) if _is_edition(blocks[n])), len(blocks))
    dropped = {
        n
        for span in ((0, first), (max(first, last), end))
        for n in _find_notices(blocks, span, name)
    }
    kept = tuple(block for n, block in enumerate(blocks[:end]) if n not in dropped)
    return kept or tuple(blocks)


def _is_edition(block: Block) -> bool:
    return block.kind is BlockKind.HEADING and _EDITION.fullmatch(block.text) is not None


def _find_notices(blocks: Sequence[Block], span: tuple[int, int], name: str) -> Iterator[int]:
    """The indices of notices, and of the lines next to them that name who made the book."""
    run: list[int] = []
    for n in range(*span):
        text = blocks[n].text
        if _is_notice(text) or _is_credit(text) or (run and name and fold_title(text) == name):
            run.append(n)
        elif blocks[n].kind is not BlockKind.SCENE_BREAK:
            yield from _trim_run(blocks, run)
            run = []
    yield from _trim_run(blocks, run)


def _trim_run(blocks: Sequence[Block], run: list[int]) -> list[int]:
    """Lines of which one is a notice, without the last ones that name the book."""
    if not any(_is_notice(blocks[n].text) for n in run):
        return []
    while not (_is_notice(blocks[run[-1]].text) or _is_credit(blocks[run[-1]].text)):
        run.pop()
    return run


def _is_notice(text: str) -> bool:
    folded = text[:MAX_NOTICE_CHARS].lower()
    if not any(map(folded.__contains__, _NOTICE_WORDS)):
        return False
    is_copyright = len(text) <= MAX_CREDIT_CHARS and _COPYRIGHT.fullmatch(text) is not None
    is_stated = len(text) <= MAX_NOTICE_CHARS and _NOTICE.search(text) is not None
    return is_copyright or (is_stated and not _SPEECH.search(text))


def _is_credit(text: str) -> bool:
    return len(text) <= MAX_CREDIT_CHARS and _CREDIT.fullmatch(text) is not None

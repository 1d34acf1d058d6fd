"""HTML to Document, and what only a whole page shows: its main part, its notes, its headings."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mixer.lazy import compile_lazily
from mixer.script.document import Block, BlockKind, Document, has_words
from mixer.script.readers.fictionbook import is_fictionbook, rewrite_fictionbook
from mixer.script.readers.headings import (
    TITLE_CHARS,
    ends_sentence,
    is_chapter_line,
    is_end_line,
)
from mixer.script.readers.marks import (
    find_note_references,
    fold_title,
    is_note_mark,
    is_notes_title,
    is_return_mark,
    parse_note_start,
)
from mixer.script.readers.metadata import normalise_language_tag, split_authors
from mixer.script.readers.page_blocks import AnchoredBlock, WebPage
from mixer.script.readers.page_lists import drop_lists
from mixer.script.readers.paragraph_lines import find_chapter_lines, join_titles, open_chapters
from mixer.script.readers.project_gutenberg import parse_book_title, select_book
from mixer.script.script import Metadata

_NOTE_NUMBER = compile_lazily(r"\[?(\d{1,3})(?:[.)\]]|\s)\s*\S")

Place = tuple[str, str]
"""A file and an anchor in it."""

MAX_NOTE_BLOCKS = 40
MIN_BLOCKS_PER_TITLE = 2
MIN_NAMED_PER_HEADING = 3
MIN_TITLED_BLOCKS = 20
"""Of a text whose only heading, in front of all, is the title of the whole."""

MIN_ARTICLE_PART = 2
"""The share of a page's text in its articles is at least one of so many."""


def read_html(
    text: str, name: str = "The page", check_time: Callable[[], None] = lambda: None
) -> Document:
    """Read headings, paragraphs, list items, table cells and scene breaks of a page.

    Site navigation, share bars, notes and the references to them are left out.
    """
    from mixer.script.readers.page_reader import read_page

    is_book = is_fictionbook(text)
    text = rewrite_fictionbook(text) if is_book else text
    page = read_page(text, name, is_site=not is_book, check_time=check_time)
    notes = NoteReferences()
    notes.add_page(page, "", _find_fragment)
    kept = drop_notes(_select_main_part(page.blocks, page.title), notes, "", _find_fragment)
    kept = drop_contents(kept)
    title, author = parse_book_title(" ".join(page.title.split()))
    return Document(
        tuple(select_book(tuple(join_titles(find_headings(kept))))),
        _find_title(title, kept),
        ", ".join(split_authors(page.author)) or author,
        normalise_language_tag(page.language),
        Metadata(description=page.description),
    )


def drop_contents(blocks: Sequence[AnchoredBlock]) -> list[AnchoredBlock]:
    """Drop the lists of a text in one page, such as its contents."""
    titles = "\n".join(fold_title(each.block.text) for each in blocks if each.is_heading)
    return drop_lists(blocks, lambda link: link.startswith("#"), titles)


def find_headings(blocks: Sequence[AnchoredBlock]) -> tuple[Block, ...]:
    """Blocks; where none is a heading, lines that name chapters are, or short ones in bold type.

    So are lines that name chapters where they outnumber headings that do.
    """
    plain = tuple(each.block for each in blocks)
    named = {n for n, block in enumerate(plain) if is_chapter_line(block.text)}
    headings = {n for n, each in enumerate(blocks) if each.is_heading}
    headings -= {0} if headings == {0} and len(blocks) >= MIN_TITLED_BLOCKS else set()
    openings = {n for n in headings if n - 1 not in headings}
    if not openings <= named or len(named) < MIN_NAMED_PER_HEADING * len(openings):
        return plain
    strong = {n for n, each in enumerate(blocks) if each.is_strong and _is_title(each.block.text)}
    if headings or not 0 < len(strong) * MIN_BLOCKS_PER_TITLE <= len(blocks):
        return find_chapter_lines(plain, named)
    return open_chapters(plain, strong | named, named)


def _is_title(text: str) -> bool:
    is_short = len(text) <= TITLE_CHARS and has_words(text) and not ends_sentence(text)
    return is_short and not is_end_line(text)


def _find_fragment(link: str) -> Place:
    return "", link.rpartition("#")[2]


def _select_main_part(blocks: Sequence[AnchoredBlock], title: str) -> list[AnchoredBlock]:
    """The blocks of `<main>`, or of `<article>` if that holds most of it, with its title above."""
    main = [each for each in blocks if "main" in each.regions] or list(blocks)
    inside = [each for each in blocks if "article" in each.regions]
    if not inside or _count_chars(inside) * MIN_ARTICLE_PART < _count_chars(main):
        return main
    first = blocks.index(inside[0])
    above = (each for each in blocks[:first] if each.is_heading and each in main)
    return [each for each in above if fold_title(each.block.text) in fold_title(title)] + inside


def _count_chars(blocks: Sequence[AnchoredBlock]) -> int:
    return sum(len(each.block.text) for each in blocks)


def _find_title(stated: str, blocks: Sequence[AnchoredBlock]) -> str:
    """A page's title, without the name of its site where a heading has only the rest of it."""
    titles = (" ".join(each.block.text.split()) for each in blocks if each.is_heading)
    return next((title for title in titles if stated.startswith(f"{title} ")), stated)


@dataclass
class NoteReferences:
    """The references to notes on the pages of a text, by where they lead.

    Attributes:
        places: of each note, the anchors around its references.
        declared: notes whose references say that they are such.
        raised: numbers of those that no link leads to.
        typed: marks of those, such as `1` of `[1]`.
    """

    places: dict[Place, set[Place]] = field(default_factory=dict)
    declared: set[Place] = field(default_factory=set)
    sources: set[Place] = field(default_factory=set)
    raised: set[str] = field(default_factory=set)
    typed: set[str] = field(default_factory=set)

    def add_page(self, page: WebPage, path: str, resolve: Callable[[str], Place]) -> None:
        """Add the references of a page."""
        self.add_links(page.note_links, path, resolve)
        self.declared |= {resolve(link) for link in page.declared_notes}

    def add_links(
        self, links: Mapping[str, Collection[str]], path: str, resolve: Callable[[str], Place]
    ) -> None:
        """Add references by their addresses, with the anchors around each."""
        for link, ids in links.items():
            places = {(path, each) for each in ids}
            self.places.setdefault(resolve(link), set()).update(places)
            self.sources |= places

    def contain(self, path: str, fragment: str, title: str) -> bool:
        """Whether a line of contents leads to a note, or by its mark to a reference."""
        place = (path, fragment)
        is_mark = is_note_mark(title) or is_return_mark(title)
        return bool(fragment) and (place in self.places or (is_mark and place in self.sources))


def drop_notes(
    blocks: Sequence[AnchoredBlock],
    references: NoteReferences,
    path: str,
    resolve: Callable[[str], Place],
) -> list[AnchoredBlock]:
    """Drop notes, each the blocks from where a reference leads to up to its link back.

    What has no link back is a note where its reference says so. Then the title of the notes goes,
    and the line above them.
    """
    notes = _NoteFinder(blocks, references, path, resolve).find()
    kept: list[AnchoredBlock] = []
    is_titled = False
    for index, each in enumerate(blocks):
        if index in notes and index - 1 not in notes:
            is_titled = _drop_notes_title(kept) or is_titled
        is_titled = is_titled and not each.is_heading
        is_empty_title = each.precedes_note and is_notes_title(each.block.text)
        if index not in notes and not is_titled and not is_empty_title:
            kept.append(each)
    kept = _drop_typed_notes(kept, references)
    if len(kept) > 1 and is_notes_title(kept[-1].block.text):
        kept.pop()  # nothing is left below it
    has_notes = bool(notes) or any(each.precedes_note for each in blocks)
    return [] if has_notes and all(each.is_heading for each in kept) else kept


def _drop_typed_notes(
    blocks: Sequence[AnchoredBlock], references: NoteReferences
) -> list[AnchoredBlock]:
    """Drop paragraphs that begin with a mark such as `[1]` which a text before them refers to.

    So are those below a title of notes whose mark is on a page before; of a raised number also
    those below a break.
    """
    marks, kept = set[str](), list[AnchoredBlock]()
    raised, in_notes = references.raised, False
    for each in blocks:
        text = each.block.text
        is_titled = in_notes or (bool(kept) and is_notes_title(kept[-1].block.text))
        is_note = "[" in text[:2]
        is_note = is_note and parse_note_start(text) in (references.typed if is_titled else marks)
        if in_notes or (raised and kept and _precedes_notes(kept[-1].block)):
            number = _NOTE_NUMBER.match(text)
            is_note |= (each.own_mark or (number[1] if number else "")) in raised
        is_note = is_note and not each.is_heading
        if is_note and not in_notes:
            _drop_notes_title(kept)
        if not is_note:
            kept.append(each)
            marks |= (found := find_note_references(text))
            references.typed |= found
            raised |= each.raised
        in_notes = is_note
    return kept


def _precedes_notes(block: Block) -> bool:
    return block.kind is BlockKind.SCENE_BREAK or is_notes_title(block.text)


def _drop_notes_title(kept: list[AnchoredBlock]) -> bool:
    """Drop the title of notes, and the line above them; whether there was a title."""
    if kept and kept[-1].block.kind is BlockKind.SCENE_BREAK:
        kept.pop()
    is_titled = bool(kept) and is_notes_title(kept[-1].block.text)
    if is_titled:
        kept.pop()
    return is_titled


@dataclass(frozen=True, slots=True)
class _NoteFinder:
    blocks: Sequence[AnchoredBlock]
    references: NoteReferences
    path: str
    resolve: Callable[[str], Place]

    def find(self) -> set[int]:
        """The indices of all blocks of notes."""
        if not self.references.places:
            return set()
        starts = {n: place for n in range(len(self.blocks)) if (place := self._find_note(n))}
        headings = [n for n, each in enumerate(self.blocks) if each.is_heading]
        titled = {
            n
            for start, end in pairwise([*headings, len(self.blocks)])
            if is_notes_title(self.blocks[start].block.text)
            for n in range(start, end)
        }
        found = set[int]()
        for index, place in starts.items():
            found |= set(range(index, self._find_end(index, place, starts, titled)))
        return found

    def _find_note(self, index: int) -> Place | None:
        each = self.blocks[index]
        is_line_of_links = bool(each.links) and not each.is_note
        if is_line_of_links or (each.is_heading and not is_note_mark(each.block.text)):
            return None
        places = ((self.path, anchor) for anchor in each.anchors)
        return next((place for place in places if place in self.references.places), None)

    def _find_end(
        self, start: int, place: Place, starts: Mapping[int, Place], titled: Collection[int]
    ) -> int:
        first = self.blocks[start]
        own = first.owners - (self.blocks[start - 1].owners if start else set())
        is_own = place[1] in first.owners
        is_note = first.is_note or place in self.references.declared
        is_note = is_note or (is_own and start in titled)
        end = start + is_note
        for index in range(start, min(len(self.blocks), start + MAX_NOTE_BLOCKS)):
            each = self.blocks[index]
            is_inside = place[1] in each.owners or bool(own & each.owners)
            is_heading = each.is_heading and index > start
            if is_heading and is_inside:
                return start
            if is_heading or (index > start and index in starts):
                break
            back = any(self.resolve(link) in self.references.places[place] for link in each.targets)
            is_note = is_note or back
            if back or is_inside or first.has_lone_mark or first.is_heading:
                end = index + 1
        return end if is_note else start

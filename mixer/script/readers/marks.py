"""What printers and tools put on a page that is not read: ornaments, page numbers, note marks."""

import regex

from mixer.lazy import compile_lazily

_ORNAMENT = compile_lazily(
    r"\s*+(?:[*＊•·●○◦◆◇■□★☆✦✻#=_~+–—―-]\s*+)++|\s*+(?:[§⁂❧❦☙❖†‡]\s*+)++|\s*+(?:\.\s++){1,9}\.\s*+"
    r"|\s*+(?:[xX]\s++){1,9}[xX]\s*+|[\s~=*•.–—-]*+o\s*+[oO0]{1,4}\s*+o[\s~=*•.–—-]*+"
    r"|\s*+(?P<sign>[^\p{L}\p{N}\s.…!?])(?:\s*+(?P=sign)){2,}+\s*+|\s*+[<>]{3,}\s*+"
    r"|\s*+[-–—~*=]++\s*+(?:[xX]{1,3}|[oO0]{1,3})\s*+[-–—~*=]++\s*+"
    r"|[-–—~*=•\s]*+(?:[xX]{1,3}+\s*+[-–—~*=•]++\s*+){2,20}[xX]{0,3}\s*+"
    r"|\s*+(?:(?:o[O0]){2,20}+o?|(?:Oo){2,20}+O?)\s*+"
    r"|[-–—~*=•\s]*+(?:[oO0]{1,3}+\s*+[-–—~*=•]++\s*+){2,20}[oO0]{0,3}\s*+|\s*+(?=[xX]*xX)(?:[xX]){3,20}+\s*+"
)
_PAGE_NUMBER = compile_lazily(
    r"\s*+[\[({]?\s*+(?:[-–—]\s*+)?(?:(?:pg|page|p|s|seite)\b\.?\s*+)?"
    r"(?:\d{1,5}|[ivxlcdm]{1,8})(?:\s*+(?:of|/|von|de)\s*+\d{1,5})?(?:\s*+[-–—])?\s*+[\])}]?\s*+\.?",
    regex.IGNORECASE,
)
_NOTE_MARK = compile_lazily(
    r"\s*+[\[({]?\s*+(?:[←↑^]\s*+)?+(?:\d{1,3}|[*†‡§¶]{1,3}|\p{No}++|[a-z]|[ivx]{1,5})\s*+[\])}]?\s*+"
)
_NAMED_NOTE_MARK = compile_lazily(
    r"\s*+[\[({]?\s*+(?:foot|end)?(?:note|anm|fn|n)\b\.?\s*+\d{1,3}\s*+[\])}]?\s*+",
    regex.IGNORECASE,
)
_NOTE_REFERENCE = compile_lazily(
    r"(?<=[\p{L}\p{N}.,;:!?”\"’)])(?:\[(\d{1,3}|[a-zA-Z*])\]|\{([A-Z]|\d{1,3})\}|\s?([†‡]))"
)
_NOTE_START = compile_lazily(
    r"\s*(?:\[(?P<number>\d{1,3}|[a-zA-Z*])\]|\{(?P<number>[A-Z]|\d{1,3})\}|(?P<sign>[†‡]))"
)
_TRAILING_NOTE_MARKS = compile_lazily(
    r"(?<=\S)(?:\s?+\[(?:\d{1,3}|[a-z*†‡])\]|\((?:\d{1,2}|[*†‡])\)|[¹²³⁰⁴-⁹]++|[*†‡]++)++\s*+$"
)
_COUNTED_THING = compile_lazily(
    r"(?i)\b(?:chapters?|parts?|books?|pages?|pp?|section|sect?|figures?|fig|tables?|plate|verses?"
    r"|lines?|nos?|number|vol(?:ume)?|step|rule|item|kapitel|seite|teil|chapitre|cap[ií]tulo)"
    r"\.?\s++$"
)
_FILE_NAME = compile_lazily(r"\S++(?<=\.(?:jpe?g|png|gif|svg|webp|bmp|tiff?))", regex.IGNORECASE)
_PICTURE_WORDS = compile_lazily(
    r"(?:(?:book|front|back)\s+)?(?:img|image|picture|pic|photo|photograph|illustration|illus|"
    r"drawing|graphic|grafik|shape|frame|object|textbox|figure|fig|dsc|cover|logo|icon|unknown|untitled|alt|placeholder|thumbnail|"
    r"abbildung|bild|imagen|imagem|immagine)[\s_.:#-]*\w?\d*|\d+|decorative(?: image)?"
    r"|[\p{L}\d’'&. -]{1,60} (?:logo|icon)|(?:publisher['’]?s?|company|imprint) (?:colophon|mark)"
    r"|(?:half )?title page"
    r"|(?:no )?(?:alt(?:ernative)? text|(?:image )?description)(?: (?:is )?(?:not |un)available)?"
    r"|image (?:is )?(?:not |un)available",
    regex.IGNORECASE,
)
_ORNAMENT_WORDS = compile_lazily(
    r"(?:ornament|decoration|decorative|divider|flourish|fleuron|vignette|separator|border|rule|line"
    r"|asterism|dinkus|swash|tailpiece|headpiece|(?:(?:scene|section|text|chapter)[\s_-]*)?break)"
    r"(?:al)?(?:[\s_-]*(?:image|element|line|mark|break))?[\s_-]*\d*",
    regex.IGNORECASE,
)
_CONTENTS_TITLE = compile_lazily(
    r"(?:table\s+of\s+)?contents|contents\s+page|inhalt(?:sverzeichnis)?|table\s+des\s+mati[eè]res"
    r"|sommaire|[ií]ndice(?:\s+general)?|sommario|inhoud(?:sopgave)?|sum[aá]rio|目次|目录|目錄",
    regex.IGNORECASE,
)
_CONTENTS_COLUMN = compile_lazily(
    r"\s*(?:(?:chap(?:ter|\.)?|pages?|p\.|seite|no\.)(?:\s+|$))+", regex.IGNORECASE
)
_PICTURES_TITLE = compile_lazily(
    r"(?:(?:list|table)\s+of\s+)?(?:illustrations|figures|plates|maps|photographs|images)"
    r"|list\s+of\s+(?:tables|charts|diagrams|listings)|abbildungsverzeichnis"
    r"|tabellenverzeichnis|table\s+des\s+illustrations",
    regex.IGNORECASE,
)
_INDEX_TITLE = compile_lazily(
    r"(?:(?:general|subject|name|author)\s+)?index(?:\s+of\s+\w+)?|(?:stichwort|sach|personen)"
    r"(?:verzeichnis|register)|index\s+des\s+noms|[ií]ndice\s+anal[ií]tico",
    regex.IGNORECASE,
)
_NOTES_TITLE = compile_lazily(
    r"(?:foot|end)?notes|anmerkungen|fu(?:ß|ss)noten|notes\s+de\s+bas\s+de\s+page|notas|note|noten"
    r"|references|einzelnachweise|r[ée]f[ée]rences|referencias|riferimenti",
    regex.IGNORECASE,
)
_COVER_TITLE = compile_lazily(
    r"(?:front\s+)?cover|title\s*page|frontispiece|titelseite|titelblatt|umschlag|couverture"
    r"|portada|copertina|omslag",
    regex.IGNORECASE,
)
PICTURE_NOTE = compile_lazily(
    r"\[\s*(?:Illustrations?|Frontispiece|Decoration|Cover|Image|Side-?note)\b"
    r"(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,800}+\]"
    r"|\[(?:Pg|Page) ?\d{1,4}\]"
)
_RETURN_MARK = compile_lazily(
    r"\s*+[\[({]?\s*+(?:[←↑↩⏎⤴⬆⮌🔙^][\ufe0e\ufe0f]?\s*+(?:\d{0,3}|[a-z])"
    r"|(?:back|return|go back|jump up|zurück|retour)"
    r"(?: to (?:the )?(?:text|content|article|reference))?)\s*+[\])}]?\s*+\.?",
    regex.IGNORECASE,
)
_GENERATED = compile_lazily(
    r"(?:description (?:automatically )?generated(?: with \w+ confidence)?"
    r"|AI-generated content may be incorrect)\.?$",
    regex.IGNORECASE,
)
"""What Word writes where its author did not describe a picture."""

_BYLINE = compile_lazily(
    r"(?:(?i:written|edited|selected|retold|collected|compiled) )?"
    r"(?:[Bb]y|BY|[Vv]on|VON|[Pp]ar|PAR|[Dd]i|DI|[Pp]or|POR|[Dd]oor|DOOR|[Aa]f|AF|[Aa]v|AV)\s+"
    r"(?:(?i:the) )?(?P<author>\p{Lu}.{1,60})"
)
_TITLE_LETTERS = compile_lazily(r"[\p{L}\p{N}]+")
MAX_MARK_CHARS = 24
"""Longer text is neither a note mark nor a page number."""


def is_picture_note(text: str) -> bool:
    """Whether a text only stands for a picture that is not there: `[Illustration]`."""
    return text.startswith("[") and PICTURE_NOTE.fullmatch(text) is not None


def is_ornament(text: str) -> bool:
    """Whether a line only separates scenes."""
    return _ORNAMENT.fullmatch(text.strip("[] ")) is not None


def is_page_number(text: str) -> bool:
    """Whether a text is a page number as printed: `12`, `- 12 -`, `[Pg 12]`, `xiv`."""
    return len(text) <= MAX_MARK_CHARS and _PAGE_NUMBER.fullmatch(text) is not None


def is_note_mark(text: str) -> bool:
    """Whether a text refers to a note: `1`, `[1]`, `*`, `a`."""
    return len(text) <= MAX_MARK_CHARS and _NOTE_MARK.fullmatch(text) is not None


def is_named_note_mark(text: str) -> bool:
    """Whether a text refers to a note by word: `Note 9`."""
    return len(text) <= MAX_MARK_CHARS and _NAMED_NOTE_MARK.fullmatch(text) is not None


def is_return_mark(text: str) -> bool:
    """Whether a link's text only leads back to where a note is referred to."""
    return len(text) <= MAX_MARK_CHARS and _RETURN_MARK.fullmatch(text) is not None


def find_note_references(text: str) -> set[str]:
    """The marks of notes that a text refers to, such as `[1]` behind a word."""
    if not any(map(text.__contains__, "[{†‡")):  # quicker than the search
        return set()
    return {match[1] or match[2] or match[3] for match in _NOTE_REFERENCE.finditer(text)}


def parse_note_start(text: str) -> str:
    """The mark of the note that begins here; empty where none does."""
    match = _NOTE_START.match(text)
    return (match["number"] or match["sign"] or "") if match else ""


def strip_note_marks(text: str) -> str:
    """Drop note marks from the end of a text."""
    return text[:-MAX_MARK_CHARS] + _TRAILING_NOTE_MARKS.sub("", text[-MAX_MARK_CHARS:])


def names_counted_thing(before: str) -> bool:
    """Whether a number that follows counts something: `chapter `, `p. `."""
    return _COUNTED_THING.search(before[-MAX_MARK_CHARS:]) is not None


def describes_picture(alt: str) -> bool:
    """Whether an alternative text says more than that there is a picture."""
    text = alt.strip()
    if _GENERATED.search(text):
        return False
    return not (_FILE_NAME.fullmatch(text) or _PICTURE_WORDS.fullmatch(text))


def is_ornament_name(name: str) -> bool:
    """Whether a class or an alternative text names an ornament."""
    return _ORNAMENT_WORDS.fullmatch(name.strip()) is not None


def is_contents_title(text: str) -> bool:
    """Whether a heading is that of a table of contents."""
    return _CONTENTS_TITLE.fullmatch(text.strip(" .:")) is not None


def is_contents_column(text: str) -> bool:
    """Whether a line of a table of contents says what stands below it: `PAGE`."""
    return _CONTENTS_COLUMN.fullmatch(text) is not None


def is_pictures_title(text: str) -> bool:
    """Whether a heading is that of a list of pictures or tables."""
    return _PICTURES_TITLE.fullmatch(text.strip(" .:")) is not None


def is_index_title(text: str) -> bool:
    """Whether a heading is that of an index."""
    return _INDEX_TITLE.fullmatch(text.strip(" .:")) is not None


def find_byline(text: str) -> str:
    """The author whom a line below a title names; empty for any other line."""
    match = _BYLINE.fullmatch(text)
    return match["author"].strip(" .") if match else ""


def fold_title(text: str) -> str:
    """A title's letters and digits, by which a heading or a line of contents repeats it."""
    return "".join(_TITLE_LETTERS.findall(text.casefold()))


def is_notes_title(text: str) -> bool:
    """Whether a heading is that of the notes."""
    return _NOTES_TITLE.fullmatch(text.strip(" .:")) is not None


def is_cover_title(text: str) -> bool:
    """Whether a title names a page without text."""
    return _COVER_TITLE.fullmatch(text.strip()) is not None


def remove_spans(text: str, opening: str, closing: str) -> str:
    """Drop what stands between two marks, marks included; an unclosed one stays."""
    kept, start = list[str](), 0
    while (opened := text.find(opening, start)) >= 0:
        closed = text.find(closing, opened + len(opening))
        if closed < 0:
            break
        kept.append(text[start:opened])
        start = closed + len(closing)
    return "".join([*kept, text[start:]])

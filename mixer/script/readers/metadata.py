"""What a book states about itself: who wrote it, in which language and year.

Language tags are read as books write them: `eng`, `en_US`, `English`, `und`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

from mixer.lazy import compile_lazily
from mixer.script.readers.package_xml import find_all, get_attribute, get_text, local_name

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


_TAG = compile_lazily(r"(?P<code>[A-Za-z]{2,3})(?P<rest>(?:-[A-Za-z0-9]{1,8}){0,4})")
MAX_TAG_CHARS = 35
"""BCP 47 (RFC 5646, 4.4.1)."""

_UNKNOWN = frozenset({"und", "mul", "mis", "zxx", "unk", "xxx"})
"""ISO 639-2 codes, and habits, for no certain language."""

_CODES = (
    "afr:af alb:sq amh:am ara:ar arm:hy aze:az baq:eu bel:be ben:bn bos:bs bul:bg bur:my cat:ca "
    "ces:cs chi:zh cym:cy cze:cs dan:da deu:de dut:nl ell:el eng:en epo:eo est:et eus:eu fas:fa "
    "fin:fi fra:fr fre:fr geo:ka ger:de gle:ga glg:gl gre:el guj:gu heb:he hin:hi hrv:hr hun:hu "
    "hye:hy ice:is ind:id isl:is ita:it jpn:ja kan:kn kat:ka kaz:kk khm:km kor:ko lat:la lav:lv "
    "lit:lt mac:mk mal:ml mar:mr may:ms mkd:mk mlt:mt mon:mn msa:ms nep:ne nld:nl nno:nn nob:nb "
    "nor:no pan:pa per:fa pol:pl por:pt ron:ro rum:ro rus:ru san:sa sin:si slk:sk slo:sk slv:sl "
    "spa:es sqi:sq srp:sr swa:sw swe:sv tam:ta tel:te tgl:tl tha:th tur:tr ukr:uk urd:ur uzb:uz "
    "vie:vi wel:cy yid:yi zho:zh"
)
"""ISO 639-2 (both forms of each code) to ISO 639-1."""

_NAMES = (
    "af:afrikaans ar:arabic,العربية bg:bulgarian ca:catalan,català cs:czech,čeština "
    "cy:welsh,cymraeg da:danish,dansk de:german,deutsch el:greek,ελληνικά en:english,englisch,"
    "anglais,inglés,inglese,engels es:spanish,español,castellano et:estonian fa:persian,farsi "
    "fi:finnish,suomi fr:french,français,francais,französisch he:hebrew,עברית hi:hindi,हिन्दी "
    "hr:croatian,hrvatski hu:hungarian,magyar id:indonesian is:icelandic,íslenska "
    "it:italian,italiano ja:japanese,日本語 ko:korean,한국어 la:latin lt:lithuanian lv:latvian "
    "nb:bokmål nl:dutch,nederlands no:norwegian,norsk pl:polish,polski pt:portuguese,português "
    "ro:romanian,română ru:russian,русский sk:slovak,slovenčina sl:slovenian,slovenščina "
    "sr:serbian,srpski sv:swedish,svenska th:thai tr:turkish,türkçe uk:ukrainian,українська "
    "vi:vietnamese zh:chinese,mandarin,中文"
)
"""Names in English and in the language itself."""

_SHORT_CODES = dict(pair.split(":") for pair in _CODES.split())
_CODES_BY_NAME = {
    name: code
    for code, names in (entry.split(":") for entry in _NAMES.split())
    for name in names.split(",")
}
_NAME = compile_lazily(r"(?P<name>\p{L}+)(?:[\s,(-].*)?", regex.DOTALL)


def normalise_language_tag(written: str) -> str:
    """The BCP 47 tag of a language; empty where none is known, so that the voice's own applies."""
    text = written.strip()[:MAX_TAG_CHARS]
    if match := _match_tag(text):
        code = match["code"].lower()
        return (
            "" if code in _UNKNOWN else _SHORT_CODES.get(code, code) + _format_rest(match["rest"])
        )
    name = _NAME.fullmatch(text)
    return _CODES_BY_NAME.get(name["name"].lower(), "") if name else ""


def names_language(written: str) -> bool:
    """Whether a text is empty, has the form of a tag, or is a language's known name."""
    return not written or bool(_match_tag(written) or normalise_language_tag(written))


def _match_tag(text: str) -> regex.Match[str] | None:
    return _TAG.fullmatch(text.replace("_", "-").split(".")[0])


def _format_rest(rest: str) -> str:
    """Script and region in their usual case: `-Latn`, `-US`."""
    parts = rest.split("-")[1:]
    cased = [each.upper() if len(each) == len("US") else each for each in parts]
    return "".join(f"-{each.title() if len(each) == len('Latn') else each}" for each in cased)


_YEAR = compile_lazily(r"\b(?!0)[12]\d{3}\b")
_VOLUME = compile_lazily(r"0*(?P<volume>\d{1,4}(?:\.\d*[1-9])?)(?:\.0*)?")
_ISBN_PREFIX = compile_lazily(r"(?i)^(?:urn:)?isbn[:\s]*")
_ISBN = compile_lazily(r"\d{9}[\dX]|97[89]\d{10}")
ISBN_10_DIGITS = 10

_AUTHOR_ROLE = "aut"
"""MARC relator code."""

_PUBLICATION_EVENTS = ("original-publication", "publication", "issued")
_OTHER_EVENTS = frozenset({"modification", "modified", "creation", "conversion"})


@dataclass(frozen=True, slots=True)
class PackageMetadata:
    """What a book states about itself; strings are empty where it states nothing.

    With a fixed layout its files are printed pages, and not parts of its text.
    """

    title: str = ""
    author: str = ""
    language: str = ""
    year: str = ""
    genre: str = ""
    series: str = ""
    description: str = ""
    publisher: str = ""
    isbn: str = ""
    has_fixed_layout: bool = False


@dataclass(frozen=True, slots=True)
class _Term:
    """A term of Dublin Core, or a property of EPUB 3, with what refines it."""

    name: str
    text: str
    role: str = ""
    kind: str = ""
    event: str = ""
    position: str = ""


def read_metadata(root: "Element") -> PackageMetadata:
    """Read what a package document states about its book."""
    terms = [term for each in find_all(root, "metadata") for term in _iter_terms(each)]
    return PackageMetadata(
        title=_find_title(terms),
        author=", ".join(dict.fromkeys(_iter_authors(terms))),
        language=next(filter(None, map(normalise_language_tag, _texts(terms, "language"))), ""),
        year=_find_year(terms),
        genre=next(iter(_texts(terms, "subject")), ""),
        series=_find_series(terms),
        description=next(iter(_texts(terms, "description")), ""),
        publisher=next(iter(_texts(terms, "publisher")), ""),
        has_fixed_layout="pre-paginated" in _texts(terms, "layout"),
        isbn=next(filter(None, map(_read_isbn, _texts(terms, "identifier"))), ""),
    )


def _iter_terms(metadata: "Element") -> Iterator[_Term]:
    refinements = dict(_iter_refinements(metadata))
    for element in metadata.iter():
        name = local_name(element)
        if name == "meta":
            name = element.get("property", "") or element.get("name", "")
            text = element.get("content", "") or _own_text(element)
        elif "purl.org/dc/" in str(element.tag):
            text = _own_text(element)
        else:
            continue
        if text and not element.get("refines"):
            yield _refine(element, name.rpartition(":")[2] or name, text, refinements)


def _own_text(element: "Element") -> str:
    """The text of an element without children, as terms are; so that reading is linear."""
    is_flat = all(not len(child) for child in element[:2])
    return get_text(element) if is_flat and len(element) <= 1 else ""


def _iter_refinements(metadata: "Element") -> Iterator[tuple[tuple[str, str], str]]:
    for meta in find_all(metadata, "meta"):
        if meta.get("refines"):
            key = (meta.get("refines", "").removeprefix("#"), meta.get("property", ""))
            yield key, _own_text(meta).lower()


def _refine(
    element: "Element", name: str, text: str, refinements: dict[tuple[str, str], str]
) -> _Term:
    own_id = element.get("id", "")
    kind = refinements.get((own_id, "title-type")) or refinements.get((own_id, "collection-type"))
    return _Term(
        name,
        text,
        role=refinements.get((own_id, "role"), "") or get_attribute(element, "role").lower(),
        kind=kind or "",
        event=get_attribute(element, "event").lower(),
        position=refinements.get((own_id, "group-position"), ""),
    )


def _texts(terms: Sequence[_Term], name: str) -> list[str]:
    return [term.text for term in terms if term.name == name]


def _find_title(terms: Sequence[_Term]) -> str:
    titles = [term for term in terms if term.name == "title"]
    main = [term.text for term in titles if term.kind == "main"]
    return next(iter([*main, *(term.text for term in titles)]), "")


_AUTHOR_SEPARATOR = compile_lazily(r"\s*;\s*|\s+&\s+")
_NO_NAMES = frozenset({
    "unknown", "unknown author", "unbekannt", "anonymous author", "(anonymous)", "python-docx",
    "microsoft office user", "windows user", "administrator", "admin", "user", "owner", "author",
})  # fmt: skip
"""What calibre and others write where a book states no author."""

_NO_TITLE = compile_lazily(
    r"(?i)microsoft word - .*|\(?untitled\)?"
    r"|\S.*\.(?:docx?|odt|rtf|txt|html?|pdf|tex|indd|pages|pmd)"
)
"""What tools write where a document states no title."""


def clean_title(text: str) -> str:
    """A title; empty where it is only the name of a file."""
    title = " ".join(text.split())
    return "" if _NO_TITLE.fullmatch(title) else title


def split_authors(text: str) -> list[str]:
    """The names of a field that may hold several; none for what stands for an unknown one."""
    names = filter(None, map(str.strip, _AUTHOR_SEPARATOR.split(text)))
    return [name for name in names if name.casefold() not in _NO_NAMES and name != "anonymous"]


def _iter_authors(terms: Sequence[_Term]) -> Iterator[str]:
    creators = [term for term in terms if term.name == "creator"]
    authors = [term for term in creators if term.role == _AUTHOR_ROLE]
    unknown = [term for term in creators if not term.role]
    for term in authors or unknown or creators:
        yield from split_authors(term.text)


def _find_year(terms: Sequence[_Term]) -> str:
    """The year of publication: not of a conversion, nor of a later change to the file."""
    dates = [term for term in terms if term.name == "date"]
    issued = _texts(terms, "issued")
    by_event = [d.text for event in _PUBLICATION_EVENTS for d in dates if d.event == event]
    others = [d.text for d in dates if d.event not in _OTHER_EVENTS]
    years = (_YEAR.search(text) for text in [*by_event, *issued, *others])
    return next((match[0] for match in years if match), "")


def _find_series(terms: Sequence[_Term]) -> str:
    """The series with the book's volume, if it has one."""
    collections = [term for term in terms if term.name == "belongs-to-collection"]
    series = [term for term in collections if term.kind == "series"]
    loose = [term for term in collections if not term.kind]
    index = next(iter(_texts(terms, "series_index")), "")
    stated = [(term.text, term.position or index) for term in [*series, *loose]]
    stated += [(name, index) for name in _texts(terms, "series")]
    name, volume = next(iter(stated), ("", ""))
    number = _VOLUME.fullmatch(volume)
    return f"{name} {number['volume']}" if name and number else name


def _read_isbn(text: str) -> str:
    """The digits of an ISBN whose check digit is right; empty for any other identifier."""
    digits = _ISBN_PREFIX.sub("", text).replace("-", "").replace(" ", "").upper()
    if not _ISBN.fullmatch(digits):
        return ""
    values = [10 if digit == "X" else int(digit) for digit in digits]
    if len(digits) == ISBN_10_DIGITS:
        total = sum(weight * value for weight, value in zip(range(10, 0, -1), values, strict=True))
        return "" if total % 11 else digits
    total = sum(value * (3 if at % 2 else 1) for at, value in enumerate(values))
    return "" if total % 10 else digits

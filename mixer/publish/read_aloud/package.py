"""What a read-aloud book says of itself: its package document, its table of contents, its style."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from xml.sax.saxutils import quoteattr

from mixer.publish.read_aloud.pages import XML, clock, direction, html, text_of
from mixer.publish.read_aloud.values import About
from mixer.script.document import tidy

ACTIVE = "-epub-media-overlay-active"
"""Class of the sentence that is heard just now."""

STYLE = f"""\
body {{ margin: 5%; line-height: 1.5; }}
h1, h2 {{ line-height: 1.2; }}
hr {{ border: 0; margin: 1.5em 0; text-align: center; }}
hr::after {{ content: "\\2217  \\2217  \\2217"; }}
img {{ display: block; margin: 0 auto; max-width: 100%; max-height: 95vh; }}
.{ACTIVE} {{ background-color: #fde68a; color: #111827; }}
"""

CONTAINER = f"""{XML}
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter that lies in the archive.

    Attributes:
        name: of its files, without endings.
        title: in the table of contents.
        audio: the name of its audio.
        audio_type: as the manifest states it.
        heard_ms: what its overlay plays; 0 where it has none.
    """

    name: str
    title: str
    audio: str
    audio_type: str
    heard_ms: int


def nav_of(about: About, chapters: Sequence[Chapter]) -> str:
    """The table of contents."""
    entries = "\n".join(
        f'<li><a href="{each.name}.xhtml">{text_of(each.title)}</a></li>' for each in chapters
    )
    body = (
        f'<nav epub:type="toc" role="doc-toc" id="toc"><h1>{text_of(about.title)}</h1>\n'
        f"<ol>\n{entries}\n</ol></nav>"
    )
    return html(about.language, about.title, body)


def cover_page(about: About) -> str:
    """A page with nothing but the cover."""
    image = f'<img src="cover.jpg" alt={quoteattr(tidy(about.title))}/>'
    return html(about.language, about.title, image, ' epub:type="cover"')


def package_of(about: About, chapters: Sequence[Chapter]) -> str:
    """The package document."""
    spine = [f'<itemref idref="{each.name}"/>' for each in chapters]
    if about.cover:
        spine.insert(0, '<itemref idref="cover-page"/>')
    return "\n".join(
        [
            XML,
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"',
            f'unique-identifier="id" xml:lang={quoteattr(about.language)}>',
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">',
            *_metadata(about, chapters),
            "</metadata>",
            "<manifest>",
            *_manifest(about, chapters),
            "</manifest>",
            f'<spine page-progression-direction="{direction(about.language)}">',
            *spine,
            "</spine>",
            "</package>",
            "",
        ]
    )


def _metadata(about: About, chapters: Sequence[Chapter]) -> Iterator[str]:
    yield f'<dc:identifier id="id">{text_of(about.identifier)}</dc:identifier>'
    yield f"<dc:title>{text_of(about.title)}</dc:title>"
    yield f"<dc:language>{text_of(about.language)}</dc:language>"
    if about.author:
        yield f"<dc:creator>{text_of(about.author)}</dc:creator>"
    if about.description:
        yield f"<dc:description>{text_of(about.description)}</dc:description>"
    modified = about.modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield _meta("dcterms:modified", modified)
    if about.narrator:
        yield _meta("media:narrator", about.narrator)
    yield _meta("media:active-class", ACTIVE)
    yield _meta("media:duration", clock(sum(each.heard_ms for each in chapters)))
    for each in chapters:
        if each.heard_ms:
            yield _meta("media:duration", clock(each.heard_ms), f"#{each.name}-overlay")
    yield from (_meta("schema:accessMode", mode) for mode in ("textual", "auditory"))
    features = "synchronizedAudioText", "tableOfContents", "readingOrder"
    yield from (_meta("schema:accessibilityFeature", feature) for feature in features)
    yield _meta("schema:accessibilityHazard", "none")


def _meta(name: str, value: str, refines: str = "") -> str:
    about = f' refines="{refines}"' if refines else ""
    return f'<meta property="{name}"{about}>{text_of(value)}</meta>'


def _manifest(about: About, chapters: Sequence[Chapter]) -> Iterator[str]:
    yield _item("nav", "nav.xhtml", "application/xhtml+xml", ' properties="nav"')
    yield _item("style", "style.css", "text/css")
    if about.cover:
        yield _item("cover", "cover.jpg", "image/jpeg", ' properties="cover-image"')
        yield _item("cover-page", "cover.xhtml", "application/xhtml+xml")
    for each in chapters:
        overlay = f' media-overlay="{each.name}-overlay"' if each.heard_ms else ""
        yield _item(each.name, f"{each.name}.xhtml", "application/xhtml+xml", overlay)
        if each.heard_ms:
            yield _item(f"{each.name}-overlay", f"{each.name}.smil", "application/smil+xml")
            yield _item(f"{each.name}-audio", each.audio, each.audio_type)


def _item(name: str, href: str, media_type: str, more: str = "") -> str:
    return f'<item id="{name}" href="{href}" media-type="{media_type}"{more}/>'

"""EPUBs made for tests: the structures that books in the wild have, good and bad."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""

PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head><title>not read</title><style>p {{ margin: 0 }}</style></head><body{about}>
{body}
</body></html>"""

DOCTYPE_NCX = (
    '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" '
    '"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
)


def build_page(body: str, extra_head: str = "") -> str:
    """A page of a book."""
    return PAGE.format(body=body, about=f" {extra_head}" if extra_head else "")


@dataclass
class Book:
    """What an EPUB is made of.

    Attributes:
        pages: by file name, in reading order.
        contents: lines of the table of contents: link, title, depth; None for no table.
        version: of EPUB.
        metadata: more of the package's metadata.
        files: more files, by their path in the archive.
        manifest: more lines of the manifest.
        guide: of EPUB 2.
    """

    pages: Mapping[str, str | bytes]
    contents: Sequence[tuple[str, str, int]] | None = None
    version: int = 3
    language: str = "en"
    metadata: str = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    manifest: str = ""
    guide: str = ""

    def content(self) -> bytes:
        """The archive."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
            for path, text in self.all_files().items():
                archive.writestr(path, text)
        return made.getvalue()

    def all_files(self) -> dict[str, str | bytes]:
        """All files but the first, by their path."""
        files: dict[str, str | bytes] = {
            "META-INF/container.xml": CONTAINER,
            "OEBPS/book.opf": self.package,
            **{f"OEBPS/{name}": text for name, text in self.pages.items()},
        }
        if self.contents is not None:
            name = "nav.xhtml" if self.version == 3 else "toc.ncx"
            files[f"OEBPS/{name}"] = self._nav() if self.version == 3 else self._ncx()
        return files | dict(self.files)

    @property
    def package(self) -> str:
        """The package document."""
        items = [
            f'<item id="i{n}" href="{escape(name)}" media-type="application/xhtml+xml"/>'
            for n, name in enumerate(self.pages)
        ]
        spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(self.pages)))
        toc = ""
        if self.contents is not None and self.version == 3:
            kind = 'media-type="application/xhtml+xml" properties="nav"'
            items.append(f'<item id="nav" href="nav.xhtml" {kind}/>')
            spine = '<itemref idref="nav"/>' + spine
        elif self.contents is not None:
            items.append('<item id="t" href="toc.ncx" media-type="application/x-dtbncx+xml"/>')
            toc = ' toc="t"'
        return (
            f'<package xmlns="http://www.idpf.org/2007/opf" version="{self.version}.0">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Book</dc:title>'
            f"<dc:creator>A. Writer</dc:creator><dc:language>{self.language}</dc:language>"
            f"{self.metadata}</metadata><manifest>{''.join(items)}{self.manifest}</manifest>"
            f"<spine{toc}>{spine}</spine>{self.guide}</package>"
        )

    def _nav(self) -> str:
        lines, depth = [], 0
        for link, title, level in self.contents or ():
            lines.append("<ol>" * (level - depth) or "</li>" + "</ol></li>" * (depth - level))
            lines.append(f'<li><a href="{link}">{escape(title)}</a>')
            depth = level
        lines.append("</li></ol>" * depth)
        return build_page(f'<nav epub:type="toc"><h1>Contents</h1>{"".join(lines)}</nav>')

    def _ncx(self) -> str:
        points = "".join(
            f"<navPoint><navLabel><text>{escape(title)}</text></navLabel>"
            f'<content src="{link}"/></navPoint>'
            for link, title, _ in self.contents or ()
        )
        namespace = "http://www.daisy.org/z3986/2005/ncx/"
        return f'{DOCTYPE_NCX}<ncx xmlns="{namespace}"><navMap>{points}</navMap></ncx>'

"""What a story's finished files say of themselves. Pure.

Album is the title of the book: players of audiobooks (Audiobookshelf, Plex, Apple Books) take a
book's name from it. Series and volume go where they look for them: SERIES and SERIES-PART as
Mp3tag and Audiobookshelf name them, the grouping, and the movement (Apple).
"""

import regex

from mixer.publish.provenance import SOURCE_TYPE
from mixer.requests import Options
from mixer.script import Script
from mixer.sound.formats import three_letter_code

_VOLUME = regex.compile(
    r"(?i)^(?P<name>.*?)[\s,;:(–—-]*"
    r"(?:#|№|\b(?:book|vol(?:ume)?|part|no|nr|band|bd|teil|buch|tome|livre|deel|volumen|libro)\b"
    r"\.?)?\s*(?P<part>\d{1,4}(?:[.,]\d{1,2})?)\s*\)?$"
)
"""`The Kettle 1`, `The Kettle #1`, `The Kettle, Book 1`, `The Kettle (Vol. 1)`."""


_SAYS_SYNTHETIC = regex.compile(
    r"(?i)\b(?:ai|ki|ia|synth\w*|synthé\w*|sintet\w*|virtual|virtuell\w*|digital voice|robot)\b"
)


def credit_narrator(name: str) -> str:
    """A narrator's name that says that the voice is synthetic."""
    if _SAYS_SYNTHETIC.search(name):
        return name
    return f"{name} (synthetic voice)" if name else "Synthetic voice"


def build_tags(options: Options, script: Script | None = None) -> dict[str, str]:
    """Build the fields of a finished file, under FFmpeg's names.

    The narrator is the composer, where players of audiobooks look for one. A story is marked as
    synthetic speech with the name of its IPTC digital source type.

    Args:
        options: override the text's own front matter.
        script: of the story; None where it is not known.
    """
    title = options.title or (script.title if script else "")
    author = options.author or (script.author if script else "")
    narrator = options.narrator or (script.metadata.narrator if script else "")
    is_marked = script is not None and options.provenance != "none"
    if is_marked and not options.plain_narrator:
        narrator = credit_narrator(narrator)
    series, part = split_series(options.series or (script.metadata.series if script else ""))
    return {
        "title": title,
        "artist": author,
        "album": title,
        "album_artist": author,
        "grouping": f"{series} #{part}" if part else series,
        "composer": narrator,
        "genre": options.genre or (script.metadata.genre if script else ""),
        "date": options.year or (script.metadata.year if script else ""),
        "comment": options.description or (script.metadata.description if script else ""),
        "language": three_letter_code(script.language) if script else "",
        "series": series,
        "series-part": part,
        "publisher": script.metadata.publisher if script else "",
        "isbn": script.metadata.isbn if script else "",
        "digitalsourcetype": SOURCE_TYPE if is_marked else "",
    }


def split_series(text: str) -> tuple[str, str]:
    """Split a series and its volume, as an author writes them; the volume may be empty."""
    found = _VOLUME.match(text.strip())
    if found is None or not found["name"]:
        return text.strip(), ""
    return found["name"], found["part"].replace(",", ".").lstrip("0") or "0"

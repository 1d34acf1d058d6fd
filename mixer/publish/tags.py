"""What a story's finished files say of themselves. Pure."""

from mixer.requests import MetadataOptions
from mixer.script import Script
from mixer.sound.formats import three_letter_code


def build_tags(options: MetadataOptions, script: Script | None = None) -> dict[str, str]:
    """Build the fields of a finished file, under FFmpeg's names.

    The narrator is the composer, where players of audiobooks look for one; the series is the album,
    so that players show its volumes together.

    Args:
        options: override the text's own front matter.
        script: of the story; None where it is not known.
    """
    metadata = (script or Script("", "", ())).metadata
    title = options.title or (script.title if script else "")
    author = options.author or (script.author if script else "")
    series = options.series or metadata.series
    return {
        "title": title,
        "artist": author,
        "album": series or title,
        "album_artist": author,
        "grouping": series,
        "composer": options.narrator or metadata.narrator,
        "genre": options.genre or metadata.genre,
        "date": options.year or metadata.year,
        "comment": options.description or metadata.description,
        "language": three_letter_code(script.language) if script else "",
    }

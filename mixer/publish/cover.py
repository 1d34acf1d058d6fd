"""Covers: turns a user's picture into one that every player shows.

The result is a JPEG without metadata, upright, on white where the picture was transparent. It is
always re-encoded, so nothing hidden in an upload reaches the finished files, and its size is
bounded.
"""

import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from mixer.errors import UnusablePicture

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
"""Of a JPEG that is decoded at a fraction of its size: some megabytes."""

MAX_WHOLE_PIXELS = 17_000_000
"""Of a picture that has to be decoded whole (4,096 by 4,096): at most 250 MB (measured)."""

MIN_SIDE_PX = 16
MAX_SIDE_PX = 3_000
"""Apple's recommended maximum for podcast and book artwork; larger pictures are scaled down."""

BROKEN_PICTURE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    *(AssertionError, EOFError, RecursionError, struct.error, zlib.error),
)
"""What Pillow raises for broken files and odd metadata."""

_ORIENTATION = 0x0112
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""Pillow's `Transpose` for each orientation but the first (Exif 2.32, tag 274)."""

_ACCEPTED_FORMATS = ("JPEG", "PNG")
_QUALITY = 90
_MAX_PROFILE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG file, at most MAX_SIDE_PX by MAX_SIDE_PX."""

    content: bytes = field(repr=False)
    width_px: int
    height_px: int


def encode_cover(content: bytes, name: str, max_side_px: int = MAX_SIDE_PX) -> Picture:
    """Make a cover of a JPEG or PNG file; errors call it `name`.

    Raises:
        UnusablePicture: it is not a picture, is broken, or is too large or too small.
    """
    from PIL import Image, UnidentifiedImageError

    require_cover_size(len(content), name)
    try:
        with Image.open(BytesIO(content), formats=_ACCEPTED_FORMATS) as image:
            _require_dimensions(image, name)
            profile = _colour_profile(image)
            image.draft("RGB", (max_side_px, max_side_px))
            return _encode_jpeg(_flatten_image(image, max_side_px), profile)
    except UnidentifiedImageError as error:
        raise UnusablePicture(f"The picture {name} is not a JPEG or PNG file.", key=name) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _pixel_limit_error(name, MAX_WHOLE_PIXELS) from error
    except BROKEN_PICTURE as error:
        raise UnusablePicture(f"The picture {name} is broken.", key=name) from error


def require_picture(content: bytes, name: str) -> None:
    """Check a picture's format and dimensions by its header, without decoding it.

    Raises:
        UnusablePicture: it is not a picture, or is too large or too small.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(content), formats=_ACCEPTED_FORMATS) as image:
            _require_dimensions(image, name)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _pixel_limit_error(name, MAX_WHOLE_PIXELS) from error
    except (UnidentifiedImageError, *BROKEN_PICTURE) as error:
        raise UnusablePicture(f"The picture {name} is not a JPEG or PNG file.", key=name) from error


def read_cover(content: bytes) -> Picture:
    """Read back a cover that `encode_cover` has made; raises UnusablePicture for a damaged one."""
    from PIL import Image

    try:
        with Image.open(BytesIO(content), formats=_ACCEPTED_FORMATS) as image:
            return Picture(content, image.width, image.height)
    except BROKEN_PICTURE as error:
        raise UnusablePicture("The cover is damaged.", key="cover") from error


def require_cover_size(size_bytes: int, name: str) -> None:
    """Check a file's size before it is read.

    Raises:
        UnusablePicture: it is too large.
    """
    if size_bytes > MAX_BYTES:
        raise UnusablePicture(
            f"The picture {name} is too large: {size_bytes:,} bytes; the limit is {MAX_BYTES:,}.",
            key=name,
            limit_bytes=MAX_BYTES,
        )


def _require_dimensions(image: "Image.Image", name: str) -> None:
    is_scaled = image.format == "JPEG" and not image.info.get("progressive")
    max_pixels = MAX_PIXELS if is_scaled else MAX_WHOLE_PIXELS
    if image.width * image.height > max_pixels:
        raise _pixel_limit_error(name, max_pixels)
    if min(image.size) < MIN_SIDE_PX:
        raise UnusablePicture(
            f"The picture {name} is too small for a cover: {image.width} × {image.height} pixels.",
            key=name,
        )


def _pixel_limit_error(name: str, max_pixels: int) -> UnusablePicture:
    return UnusablePicture(
        f"The picture {name} is too large: a cover of its kind has at most"
        f" {max_pixels // 10**6} million pixels.",
        key=name,
        limit_pixels=max_pixels,
    )


def _flatten_image(image: "Image.Image", max_side_px: int) -> "Image.Image":
    from PIL import Image

    turn = _find_turn(image)
    image.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    upright = image if turn is None else image.transpose(turn)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    layer = upright.convert("RGBA")
    background = Image.new("RGB", layer.size, "white")
    background.paste(layer, mask=layer.getchannel("A"))
    return background


def _find_turn(image: "Image.Image") -> "Image.Transpose | None":
    """What turns a picture upright; None if nothing has to, or if its Exif cannot be read."""
    from PIL import Image

    with suppress(*BROKEN_PICTURE):
        orientation = image.getexif().get(_ORIENTATION)
        return Image.Transpose(_TURNS[orientation]) if orientation in _TURNS else None
    return None


def _colour_profile(image: "Image.Image") -> bytes | None:
    profile = image.info.get("icc_profile")
    is_kept = image.mode == "RGB" and profile and len(profile) <= _MAX_PROFILE_BYTES
    return profile if is_kept else None


def _encode_jpeg(image: "Image.Image", profile: bytes | None) -> Picture:
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, icc_profile=profile)
    return Picture(file.getvalue(), image.width, image.height)

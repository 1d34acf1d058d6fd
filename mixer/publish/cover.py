"""Covers: turns a user's picture into one that every player shows.

The result is a JPEG without metadata, upright, on white where the picture was transparent. It is
always re-encoded, so nothing hidden in an upload reaches the finished files, and its size is
bounded.
"""

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from mixer.errors import UnusablePicture

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
"""120 MB when decoded."""

MIN_SIDE_PX = 16
MAX_SIDE_PX = 3_000
"""Apple's recommended maximum for podcast and book artwork; larger pictures are scaled down."""

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
            image.draft("RGB", (max_side_px, max_side_px))
            return _encode_jpeg(_flatten_image(image, max_side_px), _colour_profile(image))
    except UnidentifiedImageError as error:
        raise UnusablePicture(f"{name} is not a JPEG or PNG picture.", key=name) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _pixel_limit_error(name) from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for broken files
        raise UnusablePicture(f"The picture {name} is broken.", key=name) from error


def require_picture(content: bytes, name: str) -> None:
    """Check a picture's format and dimensions by its header, without decoding it.

    Raises:
        UnusablePicture: it is not a picture, or is too large or too small.
    """
    from PIL import Image

    try:
        with Image.open(BytesIO(content), formats=_ACCEPTED_FORMATS) as image:
            _require_dimensions(image, name)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _pixel_limit_error(name) from error
    except Exception as error:  # Pillow's parsers raise many types for broken files
        if isinstance(error, UnusablePicture):
            raise
        raise UnusablePicture(f"{name} is not a JPEG or PNG picture.", key=name) from error


def read_cover(content: bytes) -> Picture:
    """Read back a cover that `encode_cover` has made."""
    from PIL import Image

    with Image.open(BytesIO(content), formats=_ACCEPTED_FORMATS) as image:
        return Picture(content, image.width, image.height)


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
    if image.width * image.height > MAX_PIXELS:
        raise _pixel_limit_error(name)
    if min(image.size) < MIN_SIDE_PX:
        raise UnusablePicture(
            f"The picture {name} is too small for a cover: {image.width} × {image.height} pixels.",
            key=name,
        )


def _pixel_limit_error(name: str) -> UnusablePicture:
    return UnusablePicture(
        f"The picture {name} is too large: a cover has at most {MAX_PIXELS // 10**6} million"
        " pixels.",
        key=name,
        limit_pixels=MAX_PIXELS,
    )


def _flatten_image(image: "Image.Image", max_side_px: int) -> "Image.Image":
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    layer = upright.convert("RGBA")
    background = Image.new("RGB", layer.size, "white")
    background.paste(layer, mask=layer.getchannel("A"))
    return background


def _colour_profile(image: "Image.Image") -> bytes | None:
    profile = image.info.get("icc_profile")
    is_kept = image.mode == "RGB" and profile and len(profile) <= _MAX_PROFILE_BYTES
    return profile if is_kept else None


def _encode_jpeg(image: "Image.Image", profile: bytes | None) -> Picture:
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, icc_profile=profile)
    return Picture(file.getvalue(), image.width, image.height)

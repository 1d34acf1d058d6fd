"""Covers: a picture that somebody hands in, checked, and made into one that every player shows.

What comes out is always a JPEG without metadata, upright, on white where it was transparent. It is
encoded anew, so nothing that hides behind or inside a picture goes into the finished files, and its
size is bounded whatever came in.
"""

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from mixer.errors import UnusablePicture

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
"""Unpacked to be looked at: 120 MB."""

MIN_SIDE_PX = 16
MAX_SIDE_PX = 3_000
"""What Apple recommends for artwork of podcasts and books at most; larger ones are scaled down."""

MEDIA_TYPE = "image/jpeg"
_ACCEPTED_FORMATS = ("JPEG", "PNG")
_QUALITY = 90
_MAX_PROFILE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is fit to be a cover.

    Attributes:
        content: a JPEG file.
        width_px: at most MAX_SIDE_PX.
        height_px: likewise.
    """

    content: bytes = field(repr=False)
    width_px: int
    height_px: int


def encode_cover(content: bytes, name: str) -> Picture:
    """A cover, from whatever JPEG or PNG somebody hands in.

    Args:
        content: the file.
        name: what to call it in errors.

    Raises:
        UnusablePicture: it is none, is broken, or is too large.
    """
    from PIL import Image, UnidentifiedImageError

    require_cover_size(len(content), name)
    try:
        with Image.open(BytesIO(content), formats=_ACCEPTED_FORMATS) as image:
            _require_dimensions(image, name)
            image.draft("RGB", (MAX_SIDE_PX, MAX_SIDE_PX))
            return _encode_jpeg(_flatten_image(image), _colour_profile(image))
    except UnidentifiedImageError as error:
        raise UnusablePicture(f"{name} is no JPEG or PNG picture.", key=name) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _pixel_limit_error(name) from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow says of broken files
        raise UnusablePicture(f"The picture {name} is broken.", key=name) from error


def read_cover(content: bytes) -> Picture:
    """A cover that came out of `cover_picture` before."""
    from PIL import Image

    with Image.open(BytesIO(content), formats=_ACCEPTED_FORMATS) as image:
        return Picture(content, image.width, image.height)


def require_cover_size(size_bytes: int, name: str) -> None:
    """Refuse a file that is too large for a cover, before it is read.

    Raises:
        UnusablePicture: it is.
    """
    if size_bytes > MAX_BYTES:
        raise UnusablePicture(
            f"The picture {name} is too large: {size_bytes:,} bytes are more than {MAX_BYTES:,}.",
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


def _flatten_image(image: "Image.Image") -> "Image.Image":
    """The picture upright, without transparency, in the colours that players expect."""
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    over = upright.convert("RGBA")
    ground = Image.new("RGB", over.size, "white")
    ground.paste(over, mask=over.getchannel("A"))
    return ground


def _colour_profile(image: "Image.Image") -> bytes | None:
    """What its colours mean; only where they stay what they are."""
    profile = image.info.get("icc_profile")
    is_kept = image.mode == "RGB" and profile and len(profile) <= _MAX_PROFILE_BYTES
    return profile if is_kept else None


def _encode_jpeg(image: "Image.Image", profile: bytes | None) -> Picture:
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, icc_profile=profile)
    return Picture(file.getvalue(), image.width, image.height)

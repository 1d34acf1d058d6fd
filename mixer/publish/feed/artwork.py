"""The picture of a feed: square, within the sizes that podcast directories accept."""

from io import BytesIO

from mixer.publish.cover import MAX_SIDE_PX, Picture, encode_cover

MIN_ARTWORK_PX, MAX_ARTWORK_PX = 1_400, MAX_SIDE_PX
"""Apple's artwork requirements for shows; Spotify and others accept the same."""

_QUALITY = 88


def is_valid_artwork(width_px: int, height_px: int) -> bool:
    """Whether directories accept a picture of this size."""
    return width_px == height_px and MIN_ARTWORK_PX <= width_px <= MAX_ARTWORK_PX


def fit_artwork(content: bytes, name: str) -> tuple[Picture, tuple[str, ...]]:
    """Make a picture square, on a ground of its edge's colour, and large enough.

    Returns the picture, and a sentence if it was changed so that it shows.

    Raises:
        UnusablePicture: it is not a picture, is broken, or is too large or too small.
    """
    cover = encode_cover(content, name)
    if is_valid_artwork(cover.width_px, cover.height_px):
        return cover, ()
    fitted = _square(cover)
    return fitted, (_describe_change(cover, fitted, name),)


def _square(cover: Picture) -> Picture:
    from PIL import Image

    with Image.open(BytesIO(cover.content)) as opened:
        image = opened.convert("RGB")
    side = min(MAX_ARTWORK_PX, max(MIN_ARTWORK_PX, *image.size))
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    ground = image.resize((1, 1), Image.Resampling.BOX, (0, 0, image.width, 1)).getpixel((0, 0))
    square = Image.new("RGB", (side, side), ground)
    scaled = image.resize(size, Image.Resampling.LANCZOS)
    square.paste(scaled, ((side - size[0]) // 2, (side - size[1]) // 2))
    file = BytesIO()
    square.save(file, "JPEG", quality=_QUALITY)
    return Picture(file.getvalue(), side, side)


def _describe_change(cover: Picture, fitted: Picture, name: str) -> str:
    return (
        f"The picture “{name}” has {cover.width_px} × {cover.height_px} pixels; podcast apps want a"
        f" square of {MIN_ARTWORK_PX} to {MAX_ARTWORK_PX} pixels, so it was put on one of "
        f"{fitted.width_px} × {fitted.height_px}."
    )

"""Pictures made in tests."""

import io

from PIL import Image, ImageDraw


def draw_picture(width_px: int, height_px: int, mode: str = "RGB") -> Image.Image:
    """A red ground with a blue square in its upper left corner."""
    image = Image.new("RGBA", (width_px, height_px), (200, 30, 30, 255))
    ImageDraw.Draw(image).rectangle((0, 0, width_px // 2, height_px // 2), fill=(20, 30, 200, 255))
    return image.convert(mode)


def build_picture(width_px: int, height_px: int, kind: str = "PNG", mode: str = "RGB") -> bytes:
    """The file of such a picture."""
    return encode_image(draw_picture(width_px, height_px, mode), kind)


def encode_image(image: Image.Image, kind: str, **options: object) -> bytes:
    """A picture's file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()

"""Covers that are handed in: what comes out of good ones, what is said of bad ones."""

import io
import struct
import zlib

import pytest
from PIL import Image, ImageOps

from mixer.errors import UnusablePicture
from mixer.publish.cover import MAX_BYTES, MAX_SIDE_PX, encode_cover, read_cover
from tests.pictures import build_picture, draw_picture, encode_image

RED, BLUE, WHITE = (200, 30, 30), (20, 30, 200), (255, 255, 255)


def colours(content: bytes) -> tuple[tuple[int, ...], ...]:
    """Of the upper left and the lower right corner."""
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    width, height = image.size
    return tuple(image.getpixel((x, y)) for x, y in ((9, 9), (width - 9, height - 9)))


def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGB"), ("PNG", "P"), ("JPEG", "RGB"), ("JPEG", "CMYK")]
)
def test_any_jpeg_or_png_becomes_a_jpeg_of_the_same_colours(kind: str, mode: str):
    made = encode_cover(build_picture(300, 200, kind, mode), "cover")
    assert (made.width_px, made.height_px) == (300, 200)
    for found, wanted in zip(colours(made.content), (BLUE, RED), strict=True):
        assert is_near(found, wanted)
    assert read_cover(made.content) == made


def test_transparent_is_white():
    image = draw_picture(100, 100, "RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 50, 50))
    assert is_near(colours(encode_cover(encode_image(image, "PNG"), "cover").content)[0], WHITE)


def test_large_is_scaled_down_and_keeps_its_shape():
    made = encode_cover(build_picture(6_000, 4_500, "JPEG"), "cover")
    assert (made.width_px, made.height_px) == (MAX_SIDE_PX, 2_250)


def test_a_camera_held_upright_is_upright_and_keeps_no_secrets():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "at home"
    made = encode_cover(encode_image(draw_picture(300, 200), "JPEG", exif=exif), "cover")
    assert (made.width_px, made.height_px) == (200, 300)
    assert b"at home" not in made.content
    assert not Image.open(io.BytesIO(made.content)).getexif()


ODD_EXIF = (
    b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\xff\0\0\0\xff\xff\xff\xff",  # a text beyond the end
    b"II*\0\x08\0\0\0\x01\0\x12\x01\x05\0\x01\0\0\0\x08\0\0\0",  # a fraction
    b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x02\0\x06\0\x06\0\0\0\0",  # two of them
    b"II*\0\xff\xff\xff\xff",
    b"XX",
)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("exif", ODD_EXIF)
def test_odd_exif_does_not_spoil_a_cover(kind: str, exif: bytes):
    odd = encode_image(draw_picture(300, 200), kind, exif=b"Exif\0\0" + exif)
    made = encode_cover(odd, "cover")
    assert sorted((made.width_px, made.height_px)) == [200, 300]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_that_of_pillow(orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode_image(draw_picture(300, 200), "PNG", exif=exif)
    with Image.open(io.BytesIO(content)) as image:
        upright = encode_image(ImageOps.exif_transpose(image), "PNG")
    assert encode_cover(content, "cover") == encode_cover(upright, "cover")


def test_what_hides_behind_a_picture_is_left_behind():
    made = encode_cover(build_picture(100, 100, "JPEG") + b"PK\x03\x04 secret", "cover")
    assert b"secret" not in made.content


def png_of(width_px: int, height_px: int) -> bytes:
    """A PNG that says it is so large, and holds next to nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checked = name + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "mine.jpg is not a JPEG or PNG file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "mine.jpg is not a JPEG or PNG file"),
        (build_picture(100, 100, "GIF"), "mine.jpg is not a JPEG or PNG file"),
        (build_picture(100, 100, "TIFF"), "mine.jpg is not a JPEG or PNG file"),
        (build_picture(100, 100, "JPEG")[:400], "The picture mine.jpg is broken"),
        (build_picture(900, 900, "PNG")[:800], "The picture mine.jpg is broken"),
        (png_of(300, 300), "The picture mine.jpg is broken"),
        (png_of(4_200, 4_200), "mine.jpg is too large: .* at most 17 million pixels"),
        (png_of(12_000, 12_000), "mine.jpg is too large: .* at most .* million pixels"),
        (png_of(65_000, 65_000), "mine.jpg is too large: .* at most .* million pixels"),
        (bytes(MAX_BYTES + 1), "mine.jpg is too large: 20,000,001 bytes; the limit is 20,000,000"),
        (build_picture(8, 8), "mine.jpg is too small for a cover: 8 × 8 pixels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_cover_is_refused_in_a_sentence(content: bytes, said: str):
    with pytest.raises(UnusablePicture, match=said):
        encode_cover(content, "mine.jpg")

"""Paint for pictures: masks at twice the size, laid on in colours at the final size. Pure."""

from functools import lru_cache

from PIL import Image, ImageOps

WIDTH_PX, HEIGHT_PX = 1600, 400
LEFT_PX, RIGHT_PX = 48, 1552
TOP_PX, BOTTOM_PX = 112, 340
MIDDLE_PX = (TOP_PX + BOTTOM_PX) / 2
LANE_TOP_PX, LANE_BOTTOM_PX, FULL_HEIGHT_PX = 404, 532, 560
"""Of the loudness over time, in a lane of its own below, where it is known."""

SCALE = 2
"""Masks are drawn so many times larger."""


def create_plot_mask() -> Image.Image:
    """An empty mask of the plot at SCALE."""
    return Image.new("L", (WIDTH_PX * SCALE, (BOTTOM_PX - TOP_PX) * SCALE))


def create_lane_mask() -> Image.Image:
    """An empty mask of the lane at SCALE."""
    return Image.new("L", (WIDTH_PX * SCALE, (LANE_BOTTOM_PX - LANE_TOP_PX) * SCALE))


def paint_mask(
    canvas: Image.Image,
    colours: Image.Image,
    mask: Image.Image,
    opacity: float,
    top_px: int = TOP_PX,
) -> None:
    """Lays colours over the plot, or the lane, where the mask says so."""
    small = mask.reduce(SCALE)
    if opacity < 1:
        small = small.point([round(level * opacity) for level in range(256)])
    canvas.paste(colours.crop((0, 0, *small.size)), (0, top_px), small)


@lru_cache(maxsize=8)
def create_flat_fill(colour: str) -> Image.Image:
    """A picture of the plot's size in one colour."""
    return Image.new("RGB", (WIDTH_PX, BOTTOM_PX - TOP_PX), colour)


@lru_cache(maxsize=8)
def create_gradient(top: str, bottom: str, across: int, down: int) -> Image.Image:
    """A picture that runs from one colour at the top to another at the bottom."""
    ramp = Image.linear_gradient("L").resize((1, down), Image.Resampling.BILINEAR)
    return ImageOps.colorize(ramp, top, bottom).resize((across, down))


@lru_cache(maxsize=4)
def create_glow(edge: str, core: str) -> Image.Image:
    """A picture of the plot's size that is brightest along its middle."""
    half = (BOTTOM_PX - TOP_PX) // 2
    glow = Image.new("RGB", (WIDTH_PX, 2 * half))
    glow.paste(create_gradient(edge, core, WIDTH_PX, half), (0, 0))
    glow.paste(create_gradient(core, edge, WIDTH_PX, half), (0, half))
    return glow

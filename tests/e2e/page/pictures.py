"""Draws the pictures of the page: `make page-pictures` writes docs/page-*.png.

The real page, the real voice and the sample story, in both widths and themes.
"""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from mixer.speech.embedded.engine import EmbeddedEngine
from tests.e2e.page.conftest import NARROW, WIDE, Visit, launch_chromium, wait_until
from tests.e2e.page.page_servers import WEB, start_server

ROOT = WEB.parent
SIZES = {"wide": WIDE, "narrow": NARROW}
THEMES = ("light", "dark")
COLOURS = 256
"""Of a picture: a third of the bytes, and hardly an eye sees it."""

GAP_PX = 24
SPOKEN_TEXT = "Every seven seconds"
"""The beginning of the sentence that is marked."""


def draw_pictures(browser: Browser, url: str) -> Iterator[tuple[str, Image.Image]]:
    """The pictures, by name."""
    for (size, (width, height)), theme in product(SIZES.items(), THEMES):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
        )
        with closing(context):
            views = capture_story(Visit(context.new_page(), url), is_whole=size == "wide")
            yield f"page-{size}-{theme}", join_views(views)


def capture_story(visit: Visit, *, is_whole: bool) -> list[Image.Image]:
    """A story from the first view to the player; one picture of all where it is wide enough."""
    page = visit.open()
    wait_until(page, "document.querySelector('#stat-length').textContent.includes(':')")
    first = capture_page(page)
    visit.request_story()
    visit.await_player()
    wait_until(page, "document.querySelector('#audio').currentTime > 0.5")
    page.locator(".sentence", has_text=SPOKEN_TEXT).click()
    page.click("#play")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.wait_for_timeout(300)
    if is_whole:  # a picture of all has no place where the button could stick
        page.evaluate("document.querySelector('.submit').style.position = 'static'")
        return [capture_page(page, full_page=True)]
    page.evaluate("document.querySelector('#player').scrollIntoView()")
    return [first, capture_page(page)]


def capture_page(page: Page, *, full_page: bool = False) -> Image.Image:
    """What is seen."""
    return Image.open(BytesIO(page.screenshot(full_page=full_page))).convert("RGB")


def join_views(views: list[Image.Image]) -> Image.Image:
    """Views in a row, on the page's own ground."""
    width = sum(view.width for view in views) + GAP_PX * (len(views) - 1)
    ground = views[0].getpixel((0, 0))
    sheet = Image.new("RGB", (width, max(view.height for view in views)), ground)
    at = 0
    for view in views:
        sheet.paste(view, (at, 0))
        at += view.width + GAP_PX
    return sheet


def main() -> None:
    """Draw them all."""
    logging.disable(logging.INFO)
    with TemporaryDirectory() as held, sync_playwright() as tools:
        folder = Path(held)
        (folder / "music").mkdir()
        bed = str(folder / "music" / "quiet.flac")
        subprocess.run([sys.executable, "demo/bed.py", bed], cwd=ROOT, check=True)
        with (
            start_server(folder, EmbeddedEngine()) as server,
            closing(launch_chromium(tools)) as browser,
        ):
            for name, picture in draw_pictures(browser, server.url):
                few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
                few.save(ROOT / "docs" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()

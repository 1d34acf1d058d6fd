"""The page in a real browser against the local server: fixtures.

A test that cannot run fails and names what is missing; none is skipped.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.page.page_servers import PageServer, start_server

try:
    from playwright.sync_api import Browser, Page, Playwright, sync_playwright
except ImportError as error:
    raise pytest.UsageError(
        "Playwright is missing: run `make page-test`, which installs requirements-page.txt."
    ) from error

CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""In order of preference: the shell is the same browser without windows, and takes less time."""

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--no-first-run", "--mute-audio"),
    "--autoplay-policy=no-user-gesture-required",
)
WIDE, NARROW = (1440, 900), (360, 780)


def launch_chromium(tools: "Playwright") -> "Browser":
    """Chromium, without a window and without sound; close it in the end."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.fail(
            "Chromium is missing: `apt-get install chromium-headless-shell` "
            "(or name one with CHROMIUM=/path)."
        )
    return tools.chromium.launch(executable_path=found, args=list(FLAGS))


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    with sync_playwright() as tools, closing(launch_chromium(tools)) as opened:
        yield opened


def wait_until(page: "Page", condition: str, within_s: float = 90, hurry_ms: int = 0) -> None:
    """Wait until an expression is true; Playwright's own way is against the page's policy.

    Args:
        page: that is looked at.
        condition: in JavaScript.
        within_s: how long to wait.
        hurry_ms: how far the page's clock, once it is installed, is put forward at each look.
    """
    end_s = time.monotonic() + within_s
    while not page.evaluate(condition):
        assert time.monotonic() < end_s, f"not within {within_s} s: {condition}"
        page.wait_for_timeout(50)
        if hurry_ms:
            page.clock.fast_forward(hurry_ms)


@dataclass
class Visit:
    """An open page, and what went wrong on it."""

    page: "Page"
    url: str
    problems: list[str] = field(default_factory=list)

    def open(self) -> "Page":
        self.page.goto(self.url)
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def request_story(self, text: str | None = None) -> None:
        """Ask for a story, of the given text or of what stands there."""
        if text is not None:
            self.page.fill("#text", text)
        self.page.click("#narrate")

    def await_player(self) -> None:
        """Wait until the player shows the story."""
        self.page.wait_for_selector("#player:not([hidden]):not([data-live])", timeout=180_000)
        self.page.wait_for_selector(".sentence, #captions p")

    def play(self) -> None:
        """Play the story, unless it plays already: its button is pressed in the same moment."""
        self._press_play_if("audio.paused")
        wait_until(self.page, "document.querySelector('#audio').currentTime > 0.5")

    def pause(self) -> None:
        """Pause the story, unless it has ended meanwhile."""
        self._press_play_if("!audio.paused")

    def _press_play_if(self, condition: str) -> None:
        press = f"if ({condition}) document.querySelector('#play').click()"
        self.page.evaluate(f"{{ const audio = document.querySelector('#audio'); {press} }}")

    def state(self, nth: int = 0) -> str:
        return str(self.page.locator("#stories li").nth(nth).get_attribute("data-state"))

    def await_state(self, state: str, nth: int = 0) -> None:
        place = self.page.locator(f'#stories li:nth-child({nth + 1})[data-state="{state}"]')
        place.wait_for(timeout=180_000)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """A server whose voice is tones: quick, and like speech for everything but the ear."""
    with start_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def visit(browser: "Browser") -> Iterator[Callable[..., Visit]]:
    """Opens pages in windows of their own; unexpected problems fail the test."""
    with ExitStack() as stack:
        visits: list[Visit] = []

        def begin(url: str, size: tuple[int, int] = WIDE, **options: Any) -> Visit:
            viewport = {"width": size[0], "height": size[1]}
            context = browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type]
            stack.callback(context.close)
            made = Visit(context.new_page(), url)
            made.page.set_default_timeout(90_000)
            made.page.on("pageerror", lambda error: made.problems.append(f"script: {error}"))
            made.page.on(
                "console",
                lambda message: (
                    made.problems.append(message.text)
                    if message.type == "error" and "Failed to load resource" not in message.text
                    else None
                ),
            )
            visits.append(made)
            return made

        yield begin
        assert not [problem for made in visits for problem in made.problems]

"""The page for everybody: both themes, both widths, keyboard alone, without motion, and light."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.page.conftest import NARROW, WIDE, wait_until
from tests.e2e.page.page_servers import WEB

STORY = "# A Lamp\n\nThe lamp went out at nine. Nobody saw it.\n\n## The Sea\n\nThere was a boat."
WRONG = {"name": "wrong.xyz", "mimeType": "text/plain", "buffer": b"nothing"}
MOST_BYTES = 100_000
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page):
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_in_any_state(house, visit, scheme, size):
    at = visit(house.url, size, color_scheme=scheme, reduced_motion="reduce")
    page = at.open()
    page.click("#sound summary")
    assert not violations(page)
    page.fill("#text", "")
    page.click("#tell")
    assert "nothing to tell" in page.text_content("#text-error")
    page.set_input_files("#own-file", WRONG)
    page.set_input_files("#file", WRONG)
    assert not violations(page)
    page.evaluate("document.querySelector('#ask').showModal()")
    assert not violations(page)
    page.evaluate("document.querySelector('#ask').close()")
    at.tell(STORY)
    at.done()
    at.plays()
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_nothing_leaves_the_screen_or_is_too_small_to_touch(house, visit, width):
    page = visit(house.url, (width, 800)).open()
    page.click("#sound summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate("""() => [...document.querySelectorAll("button, select, summary, a")]
        .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 24)
        .map((each) => each.outerHTML.slice(0, 80))""")
    assert not [each for each in small if "href" not in each]


def test_the_whole_way_by_keyboard_alone(house, visit):
    at = visit(house.url)
    page = at.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(STORY)
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == "tell":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at.done()
    wait_until(page, "document.activeElement.id === 'play'")
    wait_until(page, "!document.querySelector('#audio').paused")
    page.keyboard.press("Enter")
    wait_until(page, "document.querySelector('#audio').paused")


def test_position_and_sentences_move_by_keyboard(house, visit):
    at = visit(house.url)
    page = at.open()
    at.tell(STORY)
    at.done()
    page.focus("#wave")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    now_s = page.evaluate("document.querySelector('#audio').currentTime")
    length_s = page.evaluate("document.querySelector('#audio').duration")
    assert now_s == pytest.approx(min(10, length_s), abs=0.2)
    assert " of " in page.get_attribute("#wave", "aria-valuetext")
    page.keyboard.press("Home")
    page.focus('.sentence[tabindex="0"]')
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    last = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    wait_until(page, "document.querySelector('.sentence[aria-current]') === document.activeElement")
    assert last == page.text_content(".sentence[aria-current]")
    assert "There was a boat." in last


def test_what_happens_is_told_to_a_screen_reader(house, visit):
    at = visit(house.url)
    page = at.open()
    page.evaluate("""() => {
      window.told = [];
      new MutationObserver(() => window.told.push(document.querySelector("#live").textContent))
        .observe(document.querySelector("#live"), { childList: true });
    }""")
    at.tell(STORY + " Told aloud.")
    at.done()
    told = page.evaluate("window.told")
    assert any(each.startswith("A Lamp: ") for each in told)
    assert told[-1] == "A Lamp is ready."
    names = page.evaluate("""() =>
        [...document.querySelectorAll("button, input, select, textarea, canvas")]
        .filter((each) => each.offsetParent)
        .map((each) => each.ariaLabel || each.labels?.[0]?.textContent || each.textContent)""")
    assert all(name.strip() for name in names)


def test_the_page_is_small_and_keeps_to_itself(house, visit):
    files = [path for path in WEB.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    written = (WEB / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|style=|<script>|<style>|https?://", written)
    at = visit(house.url)
    asked = []
    at.page.on("request", lambda request: asked.append(request.url))
    page = at.open()
    page.wait_for_timeout(500)
    assert asked
    assert {url.split("/")[2] for url in asked} == {house.url.split("/")[2]}
    policy = page.request.get(house.url).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    stored = json.loads(page.evaluate("JSON.stringify({...localStorage})"))
    assert all(name.startswith("mixer.") for name in stored)

"""The page for everybody: both themes, both widths, keyboard alone, without motion, and light."""

import gzip
import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.page.conftest import NARROW, WIDE, wait_until
from tests.e2e.page.page_servers import WEB

STORY = "# A Lamp\n\nThe lamp went out at nine. Nobody saw it.\n\n## The Sea\n\nThere was a boat."
WRONG = {"name": "wrong.xyz", "mimeType": "text/plain", "buffer": b"nothing"}
MAX_BYTES = 143_000
"""Of what is loaded before the page can be used; the rest comes on demand."""

MAX_BYTES_ON_DEMAND = 83_000
MAX_BYTES_SENT = 84_000
"""Of all files, compressed."""

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def violations(page, **options):
    found = Axe().run(page, options=RULES | options).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


def violations_in_both_themes(page):
    """Everything in the light theme, and in the dark one what depends on colours."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = violations(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return found + violations(page, runOnly=["color-contrast"])


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_in_any_state(server, visit, size):
    tab = visit(server.url, size, reduced_motion="reduce")
    page = tab.open()
    page.click("#sound summary")
    page.click("#files summary")
    assert not violations_in_both_themes(page)
    page.fill("#text", "")
    page.click("#narrate")
    assert "text is empty" in page.text_content("#text-error")
    page.set_input_files("#own-music-file", WRONG)
    page.set_input_files("#file", WRONG)
    assert not violations_in_both_themes(page)
    page.evaluate("document.querySelector('#token-dialog').showModal()")
    assert not violations_in_both_themes(page)
    page.evaluate("document.querySelector('#token-dialog').close()")
    tab.request_story(STORY)
    tab.await_player()
    tab.play()
    assert not violations_in_both_themes(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


SMALL = """() => [...document.querySelectorAll("button, select, summary, a:not(.skip-link)")]
    .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 43.5)
    .map((each) => each.outerHTML.slice(0, 80))"""


def test_nothing_leaves_the_screen_or_is_too_small_to_touch(server, visit):
    page = visit(server.url, (320, 800)).open()
    for name in ("words", "tags", "sound", "files"):
        page.click(f"#{name} summary")
    for width in (320, 360, 768, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.evaluate(SMALL)


RECORD_ANNOUNCEMENTS = """() => {
  window.announced = [];
  new MutationObserver(() => window.announced.push(document.querySelector("#live").textContent))
    .observe(document.querySelector("#live"), { childList: true });
}"""


def test_the_whole_way_by_keyboard_alone(server, visit):
    tab = visit(server.url)
    page = tab.open()
    page.evaluate(RECORD_ANNOUNCEMENTS)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(STORY)
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == "narrate":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab.await_player()
    wait_until(page, "document.activeElement.id === 'play'")
    wait_until(page, "!document.querySelector('#audio').paused")
    page.keyboard.press("Enter")
    wait_until(page, "document.querySelector('#audio').paused")
    move_by_keyboard(page)
    check_what_a_screen_reader_gets(page)


def move_by_keyboard(page):
    page.focus("#waveform")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    now_s = page.evaluate("document.querySelector('#audio').currentTime")
    length_s = page.evaluate("document.querySelector('#audio').duration")
    assert now_s == pytest.approx(min(10, length_s), abs=0.2)
    assert " of " in page.get_attribute("#waveform", "aria-valuetext")
    page.keyboard.press("Home")
    page.focus('.sentence[tabindex="0"]')
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    last = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    wait_until(page, "document.querySelector('.sentence[aria-current]') === document.activeElement")
    assert last == page.text_content(".sentence[aria-current]")
    assert "There was a boat." in last


def check_what_a_screen_reader_gets(page):
    announced = page.evaluate("window.announced")
    assert any(each.startswith("A Lamp: ") for each in announced)
    assert announced[-1] == "A Lamp is ready."
    stages = [re.split(r" \d", each)[0] for each in announced]
    assert len({*stages}) == len(stages)
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    controls = [
        (node["role"]["value"], node["name"]["value"].strip())
        for node in nodes
        if any(each["name"] == "focusable" for each in node.get("properties", ()))
    ]
    assert len(controls) > 20
    assert not [each for each in controls if each[0] in ("generic", "none") or not each[1]]


def find_imports(name):
    """List a script and all that it imports at once."""
    written = (WEB / name).read_text(encoding="utf-8")
    inner = set(re.findall(r'^import (?:[^"]* from )?"\./([\w-]+\.js)"', written, re.MULTILINE))
    return {name}.union(*map(find_imports, inner))


def test_the_page_is_small_and_keeps_to_itself(server, visit):
    files = [path for path in WEB.rglob("*") if path.is_file()]
    at_once = find_imports("app.js")
    on_demand = {path.name for path in files if path.suffix == ".js"} - at_once
    assert on_demand
    sizes = {path.name: path.stat().st_size for path in files}
    assert sum(size for name, size in sizes.items() if name not in on_demand) < MAX_BYTES
    assert sum(sizes[name] for name in on_demand) < MAX_BYTES_ON_DEMAND
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < MAX_BYTES_SENT
    written = (WEB / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|style=|<script>|<style>|https?://", written)
    tab = visit(server.url)
    requests = []
    tab.page.on("request", lambda request: requests.append(request.url))
    page = tab.open()
    page.wait_for_timeout(500)
    assert requests
    assert {url.split("/")[2] for url in requests} == {server.url.split("/")[2]}
    policy = page.request.get(server.url).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    stored = json.loads(page.evaluate("JSON.stringify({...localStorage})"))
    assert all(name.startswith("mixer.") for name in stored)

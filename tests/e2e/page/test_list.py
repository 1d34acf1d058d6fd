"""The list of stories: several at once, cancelled, reloaded, heard, removed."""

import pytest

from tests.e2e.page.conftest import wait_until
from tests.e2e.page.page_servers import start_server
from tests.engines import ToneEngine


def long(title, sentences=40):
    """A story of passages that no other story shares, so that each is spoken."""
    told = (f"Lamp {n} of {title} went out at nine, and nobody saw it." for n in range(sentences))
    return f"# {title}\n\n{' '.join(told)}"


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A server that takes a moment for each passage, one after the other."""
    engine = ToneEngine(suffix="mp3", delay_s=0.4, parallelism=1)
    with start_server(tmp_path_factory.mktemp("slow"), engine) as running:
        yield running


def test_story_can_be_cancelled_and_told_after_all(slow, visit):
    at = visit(slow.url)
    page = at.open()
    at.tell(long("Cancelled", 110))
    at.becomes("synthesizing")
    wait_until(page, "/about .* left/.test(document.querySelector('.stage-line').textContent)")
    slow.trouble.failing.add("DELETE /stories/")
    page.click("[aria-label='Cancel: Cancelled']")
    wait_until(
        page, "document.querySelector('#stories .error').textContent.includes('not be cancel')"
    )
    slow.trouble.failing.clear()
    page.click("[aria-label='Cancel: Cancelled']")
    at.becomes("cancelled")
    page.wait_for_timeout(600)
    spoken = slow.engine.calls
    page.wait_for_timeout(1_200)
    assert slow.engine.calls - spoken <= 1  # nobody speaks any more
    page.click("[aria-label='Try again: Cancelled']")
    at.becomes("done")


def test_reload_in_the_middle_loses_nothing(slow, visit):
    at = visit(slow.url)
    page = at.open()
    before = slow.trouble.count("POST /stories")
    at.tell(long("Reloaded"))
    at.becomes("synthesizing")
    wait_until(
        page, "/passage \\d+ of \\d+/.test(document.querySelector('.stage-line').textContent)"
    )
    page.reload()
    assert page.input_value("#text") == long("Reloaded")
    at.becomes("done")
    assert slow.trouble.count("POST /stories") == before + 1
    page.click("[aria-label='Listen: Reloaded']")
    at.done()
    at.plays()


def test_several_stories_at_once_end_up_side_by_side(slow, visit):
    at = visit(slow.url)
    page = at.open()
    for name in ("First", "Second", "Third"):
        at.tell(long(name, 8))
    titles = page.locator("#stories h3").all_text_contents()
    assert titles == ["Third", "Second", "First"]
    for nth in range(3):
        at.becomes("done", nth)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#stories h3").all_text_contents() == titles
    page.click("[aria-label='Listen: Second']")
    at.done()
    assert page.text_content("#player-title") == "Second"
    page.click("#play")
    at.tell("# Fourth\n\nIt was the fourth time.")
    wait_until(page, "document.querySelector('#player-title').textContent === 'Fourth'")
    page.click("[aria-label='Remove: Fourth']")
    assert page.is_hidden("#player")
    page.click("[aria-label='Listen: Second']")
    at.done()
    page.click("#player-close")
    assert page.is_hidden("#player")
    assert page.evaluate("document.querySelector('#audio').paused")
    page.click("[aria-label='Remove: Second']")
    assert page.locator("#stories h3").all_text_contents() == ["Third", "First"]
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"

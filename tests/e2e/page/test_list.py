"""The list of stories: several at once, cancelled, reloaded, played, removed."""

import pytest

from tests.e2e.page.conftest import wait_until
from tests.e2e.page.page_servers import start_server
from tests.engines import ToneEngine


def long(title, sentences=40):
    """A story of passages that no other story shares, so that each is synthesized."""
    text = (f"Lamp {n} of {title} went out at nine, and nobody saw it." for n in range(sentences))
    return f"# {title}\n\n{' '.join(text)}"


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A server that takes a moment for each passage, one after the other."""
    engine = ToneEngine(suffix="mp3", delay_s=0.4, parallelism=1, pace=12)
    with start_server(tmp_path_factory.mktemp("slow"), engine) as running:
        yield running


def test_story_can_be_cancelled_and_retried(slow, visit):
    tab = visit(slow.url)
    page = tab.open()
    tab.request_story(long("Cancelled", 250))
    tab.await_state("synthesizing")
    wait_until(page, "/about .* left/.test(document.querySelector('.status-line').textContent)")
    slow.faults.failing.add("DELETE /stories/")
    page.click("[aria-label='Cancel: Cancelled']")
    wait_until(
        page, "document.querySelector('#stories .error').textContent.includes('not be cancel')"
    )
    slow.faults.failing.clear()
    page.click("[aria-label='Cancel: Cancelled']")
    tab.await_state("cancelled")
    calls = await_silence(page, slow.engine)
    page.click("[aria-label='Try again: Cancelled']")
    tab.await_state("done")
    assert slow.engine.calls > calls  # not all had been synthesized


def await_silence(page, engine):
    """The calls of an engine, once there are no more."""
    while True:
        calls = engine.calls
        page.wait_for_timeout(1_200)
        if engine.calls == calls:
            return calls


def test_reload_in_the_middle_loses_nothing(slow, visit):
    tab = visit(slow.url)
    page = tab.open()
    before = slow.faults.count("POST /stories")
    tab.request_story(long("Reloaded"))
    tab.await_state("synthesizing")
    wait_until(
        page, "/passage \\d+ of \\d+/.test(document.querySelector('.status-line').textContent)"
    )
    page.reload()
    assert page.input_value("#text") == long("Reloaded")
    tab.await_state("done")
    assert slow.faults.count("POST /stories") == before + 1
    page.click("[aria-label='Listen: Reloaded']")
    tab.await_player()
    tab.play()


def test_several_stories_at_once_end_up_side_by_side(slow, visit):
    tab = visit(slow.url)
    page = tab.open()
    for name in ("First", "Second", "Third"):
        tab.request_story(long(name, 8))
    titles = page.locator("#stories h3").all_text_contents()
    assert titles[:3] == ["Third", "Second", "First"]
    for nth in range(3):
        tab.await_state("done", nth)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#stories h3").all_text_contents()[:3] == titles[:3]
    page.click("[aria-label='Listen: Second']")
    wait_until(page, "document.querySelector('#player-title').textContent === 'Second'")
    tab.await_player()
    tab.pause()
    tab.request_story("# Fourth\n\nIt was the fourth time.")
    wait_until(page, "document.querySelector('#player-title').textContent === 'Fourth'")
    page.click("[aria-label='Remove: Fourth']")
    assert page.is_hidden("#player")
    page.click("[aria-label='Listen: Second']")
    tab.await_player()
    page.click("#player-close")
    assert page.is_hidden("#player")
    assert page.evaluate("document.querySelector('#audio').paused")
    page.click("[aria-label='Remove: Second']")
    assert page.locator("#stories h3").all_text_contents()[:2] == ["Third", "First"]
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"


def test_stories_of_two_tabs_are_all_kept_and_a_removed_one_comes_back(slow, visit):
    tab = visit(slow.url)
    page = tab.open()
    other = page.context.new_page()
    other.goto(slow.url)
    other.wait_for_selector("html[data-ready]")
    page.context.set_offline(True)
    for place, text in ((page, "One is here."), (other, "Two is there.")):
        place.fill("#text", text)
        place.click("#narrate")
        place.locator("#stories li", has_text=text).wait_for()
    page.context.set_offline(False)
    for place in (page, other):
        for text in ("One is here.", "Two is there."):
            place.locator("#stories li[data-state=done]", has_text=text).wait_for()
    other.get_by_label("Remove: Two is there.").click()
    page.locator("#stories li", has_text="Two is there.").wait_for(state="detached")
    assert other.evaluate("document.activeElement.textContent") == "Undo"
    other.keyboard.press("Enter")
    page.locator("#stories li", has_text="Two is there.").wait_for()
    other.reload()
    other.locator("#stories li", has_text="Two is there.").wait_for()

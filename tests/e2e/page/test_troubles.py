"""A server that is down, slow, unwell or wants a token: nothing is lost, everything goes on."""

import re

import pytest

from tests.e2e.page.conftest import wait_until
from tests.e2e.page.page_servers import TOKEN, start_server
from tests.engines import ToneEngine

SOON = {"hurry_ms": 400}
"""The page waits some seconds before it asks again."""

STORY = "The lamp went out at nine. Nobody saw it."


@pytest.fixture
def ill(house):
    """A server that is made to fail, and is well again afterwards."""
    yield house.faults
    house.faults.failing.clear()
    house.faults.slow_s.clear()


@pytest.mark.parametrize(
    ("failing", "where"),
    [
        ("GET /capabilities", "form-error"),
        ("GET /voices", "voice-error"),
        ("GET /music", "music-error"),
        ("POST /estimate", "text-error"),
    ],
)
def test_what_fails_at_first_is_told_and_tried_again(house, ill, visit, failing, where):
    at = visit(house.url)
    at.page.clock.install()
    ill.failing.add(failing)
    at.page.goto(house.url)
    wait_until(at.page, f"document.querySelector('#{where}').textContent.includes('broke')", **SOON)
    at.page.fill("#text", STORY)
    ill.failing.clear()
    wait_until(at.page, "document.documentElement.dataset.ready", **SOON)
    wait_until(at.page, "document.querySelector('#n-length').textContent.includes(':')", **SOON)
    wait_until(at.page, f"!document.querySelector('#{where}').textContent", **SOON)
    assert at.page.locator("#voices input").count() == 2
    assert at.page.input_value("#text") == STORY


@pytest.mark.parametrize("failing", ["POST /stories", "GET /stories/"])
def test_story_waits_for_a_server_that_fails_for_a_while(house, ill, visit, failing):
    at = visit(house.url)
    at.open()
    ill.failing.add(failing)
    at.tell(f"{STORY} While {failing} fails.")
    wait_until(at.page, "document.querySelector('#stories li')")
    at.page.wait_for_timeout(1_500)
    assert at.state() not in ("done", "failed")
    ill.failing.clear()
    at.becomes("done")


def test_upload_that_fails_is_told_beside_the_music(house, ill, visit):
    page = visit(house.url).open()
    ill.failing.add("POST /objects/")
    song = {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"x" * 1_000}
    page.set_input_files("#own-file", song)
    wait_until(page, "document.querySelector('#music-error').textContent.includes('not taken')")
    assert page.is_hidden("#upload")


def test_speech_that_fails_is_told_with_its_story_and_can_be_tried_again(visit, tmp_path):
    lost = {"storm"}
    with start_server(tmp_path, ToneEngine(suffix="mp3", fail_texts=lost)) as house:
        at = visit(house.url)
        page = at.open()
        at.tell("There was a storm at sea.")
        at.becomes("failed")
        assert "told" in page.locator("#stories .error").text_content()
        assert page.input_value("#text") == "There was a storm at sea."
        lost.clear()
        page.click("[aria-label^='Try again']")
        at.becomes("done")


def test_story_over_the_daily_cap_is_told_in_words(visit, tmp_path):
    with start_server(tmp_path, MAX_DAILY_USD="0.000001") as house:
        at = visit(house.url)
        page = at.open()
        at.tell(STORY)
        at.becomes("failed")
        told = page.locator("#stories .error").text_content()
        assert "may spend in a day; nothing was spent" in told
        assert page.input_value("#text") == STORY


def test_captions_and_files_that_fail_are_told_in_the_player(house, ill, visit):
    at = visit(house.url)
    page = at.open()
    at.tell(STORY)
    at.done()
    ill.failing.add("GET /objects/")
    page.click("#downloads a[data-name='report']")
    wait_until(page, "document.querySelector('#player-error').textContent.includes('try it again')")
    ill.failing.clear()
    with page.expect_download() as report:
        page.click("#downloads a[data-name='report']")
    assert report.value.suggested_filename == "the-lamp-went-out-at-nine-nobody-saw-it.json"
    assert page.text_content("#player-error") == ""


def test_server_that_goes_away_in_the_middle_is_waited_for(visit, tmp_path):
    story = f"{STORY} " * 40
    at = visit("")
    with start_server(tmp_path, ToneEngine(suffix="mp3", delay_s=0.4, parallelism=1)) as house:
        at.url = house.url
        at.open()
        at.tell(story)
        at.becomes("synthesizing")
    wait_until(at.page, "!document.querySelector('#connection').hidden")
    assert "cannot be reached" in at.page.text_content("#connection")
    assert at.page.input_value("#text") == story
    with start_server(tmp_path, port=house.port):
        at.becomes("done")
        assert at.page.is_hidden("#connection")


def test_lost_connection_is_waited_out(house, visit):
    at = visit(house.url)
    page = at.open()
    page.context.set_offline(True)
    at.tell(f"{STORY} Offline.")
    wait_until(page, "!document.querySelector('#connection').hidden")
    page.wait_for_timeout(1_500)
    assert at.state() == "sending"
    page.context.set_offline(False)
    at.becomes("done")
    assert page.is_hidden("#connection")


def test_slow_server_is_named_slow_and_waited_for(house, ill, visit):
    at = visit(house.url)
    at.page.clock.install()
    page = at.open()
    ill.slow_s["POST /stories"] = 3.0
    at.tell(f"{STORY} Slowly.")
    page.wait_for_timeout(500)
    page.clock.fast_forward(8_000)
    wait_until(page, "document.querySelector('#connection').textContent.includes('takes long')")
    at.becomes("done")
    assert page.is_hidden("#connection")


def test_token_is_asked_for_once_and_kept_for_the_session(visit, tmp_path):
    with start_server(tmp_path, AUTH_MODE="token") as house:
        at = visit(house.url)
        page = at.page
        page.goto(house.url)
        page.wait_for_selector("#ask[open]")
        page.fill("#token", "wrong")
        page.click("#ask [value=use]")
        wait_until(
            page, "document.querySelector('#token-error').textContent.includes('not accepted')"
        )
        page.fill("#token", TOKEN)
        page.click("#ask [value=use]")
        page.wait_for_selector("html[data-ready]")
        assert page.locator("#voices input").count() == 2
        at.tell(STORY)
        at.done()
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.is_hidden("#ask")
        assert TOKEN not in page.evaluate("JSON.stringify({...localStorage})")
        assert TOKEN not in page.url
        other = page.context.new_page()
        other.goto(house.url)
        other.wait_for_selector("#ask[open]")


def test_page_without_a_token_says_so_and_asks_again(visit, tmp_path):
    with start_server(tmp_path, AUTH_MODE="token") as house:
        page = visit(house.url).page
        page.goto(house.url)
        page.click("#ask [value=cancel]")
        wait_until(page, "document.querySelector('#voice-error').textContent")
        page.wait_for_selector("html[data-ready]")
        page.fill("#text", STORY)
        wait_until(page, "document.querySelector('#text-error').textContent.includes('not known')")
        assert page.is_hidden("#ask")
        page.click("#tell")
        page.wait_for_selector("#ask[open]")
        page.click("#ask [value=cancel]")
        page.click("#key")
        page.fill("#token", TOKEN)
        page.click("#ask [value=use]")
        wait_until(page, "document.querySelectorAll('#voices input').length === 2")
        assert page.text_content("#voice-error") == ""
        assert page.is_hidden("#key")


def test_expired_links_are_renewed(visit, tmp_path):
    with start_server(tmp_path, URL_LIFETIME_S="2") as house:
        at = visit(house.url)
        page = at.open()
        at.tell(STORY)
        at.done()
        at.plays()
        page.click("#play")
        first = page.evaluate("document.querySelector('#audio').src")
        old = page.get_attribute("#downloads a[data-name='captions_vtt']", "href")
        page.wait_for_timeout(2_500)
        assert page.request.get(old).status == 403
        was_s = page.evaluate("document.querySelector('#audio').currentTime")
        page.click("#play")
        wait_until(page, f"document.querySelector('#audio').currentTime > {was_s} + 0.3")
        assert page.evaluate("document.querySelector('#audio').src") != first
        with page.expect_download() as captions:
            page.click("#downloads a[data-name='captions_vtt']")
        assert re.match("WEBVTT", captions.value.path().read_text(encoding="utf-8"))

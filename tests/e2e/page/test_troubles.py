"""A server that is down, slow, failing or wants a token: nothing is lost, everything goes on."""

import re

import pytest

from tests.e2e.page.conftest import wait_until
from tests.e2e.page.page_servers import TOKEN, start_server
from tests.engines import ToneEngine

SOON = {"hurry_ms": 400}
"""The page waits some seconds before it asks again."""

STORY = "The lamp went out at nine. Nobody saw it."

PLAIN_HTTP = """
  for (const name of ["randomUUID", "subtle"]) delete Crypto.prototype[name];
  for (const name of ["clipboard", "locks", "serviceWorker"]) delete Navigator.prototype[name];
"""
"""Takes away what browsers offer to pages of https and of this computer alone."""


@pytest.fixture
def faults(server):
    """Faults of the server, removed again after the test."""
    yield server.faults
    server.faults.failing.clear()
    server.faults.held.clear()


def test_what_fails_at_first_is_reported_and_retried(server, faults, visit):
    tab = visit(server.url)
    page = tab.page
    page.clock.install()
    places = {"GET /voices": "voice", "GET /music": "music", "POST /estimate": "text"}
    faults.failing |= {"GET /capabilities", *places}
    page.goto(server.url)
    await_error(page, "form")
    page.fill("#text", STORY)
    faults.failing.remove("GET /capabilities")
    for place in places.values():
        await_error(page, place)
    faults.failing.clear()
    wait_until(page, "document.documentElement.dataset.ready", **SOON)
    wait_until(page, "document.querySelector('#stat-length').textContent.includes(':')", **SOON)
    for place in ("form", *places.values()):
        wait_until(page, f"!document.querySelector('#{place}-error').textContent", **SOON)
    assert page.locator("#voices input").count() == 2
    assert page.input_value("#text") == STORY


def await_error(page, place):
    broken = f"document.querySelector('#{place}-error').textContent.includes('broke')"
    wait_until(page, broken, **SOON)


def test_story_waits_for_a_server_that_fails_for_a_while(server, faults, visit):
    tab = visit(server.url)
    tab.open()
    for failing in ("POST /stories", "GET /stories/"):
        faults.failing.add(failing)
        tab.request_story(f"{STORY} While {failing} fails.")
        wait_until(tab.page, "document.querySelector('#stories li')")
        wait_until(tab.page, "document.querySelector('#connection').textContent.includes('busy')")
        assert tab.state() not in ("done", "failed")
        faults.failing.clear()
        tab.await_state("done")


def test_failed_upload_is_reported_next_to_the_music(server, faults, visit):
    page = visit(server.url).open()
    faults.failing.add("POST /objects/")
    song = {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"x" * 1_000}
    page.set_input_files("#own-music-file", song)
    wait_until(page, "document.querySelector('#music-error').textContent.includes('was rejected')")
    assert page.is_hidden("#upload")


def test_failed_speech_is_reported_with_its_story_and_can_be_retried(visit, tmp_path):
    lost = {"storm"}
    with start_server(tmp_path, ToneEngine(suffix="mp3", fail_texts=lost)) as server:
        tab = visit(server.url)
        page = tab.open()
        tab.request_story("There was a storm at sea.")
        tab.await_state("failed")
        assert page.locator("#stories .error").text_content()
        assert page.input_value("#text") == "There was a storm at sea."
        lost.clear()
        page.click("[aria-label^='Try again']")
        tab.await_state("done")


def test_story_over_the_daily_cap_gets_a_plain_message(visit, tmp_path):
    with start_server(tmp_path, MAX_DAILY_USD="0.000001") as server:
        tab = visit(server.url)
        page = tab.open()
        tab.request_story(STORY)
        tab.await_state("failed")
        message = page.locator("#stories .error").text_content()
        assert "may spend per day; nothing was spent" in message
        assert page.input_value("#text") == STORY


def test_failed_captions_and_files_are_reported_in_the_player(server, faults, visit):
    tab = visit(server.url)
    page = tab.open()
    tab.request_story(STORY)
    tab.await_player()
    faults.failing.add("GET /objects/")
    page.click("#downloads summary")
    page.click("#downloads a[data-name='report']")
    wait_until(page, "document.querySelector('#player-error').textContent.includes('try again')")
    faults.failing.clear()
    with page.expect_download() as report:
        page.click("#downloads a[data-name='report']")
    assert report.value.suggested_filename == "the-lamp-went-out-at-nine-nobody-saw-it-report.json"
    assert page.text_content("#player-error") == ""


def test_server_that_goes_away_in_the_middle_is_waited_for(visit, tmp_path):
    story = f"{STORY} " * 40
    tab = visit("")
    slow = ToneEngine(suffix="mp3", delay_s=0.4, parallelism=1, pace=4)
    with start_server(tmp_path, slow) as server:
        tab.url = server.url
        tab.open()
        tab.request_story(story)
        tab.await_state("synthesizing")
    wait_until(tab.page, "!document.querySelector('#connection').hidden")
    assert "cannot be reached" in tab.page.text_content("#connection")
    assert tab.page.input_value("#text") == story
    with start_server(tmp_path, ToneEngine(suffix="mp3", pace=4), port=server.port):
        tab.await_state("done")
        assert tab.page.is_hidden("#connection")


def test_lost_connection_is_waited_out(server, visit):
    tab = visit(server.url)
    page = tab.open()
    page.context.set_offline(True)
    tab.request_story(f"{STORY} Offline.")
    wait_until(page, "!document.querySelector('#connection').hidden")
    page.wait_for_timeout(1_500)
    assert tab.state() == "sending"
    page.context.set_offline(False)
    tab.await_state("done")
    assert page.is_hidden("#connection")


def test_slow_server_is_named_slow_and_waited_for(server, faults, visit):
    tab = visit(server.url)
    tab.page.clock.install()
    page = tab.open()
    waiting = "document.querySelector('#connection').textContent.includes('taking a long time')"
    with faults.hold("POST /stories"):
        tab.request_story(f"{STORY} Slowly.")
        wait_until(page, waiting, **SOON)
    tab.await_state("done")
    assert page.is_hidden("#connection")


def test_token_is_asked_for_once_and_kept_for_the_session(visit, tmp_path):
    with start_server(tmp_path, AUTH_MODE="token") as server:
        tab = visit(server.url)
        page = tab.page
        page.goto(server.url)
        page.wait_for_selector("#token-dialog[open]")
        page.fill("#token", "wrong")
        page.click("#token-dialog [value=use]")
        wait_until(
            page, "document.querySelector('#token-error').textContent.includes('not accepted')"
        )
        page.click("#token-dialog [value=cancel]")
        page.click("#enter-token")
        page.fill("#token", TOKEN)
        page.click("#token-dialog [value=use]")
        page.wait_for_selector("html[data-ready]")
        wait_until(page, "document.querySelectorAll('#voices input').length === 2")
        tab.request_story(STORY)
        tab.await_player()
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.is_hidden("#token-dialog")
        assert TOKEN not in page.evaluate("JSON.stringify({...localStorage})")
        assert TOKEN not in page.url
        other = page.context.new_page()
        other.goto(server.url)
        other.wait_for_selector("#token-dialog[open]")


def test_page_without_a_token_says_so_and_asks_again(visit, tmp_path):
    with start_server(tmp_path, AUTH_MODE="token") as server:
        page = visit(server.url).page
        page.goto(server.url)
        page.click("#token-dialog [value=cancel]")
        wait_until(page, "document.querySelector('#voice-error').textContent")
        page.wait_for_selector("html[data-ready]")
        page.fill("#text", STORY)
        wait_until(
            page, "document.querySelector('#text-error').textContent.includes('not available')"
        )
        assert page.is_hidden("#token-dialog")
        page.click("#narrate")
        page.wait_for_selector("#token-dialog[open]")
        page.click("#token-dialog [value=cancel]")
        page.click("#enter-token")
        page.fill("#token", TOKEN)
        page.click("#token-dialog [value=use]")
        wait_until(page, "document.querySelectorAll('#voices input').length === 2")
        assert page.text_content("#voice-error") == ""
        assert page.is_hidden("#enter-token")


def test_expired_links_are_renewed(visit, tmp_path):
    with start_server(tmp_path, URL_LIFETIME_S="2") as server:
        tab = visit(server.url)
        page = tab.open()
        tab.request_story(f"{STORY} " * 5)  # longer than it takes to pause
        tab.await_player()
        tab.play()
        tab.pause()
        first = page.evaluate("document.querySelector('#audio').src")
        old = page.get_attribute("#downloads a[data-name='captions_vtt']", "href")
        while page.request.get(old).status == 200:  # it is valid for whole seconds
            page.wait_for_timeout(200)
        assert page.request.get(old).status == 403
        was_s = page.evaluate("document.querySelector('#audio').currentTime")
        page.click("#play")
        wait_until(page, f"document.querySelector('#audio').currentTime > {was_s} + 0.3")
        assert page.evaluate("document.querySelector('#audio').src") != first
        page.click("#downloads summary")
        with page.expect_download() as captions:
            page.click("#downloads a[data-name='captions_vtt']")
        assert re.match("WEBVTT", captions.value.path().read_text(encoding="utf-8"))


def test_page_of_a_server_at_home_needs_no_https(server, visit):
    tab = visit(server.url)
    tab.page.add_init_script(PLAIN_HTTP)
    tab.open()
    assert not tab.page.evaluate("'randomUUID' in crypto || 'locks' in navigator")
    tab.request_story(f"{STORY} At home, over http.")
    tab.await_player()
    tab.page.click("#share")
    wait_until(tab.page, "document.querySelector('#player-error').textContent.includes('http')")
    tab.page.click("text=Keep as a project")
    wait_until(tab.page, "document.querySelector('#project input').value")
    tab.page.reload()
    wait_until(tab.page, "document.querySelector('#project input')?.value")


NO_STORAGE = """
  const refuse = () => { throw new DOMException("denied", "SecurityError"); };
  for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, { configurable: true, get: refuse });
  Object.defineProperty(window, "indexedDB", { value: { open: refuse } });
"""


def test_story_is_narrated_where_the_browser_stores_nothing(server, visit):
    tab = visit(server.url)
    tab.page.add_init_script(NO_STORAGE)
    page = tab.open()
    tab.request_story("The lamp went out where nothing is kept.")
    tab.await_player()
    assert page.text_content(".sentence").strip() == "The lamp went out where nothing is kept."

"""Podcasts on the page: made, filled by a story, their links copied, replaced and revoked."""

import urllib.error
import urllib.request

import feedparser
import pytest

from tests.e2e.page.conftest import NARROW, wait_until
from tests.e2e.page.page_servers import start_server
from tests.e2e.page.test_for_everybody import violations

ROWS = "document.querySelectorAll('#feeds li').length === 1"


@pytest.fixture(scope="module")
def feed_server(tmp_path_factory):
    with start_server(tmp_path_factory.mktemp("feeds"), SERVE_FEEDS="on") as running:
        yield running


def fetch(url):
    with urllib.request.urlopen(url) as response:  # noqa: S310 - the server of the test
        return response.read()


def read_url(page):
    return page.evaluate("fetch('/feeds').then((r) => r.json()).then((r) => r.feeds[0].url)")


def await_status(page, beginning):
    text = "document.querySelector('#feeds .meta').textContent"
    wait_until(page, f"{text}.startsWith('{beginning}')")


def test_podcast_is_made_filled_and_copied(feed_server, visit):
    tab = visit(feed_server.url, NARROW, permissions=["clipboard-read", "clipboard-write"])
    page = tab.open()
    assert not page.is_visible("#feeds")  # there is no story to publish
    tab.request_story("The first story.")
    page.click("text=Create a podcast")
    assert "title" in page.text_content("#feeds-error")
    page.get_by_label("Title of a new podcast").fill("The Harbour")
    page.keyboard.press("Enter")
    wait_until(page, ROWS)
    page.click("#tags summary")
    page.get_by_label("Podcast", exact=True).fill("The Harbour")
    tab.request_story("The lamp went out at nine. Nobody saw it.")
    tab.await_state("done")
    page.click("text=Copy link >> nth=-1")
    wait_until(page, "document.querySelector('#feeds').textContent.includes('Copied')")
    url = page.evaluate("navigator.clipboard.readText()")
    assert url == read_url(page)
    assert len(feedparser.parse(fetch(url)).entries) == 1
    page.get_by_label("Episodes: The Harbour").click()
    await_status(page, "1 story")
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_link_is_revoked_and_made_again(feed_server, visit):
    page = visit(feed_server.url).open()
    wait_until(page, ROWS)
    url = read_url(page)
    page.get_by_label("Revoke: The Harbour").click()
    await_status(page, "No link")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(url)
    page.get_by_label("Create a link: The Harbour").click()
    await_status(page, "Anyone")
    assert read_url(page) not in (None, url)


def test_target_sets_preset_and_format(feed_server, visit):
    tab = visit(feed_server.url)
    page = tab.open()
    page.click("#files summary")
    page.get_by_label("Made for").select_option("audiobookshelf")
    assert page.input_value("#format") == "m4b"
    page.get_by_label("Made for").select_option("apple-podcasts")
    assert (page.input_value("#preset"), page.input_value("#format")) == ("podcast", "mp3")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.input_value("#target") == "apple-podcasts"


def test_server_without_feeds_shows_none(server, visit):
    page = visit(server.url).open()
    assert not page.is_visible("#feeds")
    assert page.locator("#feed-field").is_hidden()

"""The player: position by click, chapters, speed, files under plain names, no movement."""

import re
import zipfile

import pytest

from tests.e2e.page.conftest import wait_until
from tests.e2e.page.test_for_everybody import violations

STORY = (
    "# The Whole\n\n## The Lamp\n\nThe lamp went out at nine.\n\n“Nobody saw it,” she said.\n\n"
    "## The Sea\n\nThere was a boat, and in the boat there was a letter.\n"
)
NOW = "document.querySelector('#audio').currentTime"
SLOWEST = "document.querySelector('#audio').playbackRate = 0.0625"


@pytest.fixture
def player(server, visit):
    tab = visit(server.url, reduced_motion="reduce")
    tab.open()
    tab.request_story(STORY)
    tab.await_player()
    tab.play()
    tab.pause()
    return tab.page


def test_checked_speech_names_passages_that_play(server, visit):
    tab = visit(server.url)
    page = tab.open()
    page.click("#files summary")
    page.check("#verify")
    tab.request_story("The voice of this server is made of tones, so no word of it is there.")
    tab.await_player()
    page.click("#passages summary")
    assert re.fullmatch(r"\d+ passages? to listen to", page.text_content("#passages summary"))
    assert "to listen to" in page.locator("#stories .status-line").first.text_content()
    page.locator("#passages button").last.click()
    wait_until(page, "!document.querySelector('#audio').paused")
    assert not violations(page)


def test_story_is_sought_read_and_downloaded(server, player):
    seek_everywhere(player)
    compare_paragraphs_and_look_for_movement(player)
    download_every_file(server, player)


def seek_everywhere(player):
    length_s = player.evaluate("document.querySelector('#audio').duration")
    box = player.locator("#waveform").bounding_box()
    player.click("#waveform", position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert player.evaluate(NOW) == pytest.approx(length_s / 2, abs=0.1)
    player.click("#chapters li:nth-child(2) button")
    address = player.get_attribute("#downloads a[data-name='chapters']", "href")
    start_s = player.request.get(address).json()["chapters"][1]["start_s"]
    assert player.evaluate(NOW) == pytest.approx(start_s, abs=0.05)
    assert start_s > 1
    assert "The Sea" in player.text_content("#chapters [aria-current]")
    player.locator(".sentence", has_text="The lamp went out").click()
    wait_until(
        player, "document.querySelector('.sentence[aria-current]').textContent.includes('lamp')"
    )
    assert player.evaluate(NOW) < length_s / 2


def compare_paragraphs_and_look_for_movement(player):
    found = [each.strip() for each in player.locator("#captions p").all_text_contents()]
    wanted = [each.lstrip("# ").strip() for each in STORY.split("\n\n")]
    assert found == wanted
    player.select_option("#speed", "1.5")
    assert player.evaluate("document.querySelector('#audio').playbackRate") == 1.5
    moving = player.evaluate("""() => [...document.querySelectorAll("*")].filter((each) => {
      const style = getComputedStyle(each);
      return style.animationName !== "none" || style.transitionDuration !== "0s";
    }).map((each) => each.outerHTML.slice(0, 80))""")
    assert not moving


def download_every_file(server, player):
    story = player.evaluate("JSON.parse(localStorage.getItem('mixer.stories'))[0].story")
    links = player.request.get(f"{server.url}/stories/{story}").json()["links"]
    wanted = {name for name, link in links.items() if str(link).startswith("http")}
    names = player.locator("#downloads a")
    assert {each.get_attribute("data-name") for each in names.all()} == wanted
    assert all("_" not in name for name in names.all_text_contents())
    with player.expect_download() as audio:
        player.click("#downloads a[data-name='audio']")
    assert audio.value.suggested_filename == "the-whole.mp3"
    assert audio.value.path().stat().st_size == len(player.request.get(links["audio"]).body())


def test_more_files_are_made_when_they_are_asked_for(server, visit):
    tab = visit(server.url)
    page = tab.open()
    page.click("#files summary")
    page.get_by_label("A file for each chapter").check()
    page.get_by_label("Read-aloud book (EPUB)").check()
    tab.request_story(STORY)
    tab.await_player()
    page.reload()
    tab.await_player()
    with page.expect_download() as files:
        page.get_by_text("A file for each chapter (ZIP)").click()
    with zipfile.ZipFile(files.value.path()) as archive:
        assert sum(name.endswith(".mp3") for name in archive.namelist()) == 2
    page.locator("#downloads").get_by_text("Read-aloud book (EPUB)").wait_for()
    page.click("#files summary")
    page.select_option("#format", "opus")
    page.click("#narrate")
    wait_until(page, "document.querySelector('#files-error').textContent")


def test_download_outlives_the_player(server, visit):
    tab = visit(server.url)
    page = tab.open()
    tab.request_story(STORY)
    tab.await_player()
    story = page.evaluate("JSON.parse(localStorage.getItem('mixer.stories'))[0].story")
    held = server.faults.hold(f"GET /objects/stories/{story}/story.srt")
    with page.expect_download() as captions, held:
        page.click("#downloads a[data-name='captions_srt']")
        page.click("#player-close")
    assert captions.value.suggested_filename == "the-whole.srt"
    assert "The lamp went out at nine." in captions.value.path().read_text()


def test_story_that_is_wanted_last_is_played(server, visit):
    tab = visit(server.url)
    page = tab.open()
    for name in ("Early", "Late"):
        tab.request_story(f"# {name}\n\nThe lamp went out at nine.")
        tab.await_state("done")
    story = page.evaluate("JSON.parse(localStorage.getItem('mixer.stories'))[1].story")
    held = server.faults.hold(f"GET /stories/{story}")
    with page.expect_response(f"**/stories/{story}"), held:
        page.click("[aria-label='Listen: Early']")
        page.click("[aria-label='Listen: Late']")
    page.wait_for_timeout(300)
    assert page.text_content("#player-title") == "Late"


def test_the_word_that_plays_is_marked_where_words_have_times(server, visit):
    tab = visit(server.url, reduced_motion="reduce")
    tab.open()
    tab.page.evaluate("document.querySelector('input[name=words]').click()")
    tab.request_story(STORY)
    tab.await_player()
    tab.play()
    tab.page.evaluate(SLOWEST)  # a word lasts for seconds
    tab.page.locator(".sentence", has_text="The lamp went out").click()
    wait_until(tab.page, "document.querySelector('.word.spoken')?.textContent === 'lamp'")
    words = tab.page.locator(".sentence", has_text="The lamp went out").locator(".word")
    assert words.all_text_contents() == ["The", "lamp", "went", "out", "at", "nine."]

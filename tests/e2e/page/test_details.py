"""Details of a story: own sounds, cast, pronunciation, tags, an excerpt, edits, links, events."""

import json
import re

import pytest

from mixer.sound import ffmpeg
from tests.e2e.page.conftest import wait_until
from tests.e2e.page.test_uploads import requests_of
from tests.pictures import build_picture

STORY = "The lamp went out at nine. Nobody saw it."
PLAY = (
    "# One Night\n\nIt was late.\n\nDana: Did you hear that noise?\n\nSam: I heard nothing.\n\n"
    "Dana: Then who is it?\n\nSam: Go to sleep, Dana."
)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    for name, hz in (("front door.wav", 300), ("theme.mp3", 200)):
        source = f"sine=f={hz}:d=1"
        ffmpeg.run(["-y", "-f", "lavfi", "-i", source, str(folder / name)], timeout_s=60)
    return [folder / "front door.wav", folder / "theme.mp3"]


def test_own_sounds_have_names_that_the_text_uses(server, visit, sounds):
    tab = visit(server.url)
    page = tab.open()
    page.set_input_files("#own-music-file", sounds)
    wait_until(page, "document.querySelectorAll('#own-sounds li').length === 2")
    page.click("#own-sounds summary")
    page.get_by_label("Name of front door.wav").fill("knock")
    before = server.faults.count("POST /stories")
    page.get_by_label("Name of front door.wav").press("Enter")
    page.get_by_label("Name of theme.mp3").fill("Knock")
    page.get_by_label("Name of theme.mp3").press("Enter")
    page.locator("#music-error", has_text="Another of your sounds is called “Knock”").wait_for()
    assert page.get_by_label("Name of theme.mp3").input_value() == "theme"
    assert server.faults.count("POST /stories") == before
    tab.request_story(f"{STORY}\n\n[[sting Knock]]\n\nIt was {sounds[0].parent.name}.")
    tab.await_state("done")
    key = page.evaluate("JSON.parse(localStorage.getItem('mixer.choices')).sounds[0].key")
    folders = (server.folder / "store" / "stories").glob("*/text.txt")
    assert any(f"[[sting {key}]]" in path.read_text(encoding="utf-8") for path in folders)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.get_by_label("Name of front door.wav").input_value() == "knock"


def test_cast_is_chosen_for_names_and_read_along_with(server, visit):
    tab = visit(server.url)
    page = tab.open()
    page.fill("#text", PLAY)
    page.click("#cast summary")
    page.get_by_label("Dana", exact=True).select_option("Joanna")
    page.get_by_label("Sam", exact=True).select_option("Matthew")
    assert page.text_content("#cast-summary") == "2 of 2 names"
    page.click("#narrate")
    tab.await_player()
    speakers = [each.strip() for each in page.locator("#captions .speaker").all_text_contents()]
    assert speakers == ["Dana", "Sam", "Dana", "Sam"]
    paragraphs = [each.strip() for each in page.locator("#captions p").all_text_contents()]
    assert paragraphs[:3] == ["One Night", "It was late.", "Dana Did you hear that noise?"]
    assert page.input_value("#text") == PLAY


def choose_marks_and_music(page):
    page.click("#files summary")
    page.get_by_label("Announce the synthetic voice").select_option("at the end")
    page.get_by_label("Words of the announcement").fill("A machine read this.")
    page.get_by_label("Mark the file").select_option("tags only")
    page.get_by_label("Read-aloud book (EPUB)").check()
    page.get_by_label("The read-aloud book highlights").select_option("each word")
    page.click("#sound summary")
    page.get_by_label("Music before the first word").fill("3")
    page.get_by_label("Softer “s” sounds").fill("0.5")
    page.get_by_label("Chapter titles").select_option("not spoken, only marked")


def test_pronunciation_tags_and_cover_are_sent_with_the_story(server, visit):
    tab = visit(server.url)
    page = tab.open()
    page.fill("#text", f"{STORY} It belonged to NASA.")
    page.click("#words summary")
    page.get_by_label("Change how NASA is spoken").click()
    page.keyboard.type("nassa")
    page.click("#tags summary")
    page.get_by_label("Author").fill("Mara Keeper")
    page.get_by_label("Title", exact=True).fill("The Lamp")
    cover = {"name": "red.png", "mimeType": "image/png", "buffer": build_picture(64, 64)}
    page.set_input_files("#cover-file", cover)
    choose_marks_and_music(page)
    wait_until(page, "!document.querySelector('#cover-preview').hidden")
    page.click("#narrate")
    tab.await_player()
    options = requests_of(server)[-1]["options"]
    stated = {"lexicon": "NASA = nassa", "title": "The Lamp", "author": "Mara Keeper"}
    stated |= {"disclose": "end", "disclosure": "A machine read this.", "provenance": "tags"}
    stated |= {"music_intro_s": 3, "de_ess": 0.5, "titles": "unspoken", "read_aloud_by": "word"}
    assert {name: options[name] for name in stated} == stated
    page.locator(".sentence", has_text="A machine read this.").wait_for()
    assert page.text_content("#player-title") == "The Lamp"
    assert page.locator("#downloads a[data-name='cover']").count() == 1
    wait_until(page, "document.querySelector('#player-cover').naturalWidth > 0")
    assert page.title() == "The Lamp · Mixer"


def test_cover_that_is_not_a_picture_is_reported_by_its_own_name(server, visit):
    tab = visit(server.url)
    page = tab.open()
    fake = {"name": "fake.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    page.set_input_files("#cover-file", fake)
    wait_until(page, "document.querySelector('#tags-summary').textContent.includes('fake.png')")
    tab.request_story(f"{STORY} With a fake.")
    wait_until(page, "document.querySelector('#tags-error').textContent.includes('“fake.png”')")
    page.click("#remove-cover")
    page.click("#narrate")
    assert page.text_content("#tags-error") == ""
    tab.await_state("done")


def test_sentence_or_selection_is_heard_first(server, visit):
    page = visit(server.url).open()
    select = "range => document.querySelector('#text').setSelectionRange(...range)"
    for head, selected, text in (
        ("---\ntitle: X\n---\n", (0, 0), "The lamp went out at nine."),
        ("", (4, 8), "lamp"),
    ):
        page.fill("#text", head + STORY)
        page.evaluate(select, selected)
        with page.expect_request("**/synthesize") as request:
            page.click("#hear-excerpt")
        assert json.loads(request.value.post_data)["text"] == text
        wait_until(page, "document.querySelector('#hear-excerpt.playing')")
        page.click("#hear-excerpt")
        assert page.text_content("#text-error") == ""


def test_edited_story_takes_the_player_and_its_row_says_what_changed(server, visit):
    tab = visit(server.url)
    page = tab.open()
    tab.request_story(f"# An Edit\n\n{STORY}")
    tab.await_player()
    first = page.evaluate("document.querySelector('#audio').src")
    page.fill("#text", f"# An Edit\n\n{STORY.replace('nine', 'ten')}")
    page.click("#narrate")
    tab.await_state("done")
    wait_until(page, f"document.querySelector('#audio').src !== {json.dumps(first)}")
    page.locator("#captions", has_text="at ten").wait_for()
    assert "1 sentence changed" in page.locator("#stories .meta").first.text_content()
    rows = page.locator("#stories li").count()
    page.click("#narrate")
    page.wait_for_timeout(300)
    assert page.locator("#stories li").count() == rows  # the same story again is played


def test_refused_request_leaves_no_row_and_loses_its_error_when_repaired(server, visit):
    tab = visit(server.url)
    page = tab.open()
    send_unreadable_lexicon(page)
    page.fill("#lexicon", "")
    tab.request_story("---\ncast:\n  Dana: Joanna\n---\n[[puase 1s]]\n\nDana: Hello.")
    page.locator("#text-error", has_text="puase").wait_for()
    tab.request_story("---\ncast:\n  Dana: Joanna\n---\n[[pause 1s]]\n\nDana: Hello, you.")
    tab.await_state("done")
    assert page.text_content("#text-error") == ""


def send_unreadable_lexicon(page):
    page.click("#words summary")
    page.fill("#lexicon", "no pronunciation")
    with page.expect_response(lambda each: each.request.method == "POST" and each.status == 400):
        page.click("#narrate")
    page.locator("#words-error", has_text="mistake in line 1").wait_for()
    wait_until(page, "localStorage.getItem('mixer.stories') === '[]'")
    assert page.locator("#words-error").evaluate(
        "it => it.getBoundingClientRect().top < innerHeight"
    )


def test_list_is_the_server_s_with_dates_search_and_links(server, visit):
    tab = visit(server.url)
    page = tab.open()
    tab.request_story(f"# Shared Lamp\n\n{STORY}\n\nIt was dark. All slept.\n\nIt rained.")
    tab.await_player()
    link = page.get_attribute("#share", "data-url")
    other = visit(server.url)
    seen = other.open()
    row = seen.locator("#stories li", has_text="Shared Lamp")
    row.wait_for()
    assert re.search(r"\d{1,2} \w{3,4} \d{4}, \d\d:\d\d", row.locator(".meta").text_content())
    seen.fill("#search", "shared")
    assert row.is_visible()
    seen.fill("#search", "no such words")
    seen.locator("#no-match").wait_for()
    assert row.is_hidden()
    third = visit(link)
    third.open()
    third.await_player()
    assert third.page.text_content("#player-title") == "Shared Lamp"
    paragraphs = third.page.locator("#captions p")
    paragraphs.nth(2).filter(has_text=re.compile("^It was dark. All slept. $")).wait_for()
    assert paragraphs.count() == 4
    assert third.page.locator("#stories li h3", has_text="Shared Lamp").count() == 1


def test_progress_is_streamed_and_polled_where_it_cannot_be(server, visit):
    tab = visit(server.url)
    page = tab.open()
    tab.request_story(f"{STORY} By events.")
    tab.await_state("done")
    assert any(each.endswith("/events") for each in server.faults.requests)
    page.route("**/events", lambda route: route.fulfill(status=404, body="{}"))
    tab.request_story(f"{STORY} By polls.")
    tab.await_state("done")


def test_controls_stay_in_view_and_the_place_is_kept(server, visit):
    tab = visit(server.url, (390, 800))
    page = tab.open()
    tab.request_story(
        f"# {'Long' * 40}\n\n" + "\n\n".join(f"Lamp {n} went out. {STORY}" for n in range(9))
    )
    tab.await_player()
    page.locator(".sentence").last.scroll_into_view_if_needed()
    box = page.locator(".deck").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] < 800
    assert page.locator("#play").bounding_box()["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tab.pause()
    page.click("#waveform", position={"x": 150, "y": 20})
    now = "document.querySelector('#audio').currentTime"
    place_s = page.evaluate(now)
    assert place_s > 5
    page.reload()
    tab.await_player()
    wait_until(page, f"{now} > 5")
    assert page.evaluate(now) == pytest.approx(place_s, abs=3)
    page.click("#player-close")
    assert page.url.rstrip("/") == server.url

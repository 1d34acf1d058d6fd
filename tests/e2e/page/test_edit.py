"""Sentences are changed where they are read: by mouse, by keyboard alone, in two tabs."""

import pytest

from tests.e2e.page.conftest import NARROW, WIDE, wait_until
from tests.e2e.page.test_for_everybody import violations

STORY = (
    "---\ncast:\n  Narrator: Joanna\n  Tom: Matthew\n---\n\n# The Whole\n\nThe lamp went out at "
    "nine. Nobody saw it.\n\nTom: There was a boat. In the boat there was a letter.\n"
)
FORM_TOP = "document.querySelector('.edit-form').getBoundingClientRect().top"
DECK_END = "document.querySelector('.deck').getBoundingClientRect().bottom"
PREVIEW_PLAYS = "document.querySelector('#edit-audio').currentTime > 0.3"


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def tab(request, server, visit):
    opened = visit(server.url, request.param, reduced_motion="reduce")
    opened.open()
    opened.request_story(f"{STORY}\nThe {request.node.name} ended.")
    opened.await_player()
    return opened


wide = pytest.mark.parametrize("tab", [WIDE], ids=["wide"], indirect=True)


def open_form(page, words):
    page.click("#edit-mode")
    page.locator(".sentence", has_text=words).click()
    page.wait_for_selector(".edit-form")


def explain_wrong_changes(page):
    open_form(page, "Nobody saw it")
    for words, reason in (("", "no words left"), ("It [[pause 2s was.", "not closed")):
        page.get_by_role("textbox", name="The sentence").fill(words)
        page.get_by_role("button", name="Hear it").click()
        page.locator("#edit-error", has_text=reason).wait_for()
    assert page.input_value(".edit-form textarea") == "It [[pause 2s was."
    page.get_by_role("button", name="Cancel").click()
    assert not page.locator(".edit-form").count()
    assert page.locator(".sentence:focus", has_text="Nobody saw it").count()


def play_on_under_the_form(tab):
    """The page does not follow what plays; the form is half under the controls."""
    page = tab.page
    page.evaluate("document.body.style.paddingBottom = '2000px'")
    page.evaluate(f"scrollBy({{ top: {FORM_TOP}, behavior: 'instant' }})")
    tab.play()
    page.evaluate("document.querySelector('#audio').currentTime = 0")
    wait_until(page, "document.querySelector('#audio').currentTime > 0.5")
    assert page.evaluate(FORM_TOP) == pytest.approx(0, abs=2)


def hear_below_the_controls(page):
    page.get_by_role("textbox", name="The sentence").press("Enter")
    wait_until(page, PREVIEW_PLAYS)
    assert page.evaluate(f"{FORM_TOP} >= {DECK_END}")


def test_sentence_is_changed_by_mouse_compared_and_restored(tab):
    page = tab.page
    if page.viewport_size["width"] == NARROW[0]:
        explain_wrong_changes(page)
        page.click("#edit-mode")
    paragraphs = page.locator("#captions p").count()
    open_form(page, "Nobody saw it")
    assert not violations(page)
    page.get_by_role("textbox", name="The sentence").fill("Everybody saw it.")
    page.get_by_label("Pause after it").fill("2")
    play_on_under_the_form(tab)
    hear_below_the_controls(page)
    page.get_by_role("button", name="Keep", exact=True).click()
    page.locator(".sentence:not(.pending)", has_text="Everybody saw it").wait_for()
    page.locator("#edit-note", has_text="Version 2 is ready").wait_for()
    assert page.locator("#captions p").count() == paragraphs
    assert "version 2" in page.locator("#stories .meta").first.text_content()
    page.click("#versions summary")
    page.get_by_role("button", name="Compare version 1 with the newest").click()
    page.get_by_role("button", name="Version 1: Nobody saw it.").click()
    wait_until(page, PREVIEW_PLAYS)
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Go back to version 1").click()
    page.locator(".sentence", has_text="Nobody saw it").wait_for()


@wide
def test_sentence_is_changed_by_keyboard_alone(tab):
    page = tab.page
    page.locator(".sentence", has_text="There was a boat").focus()
    page.keyboard.press("e")
    page.wait_for_selector(".edit-form textarea:focus")
    page.keyboard.press("Control+a")
    page.keyboard.type("There was a ship.")
    page.keyboard.press("Enter")
    wait_until(page, PREVIEW_PLAYS)
    while page.evaluate("document.activeElement.textContent") != "Keep":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".sentence:not(.pending):focus", has_text="There was a ship").wait_for()
    page.click("#versions summary")
    page.get_by_role("button", name="Go back to version 1").press("Enter")
    page.locator(".sentence", has_text="There was a boat").wait_for()
    page.locator("#edit-note", has_text="Version 3 is ready").wait_for()
    assert page.evaluate("document.activeElement !== document.body")


@wide
def test_change_in_another_tab_is_named(tab, server, visit):
    page = tab.page
    story = page.evaluate("JSON.parse(localStorage.getItem('mixer.stories'))[0].story")
    other = visit(f"{server.url}/#story={story}").open()
    other.wait_for_selector(".sentence")
    open_form(page, "Nobody saw it")
    page.get_by_role("textbox", name="The sentence").fill("Everybody saw it.")
    open_form(other, "There was a boat")
    other.get_by_role("textbox", name="The sentence").fill("There was a ship.")
    other.get_by_role("button", name="Hear it").click()
    other.get_by_role("button", name="Keep", exact=True).click()
    other.locator(".sentence", has_text="There was a ship").wait_for()
    page.get_by_role("button", name="Hear it").click()
    page.locator("#edit-error", has_text="There was a ship.").wait_for()
    page.get_by_role("button", name="Hear it").click()
    page.get_by_role("button", name="Keep", exact=True).click()
    page.locator(".sentence:not(.pending)", has_text="Everybody saw it").wait_for()
    assert page.locator(".sentence", has_text="There was a ship").count()

"""Casting on the page: find, look at what is in doubt, change a voice, use the cast."""

import json

from tests.e2e.page.conftest import wait_until

BOOK = "“Come in,” said Tom.\n\n“No,” said Ann. She laughed.\n\n“Why not?”\n\n“Because.”\n"


def test_a_novel_is_cast_and_its_voices_are_changed(server, visit):
    page = visit(server.url).open()
    page.fill("#text", BOOK)
    page.click("#characters > summary")
    page.click("#find-characters")
    page.wait_for_selector("#character-list li")
    labels = page.locator("#character-list label").all_inner_texts()
    assert [each.split()[0] for each in labels] == ["Narrator", "Tom", "Ann"]
    tom = page.locator("#character-list select").nth(1)
    other = next(
        each
        for each in tom.locator("option").evaluate_all("all => all.map((each) => each.value)")
        if each != tom.input_value()
    )
    tom.select_option(other)
    page.click("#use-cast")
    wait_until(page, "document.querySelector('#text').value.startsWith('---')")
    text = page.input_value("#text")
    assert f"  Tom: {other}\n" in text
    assert "[[Tom: “Come in,”]] said Tom." in text
    assert not page.is_visible("#found")
    head, words = text[: text.index("---", 3) + 4], "[[Tom: “" + "Come in, come in. " * 300
    page.fill("#text", f"{head}\n" + f"{words}”]]\n\n" * 20)  # the estimate ends within one
    wait_until(page, "document.querySelector('#stat-cost').textContent.startsWith('~')")
    assert not page.text_content("#text-error")


def test_a_text_in_another_language_is_refused_in_words(server, visit):
    page = visit(server.url).open()
    page.fill("#text", "Der Regen fiel auf das Meer, und niemand kam an diesem Tag. " * 9)
    page.click("#characters > summary")
    page.click("#find-characters")
    wait_until(page, "document.querySelector('#characters-error').textContent")
    assert "not in English" in page.text_content("#characters-error")


def test_a_quotation_in_doubt_is_given_to_another(server, visit):
    page = visit(server.url).open()
    answer = {
        "kind": "novel",
        "notes": [],
        "certain_from": 0.9,
        "doubtful_below": 0.5,
        "voices": {"Narrator": "Ada", "Tom": "Ben"},
        "characters": [{"name": "Tom", "names": ["Tom"], "words": 2}],
        "quotations": [
            {"number": 7, "spans": [[0, 10]], "speaker": "Tom", "confidence": 0.3}
            | {"candidates": ["Tom"], "text": "“Come in,”"}
        ],
        "marked_text": "---\ncast:\n  Narrator: Ada\n---\n",
    }
    sent = []

    def respond(route):
        sent.append(route.request.post_data_json)
        route.fulfill(status=200, content_type="application/json", body=json.dumps(answer))

    page.route("**/cast", respond)
    page.fill("#text", BOOK)
    page.click("#characters > summary")
    page.click("#find-characters")
    page.click("#doubtful-lines summary")
    assert page.inner_text("#doubtful-lines label").startswith("“Come in,” said Tom. ¶ “No,”")
    page.click("#doubtful-lines button")
    assert page.evaluate("getSelection().toString()") == "“Come in,”"
    page.select_option("#quotation-7", "")
    page.click("#use-cast")
    wait_until(page, "document.querySelector('#text').value.startsWith('---')")
    assert sent[-1]["speakers"] == {"7": "Narrator"}

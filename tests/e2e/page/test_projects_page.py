"""Projects on the page: saved by themselves, in two tabs, on two devices, without a connection."""

import pytest

from tests.books import Book, build_page
from tests.e2e.page.conftest import NARROW, wait_until
from tests.e2e.page.page_servers import start_server
from tests.e2e.page.test_for_everybody import violations
from tests.pictures import build_picture
from tests.sounds import tone, write_sound

BAR = "#project button:visible"
STATUS = "document.querySelector('#project [role=status]')?.textContent"
FIELDS = "textarea, select, input[type=text], input[type=range], input:checked"
READ = f"""[...document.querySelectorAll('#compose :is({FIELDS})')]
    .filter((each) => !each.closest('#voices')).map((each) => each.value)"""
TOO_LARGE = {"error": "project: 5,000,000 bytes exceed the limit.", "code": "object_too_large"}
PICTURE = {"name": "lamp.png", "mimeType": "image/png"}


@pytest.fixture(scope="module")
def project_server(tmp_path_factory):
    with start_server(tmp_path_factory.mktemp("projects")) as running:
        yield running


def open_page(tab):
    page = tab.open()
    page.wait_for_selector(BAR)
    return page


def keep(page, name):
    """Keep what is on the page as a project of this name."""
    page.click("text=Keep as a project")
    page.get_by_label("Name of the project").fill(name)
    page.keyboard.press("Enter")
    await_saved(page)
    return page.evaluate("sessionStorage.getItem('mixer.project')")


def await_saved(page):
    page.wait_for_timeout(50)
    wait_until(
        page, f"{STATUS} === 'Saved' && !document.querySelector('#project-question:not([hidden])')"
    )


def read_project(page, project_id):
    return page.evaluate(
        "(id) => fetch(`/projects/${id}`).then((r) => r.json()).then((r) => r.project)", project_id
    )


def await_project(page, project_id, **fields):
    for _ in range(600):
        found = read_project(page, project_id)
        if all(found.get(name) == value for name, value in fields.items()):
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"{found} is not {fields}")


def await_form(page, values):
    """Wait until the form's fields have these values, those of the cast too, which come later."""
    for _ in range(600):
        if page.evaluate(READ) == values:
            return
        page.wait_for_timeout(50)
    assert page.evaluate(READ) == values


def fill_form(page, bell):
    """Choose something in every part of the form."""
    page.fill(
        "#text", "# The Lamp\n\nAnn: Dark.\n\n[[sting bell]]\n\nAnn: No.\n\nBen: No.\n\nBen: Yes."
    )
    page.set_input_files("#own-music-file", bell)
    wait_until(page, "document.querySelector('#music input:checked').value.startsWith('uploads/')")
    for name in ("tags", "words", "sound", "files", "cast"):
        page.click(f"#{name} summary")
    page.get_by_label("Author", exact=True).fill("Ann Other")
    page.set_input_files("#cover-file", {**PICTURE, "buffer": build_picture(400, 400)})
    page.wait_for_selector("#cover-preview:not([hidden])")
    page.fill("#lexicon", "Boot = /boːt/")
    page.get_by_label("Music level").fill("18")
    page.get_by_label("Music drop under speech").fill("4")
    page.get_by_label("Pauses").fill("150")
    page.get_by_label("Format", exact=True).select_option("flac")
    page.get_by_label("Transcript with speakers").check()
    page.locator("#cast select").last.select_option(index=1)


def test_project_is_the_same_after_a_reload_and_on_another_device(project_server, visit, tmp_path):
    page = open_page(visit(project_server.url))
    fill_form(page, write_sound(tmp_path / "bell.wav", tone(440, 0.5), 24_000))
    project_id = keep(page, "The Lamp")
    project = read_project(page, project_id)
    assert [*project["cast"]] == ["Ben"]
    assert project["sounds"] == {"bell": project["music"]}
    page.fill("#text", page.input_value("#text") + " The end.")
    before = page.evaluate(READ)
    page.reload()  # before it was saved
    page.wait_for_selector(BAR)
    project = await_project(page, project_id, **{**project, "text": before[0]})
    await_saved(page)
    await_form(page, before)

    other = open_page(visit(project_server.url, NARROW))
    other.get_by_label("Open: The Lamp").click()
    wait_until(other, "document.querySelector('#text').value.endsWith('The end.')")
    wait_until(other, "document.querySelector('#cover-preview').naturalWidth > 0")
    await_form(other, before)
    other.wait_for_timeout(1_000)
    assert read_project(page, project_id) == project, "opening a project changes nothing"
    assert not violations(other)
    assert other.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_chosen_chapters_of_a_book_are_kept(project_server, visit, tmp_path):
    path = tmp_path / "small book.epub"
    names = {"one.xhtml": "The Lamp", "two.xhtml": "The Sea"}
    pages = {
        name: build_page(f"<h1>{title}</h1><p>It was dark.</p>") for name, title in names.items()
    }
    path.write_bytes(Book(pages, [(*each, 1) for each in names.items()]).content())
    page = open_page(visit(project_server.url))
    page.set_input_files("#file", path)
    page.locator("#book-chapters input").nth(1).uncheck()
    project_id = keep(page, "The Book")
    project = await_project(page, project_id, chapters="1", text_type="epub")
    other = open_page(visit(project_server.url))
    other.get_by_label("Open: The Book").click()
    boxes = "[...document.querySelectorAll('#book-chapters input')].map((each) => each.checked)"
    wait_until(other, f"String({boxes}) === 'true,false'")
    assert "small book.epub" in str(other.text_content("#book"))
    other.locator("#book-chapters input").nth(1).check()
    await_project(other, project_id, chapters=None, source=project["source"])


def open_two(server, visit, text="The lamp was out."):
    """The same project in two tabs of one browser."""
    tab = visit(server.url)
    first = open_page(tab)
    first.fill("#text", text)
    project_id = keep(first, "Two tabs")
    second = first.context.new_page()
    second.goto(server.url)
    second.wait_for_selector(BAR)
    wait_until(
        second, f"document.querySelector('#text').value === '{text}' && {STATUS} === 'Saved'"
    )
    return first, second, project_id


def set_level(page, value):
    if not page.evaluate("document.querySelector('#sound').open"):
        page.click("#sound summary")
    page.get_by_label("Music level").fill(value)


def change_both(server, project_id, *changes):
    """Make changes in two tabs that cannot save until both are made."""
    server.faults.failing.add(f"PUT /projects/{project_id}")
    for change in changes:
        change()
    server.faults.failing.clear()


def test_two_tabs_change_different_fields_of_one_project(project_server, visit):
    first, second, project_id = open_two(project_server, visit)
    change_both(
        project_server,
        project_id,
        lambda: first.fill("#text", "The lamp was lit."),
        lambda: set_level(second, "12"),
    )
    await_project(first, project_id, text="The lamp was lit.", music_level_lu=12)
    wait_until(first, "document.querySelector('#music_level_lu').value === '12'")
    wait_until(second, "document.querySelector('#text').value === 'The lamp was lit.'")
    for page in (first, second):
        await_saved(page)


@pytest.mark.parametrize("answer", ["Keep mine", "Take theirs"])
def test_two_tabs_change_the_same_field_and_the_user_decides(project_server, visit, answer):
    first, second, project_id = open_two(project_server, visit)
    change_both(
        project_server,
        project_id,
        lambda: first.fill("#text", "First."),
        lambda: second.fill("#text", "Second."),
        lambda: set_level(second, "14"),
    )
    pages = [first, second]
    asked = "document.querySelectorAll('#project-question:not([hidden])').length"
    while not any(page.evaluate(asked) for page in pages):
        first.wait_for_timeout(50)
    asking, other = pages if first.evaluate(asked) else pages[::-1]
    assert "the text" in asking.text_content("#project-question")
    assert not violations(asking)
    kept = (asking if answer == "Keep mine" else other).input_value("#text")
    asking.get_by_role("button", name=answer).focus()
    asking.keyboard.press("Enter")
    await_project(asking, project_id, text=kept, music_level_lu=14)
    for page in pages:
        wait_until(page, f"document.querySelector('#text').value === '{kept}'")
        await_saved(page)


def test_project_deleted_in_another_tab_is_kept_if_wanted(project_server, visit):
    first, second, project_id = open_two(project_server, visit, "The lamp fell.")
    second.get_by_label("Delete: Two tabs").first.click()
    second.wait_for_selector("text=was deleted")
    assert second.evaluate("document.activeElement.textContent") == "Undo"
    first.wait_for_selector("#project-question:not([hidden])")
    assert "deleted" in first.text_content("#project-question")
    first.fill("#text", "The lamp stands.")
    first.click("text=Keep it")
    await_project(first, project_id, name="Two tabs", text="The lamp stands.")
    assert second.is_visible("text=Keep as a project")


def test_lost_connection_and_restarted_server_lose_nothing(tmp_path, visit):
    with start_server(tmp_path) as running:
        port, tab = running.port, visit(running.url)
        page = open_page(tab)
        page.fill("#text", "One.")
        project_id = keep(page, "The Sea")
        page.context.set_offline(True)
        page.fill("#text", "One. Two.")
        wait_until(page, f"{STATUS}.includes('kept in this browser')")
        page.context.set_offline(False)
        await_project(page, project_id, text="One. Two.")
    page.fill("#text", "One. Two. Three.")
    wait_until(page, f"{STATUS}.includes('kept in this browser')")
    page.close()  # what was not sent is sent by the next tab
    with start_server(tmp_path, port=port):
        tab.page = page.context.new_page()
        page = open_page(tab)
        wait_until(page, "document.querySelector('#text').value === 'One. Two. Three.'")
        await_project(page, project_id, text="One. Two. Three.", name="The Sea")


def test_story_remembers_its_project_and_closing_brings_the_draft_back(project_server, visit):
    tab = visit(project_server.url)
    page = open_page(tab)
    page.fill("#text", "A draft of its own.")
    with page.expect_response("**/projects/**"):
        page.evaluate(
            """fetch('/projects/the-keeper-0001', {method: 'PUT', body: JSON.stringify(
                {name: 'The Keeper', text: 'Nobody saw it.', gap_ms: 700})})"""
        )
    page.reload()
    page.get_by_label("Open: The Keeper").click()
    wait_until(page, "document.querySelector('#text').value === 'Nobody saw it.'")
    page.click("#narrate")
    tab.await_state("done")
    assert "The Keeper" in str(page.locator("#stories .meta").first.text_content())
    story = page.evaluate("JSON.parse(localStorage['mixer.stories'])[0].story")
    await_project(page, "the-keeper-0001", stories=[story], gap_ms=700)
    page.get_by_label("Close the project").click()
    wait_until(page, "document.querySelector('#text').value === 'A draft of its own.'")
    page.get_by_label("Listen to the last story of The Keeper").click()
    tab.await_player()


def test_project_that_is_deleted_leaves_the_list_at_once(project_server, visit):
    page = open_page(visit(project_server.url))
    page.fill("#text", "The tide.")
    keep(page, "The Tide")
    page.get_by_label("Delete: The Tide").wait_for()
    with project_server.faults.hold("GET /projects"):
        page.get_by_label("Delete: The Tide").click()
        page.get_by_label("Undo: delete The Tide").wait_for()
        assert page.get_by_label("Open: The Tide").count() == 0
    page.get_by_label("Undo: delete The Tide").click()
    page.get_by_label("Open: The Tide").click()
    wait_until(page, "document.querySelector('#project input').value === 'The Tide'")


def test_list_that_is_loaded_again_keeps_the_focus(project_server, visit):
    page = open_page(visit(project_server.url))
    page.fill("#text", "The surf.")
    keep(page, "The Surf")
    page.get_by_label("Duplicate: The Surf", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_label("Rename: Copy of The Surf").wait_for()
    assert page.evaluate("document.activeElement.ariaLabel") == "Duplicate: The Surf"
    page.get_by_label("Rename: Copy of The Surf").click()
    page.keyboard.type("Half a na")
    with page.expect_response("**/projects?cursor=*"):
        page.evaluate("new BroadcastChannel('mixer.projects').postMessage('')")
    page.wait_for_timeout(200)
    page.keyboard.type("me")
    page.keyboard.press("Enter")
    page.get_by_label("Open: Half a name").wait_for()


def test_list_of_projects_by_keyboard(project_server, visit):
    page = open_page(visit(project_server.url, NARROW, color_scheme="dark"))
    page.fill("#text", "The wind.")
    keep(page, "The Wind")
    page.get_by_label("Duplicate: The Wind", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_label("Rename: Copy of The Wind").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("The Rain")
    page.keyboard.press("Enter")
    page.get_by_label("Search your projects").fill("rain")
    wait_until(page, "document.querySelectorAll('#projects li').length === 1")
    page.get_by_label("Delete: The Rain").click()
    page.get_by_label("Undo: delete The Rain").click()
    page.get_by_label("Open: The Rain").click()
    wait_until(page, "document.querySelector('#project input').value === 'The Rain'")
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.route("**/projects/*", lambda route: route.fulfill(status=413, json=TOO_LARGE))
    page.fill("#text", "A text that the server finds too large.")
    wait_until(page, f"{STATUS}.startsWith('Only in this browser: 5,000,000 bytes')")

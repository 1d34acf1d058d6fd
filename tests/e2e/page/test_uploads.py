"""Files that go to the server: own music, and books."""

import json
import zipfile
from io import BytesIO

import pytest

from mixer.sound import ffmpeg
from tests.books import Book
from tests.books import build_page as leaf
from tests.e2e.page.conftest import wait_until
from tests.pictures import build_picture

STORY = "The lamp went out at nine. Nobody saw it."
DROP = """([files, place]) => {
  const held = new DataTransfer();
  for (const [name, text] of files) held.items.add(new File([Uint8Array.from(text)], name));
  const how = { dataTransfer: held, bubbles: true, cancelable: true };
  return !document.querySelector(place).dispatchEvent(new DragEvent("drop", how));
}"""

LONG = """() => {
  const text = document.querySelector("#text");
  text.value = "The sea was calm. ".repeat(256000);
  text.dispatchEvent(new Event("input"));
}"""


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("songs") / "our song.mp3"
    ffmpeg.run(["-y", "-f", "lavfi", "-i", "sine=f=330:d=4", str(path)], timeout_s=60)
    return path


def requests_of(server):
    """The requests of all stories, in order."""
    paths = (server.folder / "store" / "stories").glob("*/request.json")
    requests = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted(requests, key=lambda each: each["created_s"])


def test_own_music_is_sent_previewed_and_mixed(server, visit, song):
    tab = visit(server.url)
    page = tab.open()
    page.set_input_files("#own-music-file", song)
    mine = page.locator("#music .option", has_text="our song.mp3")
    mine.wait_for()
    assert mine.locator("input").is_checked()
    assert page.is_hidden("#upload")
    key = mine.locator("input").get_attribute("value")
    assert (server.folder / "store" / key).read_bytes() == song.read_bytes()
    mine.locator(".preview").click()
    wait_until(page, "document.querySelector('.preview.playing')")
    page.wait_for_timeout(300)
    assert page.text_content("#music-error") == ""
    tab.request_story(f"{STORY} With our song.")
    tab.await_player()
    assert any(key in json.dumps(each) for each in requests_of(server))
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert mine.locator("input").is_checked()
    mine.locator(".preview").click()
    wait_until(page, "document.querySelector('.preview.playing')")
    page.wait_for_timeout(300)
    assert page.text_content("#music-error") == ""


def test_upload_can_be_cancelled_and_samples_play_one_at_a_time(server, visit, song):
    page = visit(server.url).open()
    with server.faults.hold("POST /uploads"):
        page.set_input_files("#own-music-file", song)
        page.click("#upload button")
        wait_until(page, "document.querySelector('#upload').hidden")
    page.wait_for_timeout(500)
    assert page.locator("#music .option", has_text="our song.mp3").count() == 0
    assert page.text_content("#music-error") == ""
    play_samples(page)


def play_samples(page):
    page.click("[aria-label='Preview Joanna']")
    wait_until(page, "document.querySelector('[aria-label=\"Preview Joanna\"].playing')")
    page.click("[aria-label='Preview Evening hum']")
    wait_until(page, "document.querySelector('[aria-label=\"Preview Evening hum\"].playing')")
    assert page.locator(".preview.playing").count() == 1
    page.click("[aria-label='Preview Evening hum']")
    assert page.locator(".preview.playing").count() == 0
    assert page.text_content("#voice-error") + page.text_content("#music-error") == ""


def drop(page, *files, place="#drop-zone"):
    """Drop files; whether the page takes them, so that the browser does not open them."""
    return page.evaluate(DROP, [[[name, [*content]] for name, content in files], place])


def await_text(page, beginning):
    wait_until(page, f"document.querySelector('#text').value.startsWith({json.dumps(beginning)})")


def test_dropped_files_are_opened_wherever_they_fall(server, visit):
    page = visit(server.url).open()
    page.fill("#text", "My own words.")
    assert drop(page, ("tale.md", b"# A Tale\n\nOnce."))
    await_text(page, "# A Tale")
    page.click("#undo button")
    assert page.input_value("#text") == "My own words."
    assert drop(page, ("page.html", b"<p>Once upon a time.</p>"), place="footer")
    await_text(page, "<p>Once")
    for encoding in ("utf-16", "cp1252"):
        drop(page, (f"{encoding}.txt", f"Grüße in {encoding}".encode(encoding)))
        await_text(page, f"Grüße in {encoding}")
    assert drop(page, ("one.md", b"One."), ("two.md", b"Two."))
    assert "One story at a time" in page.text_content("#text-error")
    await_text(page, "Grüße")
    assert drop(page, ("red.png", build_picture(64, 64)), ("hum.mp3", b"ID3"), place="#music")
    page.locator("#own-sounds input").wait_for(state="attached")
    wait_until(page, "!document.querySelector('#cover-preview').hidden")


def test_text_too_long_for_a_request_is_sent_as_a_file(server, visit):
    tab = visit(server.url)
    page = tab.open()
    before = len(server.faults.requests)
    server.faults.failing.add("POST /stories")  # do not narrate ninety hours of it
    page.evaluate(LONG)
    page.click("#narrate")
    wait_until(page, "document.querySelector('#stories li')")
    tab.await_state("sending")
    requests = server.faults.requests
    while "POST /stories" not in requests[before:]:
        page.wait_for_timeout(50)
    assert {"POST /uploads", "POST /objects/"} <= set(requests[before:])
    source = page.evaluate("JSON.parse(localStorage.getItem('mixer.stories'))[0].body.source")
    stored = (server.folder / "store" / source).read_text(encoding="utf-8")
    assert stored == page.input_value("#text")
    page.click("[aria-label^='Cancel:']")
    tab.await_state("cancelled")
    page.wait_for_timeout(1_500)  # until the server has certainly received nothing
    server.faults.failing.clear()


@pytest.fixture
def opened_book(server, visit, tmp_path):
    """A page where a book of two chapters has been uploaded over the user's own words."""
    pages = {
        "one.xhtml": leaf("<h1>The Lamp</h1><p>The lamp went out at nine.</p>"),
        "two.xhtml": leaf("<h1>The Sea</h1><p>There was a boat.</p>"),
    }
    contents = [("one.xhtml", "The Lamp", 1), ("two.xhtml", "The Sea", 1)]
    path = tmp_path / "small book.epub"
    path.write_bytes(Book(pages, contents).content())
    tab = visit(server.url)
    page = tab.open()
    page.fill("#text", "My own words.")
    page.set_input_files("#file", path)
    page.locator("#book", has_text="small book.epub will be narrated as a book: 2 ch").wait_for()
    return tab


def build_docx(_page):
    style = '<w:pPr><w:pStyle w:val="H"/></w:pPr>'
    words = [(style, "The Lamp"), ("", "It went out."), (style, "The Sea"), ("", "A boat.")]
    body = "".join(f"<w:p>{kind}<w:r><w:t>{text}</w:t></w:r></w:p>" for kind, text in words)
    heading = '<w:style w:styleId="H"><w:name w:val="heading 1"/></w:style>'
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        document = f"<w:document {space}><w:body>{body}</w:body></w:document>"
        archive.writestr("word/document.xml", document)
        archive.writestr("word/styles.xml", f"<w:styles {space}>{heading}</w:styles>")
    return made.getvalue()


def build_odt(_page):
    kinds = [("h", "The Lamp"), ("p", "It went out."), ("h", "The Sea"), ("p", "A boat.")]
    body = "".join(f"<text:{kind}>{text}</text:{kind}>" for kind, text in kinds)
    spaces = 'xmlns:office="urn:office" xmlns:text="urn:text"'
    return (
        f'<?xml version="1.0"?><office:document {spaces} '
        'office:mimetype="application/vnd.oasis.opendocument.text"><office:body><office:text>'
        f"{body}</office:text></office:body></office:document>"
    ).encode()


def build_pdf(page):
    page.set_content("<h1>The Lamp</h1><p>It went out.</p><h1>The Sea</h1><p>A boat.</p>")
    return page.pdf()


DOCUMENTS = [("docx", build_docx), ("fodt", build_odt), ("pdf", build_pdf)]


@pytest.mark.parametrize(("suffix", "build"), DOCUMENTS)
def test_document_has_the_view_of_a_book_and_is_narrated(server, visit, suffix, build):
    tab = visit(server.url)
    content = build(tab.page)
    page = tab.open()
    page.set_input_files("#file", {"name": f"x.{suffix}", "mimeType": "", "buffer": content})
    page.locator("#book", has_text=f"x.{suffix} will be narrated as a book").wait_for()
    page.click("#narrate")
    tab.await_player()
    assert "A boat." in page.text_content("#captions")
    assert requests_of(server)[-1]["options"]["text_type"] == suffix.replace("fodt", "odt")


def test_book_shows_what_it_holds_and_chosen_chapters_are_narrated(server, opened_book):
    page = opened_book.page
    assert page.text_content("#book-title") == "The Book"
    assert page.text_content("#book-author") == "A. Writer"
    assert "English" in page.text_content("#book-note")
    whole = int(page.text_content("#stat-chars").replace(",", ""))
    assert whole > 40
    page.get_by_role("checkbox", name="The Sea").uncheck()
    assert 0 < int(page.text_content("#stat-chars")) < whole
    page.click("[data-check=none]")
    page.click("#narrate")
    assert "select at least one" in page.text_content("#text-error")
    page.click("[data-check=all]")
    narrate_second_chapter(server, opened_book)


def narrate_second_chapter(server, opened_book):
    page = opened_book.page
    page.get_by_role("checkbox", name="The Lamp").uncheck()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert "small book.epub" in page.text_content("#book")
    wait_until(page, "document.querySelector('#stat-length').textContent.includes(':')")
    assert not page.get_by_role("checkbox", name="The Lamp").is_checked()
    page.click("#narrate")
    opened_book.await_player()
    assert "There was a boat." in page.text_content("#captions")
    assert "lamp" not in page.text_content("#captions")
    assert requests_of(server)[-1]["options"]["chapters"] == "2"
    page.click("#remove-book")
    assert page.input_value("#text") == "My own words."


def test_a_fictionbook_is_opened_as_text_without_its_pictures(server, visit):
    page = visit(server.url).open()
    assert ".fb2" in page.get_attribute("#file", "accept")
    book = (
        "<FictionBook><description/><body><section><p>He left.</p></section></body>"
        f'<binary id="a.jpg" content-type="image/jpeg">{"QUJD" * 50_000}</binary></FictionBook>'
    )
    file = {"name": "salt.fb2", "mimeType": "", "buffer": book.encode()}
    page.set_input_files("#file", file)
    wait_until(page, "document.querySelector('#text').value.includes('He left.')")
    assert "QUJD" not in page.input_value("#text")

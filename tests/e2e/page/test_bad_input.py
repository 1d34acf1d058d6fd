"""Bad input: the page explains what happened and what to do, and never loses the text."""

from tests.e2e.page.conftest import wait_until

STORY = "The lamp went out at nine. Nobody saw it."
SIX_MILLION = """() => {
  const text = document.querySelector("#text");
  text.value = "The sea. ".repeat(666667).slice(0, 6000000);
  text.dispatchEvent(new Event("input"));
}"""
STORED = """import("./storage.js").then((storage) => storage.loadText("draft"))
    .then((text) => text?.length === 6000000)"""
MUSIC_BYTES = 200_000_000


def error(page, name):
    return page.text_content(f"#{name}-error")


def test_what_cannot_be_narrated_is_refused_before_it_is_sent(server, visit, tmp_path):
    page = visit(server.url).open()
    page.fill("#text", " \n ")
    before = server.faults.count("POST /stories")
    page.click("#narrate")
    assert "Write or paste a story" in error(page, "text")
    assert page.get_attribute("#text", "aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "text"
    assert server.faults.count("POST /stories") == before
    page.fill("#text", STORY)
    assert error(page, "text") == ""
    open_unreadable_files(page)
    open_file_that_is_too_long(page, tmp_path)
    add_music_that_is_refused(server, page, tmp_path)


def test_six_million_characters_are_refused_and_kept(server, visit):
    page = visit(server.url).open()
    page.evaluate(SIX_MILLION)
    assert "6,000,000 characters exceed the limit of 5,000,000" in error(page, "text")
    assert "shorten the text by 1,000,000" in error(page, "text")
    before = server.faults.count("POST /stories")
    page.click("#narrate")
    assert server.faults.count("POST /stories") == before
    wait_until(page, STORED)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("document.querySelector('#text').value.length") == 6_000_000


UNREADABLE = [
    ("scan.doc", b"\xd0\xcf", "is not a text file. Choose a file ending in .txt, .md, .html"),
    ("picture.txt", b"\x00\x01\x02", "is not a text file, despite its name"),
    ("nothing.md", b"  \n", "is empty"),
    ("novel.epub", b"no book at all", "is not an EPUB, despite its name"),
    ("letter.docx", b"%PDF-1.7", "is not a DOCX, despite its name"),
    ("letter.odt", b"%PDF-1.7", "is not an ODT, despite its name"),
    ("letter.fodt", b"<svg/>", "is not an ODT, despite its name"),
    ("scan.pdf", b"PK", "is not a PDF, despite its name"),
]


def open_unreadable_files(page):
    for name, content, sentence in UNREADABLE:
        page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": content})
        wait_until(page, f"document.querySelector('#text-error').textContent.includes('{name}')")
        assert sentence in error(page, "text")
        assert page.input_value("#text") == STORY


def open_file_that_is_too_long(page, tmp_path):
    large = tmp_path / "library.txt"
    with large.open("wb") as file:
        file.truncate(30_000_000)
    page.set_input_files("#file", large)
    wait_until(page, "document.querySelector('#text-error').textContent.includes('30 MB')")
    assert "is too large (30 MB): a story can have at most 5,000,000 characters" in error(
        page, "text"
    )
    assert page.input_value("#text") == STORY


def add_music_that_is_refused(server, page, tmp_path):
    before = server.faults.count("POST /uploads")
    for name, size, sentence in [
        ("symphony.wav", MUSIC_BYTES, "is too large (200 MB); the limit is 100 MB. Save it as MP3"),
        ("symphony.mid", 100, "Choose a file ending in .aac, .flac"),
        ("silence.mp3", 0, "is empty"),
    ]:
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
        page.set_input_files("#own-music-file", tmp_path / name)
        wait_until(page, f"document.querySelector('#music-error').textContent.includes('{name}')")
        assert sentence in error(page, "music")
    assert server.faults.count("POST /uploads") == before
    assert page.is_checked("#music input[value='evening-hum.flac']")


def test_invalid_music_is_reported_next_to_the_music(server, visit):
    tab = visit(server.url)
    page = tab.open()
    noise = {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"la la la " * 99}
    page.set_input_files("#own-music-file", noise)
    page.locator("#music .option", has_text="song.mp3").wait_for()
    tab.request_story(f"{STORY} To bad music.")
    tab.await_state("failed")
    assert "“song.mp3”" in error(page, "music")
    assert "uploads/" not in error(page, "music")
    assert "“song.mp3”" in page.locator("#stories .error").first.text_content()
    assert page.input_value("#text") == f"{STORY} To bad music."
    page.check("#music input[value='']")
    page.click("#narrate")
    tab.await_state("done")


def test_damaged_book_is_not_narrated_and_a_misspelt_name_is_pointed_out(server, visit):
    tab = visit(server.url)
    page = tab.open()
    book = {"name": "torn.epub", "mimeType": "application/epub+zip", "buffer": b"PK\3\4 torn"}
    page.set_input_files("#file", book)
    page.locator("#book-note", has_text="could not be read").wait_for()
    page.click("#narrate")
    assert "damaged" in error(page, "text")
    assert not page.locator("#stories li:visible", has_text="torn").count()
    page.click("#remove-book")
    page.fill("#text", f"---\ntitel: A Lamp\n---\n{STORY}")
    page.locator("#text-notes li", has_text="did you mean “title”?").wait_for()
    page.click("#narrate")
    tab.await_player()
    page.locator("#remarks li", has_text="did you mean “title”?").wait_for()
    assert "1 warning" in page.locator("#stories li").first.text_content()


def test_second_click_while_it_runs_points_at_the_first(server, visit):
    tab = visit(server.url)
    page = tab.open()
    before = server.faults.count("POST /stories")
    with server.faults.hold("POST /stories"):
        tab.request_story(f"{STORY} Twice.")
        page.click("#narrate")
        page.locator("#form-error", has_text="already being narrated").wait_for()
    tab.await_state("done")
    assert server.faults.count("POST /stories") == before + 1
    assert page.evaluate("JSON.parse(localStorage.getItem('mixer.stories')).length") == 1

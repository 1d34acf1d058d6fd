"""What bad input gets: the page says what happened and what to do, and never loses the text."""

import pytest

from tests.e2e.page.conftest import wait_until

STORY = "The lamp went out at nine. Nobody saw it."
SIX_MILLION = """() => {
  const text = document.querySelector("#text");
  text.value = "The sea. ".repeat(666667).slice(0, 6000000);
  text.dispatchEvent(new Event("input"));
}"""
MUSIC_BYTES = 200_000_000


def error(page, name):
    return page.text_content(f"#{name}-error")


def test_empty_text_is_told_beside_it_and_nothing_is_sent(house, visit):
    page = visit(house.url).open()
    page.fill("#text", " \n ")
    before = house.faults.count("POST /stories")
    page.click("#tell")
    assert "Write or paste a story" in error(page, "text")
    assert page.get_attribute("#text", "aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "text"
    assert house.faults.count("POST /stories") == before
    page.fill("#text", STORY)
    assert error(page, "text") == ""


def test_six_million_characters_are_refused_and_kept(house, visit):
    page = visit(house.url).open()
    page.evaluate(SIX_MILLION)
    assert "6,000,000 characters are more than the 5,000,000" in error(page, "text")
    assert "shorten it by 1,000,000" in error(page, "text")
    before = house.faults.count("POST /stories")
    page.click("#tell")
    assert house.faults.count("POST /stories") == before
    page.wait_for_timeout(800)  # until it lies in the browser's own store
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("document.querySelector('#text').value.length") == 6_000_000


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("scan.pdf", b"%PDF-1.7", "is no text. Choose a file that ends in .txt or .md or .epub"),
        ("latin.txt", "Äpfel".encode("latin-1"), "Save it as UTF-8"),
        ("picture.txt", b"\x00\x01\x02", "is no text, whatever it is called"),
        ("nothing.md", b"  \n", "is empty"),
        ("novel.epub", b"no book at all", "is no EPUB, whatever it is called"),
    ],
)
def test_unreadable_file_is_named_and_the_text_stays(house, visit, name, content, says):
    page = visit(house.url).open()
    page.fill("#text", STORY)
    page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": content})
    wait_until(page, "document.querySelector('#text-error').textContent")
    assert f"“{name}” " in error(page, "text")
    assert says in error(page, "text")
    assert page.input_value("#text") == STORY


def test_file_that_is_too_long_is_refused_before_it_is_read(house, visit, tmp_path):
    page = visit(house.url).open()
    large = tmp_path / "library.txt"
    with large.open("wb") as file:
        file.truncate(30_000_000)
    page.set_input_files("#file", large)
    wait_until(page, "document.querySelector('#text-error').textContent")
    assert "has 30 MB: more than the 5,000,000 characters" in error(page, "text")
    assert "Keeper of Small Lights" in page.input_value("#text")


def test_music_of_200_mb_or_of_no_kind_is_refused_before_it_is_sent(house, visit, tmp_path):
    page = visit(house.url).open()
    for name, size, says in [
        ("symphony.wav", MUSIC_BYTES, "has 200 MB; at most 100 MB can be sent. Save it as MP3"),
        ("symphony.mid", 100, "Choose a file that ends in .aac, .flac"),
        ("silence.mp3", 0, "is empty"),
    ]:
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
        page.set_input_files("#own-file", tmp_path / name)
        wait_until(page, f"document.querySelector('#music-error').textContent.includes('{name}')")
        assert says in error(page, "music")
    assert house.faults.count("POST /uploads") == 0
    assert page.is_checked("#music input[value='evening-hum.flac']")


def test_music_that_is_none_is_told_beside_the_music(house, visit):
    at = visit(house.url)
    page = at.open()
    noise = {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"la la la " * 99}
    page.set_input_files("#own-file", noise)
    page.locator("#music .pick", has_text="song.mp3").wait_for()
    at.tell(f"{STORY} To bad music.")
    at.becomes("failed")
    assert error(page, "music")
    assert page.locator("#stories .error").first.text_content()
    assert page.input_value("#text") == f"{STORY} To bad music."
    page.check("#music input[value='']")
    page.click("#tell")
    at.becomes("done")


def test_second_click_while_it_runs_points_at_the_first(house, visit):
    at = visit(house.url)
    page = at.open()
    house.faults.slow_s["POST /stories"] = 1.0
    before = house.faults.count("POST /stories")
    at.tell(f"{STORY} Twice.")
    page.click("#tell")
    wait_until(page, "document.querySelector('#form-error').textContent.includes('told already')")
    house.faults.slow_s.clear()
    at.becomes("done")
    assert house.faults.count("POST /stories") == before + 1
    assert page.locator("#stories li").count() == 1

"""What a story leaves with its audio: tags and cover, chapters' files, a read-aloud book."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from mutagen.id3 import ID3

from mixer.compose import build_story_runner
from mixer.errors import StoreFailed
from mixer.publish.cover import encode_cover
from mixer.publish.timing import caption_sentences
from mixer.requests import Options
from mixer.script.readers import TextType, read_document
from mixer.store.folder import FolderStore
from mixer.stories import JobContext, StoryInput, StoryRun
from tests.books import Book, build_page
from tests.engines import ToneEngine
from tests.epub_rules import (
    SMIL,
    XHTML,
    find_broken_rules,
    list_overlays,
    open_epub,
    parse_clock_ms,
)
from tests.functional.devserver.test_stories import laptop_with
from tests.functional.story_world import StoryWorld
from tests.pictures import build_picture
from tests.sounds import decode_audio

COVER = build_picture(600, 900, "JPEG")
CHAPTERS = {
    "one.xhtml": build_page(
        "<h1>Arrival</h1><p>He came late. “Who is it?” she asked.</p><hr/><p>No.</p>"
    ),
    "two.xhtml": build_page("<h1>The Key &amp; the Door</h1><p>They tried it. It fitted.</p>"),
    "three.xhtml": build_page("<h1>Return</h1><p>The end came soon.</p>"),
}
TITLES = ["Arrival", "The Key & the Door", "Return"]
SENTENCES = [
    *("Arrival", "He came late.", "“Who is it?” she asked.", "No."),
    *("The Key & the Door", "They tried it.", "It fitted."),
    *("Return", "The end came soon."),
]


def book(cover: bytes) -> Book:
    """A book of three chapters with a file for its cover."""
    return Book(
        CHAPTERS,
        [(name, title, 1) for name, title in zip(CHAPTERS, TITLES, strict=True)],
        language="en-GB",
        metadata='<meta name="cover" content="c"/><dc:description>A tale.</dc:description>',
        manifest='<item id="c" href="c.jpg" media-type="image/jpeg"/>',
        files={"OEBPS/c.jpg": cover},
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> StoryRun:
    """A book with a cover, narrated with all that there is."""
    folder, engine = tmp_path_factory.mktemp("told"), ToneEngine()
    asked = Options(
        engine="generative",
        text_type="epub",
        narrator="Ada",
        outputs=["read_aloud", "chapter_files", "stems"],
    )
    runner = build_story_runner(folder / "store", engine, JobContext())
    try:
        story = StoryInput(read_document(book(COVER).content(), TextType.EPUB))
        return runner.run_story(story, asked, folder / "book.mp3")
    finally:
        engine.close()


def beside(told: StoryRun, ending: str) -> Path:
    (path,) = (path for path in told.outputs if path.name == f"book{ending}")
    return path


def test_stems_are_voice_and_labels_for_an_editor(told: StoryRun):
    with zipfile.ZipFile(told.outputs[0].with_suffix(".stems.zip")) as archive:
        assert archive.namelist() == ["voice.flac", "labels.txt"]
        (told.outputs[0].parent / "voice.flac").write_bytes(archive.read("voice.flac"))
        labels = [line.split("\t") for line in archive.read("labels.txt").decode().splitlines()]
    voice, whole = (
        decode_audio(path) for path in (told.outputs[0].parent / "voice.flac", told.outputs[0])
    )
    assert voice.shape[0] == whole.shape[0]
    assert [text for _, _, text in labels if text.startswith("#")] == [f"# {t}" for t in TITLES]
    assert [text for _, _, text in labels if not text.startswith("#")] == SENTENCES
    assert all(float(start) <= float(end) for start, end, _ in labels)


def test_the_file_says_what_the_book_says_and_bears_its_cover(told: StoryRun):
    tags = ID3(told.outputs[0])
    read = [str(tags[name]) for name in ("TIT2", "TPE1", "TCOM", "COMM::eng", "TLAN")]
    assert read == ["The Book", "A. Writer", "Ada (synthetic voice)", "A tale.", "eng"]
    assert tags.getall("APIC")[0].data == encode_cover(COVER, "cover").content


def test_chapters_are_told_to_every_kind_of_player(told: StoryRun):
    marks = [frame.start_time / 1000 for frame in ID3(told.outputs[0]).getall("CHAP")]
    podcast = json.loads(beside(told, ".chapters.json").read_bytes())
    assert [each["title"] for each in podcast["chapters"]] == TITLES
    assert [each["startTime"] for each in podcast["chapters"]] == pytest.approx(marks, abs=0.05)
    assert beside(told, ".chapters.vtt").read_text().count("-->") == 3


def test_chapters_lie_in_a_folder_with_their_playlist(told: StoryRun):
    folder = beside(told, "-chapters")
    names = [path.name for path in sorted(folder.iterdir())]
    assert names == [
        "01 - Arrival.mp3",
        "02 - The Key & the Door.mp3",
        "03 - Return.mp3",
        "playlist.m3u8",
    ]
    lengths = [len(decode_audio(folder / name)) for name in names[:3]]
    assert sum(lengths) == len(decode_audio(told.outputs[0]))
    report = json.loads(told.outputs[-1].read_bytes())
    assert {"book.read-aloud.epub", "book-chapters"} <= set(report["outputs"])


def test_the_book_is_read_as_it_was_heard(told: StoryRun):
    content = beside(told, ".read-aloud.epub").read_bytes()
    assert find_broken_rules(content) == []
    book = open_epub(content)
    pages = [item for item in book.pages() if item.overlay]
    spans = [s.text for item in pages for s in book.parse_root(item.path).iter(f"{XHTML}span")]
    assert spans == SENTENCES
    assert book.archive.read("EPUB/cover.jpg") == encode_cover(COVER, "cover").content
    assert len([1 for item in pages for _ in book.parse_root(item.path).iter(f"{XHTML}hr")]) == 1


def test_sentences_light_up_when_they_are_heard(told: StoryRun):
    book = open_epub(beside(told, ".read-aloud.epub").read_bytes())
    sections = told.timeline.sections
    begins_s = [told.timeline.seconds(each.start) for each in sections if each.title]
    lit_s = [
        begin_s + parse_clock_ms(audio.attrib["clipBegin"]) / 1000
        for begin_s, (_, overlay) in zip(begins_s, list_overlays(book), strict=True)
        for audio in book.parse_root(overlay.path).iter(f"{SMIL}audio")
    ]
    heard_s = [
        each.start_s for each in caption_sentences(told.narration.recorded_chunks, told.timeline)
    ]
    assert [
        each.text for each in caption_sentences(told.narration.recorded_chunks, told.timeline)
    ] == SENTENCES
    for lit, heard, text in zip(lit_s, heard_s, SENTENCES, strict=True):
        # the first of a chapter has the silence before it as well
        assert lit == pytest.approx(heard, abs=0.05 if text not in TITLES else 0.5)


STORY = "\n\n".join(f"# {title}\n\nShip {title} came in. It was late." for title in ("One", "Two"))
ASKED = {"text": STORY, "text_type": "markdown", "title": "Ships", "author": "A. Writer"}


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory):
    with laptop_with(tmp_path_factory.mktemp("outputs"), ToneEngine(suffix="mp3")) as served:
        served.served.store.put("uploads/c.png", build_picture(400, 300))
        served.served.store.put("uploads/c.txt", b"no picture")
        yield served


def test_a_story_links_what_it_was_asked_for(stories):
    asked = {**ASKED, "cover": "uploads/c.png", "outputs": ["chapter_files", "read_aloud"]}
    status = stories.await_end(stories.begin(asked))
    assert status["state"] == "done", status
    links = status["links"]
    assert ID3(io.BytesIO(stories.fetch_link(links["audio"]).body)).getall("APIC")
    assert stories.fetch_link(links["cover"]).body.startswith(b"\xff\xd8")
    with zipfile.ZipFile(io.BytesIO(stories.fetch_link(links["chapter_files"]).body)) as archive:
        assert archive.namelist() == ["01 - One.mp3", "02 - Two.mp3", "playlist.m3u8"]
    assert find_broken_rules(stories.fetch_link(links["read_aloud"]).body) == []
    assert stories.fetch_link(links["chapters_json"]).json["version"] == "1.2.0"
    assert stories.fetch_link(links["chapters_vtt"]).body.startswith(b"WEBVTT")


def test_a_story_of_an_upload_keeps_the_pages_of_the_book(stories):
    stories.served.store.put("uploads/own.epub", book(COVER).content())
    status = stories.await_end(
        stories.begin({"source": "uploads/own.epub", "outputs": ["read_aloud"]})
    )
    assert (status["state"], status["warnings"]) == ("done", [])
    made = open_epub(stories.fetch_link(status["links"]["read_aloud"]).body)
    page = made.archive.read("OEBPS/one.xhtml").decode()
    whole = re.sub(r'<span id="aloud\d+">(.*?)</span>|<link [^>]*>', r"\1", page)
    assert whole.replace('<html lang="en-GB" xml:lang="en-GB" ', "<html ") == CHAPTERS["one.xhtml"]
    assert len(list(list_overlays(made))) == 3


@pytest.mark.parametrize(
    ("more", "status", "code", "said"),
    [
        (
            {"cover": "uploads/no.png"},
            404,
            "not_found",
            "the picture uploads/no.png was not uploaded",
        ),
        ({"cover": "music/bed.mp3"}, 400, "bad_input", "is not a key returned by POST /uploads"),
        ({"outputs": ["read_aloud"], "format": "opus"}, 400, "bad_option", "use mp3, m4a"),
        ({"outputs": ["pdf"]}, 400, "bad_input", "outputs"),
        ({"year": "soon"}, 400, "bad_input", "year"),
        ({"cover": "uploads/c.txt"}, 422, "unusable_picture", "is not a JPEG or PNG file"),
        ({"text": "[[sound no.wav]]\n\nA."}, 404, "not_found", "line 1: no.wav is neither in"),
        ({"text": f"---\nmusic: no.mp3\n---\n{'A. ' * 9_000}"}, 404, "not_found", "line 2: no.mp3"),
        ({"text": "[[sound spending/x.wav]]\n\nA."}, 403, "forbidden", "line 1: spending/x.wav"),
        ({"music": "uploads/no.mp3"}, 404, "not_found", "music: uploads/no.mp3 does not exist"),
        ({"music": "spending/a"}, 403, "forbidden", "music: spending/a may not be mixed"),
        ({"lexicon": "a = b\nnonsense"}, 400, "unreadable_text", "line 2"),
        ({"pauses": "comma=soon"}, 400, "bad_option", "pauses"),
        ({"voice": "Joana"}, 400, "unknown_voice", "Joanna"),
        (
            {"text": "---\ncast:\n  Ann: Mathew\n---\n" + "Words.\n" * 30_000},
            400,
            "unknown_voice",
            "Matthew",
        ),
        ({"text": "---\ncast:\n  Ann\n---\nWords."}, 400, "unreadable_text", "line 3"),
        ({"webhook": "http://10.0.0.1/"}, 400, "bad_input", "webhook"),
        ({"text": None, "source": "uploads/no.txt"}, 404, "not_found", "uploads/no.txt"),
    ],
)
def test_what_cannot_be_made_is_refused_at_once(stories, more, status, code, said):
    calls, asked = stories.engine.calls, {**ASKED, **more}
    answered = stories.post({name: each for name, each in asked.items() if each is not None})
    assert said in stories.refuse(answered, status, code)["error"]
    assert stories.engine.calls == calls


def test_a_cover_that_the_head_names_is_an_upload(stories):
    text = f"---\ntitle: Ships\ncover: uploads/c.png\n---\n{STORY}"
    status = stories.await_end(stories.begin({"text": text, "text_type": "markdown"}))
    assert (status["state"], status["warnings"]) == ("done", [])
    assert stories.fetch_link(status["links"]["cover"]).body.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("text", "content", "warning"),
    [
        (
            "uploads/h.md",
            b"---\ncover: gate.jpg\n---\nHe came.",
            "The cover gate.jpg is not available",
        ),
        ("uploads/b.epub", book(b"\xff\xd8 half").content(), "The book's own cover was left out"),
    ],
)
def test_a_cover_that_the_text_has_and_cannot_be_used_is_told(stories, text, content, warning):
    stories.served.store.put(text, content)
    status = stories.await_end(stories.begin({"source": text}))
    assert (status["state"], status["links"].get("cover")) == ("done", None)
    assert status["warnings"][0].startswith(warning)


class PickyStore(FolderStore):
    """Refuses to keep objects of some names."""

    refused: tuple[str, ...] = ()

    def put(self, key, content, **more):
        self._check(key)
        super().put(key, content, **more)

    def open_writer(self, key, max_bytes, content_type):
        self._check(key)
        return super().open_writer(key, max_bytes, content_type)

    def _check(self, key):
        if key.endswith(self.refused):
            raise StoreFailed(f"The object {key} cannot be written: its name is unlucky.")


@pytest.mark.parametrize(
    ("names", "links"),
    [
        (("story.png",), ["picture"]),
        (("waveform.json",), ["waveform"]),
        (("story.srt",), ["captions_srt"]),
        (("chapters.zip",), ["chapter_files"]),
        (("story.epub", "report.json"), ["read_aloud", "report"]),
        (("/chapters.json",), ["chapters", "chapters_json", "chapters_vtt"]),
    ],
)
def test_an_output_that_cannot_be_made_takes_no_other_with_it(tmp_path, names, links):
    store = PickyStore(tmp_path)
    store.refused = names
    world = StoryWorld(tmp_path, store=store)
    status = world.status(world.create_story(STORY, outputs=["chapter_files", "read_aloud"]))
    assert status.state == "done"
    assert not set(links) & set(status.result.links)
    assert len(status.result.links) == 11 - len(links)
    assert len(status.warnings) == len(names)
    assert all("its name is unlucky" in each for each in status.warnings)


def test_a_file_that_cannot_be_written_takes_no_other_with_it(tmp_path):
    (tmp_path / "ship-chapters").write_text("a file of that name")
    (tmp_path / "ship.srt").mkdir()
    engine, asked = ToneEngine(), Options(engine="generative", outputs=["chapter_files"])
    runner = build_story_runner(tmp_path / "store", engine, JobContext())
    story = StoryInput(read_document(STORY, TextType.MARKDOWN))
    run = runner.run_story(story, asked, tmp_path / "ship.mp3")
    engine.close()
    names = {path.name for path in run.outputs}
    assert names >= {"ship.mp3", "ship.vtt", "ship.png", "ship.json"}
    assert not names & {"ship-chapters", "ship.srt"}
    assert len(run.result.warnings) == 2
    assert all(str(tmp_path) in each for each in run.result.warnings)
    assert json.loads(run.outputs[-1].read_bytes())["outputs"] == [p.name for p in run.outputs]

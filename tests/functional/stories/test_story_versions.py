"""Changes of a story over HTTP: proposed, previewed, kept, listed, compared, undone."""

import json
import subprocess
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import sqrt
from urllib.parse import urlsplit

import numpy as np
import pytest

from mixer.devserver.local import Folders, load_laptop_settings, open_laptop
from mixer.devserver.server import DevServer
from mixer.errors import CapReached, OutOfTime
from mixer.sound import ffmpeg
from mixer.store.folder import FolderStore
from mixer.stories.budget import DailyBudget
from mixer.stories.folder import TEXT as TEXT_NAME
from mixer.stories.folder import StoryFolder
from mixer.stories.keys import SYNTHESIZED
from mixer.stories.version_records import Proposal, SentenceChange
from mixer.stories.versions import SentenceReader
from tests.books import Book, build_page
from tests.engines import ToneEngine
from tests.functional.devserver.test_stories import Stories
from tests.functional.story_world import CALLER, StoryWorld
from tests.servers import RunningServer, run_server

CAST = "---\ntitle: The Gate\ncast:\n  Narrator: Joanna\n  Tom: Matthew\n---\n\n"


def build_source(paragraphs):
    """A play of three sentences a paragraph."""
    text = "\n\n".join(
        f"The guard number {n} stood at *the gate*. It was late, and the rain of day {n} fell on\n"
        f"the stones. Nobody came up the road from town {n} before the bell rang."
        for n in range(paragraphs)
    )
    return f"{CAST}# One\n\n{text}\n\nTom: Who is there?\n\n# Two\n\nThe end came. All slept.\n"


SOURCE = build_source(12)
RATE_HZ = 8_000
UNKNOWN = "0" * 32
KINDS_OF_CHANGES = 6
"""Of the ten in a row; only one of each kind is previewed."""

PAGE = "<h1>One</h1><p>It rang. It was late. Yes.</p>"


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    folder = tmp_path_factory.mktemp("versions")
    (folder / "music").mkdir()
    bed = ["-f", "lavfi", "-i", "sine=f=200:d=5", str(folder / "music" / "bed.flac")]
    ffmpeg.run(bed, timeout_s=60)
    server, engine = DevServer(0), ToneEngine(suffix="mp3")
    folders = Folders(folder / "store", folder / "web", folder / "music")
    with (
        open_laptop(load_laptop_settings({}), server.url, folders, engine) as app,
        run_server(server, app),
    ):
        yield Stories(RunningServer(server, FolderStore(folders.store), folder, None), engine)


@pytest.fixture(scope="module")
def story(stories):
    begun = stories.begin({"text": SOURCE, "text_type": "markdown", "music": "bed.flac"})
    assert stories.await_end(begun)["state"] == "done"
    return begun


def ask(stories, method, path, body=None, status=200):
    text = None if body is None else json.dumps(body)
    answered = stories.served.send(method, f"/stories/{path}", text)
    assert answered.status == status, answered.body
    return answered.json


def find_sentence(stories, story, words, version=0):
    path = f"{story}/sentences?count=500&version={version}"
    found = ask(stories, "GET", path)["sentences"]
    return next(each for each in found if words in each["text"])


def decode(audio, start_s=0.0, length_s=60.0):
    """Decode a part of an MP3 to mono samples."""
    cut = ["-ss", str(start_s), "-t", str(length_s), "-ac", "1", "-ar", str(RATE_HZ)]
    command = [ffmpeg.binary_path(), "-v", "error", "-i", "pipe:0", *cut, "-f", "s16le", "-"]
    raw = subprocess.run(command, input=audio, capture_output=True, check=True).stdout
    return np.frombuffer(raw, "<i2").astype(float)


def compare_sound(one, other):
    """How alike two sounds are, from 0 to 1, and their levels' ratio."""
    energy, other_energy = one @ one, other @ other
    shared = min(len(one), len(other))
    product = one[:shared] @ other[:shared]
    return product / sqrt(energy * other_energy), sqrt(energy / other_energy)


@pytest.fixture(scope="module")
def kept(stories, story):
    """A change that was previewed, and then kept as version 2."""
    number = find_sentence(stories, story, "rain of day 10")["sentence"]
    text = "It was early, and the sun of day 10 shone on the stones."
    body = {"version": 1, "changes": [{"sentence": number, "text": text}]}
    calls = stories.engine.calls
    preview = ask(stories, "POST", f"{story}/edits", body)
    preview["calls"] = stories.engine.calls - calls
    record = ask(stories, "POST", f"{story}/versions", body, status=202)
    assert stories.await_end(record["story_id"])["state"] == "done"
    return {
        "preview": preview,
        "record": record,
        "calls": stories.engine.calls - calls,
        "body": body,
    }


def test_preview_sounds_as_the_file_will(stories, story, kept):
    preview = kept["preview"]
    audio = stories.fetch_link(preview["audio_url"]).body
    finished = stories.fetch_link(stories.status(story)["links"]["audio"]).body
    changed = find_sentence(stories, story, "sun of day 10", version=2)
    length_s = preview["ends_s"] - preview["starts_s"]
    assert length_s == pytest.approx(changed["end_s"] - changed["start_s"], abs=0.02)
    in_preview = decode(audio, preview["starts_s"], length_s)
    in_file = decode(finished, changed["start_s"] - 0.1, length_s + 0.2)
    best = max(
        compare_sound(in_preview, in_file[shift : shift + len(in_preview)])
        for shift in range(400, 1200, 8)
    )
    assert best == (pytest.approx(1, abs=0.05), pytest.approx(1, abs=0.05))


def test_change_pays_for_its_chunk_and_at_most_a_neighbour(kept):
    assert 1 <= kept["preview"]["calls"] == kept["preview"]["synthesized_chunks"] <= 2
    assert kept["calls"] == kept["preview"]["calls"]  # keeping it synthesized nothing more
    assert kept["preview"]["cost_usd"] > 0


def test_versions_are_listed_with_what_changed(stories, story, kept):
    listed = ask(stories, "GET", f"{story}/versions")
    assert [(each["version"], each["base"], each["state"]) for each in listed["versions"]] == [
        (2, 1, "done"),
        (1, 0, "done"),
    ]
    (note,) = listed["versions"][0]["changes"]
    assert (note["before"][:12], note["after"][:12]) == ("It was late,", "It was early")
    assert all(stories.fetch_link(each["audio_url"]).body for each in listed["versions"])
    by_other = ask(stories, "GET", f"{kept['record']['story_id']}/versions")["versions"]
    assert [each["story_id"] for each in by_other] == [
        each["story_id"] for each in listed["versions"]
    ]


def test_story_is_its_newest_finished_version(stories, story, kept):
    status = stories.status(story)
    assert (status["story_id"], status["version"], status["newest_version"]) == (story, 2, 2)
    own = stories.status(kept["record"]["story_id"])
    assert urlsplit(status["links"]["audio"]).path == urlsplit(own["links"]["audio"]).path
    listed = stories.served.send("GET", "/stories").json["stories"]
    assert [each["story_id"] for each in listed].count(story) == 1
    assert kept["record"]["story_id"] not in {each["story_id"] for each in listed}


def test_comparison_has_the_sentences_and_their_times(stories, story, kept):
    compared = ask(stories, "GET", f"{story}/comparison?before=1&after=2")
    (difference,) = compared["differences"]
    (before,), (after,) = difference["before"], difference["after"]
    assert before["sentence"] == after["sentence"] == kept["body"]["changes"][0]["sentence"]
    assert before["start_s"] == pytest.approx(after["start_s"], abs=0.1)
    assert before["end_s"] > before["start_s"] > 10


def test_sentence_is_found_by_the_time_at_which_it_plays(stories, story, kept):
    del kept
    for words in ("number 3 stood", "Who is there", "All slept"):
        sentence = find_sentence(stories, story, words)
        at_s = (sentence["start_s"] + sentence["end_s"]) / 2
        (found,) = ask(stories, "GET", f"{story}/sentences?at_s={at_s}")["sentences"]
        assert found == sentence


def test_text_keeps_all_but_the_changed_words(stories, kept):
    store = stories.served.store
    text = store.get(StoryFolder(store, kept["record"]["story_id"]).key(TEXT_NAME)).decode()
    assert text == SOURCE.replace(
        "It was late, and the rain of day 10 fell on\nthe stones",
        "It was early, and the sun of day 10 shone on\nthe stones",
    )


def test_change_of_an_old_version_is_refused_with_what_changed(stories, story, kept):
    for path in ("edits", "versions"):
        refused = ask(stories, "POST", f"{story}/{path}", kept["body"], status=409)
        assert (refused["code"], refused["details"]["version"]) == ("version_conflict", 2)
        assert refused["details"]["changes"][0]["after"].startswith("It was early")


def test_version_is_restored_and_costs_nothing(stories, story, kept):
    calls = stories.engine.calls
    record = ask(stories, "POST", f"{story}/versions", {"version": 2, "restore": 1}, status=202)
    assert (record["version"], record["restored"], record["state"]) == (3, 1, "done")
    assert find_sentence(stories, story, "rain of day 10")["ending"] == "sentence"
    assert find_sentence(stories, story, "from town 10")["ending"] == "paragraph"
    again = ask(stories, "POST", f"{story}/versions", {"version": 3, "restore": 2}, status=202)
    assert again["story_id"] == kept["record"]["story_id"]
    assert stories.engine.calls == calls


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"sentence": 3, "text": ""}, 400, "no words left"),
        ({"sentence": 3, "text": "a " * 5_000}, 400, "10,000 characters"),
        ({"sentence": 3, "text": "It [[pause 2s was late."}, 400, "not closed"),
        ({"sentence": 9_999, "text": "It was."}, 400, "does not exist"),
        ({"sentence": 3, "speaker": "Mary"}, 400, "not in the cast"),
        ({"sentence": 3, "pause_ms": 99_999}, 400, "pause_ms"),
        ({}, 400, "sentence"),
    ],
)
@pytest.mark.usefixtures("kept")
def test_impossible_change_is_refused_where_it_happens(stories, story, change, status, words):
    for path in ("edits", "versions"):
        body = {"version": 0, "changes": [change]}
        assert words in ask(stories, "POST", f"{story}/{path}", body, status=status)["error"]


def test_missing_story_version_and_lexicon_are_named(stories, story, kept):
    del kept
    change = [{"sentence": 3, "text": "It was."}]
    for path in (f"{UNKNOWN}/versions", f"{UNKNOWN}/sentences", f"{story}/sentences?version=99"):
        assert "does not exist" in ask(stories, "GET", path, status=404)["error"]
    assert "at_s" in ask(stories, "GET", f"{story}/sentences?at_s=1e999", status=400)["error"]
    body = {"version": 99, "changes": change}
    assert "versions 1 to" in ask(stories, "POST", f"{story}/edits", body, status=404)["error"]
    body = {"version": 0, "lexicon": ["nonsense"]}
    assert "lexicon" in ask(stories, "POST", f"{story}/edits", body, status=400)["error"]


@pytest.fixture
def world(tmp_path):
    """Stories that run only when they are called to."""
    return StoryWorld(tmp_path / "store", is_idle=True)


def test_of_two_changes_at_once_one_is_refused(world):
    story = world.create_story()
    world.run_story(story)
    first, second = (Proposal(1, (SentenceChange(n, f"Word {n}."),)) for n in (2, 3))
    assert world.editor.keep(story, CALLER, first).number == 2
    with pytest.raises(Exception, match="changed meanwhile"):
        world.editor.keep(story, CALLER, second)
    with pytest.raises(Exception, match="does not exist"):
        world.editor.keep(story, "somebody else", first)


def test_result_that_is_lost_is_named_and_the_text_can_be_changed(world):
    story = world.create_story()
    world.run_story(story)
    folder, reader = StoryFolder(world.store, story), SentenceReader(world.editor.texts)
    with pytest.raises(OutOfTime):
        world.editor.texts.load(story, time.monotonic() - 1)
    whole = reader.list_at(story, 2.0, 1)
    folder.delete(next(each.key for each in folder.list_entries(SYNTHESIZED)))
    assert reader.list_at(story, 2.0, 1).sentences[0].start_s is None
    assert whole.sentences[0].start_s is not None
    change = SentenceChange(2, "These are other words.")
    assert world.previews.propose(story, CALLER, Proposal(1, (change,)))[1].duration_s > 0


def test_limit_of_a_change_holds_for_it_alone(world):
    story = world.create_story()
    world.run_story(story)
    change = SentenceChange(2, "These are other words.")
    limited = world.editor.keep(story, CALLER, Proposal(1, (change,), max_cost_usd=0.0))
    world.run_story(limited.story_id)
    assert world.status(limited.story_id).failure.code == "too_expensive"
    free = world.editor.keep(story, CALLER, Proposal(2, (replace(change, sentence=3),)))
    world.run_story(free.story_id)
    assert world.status(free.story_id).state == "done"


@pytest.mark.parametrize(("engine", "calls"), [("embedded", 1), ("generative", 0)])
def test_opened_sentence_is_prepared_where_speech_is_free(world, engine, calls):
    story = world.create_story()
    world.run_story(story)
    text, maker, before = world.editor.texts.load(story), world.previews.maker, world.engine.calls
    delivery = replace(text.stored.delivery, engine=engine, cast=())
    maker.prepare(replace(text, stored=replace(text.stored, delivery=delivery)), 2)
    with maker.preparing:
        assert world.engine.calls - before == calls


def test_equal_previews_at_once_are_paid_once_even_if_the_cap_allows_no_more(world, tmp_path):
    story = world.create_story()
    world.run_story(story)

    def propose(word):
        change = SentenceChange(2, f"These words have a {word}.")
        return previews.propose(story, CALLER, Proposal(1, (change,)))[1]

    previews = world.previews
    cost_usd = propose("price").cost_usd
    budget = DailyBudget(FolderStore(tmp_path / "other"), 1.5 * cost_usd)
    maker = replace(previews.maker, planner=replace(previews.maker.planner, budget=budget))
    previews, calls = replace(previews, maker=maker), world.engine.calls
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(propose, ["colour"] * 3))
    assert len({each.key for each in made}) == 1
    assert sorted(each.synthesized_chunks for each in made) == [0, 0, world.engine.calls - calls]
    with pytest.raises(CapReached):
        propose("number")


def test_story_after_ten_edits_is_that_of_the_last_text(world, tmp_path):
    story = world.create_story(build_source(9))
    world.run_story(story)
    changes = [
        SentenceChange(7, "The guard number 2 sat at the gate."),
        SentenceChange(8, pause_ms=1500),
        SentenceChange(9, "Everybody came up the road [[emphasis: at once]]."),
        SentenceChange(12, speaker="Tom"),
        SentenceChange(0, "Chapter one"),
        *(SentenceChange(20 + n, f"Word {n} is new, and all that follows.") for n in range(5)),
    ]
    for base, change in enumerate(changes, start=1):
        if base <= KINDS_OF_CHANGES:
            preview = world.previews.propose(story, CALLER, Proposal(base, (change,)))[1]
            most_chunks = 2 if change.speaker is None else 3  # a voice a chunk
            assert preview.synthesized_chunks <= most_chunks
        record = world.editor.keep(story, CALLER, Proposal(base, (change,)))
    assert record.number == 11
    world.run_story(record.story_id)
    text = world.store.get(StoryFolder(world.store, record.story_id).key(TEXT_NAME)).decode()
    fresh = StoryWorld(tmp_path / "fresh")
    again = fresh.create_story(text)
    assert fresh.read_audio(again) == world.read_audio(story)
    assert world.status(story).version == 11


def test_book_is_changed_after_it_is_read(world):
    book = b64encode(Book({"one.xhtml": build_page(PAGE)}).content())
    story = world.create_story(book.decode(), text_type="epub")
    world.run_story(story)
    record = world.editor.keep(story, CALLER, Proposal(1, (SentenceChange(2, "It was early."),)))
    record = world.editor.keep(story, CALLER, Proposal(2, (SentenceChange(3, "No, sir."),)))
    world.run_story(record.story_id)
    texts = [each.text for each in world.editor.texts.load(record.story_id).sentences]
    assert texts[-3:] == ["It rang.", "It was early.", "No, sir."]
    assert world.status(story).version == 3

"""Lengths are checked before a text is planned; planning ends at a deadline or when cancelled."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mixer.errors import OutOfTime, StoryCancelled, TextTooLong
from mixer.requests import Options
from mixer.script.document import Document, heading, paragraph
from mixer.speech.charges import POLLY_USD_PER_MILLION_CHARS
from mixer.store.folder import FolderStore
from mixer.stories.budget import DailyBudget
from mixer.stories.folder import PLAN, PRELUDE, REQUEST, SCRIPT, TEXT, StoryFolder
from mixer.stories.foreground.context import JobContext
from mixer.stories.foreground.runner import StoryRunner
from mixer.stories.keys import cancellation_name
from mixer.stories.model import PlanSummary, SourceText, StoredRequest, StoryKind
from mixer.stories.speech_planner import SpeechPlanner
from mixer.stories.status import load_snapshot
from mixer.stories.steps.speech import StorySpeech
from mixer.stories.tasks import CHECK_INTERVAL_S, Step, StepCall
from tests.books import Book, build_page
from tests.engines import ToneEngine

LIMIT = 1_000
DATA = Path(__file__).parents[2] / "unit" / "script" / "readers" / "data"


@pytest.fixture
def planner(tmp_path):
    """A planner with a small limit."""
    store = FolderStore(tmp_path)
    lend = StoryRunner(store, ToneEngine(suffix="mp3"), JobContext(), FolderStore)._lend_engine
    return SpeechPlanner(
        open_engine=lend,
        store=store,
        budget=DailyBudget(store, 1e6),
        max_request_usd=1e6,
        max_text_chars=LIMIT,
        touch_after=timedelta(days=5),
    )


class CountedBlocks(tuple):
    """Blocks that count how often they are looked through."""

    passes = 0

    def __iter__(self):
        CountedBlocks.passes += 1
        return super().__iter__()


@pytest.mark.parametrize("text_type", ["text", "markdown", "html", "ssml", None])
def test_long_text_is_refused_before_it_is_read(planner, text_type):
    with pytest.raises(TextTooLong) as refused:
        planner.read_text("<" * (LIMIT + 1), Options(text_type=text_type))
    assert refused.value.details["limit"] == LIMIT


def test_long_book_is_refused_before_it_is_planned(planner):
    CountedBlocks.passes = 0
    blocks = CountedBlocks(paragraph("A lamp was lit.") for _ in range(LIMIT))
    with pytest.raises(TextTooLong):
        planner.plan_source(SourceText(Document(blocks), is_book=True), Options())
    assert CountedBlocks.passes == 1


def test_book_counts_as_long_as_what_is_spoken_of_it(planner):
    pair = (heading("The harbour", 1), paragraph("A lamp was lit, and ships came into the port."))
    blocks = pair * 19
    assert LIMIT < sum(len(each.text) for each in blocks) < 1.25 * LIMIT
    source = SourceText(Document(blocks), is_book=True)
    assert planner.plan_source(source, Options(titles="unspoken")).chunks
    with pytest.raises(TextTooLong):
        planner.plan_source(source, Options())


@pytest.mark.parametrize("lexicon", ["", "lamp = light"])
def test_planning_ends_at_its_deadline(planner, lexicon):
    blocks = tuple(paragraph("A lamp was lit.") for _ in range(10))
    source = SourceText(Document(blocks))
    with pytest.raises(OutOfTime, match="text: it takes too long to plan"):
        planner.plan_source(source, Options(lexicon=lexicon), time.monotonic() - 1)
    assert planner.plan_source(source, Options(lexicon=lexicon), time.monotonic() + 600).chunks


PAGE = build_page("<h1>One</h1><p>The lamp was lit.</p>")
SOURCES = {
    "epub": Book({"1.xhtml": PAGE}).content(),
    "docx": (DATA / "pandoc.docx").read_bytes(),
    "odt": (DATA / "pandoc.odt").read_bytes(),
    "pdf": (DATA / "printed.pdf").read_bytes(),
    "html": PAGE,
}


@pytest.mark.parametrize("text_type", SOURCES)
def test_reading_a_book_ends_at_the_deadline(planner, text_type):
    planner = replace(planner, max_text_chars=10**6)
    options = Options(text_type=text_type)
    with pytest.raises(OutOfTime, match="text: it takes too long to plan"):
        planner.read_text(SOURCES[text_type], options, deadline_s=time.monotonic() - 1)
    assert planner.read_text(SOURCES[text_type], options, deadline_s=time.monotonic() + 600)


def test_planning_ends_soon_after_its_story_is_cancelled(planner):
    folder = StoryFolder(planner.store, "c" * 32)
    planner.store.put(folder.key(TEXT), b"A lamp was lit.")
    folder.write(
        REQUEST, StoredRequest(StoryKind.STORY, "", "", 0.0, {}, text_key=folder.key(TEXT))
    )
    lend = planner.open_engine

    def lend_slowly(*arguments):
        folder.claim(cancellation_name(1), {})
        time.sleep(2 * CHECK_INTERVAL_S)
        return lend(*arguments)

    speech = StorySpeech(replace(planner, open_engine=lend_slowly), planner.store)
    with pytest.raises(StoryCancelled):
        speech.steps[Step.PLAN](StepCall(folder, 1))
    assert not folder.has(SCRIPT)


@pytest.mark.parametrize(("share", "is_spoken"), [(3.0, True), (1.5, False)])
def test_first_words_are_paid_for_only_if_the_whole_is_affordable(planner, share, is_spoken):
    text = "\n\n".join(f"A lamp was lit in port {number}." for number in range(900))
    usd = len(text) * POLLY_USD_PER_MILLION_CHARS["generative"] / 1e6
    folder = StoryFolder(planner.store, "d" * 32)
    planner.store.put(folder.key(TEXT), text.encode())
    options = {"voice": "Joanna", "engine": "generative", "max_cost_usd": share * usd}
    request = StoredRequest(StoryKind.STORY, "", "", 0.0, options, text_key=folder.key(TEXT))
    folder.write(REQUEST, request)
    rich = replace(planner, max_text_chars=10 * len(text))
    StorySpeech(rich, planner.store).steps[Step.PLAN](StepCall(folder, 1))
    engine = planner.open_engine("", None).__enter__()
    spoken_usd = load_snapshot(folder).progress.paid_usd
    assert (engine.calls > 0, spoken_usd > 0, folder.has(PRELUDE)) == (is_spoken,) * 3
    plan = folder.read(PLAN, PlanSummary)
    assert plan.paid_before_usd == spoken_usd < 0.01 * usd + 0.02
    assert plan.predicted_usd == pytest.approx(usd, rel=0.1)
    entries = planner.store.list("spending/")
    reserved_usd = sum(int(each.key.rpartition("/")[2].partition("-")[0]) for each in entries)
    assert reserved_usd / 1e6 == pytest.approx(plan.predicted_usd, abs=1e-4)

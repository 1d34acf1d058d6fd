"""Listening on the page while a story is made: first sound, seeking, the change to the file."""

from itertools import pairwise

import pytest

from tests.e2e.page.conftest import NARROW, wait_until
from tests.e2e.page.page_servers import start_server
from tests.engines import ToneEngine

PARAGRAPH = (
    "The lamp of house {0} went out at nine. Nobody saw it, and nobody came to light it. " * 3
)
STORY = "\n\n".join(f"## House {n}\n\n" + PARAGRAPH.format(n) for n in range(5))
NOW = "document.querySelector('#audio').currentTime"
LIVE = "document.querySelector('#player[data-live]:not([hidden])')"

EAR = """() => {
  window.ear = { positions: [], isLive: null, isSoFar: false };
  document.querySelector("#narrate").addEventListener("click", () => {
    const listen = () => {
      const audio = document.querySelector("#audio");
      const isLive = document.querySelector("#player").hasAttribute("data-live");
      if (!window.ear.node && audio.currentTime > 0) {
        const context = new AudioContext();
        window.ear.node = context.createAnalyser();
        context.createMediaElementSource(audio).connect(window.ear.node);
      }
      if (window.ear.node) {
        const samples = new Float32Array(window.ear.node.fftSize);
        window.ear.node.getFloatTimeDomainData(samples);
        if (Math.max(...samples.map(Math.abs)) > 0.01) window.ear.isLive ??= isLive;
      }
      window.ear.isSoFar ||= document.querySelector("#clock").textContent.includes("so far");
      const now_s = performance.now() / 1000;
      window.ear.positions.push([now_s, audio.currentTime, isLive, audio.paused]);
      setTimeout(listen, 20);
    };
    listen();
  });
}"""
"""Watches the player from the click on, and measures the samples that its element decodes."""


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory):
    voice = ToneEngine(suffix="mp3", delay_s=0.5, parallelism=1, pace=3)
    with start_server(tmp_path_factory.mktemp("slow"), voice) as running:
        yield running


def test_story_is_played_while_it_is_made_and_goes_over_to_its_file(slow_server, visit):
    tab = visit(slow_server.url, NARROW)
    page = tab.open()
    page.evaluate(EAR)
    tab.request_story(STORY)
    wait_until(page, "window.ear.isLive !== null")
    page.wait_for_selector(".sentence[aria-current]")
    tab.await_player()
    wait_until(page, f"{NOW} > 2")
    ear = page.evaluate("{ const { node, ...seen } = window.ear; seen }")
    assert ear["isLive"]
    assert ear["isSoFar"]
    changes = [each for each in pairwise(ear["positions"]) if each[0][2] > each[1][2]]
    (((before_s, from_s, *_), (after_s, to_s, _, is_paused)),) = changes
    assert -1 < to_s - from_s < after_s - before_s + 1
    assert not is_paused
    assert page.evaluate("new URL(document.querySelector('#audio').src).pathname").endswith(".mp3")


def test_made_part_can_be_sought_and_a_failure_ends_with_words(tmp_path, visit):
    voice = ToneEngine(suffix="mp3", delay_s=0.5, parallelism=1, pace=2, fail_texts=["house 4"])
    with start_server(tmp_path, voice) as running:
        tab = visit(running.url)
        page = tab.open()
        tab.request_story(STORY)
        wait_until(page, f"{LIVE} && {NOW} > 0")
        wait_until(page, "document.querySelectorAll('.sentence').length > 4")
        page.locator(".sentence", has_text="house 1").first.click()
        wait_until(page, f"{NOW} > 5")
        tab.pause()
        page.focus("#waveform")
        page.keyboard.press("Home")
        wait_until(page, f"{NOW} < 5")
        wait_until(page, "document.querySelector('#player-error').textContent")
        assert "plays to its end" in page.text_content("#player-error")
        tab.play()
        page.focus("#waveform")
        page.keyboard.press("End")
        wait_until(page, "document.querySelector('#audio').ended")


def test_player_goes_on_after_the_server_was_started_again(tmp_path, visit):
    with start_server(
        tmp_path, ToneEngine(suffix="mp3", delay_s=2, parallelism=1, pace=3)
    ) as running:
        tab = visit(running.url)
        page = tab.open()
        tab.request_story(STORY)
        wait_until(page, f"{LIVE} && {NOW} > 1")
        port = running.port
    with start_server(tmp_path, ToneEngine(suffix="mp3", parallelism=1, pace=3), port):
        tab.await_player()
        before_s = page.evaluate(NOW)
        wait_until(page, f"{NOW} > {before_s} + 0.5 && {NOW} > 1")

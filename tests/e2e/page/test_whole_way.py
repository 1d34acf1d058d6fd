"""From a text to a playing story, with the voice of `make serve`."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.page.conftest import wait_until
from tests.e2e.page.page_servers import WEB

ROOT = WEB.parent
STORY = (
    "# A Lamp\n\nThe lamp went out at nine. Nobody in the village noticed. Only Mara put on her "
    "coat.\n\n## The Sea\n\nThere was a boat, and in the boat there was a letter. She read it "
    "twice."
)

LISTEN = """() => {
  const audio = document.querySelector("#audio");
  const context = new AudioContext();
  const ear = context.createAnalyser();
  ear.fftSize = 2048;
  const source = context.createMediaElementSource(audio);
  source.connect(ear);
  source.connect(context.destination);
  const frame = new Float32Array(2048);
  window.samples = [];
  setInterval(() => {
    ear.getFloatTimeDomainData(frame);
    window.samples.push({
      time: audio.currentTime,
      level: Math.sqrt(frame.reduce((sum, x) => sum + x * x, 0) / frame.length),
      sentence: document.querySelector(".sentence[aria-current]")?.textContent ?? "",
    });
  }, 40);
}"""

EARLY_S, LATE_S = 0.3, 1.5
"""How far a mark may be from what plays; late it is on a busy machine."""


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`make serve`, with a port and folders of its own."""
    folder = tmp_path_factory.mktemp("serve")
    (folder / "music").mkdir()
    subprocess.run(
        [sys.executable, "demo/bed.py", str(folder / "music" / "quiet.flac")], cwd=ROOT, check=True
    )
    command = [sys.executable, "-m", "mixer", "serve", "--port", "0"]
    command += ["--store", str(folder / "store"), "--music", str(folder / "music")]
    with (
        (folder / "log.txt").open("w") as log,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, Path(folder / "log.txt").read_text()
            yield found[0]
        finally:
            process.kill()


def cues(vtt: str) -> list[tuple[float, float, str]]:
    found = re.findall(
        r"(\d\d):(\d\d):(\d\d\.\d+) --> (\d\d):(\d\d):(\d\d\.\d+)\n(.+(?:\n.+)*)", vtt
    )
    return [
        (
            int(h) * 3600 + int(m) * 60 + float(s),
            int(h2) * 3600 + int(m2) * 60 + float(s2),
            text.replace("\n", " "),
        )
        for h, m, s, h2, m2, s2, text in found
    ]


def test_the_sample_story_plays_after_two_actions(serve, visit):
    tab = visit(serve)
    page = tab.open()  # one: open the page
    assert "Keeper of Small Lights" in page.input_value("#text")
    page.click("#narrate")  # two: one button
    tab.await_player()
    wait_until(page, "document.querySelector('#audio').currentTime > 1")


def test_a_pasted_text_is_spoken_mixed_and_highlighted(serve, visit):
    tab = visit(serve)
    page = tab.open()
    tab.request_story(STORY)
    tab.await_player()
    assert page.text_content("#player-title") == "A Lamp"
    vtt_url = page.get_attribute('#downloads a[data-name="captions_vtt"]', "href")
    captions = cues(page.request.get(str(vtt_url)).text())
    assert " ".join(text for _, _, text in captions).endswith("She read it twice.")
    page.evaluate(LISTEN)
    tab.play()
    page.press("#waveform", "Home")  # it plays since its first sentence was spoken
    wait_until(page, "document.querySelector('#audio').currentTime > 6")
    page.locator(".sentence", has_text="There was a boat").click()
    page.wait_for_timeout(2_500)
    tab.pause()
    samples = page.evaluate("window.samples")
    times = [each["time"] for each in samples]
    assert max(times) - min(times) > 6
    sounding = [each["level"] for each in samples if each["time"] > 0]
    assert max(sounding) > 0.02
    assert sum(level > 0.002 for level in sounding) > len(sounding) / 2
    wrong = [each for each in samples if each["sentence"] and not fits(each, captions)]
    assert not wrong


def fits(each, captions) -> bool:
    """Whether the marked sentence is the one that plays."""
    near = [
        text
        for number, (start, _, text) in enumerate(captions)
        if start - EARLY_S <= each["time"]
        and (number + 1 == len(captions) or each["time"] <= captions[number + 1][0] + LATE_S)
    ]
    return any(text in each["sentence"] for text in near)

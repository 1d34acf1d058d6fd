"""The command line, the Python API and the server share what was synthesized."""

import json
import time

import mixer
from mixer.devserver import DevServer, Folders, load_laptop_settings, open_laptop
from mixer.store import FolderStore
from tests.servers import RunningServer, run_server

STORY = "# The Lamp\n\nThe lamp went out at nine.\n\n# The Sea\n\nThe sea was calm.\n"
FINAL_STATES = {"done", "failed", "cancelled"}


def list_chunks(folder):
    return sorted(path.name for path in (folder / "narration_chunks").glob("*"))


def narrate_on_server(folder, body):
    server = DevServer(0)
    folders = Folders(folder / "store", folder / "web", folder / "music")
    settings = load_laptop_settings({})
    with open_laptop(settings, server.url, folders) as app, run_server(server, app):
        served = RunningServer(server, FolderStore(folders.store), folder, None)
        story = served.send("POST", "/stories", json.dumps(body), {}).json["story_id"]
        begun_s = time.monotonic()
        while (status := served.send("GET", f"/stories/{story}").json)["state"] not in FINAL_STATES:
            assert time.monotonic() - begun_s < 300, status
            time.sleep(0.1)
        return status


def test_server_reuses_what_the_command_line_synthesized(tmp_path):
    output = mixer.Output(tmp_path / "story.mp3", store=tmp_path / "store")
    narration = mixer.narrate(STORY, output, mixer.Options(text_type="markdown"))
    before = list_chunks(tmp_path / "store")
    assert [name.rpartition(".")[2] for name in before] == ["flac"] * narration.total_chunks
    status = narrate_on_server(tmp_path, {"text": STORY, "text_type": "markdown"})
    assert status["state"] == "done", status
    assert list_chunks(tmp_path / "store") == before
    assert abs(status["duration_s"] - narration.duration_s) < 0.01

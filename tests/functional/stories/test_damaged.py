"""Stories whose records were damaged: listed as such, started again by the same request."""

import shutil
from collections import Counter

import pytest

from mixer.errors import StoryEnded
from mixer.store import find_sealed, put_sealed
from mixer.store.folder import FolderStore
from mixer.stories import StoryState
from mixer.stories.renderer import MAX_LOSSES
from tests.functional.story_world import CALLER, StoryWorld
from tests.pictures import build_picture

UPLOAD = "uploads/c.png"
TEXTS = ("The lamp was lit.\n\n* * *\n\nShips came in.", "Another story.")
SHOWN = ("request.json", "plan.json", "segments.json", "result.json")
"""Records that a list reads."""

RECORDS = (*SHOWN, "text.txt", "script.json", "timeline.json", "sounds.json", "mix.json")
FOLDERS = ("batches", "spoken", "rendered")
DAMAGES = {
    "emptied": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "of another shape": lambda _: b'{"shape": "another"}',
    "of another version": lambda content: content.replace(
        b'"format_version":1', b'"format_version":9'
    ),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A store with two finished stories, their ids, and the audio of the first."""
    folder = tmp_path_factory.mktemp("finished")
    world = StoryWorld(folder)
    stories = [world.create_story(text) for text in TEXTS]
    return folder, stories, world.read_audio(stories[0])


@pytest.fixture
def damage(finished, tmp_path):
    """Open a copy of the store in which some records of the first story are damaged."""
    folder, stories, _ = finished

    def open_world(names, change):
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        shutil.copytree(folder, tmp_path / "store")
        for name in names:
            path = tmp_path / "store" / "stories" / stories[0] / name
            path.write_bytes(change(path.read_bytes()))
        return StoryWorld(tmp_path / "store")

    return open_world


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_list_shows_a_damaged_story_and_all_others(finished, damage, change):
    _, (first, second), _ = finished
    for name in SHOWN:
        world = damage([name], change)
        listed = dict(world.service.list(CALLER).stories)
        assert set(listed) == {first, second}, name
        assert listed[second].state is StoryState.DONE
        is_lost = name in ("request.json", "result.json")
        assert listed[first].state is (StoryState.FAILED if is_lost else StoryState.DONE), name
        if is_lost:
            assert listed[first].failure.code == "damaged_story"
            with pytest.raises(StoryEnded):
                world.service.cancel(first, CALLER)


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_same_request_starts_it_again(finished, damage, change):
    folder, (first, _), audio = finished
    inside = folder / "stories" / first
    others = [
        str(each.relative_to(inside)) for name in FOLDERS for each in (inside / name).iterdir()
    ]
    names = [name for name in (*RECORDS, *others) if (inside / name).exists()]
    assert len(names) >= len(RECORDS)
    world = damage([*names, "result.json"], change)
    while world.status(first).state is not StoryState.DONE:
        assert len(world.executions.started) < 4
        assert world.create_story(TEXTS[0]) == first
    assert world.read_audio(first) == audio
    assert len(world.service.list(CALLER).stories) == 2
    assert world.engine.calls == 0


COVER_DAMAGES = {
    "emptied": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "zeroed": lambda content: bytes(len(content)),
    "one bit": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
}


@pytest.fixture(scope="module")
def story_with_cover(tmp_path_factory):
    """A finished story with a cover that was uploaded."""
    world = StoryWorld(tmp_path_factory.mktemp("story_with_cover"))
    world.store.put(UPLOAD, build_picture(300, 300))
    return world, world.create_story("The lamp was lit.", cover=UPLOAD)


@pytest.mark.parametrize("change", COVER_DAMAGES.values(), ids=COVER_DAMAGES)
def test_a_damaged_cover_is_made_again_or_named(story_with_cover, change):
    world, story = story_with_cover
    path = world.store.path(f"stories/{story}/cover.jpg")
    whole, upload = path.read_bytes(), world.store.get(UPLOAD)

    def publish_damaged():
        path.write_bytes(change(whole))
        world.store.delete(f"stories/{story}/result.json")
        world.run_task("publish", story)
        return world.status(story)

    assert "cover" in publish_damaged().result.links
    assert path.read_bytes() == whole
    world.store.delete(UPLOAD)
    status = publish_damaged()
    world.store.put(UPLOAD, upload)
    assert (status.state, "cover" in status.result.links) == (StoryState.DONE, False)
    assert [each for each in status.warnings if each.startswith("The cover was damaged")]
    put_sealed(world.store, f"stories/{story}/cover.jpg", whole)


class SharedStore(FolderStore):
    """Loses each segment up to `times`, as if runs for other files no longer needed it.

    `lookups` is how often it is found before that; 0 means that it is lost when it is read.
    """

    def __init__(self, root, lookups, times):
        super().__init__(root)
        self.lookups, self.times = lookups, times
        self.seen, self.lost = Counter(), Counter()

    def head(self, key):
        found = super().head(key)
        if found and key.startswith("segments/"):
            self.seen[key] += 1
            if self.lookups and self.seen[key] % self.lookups == 0:
                self._lose(key)
        return found

    def read_into(self, key, *more):
        if key.startswith("segments/") and self.lookups == 0:
            self._lose(key)
        return super().read_into(key, *more)

    def _lose(self, key):
        if self.lost[key] < self.times:
            self.lost[key] += 1
            self.delete(key)


@pytest.mark.parametrize(
    ("lookups", "times"), [(0, 1), (1, 1), (2, 1), (3, 1), (0, MAX_LOSSES), (1, MAX_LOSSES)]
)
def test_segments_that_another_run_deletes_are_rendered_again(finished, tmp_path, lookups, times):
    _, _, audio = finished
    world = StoryWorld(tmp_path, store=SharedStore(tmp_path, lookups, times))
    story = world.create_story(TEXTS[0])
    assert world.read_audio(story) == audio
    assert set(world.store.lost.values()) == {times}


def test_an_object_that_appears_while_it_is_looked_up_stays(tmp_path):
    class LateStore(FolderStore):
        def head(self, key):
            found = super().head(key)
            put_sealed(FolderStore(tmp_path), key, b"new")
            return found

    assert find_sealed(LateStore(tmp_path), "chunks/a.mp3") is None
    assert FolderStore(tmp_path).get("chunks/a.mp3") == b"new"

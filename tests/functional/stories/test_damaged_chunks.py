"""Stories whose chunks are damaged after they were synthesized."""

import pytest

from mixer.errors import DamagedObject, NotFound
from mixer.sound import Timeline
from mixer.store import StoredObject
from mixer.stories import StoryState
from mixer.stories.folder import TIMELINE, StoryFolder
from tests.functional.stories.test_races import replace_launcher
from tests.functional.story_world import Executions, StoryWorld


def synthesize_story(world):
    """Run the steps of a story up to its recordings."""
    launcher = world.executions
    world.service = replace_launcher(world, Executions())
    story = world.create_story()
    for batch in world.run_task("plan", story)["batches"]:
        world.run_task("synthesize", story, batch=batch)
    world.service = replace_launcher(world, launcher)
    return story


def render_story(world, story):
    for group in world.run_task("lay_out", story)["groups"]:
        world.run_task("render", story, group=group)


@pytest.mark.parametrize("content", [b"", b"ID3 not a chunk"])
def test_repeated_story_synthesizes_damaged_chunks_again(tmp_path, content):
    world = StoryWorld(tmp_path)
    story = synthesize_story(world)
    chunk = next(iter(world.store.list("narration_chunks/"))).key
    intact = world.store.get(chunk)
    world.store.path(chunk).write_bytes(content)
    with pytest.raises((DamagedObject, NotFound)):
        render_story(world, story)
    world.run_task("record", story, error={"Error": "DamagedObject", "Cause": "{}"})
    calls, spent_usd = len(world.engine.requests), world.status(story).spent_usd
    assert world.create_story() == story
    assert world.status(story).state is StoryState.DONE
    assert len(world.engine.requests) == calls + 1
    assert world.status(story).spent_usd > spent_usd
    assert world.store.get(chunk) == intact
    clips = StoryFolder(world.store, story).read(TIMELINE, Timeline).clips
    assert [clip.digest for clip in clips] == [
        world.store.head(clip.source).metadata[StoredObject.seal_field] for clip in clips
    ]

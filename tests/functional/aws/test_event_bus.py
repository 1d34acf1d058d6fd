"""A story's end as an event: a rule of its bus sends it on to a queue."""

import json
from contextlib import closing

import pytest
from moto import mock_aws

from mixer.aws import EventBus
from mixer.errors import StoreFailed
from tests.functional.clouds import session
from tests.functional.story_world import StoryWorld

BUS = "stories"
PATTERN = {"source": ["mixer"], "detail-type": ["Story ended"], "detail": {"state": ["done"]}}


@pytest.fixture
def cloud():
    with (
        mock_aws(),
        closing(session().client("events")) as events,
        closing(session().client("sqs")) as queues,
    ):
        events.create_event_bus(Name=BUS)
        events.put_rule(Name="done", EventBusName=BUS, EventPattern=json.dumps(PATTERN))
        url = queues.create_queue(QueueName="told")["QueueUrl"]
        about = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        target = {"Id": "queue", "Arn": about["Attributes"]["QueueArn"]}
        events.put_targets(Rule="done", EventBusName=BUS, Targets=[target])
        yield (
            events,
            lambda: [
                json.loads(each["Body"])
                for each in queues.receive_message(QueueUrl=url).get("Messages", [])
            ],
        )


def test_rule_hears_of_a_story_that_is_done(cloud, tmp_path):
    events, heard = cloud
    world = StoryWorld(tmp_path, notifiers=[EventBus(events, BUS).notify])
    story = world.create_story("A bell rang.")
    (event,) = heard()
    assert (event["source"], event["detail-type"]) == ("mixer", "Story ended")
    detail = event["detail"]
    assert (detail["story_id"], detail["state"], detail["error"]) == (story, "done", None)
    assert detail["cost_usd"] == world.status(story).spent_usd > 0
    assert "A bell rang." not in json.dumps({**detail, "title": ""})


def test_event_of_a_failed_story_says_why_and_another_rule_would_hear_it(cloud, tmp_path):
    events, heard = cloud
    world = StoryWorld(tmp_path, notifiers=[EventBus(events, BUS).notify])
    story = world.create_story("...")
    assert world.status(story).failure.code == "unreadable_text"
    assert heard() == [], "the rule wants stories that are done"


def test_bus_that_is_out_of_reach_is_a_failure_that_may_pass(tmp_path):
    with closing(session().client("events", endpoint_url="http://127.0.0.1:9")) as events:
        world = StoryWorld(tmp_path, notifiers=[EventBus(events, BUS).notify])
        story = world.create_story("A bell rang.")
        with pytest.raises(StoreFailed, match="cannot be reached"):
            world.run_task("notify", story)
        assert world.status(story).state == "done", "the story does not wait for its news"

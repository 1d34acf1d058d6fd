"""docs/Fullinfra.png shows what the templates say."""

from copy import deepcopy
from itertools import pairwise

import pytest
from PIL import Image

from deploy.graph import Arrow, build_graph
from deploy.picture import PICTURE, curve, lay_out_cards, read_digest
from tests.infra.cloudformation import ROOT, list_resources, load_templates

TEMPLATES = load_templates()
GRAPH = build_graph(TEMPLATES)


def test_picture_is_drawn_from_these_templates():
    assert read_digest(PICTURE) == GRAPH.digest, "run make picture"


def test_picture_is_small_enough_to_be_kept_and_large_enough_to_be_read():
    assert PICTURE.stat().st_size < 300_000
    with Image.open(PICTURE) as picture:
        assert picture.width >= 1_400


def test_page_shows_it():
    assert "](Fullinfra.png)" in (ROOT / "docs" / "infrastructure.md").read_text(encoding="utf-8")


def test_every_function_bucket_and_queue_is_on_it():
    kinds = ("AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::SQS::Queue")
    wanted = {f"{file}.{name}" for file, name, _, _ in list_resources(TEMPLATES, *kinds)}
    assert wanted <= {node.key for node in GRAPH.nodes}


@pytest.mark.parametrize(
    "arrow",
    [
        Arrow("PollySpeechAPI.HttpApi", "MixerAppStack.MixerFunction"),
        Arrow("PollySpeechAPI.SpeechFunction", "Amazon.Polly"),
        Arrow("MixerAppStack.MixerFunction", "MixerInfraStack.MusicBucket"),
        Arrow("MixerAppStack.MixerFunction", "MixerInfraStack.OutputBucket", writes=True),
        Arrow("SanitationStack.Schedule", "SanitationStack.SanitationFunction"),
        Arrow("MixerInfraStack.Pipeline", "MixerInfraStack.SmokeProject"),
    ],
    ids=lambda arrow: arrow.target,
)
def test_arrows_follow_routes_targets_and_permissions(arrow):
    assert arrow in GRAPH.arrows


def test_change_of_a_permission_changes_the_digest():
    changed = deepcopy(TEMPLATES)
    role = changed["MixerAppStack"]["Resources"]["MixerRole"]["Properties"]["Policies"][0]
    role["PolicyDocument"]["Statement"] = [
        one for one in role["PolicyDocument"]["Statement"] if one["Sid"] != "ReadMusic"
    ]
    named = {one["Sid"] for one in role["PolicyDocument"]["Statement"]}
    assert "ReadMusic" not in named
    del changed["SanitationStack"]["Resources"]["Schedule"]
    assert build_graph(changed).digest != GRAPH.digest


def test_cards_do_not_lie_on_one_another():
    cards = sorted(lay_out_cards(GRAPH).values(), key=lambda card: (card.x, card.y))
    for upper, lower in pairwise(cards):
        assert upper.x != lower.x or upper.y + upper.height < lower.y


def test_curve_begins_and_ends_where_it_should():
    points = curve((0, 0), (300, 90))
    assert points[0] == (0, 0)
    assert points[-1] == pytest.approx((300, 90))

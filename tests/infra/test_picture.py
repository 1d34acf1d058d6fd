"""docs/Fullinfra.png shows what the templates say."""

import re
from copy import deepcopy
from shutil import which

import pytest
from PIL import Image

from deploy.diagram import DIGEST, ICONS, PICTURE, draw_graph
from deploy.graph import Arrow, build_graph
from tests.infra.cloudformation import ROOT, list_resources, load_templates

TEMPLATES = load_templates()
GRAPH = build_graph(TEMPLATES)


def test_picture_is_drawn_from_these_templates():
    with Image.open(PICTURE) as picture:
        assert picture.info[DIGEST] == GRAPH.digest, "run make picture"


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


def test_every_node_has_an_icon():
    assert {node.resource_type for node in GRAPH.nodes} <= set(ICONS)


@pytest.mark.skipif(not which("dot"), reason="needs Graphviz")
def test_drawing_holds_the_nodes_and_arrows_of_the_templates(tmp_path):
    pytest.importorskip("diagrams")
    drawn = draw_graph(GRAPH, tmp_path / "graph.png").dot.source
    nodes = re.findall(r'^\s*"?([\w.]+)"? \[', drawn, re.MULTILINE)
    arrows = re.findall(r'^\s*"?([\w.]+)"? -> "?([\w.]+)"? \[', drawn, re.MULTILINE)
    assert {each for each in nodes if "." in each} == {node.key for node in GRAPH.nodes}
    assert set(arrows) == {(arrow.source, arrow.target) for arrow in GRAPH.arrows}

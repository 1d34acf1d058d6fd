"""Draw the graph of the templates: `make picture` writes docs/Fullinfra.png.

`diagrams` provides icons, Graphviz the layout, and deploy/graph.py all content. The picture carries
the digest of its graph, so that a test notices when it is out of date.
"""

import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from deploy.graph import API, Node, ResourceGraph, build_graph
from deploy.stacks import ROOT, STACKS
from deploy.templates import load_templates

if TYPE_CHECKING:
    from diagrams import Diagram

PICTURE = ROOT / "docs" / "Fullinfra.png"
DIGEST = "graph"

ICONS = {
    "AWS::ApiGatewayV2::Api": "network.APIGateway",
    "AWS::CloudFront::Distribution": "network.CloudFront",
    "AWS::CloudWatch::Alarm": "management.Cloudwatch",
    "AWS::CodeBuild::Project": "devtools.Codebuild",
    "AWS::CodePipeline::Pipeline": "devtools.Codepipeline",
    "AWS::DynamoDB::Table": "database.Dynamodb",
    "AWS::ECR::Repository": "compute.EC2ContainerRegistry",
    "AWS::Events::Rule": "integration.Eventbridge",
    "AWS::Lambda::Function": "compute.Lambda",
    "AWS::Polly": "ml.Polly",
    "AWS::S3::Bucket": "storage.SimpleStorageServiceS3Bucket",
    "AWS::SNS::Topic": "integration.SimpleNotificationServiceSns",
    "AWS::SQS::Queue": "integration.SimpleQueueServiceSqs",
    "AWS::Scheduler::Schedule": "integration.EventbridgeScheduler",
    "AWS::SecretsManager::Secret": "security.SecretsManager",
    "AWS::StepFunctions::StateMachine": "integration.StepFunctions",
}
"""Classes of `diagrams.aws`, by resource type."""

LABEL_CHARS = 16
READ, WRITE = "#94a3b8", "#334155"
TITLE = "Mixer on AWS. Dark arrows may change what they point to, light ones call or read."
PICTURE_STYLE = {
    "dpi": "80",
    "fontsize": "24",
    "labelloc": "t",
    "nodesep": "0.45",
    "pad": "0.3",
    "ranksep": "1.2",
    "splines": "spline",
}


def draw_graph(graph: ResourceGraph, path: Path) -> "Diagram":
    """Draw a graph into a .png file, and return the diagram."""
    from diagrams import Cluster, Diagram, Edge

    icons: dict[str, Any] = {}
    apis = {node.key for node in graph.nodes if node.resource_type == API}
    diagram = Diagram(
        TITLE,
        filename=str(path.with_suffix("")),
        show=False,
        direction="TB",
        graph_attr=PICTURE_STYLE,
    )
    with diagram:
        for stack in list_stacks(graph):
            nodes = [node for node in graph.nodes if node.stack == stack]
            with Cluster(stack):
                icons |= {node.key: _draw_node(node) for node in nodes}
        icons |= {n.key: _draw_node(n) for n in graph.nodes if n.key not in icons}
        routes = {node.key: "\n".join(node.routes) for node in graph.nodes}
        for arrow in graph.arrows:
            label = routes[arrow.target] if arrow.source in apis else ""
            color = WRITE if arrow.writes else READ
            (
                icons[arrow.source]
                >> Edge(label=label, color=color, penwidth="1.6")
                >> icons[arrow.target]
            )
    return diagram


def list_stacks(graph: ResourceGraph) -> list[str]:
    """List the stacks of a graph in the order of deployment."""
    stacks = [each.template.removesuffix(".yml") for each in STACKS]
    return [each for each in stacks if any(node.stack == each for node in graph.nodes)]


def _draw_node(node: Node) -> Any:  # noqa: ANN401 - a class of a library without types
    room, _, name = ICONS[node.resource_type].partition(".")
    icon = getattr(import_module(f"diagrams.aws.{room}"), name)
    return icon(fill(node.label, LABEL_CHARS), nodeid=node.key)


def main() -> int:
    """Draw docs/Fullinfra.png."""
    graph, about = build_graph(load_templates()), PngInfo()
    about.add_text(DIGEST, graph.digest)
    with TemporaryDirectory() as folder:
        drawn = Path(folder) / "graph.png"
        draw_graph(graph, drawn)
        with Image.open(drawn) as picture:
            small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(PICTURE, optimize=True, pnginfo=about)
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the templates say of who asks, starts, reads and writes whom: the graph of the picture.

Nodes are what people would name when they tell how the service works; policies, permissions and
logs are what holds it together, and show as the arrows that they allow. The arrows come from the
templates alone: a route, a target, a project's name, a role's statements.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps
from typing import Any

from deploy.stacks import STACKS
from deploy.templates import Template, iterate_texts

KINDS = {
    "AWS::ApiGatewayV2::Api": (0, "HTTP API"),
    "AWS::CloudFront::Distribution": (0, "CloudFront"),
    "AWS::Scheduler::Schedule": (0, "EventBridge schedule"),
    "AWS::Events::Rule": (0, "EventBridge rule"),
    "AWS::CodePipeline::Pipeline": (0, "CodePipeline"),
    "AWS::StepFunctions::StateMachine": (1, "Step Functions"),
    "AWS::Lambda::Function": (1, "Lambda function"),
    "AWS::CodeBuild::Project": (1, "CodeBuild"),
    "AWS::S3::Bucket": (2, "S3 bucket"),
    "AWS::ECR::Repository": (2, "ECR"),
    "AWS::SecretsManager::Secret": (2, "Secrets Manager"),
    "AWS::SNS::Topic": (2, "SNS topic"),
    "AWS::SQS::Queue": (2, "SQS queue"),
    "AWS::DynamoDB::Table": (2, "DynamoDB"),
}
"""What is shown, in which column, and what it is."""

ACRONYMS = {"Http": "HTTP", "api": "API"}
POLLY = "Amazon.Polly"
READS = re.compile(r":(Get|List|Describe|BatchGet|Invoke|Start)")


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A card.

    Attributes:
        stack: the template's name; `Amazon` for what belongs to nobody.
        name: within it.
        column: from left (who is asked first) to right (what is kept).
        kind: what it is.
        notes: lines below, such as the routes that it answers.
    """

    stack: str
    name: str
    column: int
    kind: str
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name among all."""
        return f"{self.stack}.{self.name}"

    @property
    def label(self) -> str:
        """Its name in words."""
        first, *others = re.findall(r"[A-Z][a-z]*", self.name) or [self.name]
        return " ".join(ACRONYMS.get(word, word) for word in (first, *map(str.lower, others)))


@dataclass(frozen=True, slots=True, order=True)
class Arrow:
    """Who turns to whom, by their keys; `writes` when it may change something there."""

    source: str
    target: str
    writes: bool = False


@dataclass(frozen=True, slots=True)
class ResourceGraph:
    """All of it, in an order that depends on nothing but the templates."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    @property
    def digest(self) -> str:
        """Changes when the picture has to."""
        told = dumps([[asdict(each) for each in part] for part in (self.nodes, self.arrows)])
        return sha256(told.encode()).hexdigest()


def build_graph(templates: Mapping[str, Template]) -> ResourceGraph:
    """The graph of some templates."""
    names = _NodeIndex(templates)
    order = {each.template.removesuffix(".yml"): number for number, each in enumerate(STACKS)}
    arrows = sorted(set(_find_arrows(templates, names)))
    targets = {arrow.target for arrow in arrows}
    nodes = [*_build_nodes(templates), Node("Amazon", "Polly", 2, "speech")]
    shown = [each for each in nodes if each.key != POLLY or POLLY in targets]
    shown.sort(key=lambda node: (node.column, order.get(node.stack, -1)))
    return ResourceGraph(tuple(shown), tuple(_merge_arrows(arrows)))


def _build_nodes(templates: Mapping[str, Template]) -> Iterator[Node]:
    routes = dict(_find_routes(templates))
    for stack, template in templates.items():
        alarms = sum(
            one["Type"] == "AWS::CloudWatch::Alarm" for one in _resources(template).values()
        )
        for name, one in _resources(template).items():
            if one["Type"] in KINDS:
                column, kind = KINDS[one["Type"]]
                notes = routes.get(f"{stack}.{name}", ())
                yield Node(stack, name, column, kind, tuple(notes))
        if alarms:
            yield Node(stack, "Alarms", 1, f"{alarms} of CloudWatch")


def _find_arrows(templates: Mapping[str, Template], index: "_NodeIndex") -> Iterator[Arrow]:
    for stack, template in templates.items():
        for name, one in _resources(template).items():
            properties = one.get("Properties", {})
            here = f"{stack}.{name}"
            if one["Type"] in KINDS:
                yield from _find_role_arrows(here, stack, template, properties, index)
                yield from (
                    Arrow(here, each) for each in _find_start_targets(stack, properties, index)
                )
            if one["Type"] == "AWS::CloudWatch::Alarm":
                topics = index.find_nodes(stack, properties.get("AlarmActions"))
                yield from (Arrow(f"{stack}.Alarms", each, writes=True) for each in topics)
            if one["Type"] in {"AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Authorizer"}:
                apis = index.find_nodes(stack, properties["ApiId"])
                called = {key: properties.get(key) for key in ("IntegrationUri", "AuthorizerUri")}
                functions = list(index.find_nodes(stack, called))
                yield from (Arrow(api, each) for api in apis for each in functions)


_STARTS = ("Target", "Targets", "Stages", "DistributionConfig", "Source")
"""Properties that name what a resource sets to work or stands before."""


def _find_start_targets(
    stack: str, properties: Mapping[str, Any], index: "_NodeIndex"
) -> Iterator[str]:
    named = {key: properties[key] for key in _STARTS if key in properties}
    yield from index.find_nodes(stack, named)


def _find_role_arrows(
    here: str, stack: str, template: Template, properties: Mapping[str, Any], index: "_NodeIndex"
) -> Iterator[Arrow]:
    """What the role of a function, project or machine lets it do, to whom."""
    given = {key: properties.get(key) for key in ("Role", "RoleArn", "ServiceRole")}
    for role in set(iterate_texts(given)) & set(_resources(template)):
        for policy in _resources(template)[role].get("Properties", {}).get("Policies", []):
            for one in policy["PolicyDocument"]["Statement"]:
                actions = [
                    each for each in iterate_texts(one["Action"]) if one["Effect"] == "Allow"
                ]
                writes = any(not READS.search(action) for action in actions)
                reached = set(index.find_nodes(stack, one["Resource"])) if actions else set()
                if any(action == "polly:SynthesizeSpeech" for action in actions):
                    yield Arrow(here, POLLY)
                yield from (Arrow(here, each, writes) for each in reached if each != here)


def _find_routes(templates: Mapping[str, Template]) -> Iterator[tuple[str, list[str]]]:
    """The routes that each function answers."""
    for stack, template in templates.items():
        found: dict[str, list[str]] = {}
        for one in _resources(template).values():
            if one["Type"] == "AWS::ApiGatewayV2::Route":
                target = one["Properties"]["Target"]["Fn::Sub"].partition("${")[2].rstrip("}")
                uri = _resources(template)[target]["Properties"]["IntegrationUri"]
                function = next(iter(set(iterate_texts(uri)) & set(_resources(template))))
                found.setdefault(f"{stack}.{function}", []).append(one["Properties"]["RouteKey"])
        yield from found.items()


def _resources(template: Template) -> dict[str, Any]:
    resources: dict[str, Any] = template["Resources"]
    return resources


def _merge_arrows(arrows: Iterable[Arrow]) -> list[Arrow]:
    """One arrow between two: that which writes goes before that which only reads."""
    best: dict[tuple[str, str], Arrow] = {}
    for arrow in arrows:
        known = best.get((arrow.source, arrow.target))
        best[arrow.source, arrow.target] = arrow if known is None else max(known, arrow)
    return sorted(best.values())


class _NodeIndex:
    """Finds nodes by the way templates refer to them."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._node_names = {
            stack: {name for name, one in _resources(template).items() if one["Type"] in KINDS}
            for stack, template in templates.items()
        }
        self._exports = dict(_find_exports(templates))

    def find_nodes(self, stack: str, value: object) -> Iterator[str]:
        """The keys of the nodes that a value of a stack's template mentions, imports included."""
        for text in iterate_texts(value):
            for word in [text, *re.findall(r"\$\{(\w+)", text)]:
                if word in self._node_names[stack]:
                    yield f"{stack}.{word}"
            suffix = text.partition("StackName}-")[2]
            where, name = self._exports.get(suffix, ("", ""))
            if name and name in self._node_names[where]:
                yield f"{where}.{name}"


def _find_exports(templates: Mapping[str, Template]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Export without its stack's name, and which resource of which template it is about."""
    for stack, template in templates.items():
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                suffix = output["Export"]["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
                about = [each.partition(".")[0] for each in iterate_texts(output["Value"])]
                names = [each for each in about if each in _resources(template)]
                if names:
                    yield suffix, (stack, names[0])

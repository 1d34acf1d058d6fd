"""The graph of the architecture, read from the templates: which resource calls or writes which.

Nodes are the resources that explain the service; policies, permissions and logs appear as the
arrows that they allow: a route, a target, a project's name, a role's statements.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps
from typing import Any

from deploy.stacks import STACKS
from deploy.templates import Template, iterate_texts

SHOWN = frozenset(
    {
        "AWS::ApiGatewayV2::Api",
        "AWS::CloudFront::Distribution",
        "AWS::CodeBuild::Project",
        "AWS::CodePipeline::Pipeline",
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::Events::Rule",
        "AWS::Lambda::Function",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::Scheduler::Schedule",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
    }
)
"""Resource types in the picture."""

ALARM = "AWS::CloudWatch::Alarm"
API = "AWS::ApiGatewayV2::Api"

ACRONYMS = {"Http": "HTTP", "api": "API"}
POLLY = "Amazon.Polly"
READS = re.compile(r":(Get|List|Describe|BatchGet|Invoke|Start)")


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A resource, or all alarms of a stack.

    `stack` is the template's name; `Amazon` for a service without a resource of ours.
    """

    stack: str
    name: str
    resource_type: str
    routes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Unique among all nodes."""
        return f"{self.stack}.{self.name}"

    @property
    def label(self) -> str:
        """The name in words."""
        first, *others = re.findall(r"[A-Z][a-z]*", self.name) or [self.name]
        return " ".join(ACRONYMS.get(word, word) for word in (first, *map(str.lower, others)))


@dataclass(frozen=True, slots=True, order=True)
class Arrow:
    """From caller to callee, by their keys; `writes` if it may change the callee."""

    source: str
    target: str
    writes: bool = False


@dataclass(frozen=True, slots=True)
class ResourceGraph:
    """Nodes and arrows, in an order that depends on the templates only."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    @property
    def digest(self) -> str:
        """Changes whenever the picture must be drawn again."""
        content = dumps([[asdict(each) for each in part] for part in (self.nodes, self.arrows)])
        return sha256(content.encode()).hexdigest()


def build_graph(templates: Mapping[str, Template]) -> ResourceGraph:
    """Build the graph of templates."""
    names = _NodeIndex(templates)
    order = {each.template.removesuffix(".yml"): number for number, each in enumerate(STACKS)}
    arrows = sorted(set(_find_arrows(templates, names)))
    targets = {arrow.target for arrow in arrows}
    nodes = [*_build_nodes(templates), Node("Amazon", "Polly", "AWS::Polly")]
    shown = [each for each in nodes if each.key != POLLY or POLLY in targets]
    shown.sort(key=lambda node: (order.get(node.stack, len(order)), node.name))
    return ResourceGraph(tuple(shown), tuple(_merge_arrows(arrows)))


def _build_nodes(templates: Mapping[str, Template]) -> Iterator[Node]:
    routes = dict(_find_routes(templates))
    for stack, template in templates.items():
        alarms = any(one["Type"] == ALARM for one in _resources(template).values())
        for name, one in _resources(template).items():
            if one["Type"] in SHOWN:
                answered = routes.get(f"{stack}.{name}", ())
                yield Node(stack, name, one["Type"], tuple(answered))
        if alarms:
            yield Node(stack, "Alarms", ALARM)


def _find_arrows(templates: Mapping[str, Template], index: "_NodeIndex") -> Iterator[Arrow]:
    for stack, template in templates.items():
        for name, one in _resources(template).items():
            properties = one.get("Properties", {})
            here = f"{stack}.{name}"
            if one["Type"] in SHOWN:
                yield from _find_role_arrows(here, stack, template, properties, index)
                yield from (
                    Arrow(here, each) for each in _find_start_targets(stack, properties, index)
                )
            if one["Type"] == ALARM:
                topics = index.find_nodes(stack, properties.get("AlarmActions"))
                yield from (Arrow(f"{stack}.Alarms", each, writes=True) for each in topics)
            if one["Type"] in {"AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Authorizer"}:
                apis = index.find_nodes(stack, properties["ApiId"])
                called = {key: properties.get(key) for key in ("IntegrationUri", "AuthorizerUri")}
                functions = list(index.find_nodes(stack, called))
                yield from (Arrow(api, each) for api in apis for each in functions)


_STARTS = ("Target", "Targets", "Stages", "DistributionConfig", "Source")
"""Properties that name what a resource starts or forwards to."""


def _find_start_targets(
    stack: str, properties: Mapping[str, Any], index: "_NodeIndex"
) -> Iterator[str]:
    named = {key: properties[key] for key in _STARTS if key in properties}
    yield from index.find_nodes(stack, named)


def _find_role_arrows(
    here: str, stack: str, template: Template, properties: Mapping[str, Any], index: "_NodeIndex"
) -> Iterator[Arrow]:
    """Find what the role of a function, project or machine allows, on which nodes."""
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
    """Find the routes that each function answers."""
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
    """Merge arrows between two nodes: one that writes replaces one that only reads."""
    best: dict[tuple[str, str], Arrow] = {}
    for arrow in arrows:
        known = best.get((arrow.source, arrow.target))
        best[arrow.source, arrow.target] = arrow if known is None else max(known, arrow)
    return sorted(best.values())


class _NodeIndex:
    """Finds nodes by the references of templates."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._node_names = {
            stack: {name for name, one in _resources(template).items() if one["Type"] in SHOWN}
            for stack, template in templates.items()
        }
        self._exports = dict(_find_exports(templates))

    def find_nodes(self, stack: str, value: object) -> Iterator[str]:
        """Find the nodes that a value of a stack's template mentions, imports included."""
        for text in iterate_texts(value):
            for word in [text, *re.findall(r"\$\{(\w+)", text)]:
                if word in self._node_names[stack]:
                    yield f"{stack}.{word}"
            suffix = text.partition("StackName}-")[2]
            where, name = self._exports.get(suffix, ("", ""))
            if name and name in self._node_names[where]:
                yield f"{where}.{name}"


def _find_exports(templates: Mapping[str, Template]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Map each export, without its stack's name, to template and resource."""
    for stack, template in templates.items():
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                suffix = output["Export"]["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
                about = [each.partition(".")[0] for each in iterate_texts(output["Value"])]
                names = [each for each in about if each in _resources(template)]
                if names:
                    yield suffix, (stack, names[0])

"""Read the templates as plain values: `!Ref X` becomes {"Ref": "X"}, `!Sub` {"Fn::Sub": ...}."""

from collections.abc import Iterator
from typing import Any

import yaml

from deploy.stacks import TEMPLATES

Template = dict[str, Any]


class TemplateLoader(yaml.CSafeLoader):
    """YAML with CloudFormation's short tags."""


def _construct_intrinsic(loader: yaml.CSafeLoader, tag: str, node: Any) -> dict[str, Any]:  # noqa: ANN401 - PyYAML has no types
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if tag == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


TemplateLoader.add_multi_constructor("!", _construct_intrinsic)


def load_templates() -> dict[str, Template]:
    """Load every template by its file's name without `.yml`."""
    return {
        path.stem: yaml.load(path.read_text(encoding="utf-8"), TemplateLoader)  # noqa: S506 - a safe loader
        for path in sorted(TEMPLATES.glob("*.yml"))
    }


def iterate_texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever YAML holds
    """Iterate over every text within a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from iterate_texts(key)
            yield from iterate_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from iterate_texts(inner)

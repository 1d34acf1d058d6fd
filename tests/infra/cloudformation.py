"""The templates as plain values, and their policies as AWS would read them."""

from collections.abc import Iterator
from typing import Any

from deploy.stacks import ROOT
from deploy.templates import Template, iterate_texts, load_templates

__all__ = [
    "ROOT",
    "Template",
    "as_list",
    "iterate_texts",
    "list_resources",
    "list_statements",
    "load_templates",
    "resolve_references",
]


def list_resources(
    found: dict[str, Template], *types: str
) -> Iterator[tuple[str, str, dict[str, Any], Template]]:
    """Template, name, properties and whole template of every resource of some types."""
    for file, template in found.items():
        for name, resource in template["Resources"].items():
            if not types or resource["Type"] in types:
                yield file, name, resource.get("Properties", {}), template


def as_list(value: Any) -> list[Any]:
    """What policies may write as one value or as a list."""
    return value if isinstance(value, list) else [value]


def list_statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The statements of a role's own policies."""
    for policy in role.get("Policies", []):
        yield from as_list(policy["PolicyDocument"]["Statement"])


ACCOUNT, REGION, DIGEST = "123456789012", "eu-central-1", "sha256:" + "0" * 64


def resolve_references(value: Any, template: Template) -> Any:
    """A policy with its references replaced by names as AWS would give them."""
    if isinstance(value, list):
        return [resolve_references(inner, template) for inner in value]
    if not isinstance(value, dict):
        return value
    name = next(iter(value), "")
    if len(value) == 1 and name in _INTRINSICS:
        return _INTRINSICS[name](value[name], template)
    return {key: resolve_references(inner, template) for key, inner in value.items()}


_PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}

_EXAMPLES = {
    "ConnectionArn": f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/{'0' * 8}",
    "SigningKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{'0' * 8}",
    "OtherBucketArns": "arn:aws:s3:::other",
    "OtherRepositoryArns": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/other",
}
"""What is given for parameters that are empty by default."""

_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::ECR::Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "AWS::Lambda::Version": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}:1",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{name}}",
    "AWS::CodeBuild::Project": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{{name}}",
}
_REF_IS_ARN = {"AWS::Lambda::Version", "AWS::SNS::Topic", "AWS::SecretsManager::Secret"}


def _resolve_ref(name: str, template: Template) -> str:
    if name in _PSEUDO:
        return _PSEUDO[name]
    if name in template.get("Parameters", {}):
        return _EXAMPLES.get(name, str(template["Parameters"][name].get("Default", "")))
    kind = template["Resources"].get(name, {}).get("Type", "")
    return _build_arn(name, template) if kind in _REF_IS_ARN else name.lower()


def _build_arn(name: str, template: Template) -> str:
    kind = template["Resources"][name]["Type"]
    return _ARNS.get(kind, "arn:aws:unknown:::{name}").format(name=name.lower())


def _resolve_import(export: str) -> str:
    for kind, words in {
        "AWS::S3::Bucket": "BucketArn",
        "AWS::ECR::Repository": "RepositoryArn",
        "AWS::SNS::Topic": "TopicArn",
    }.items():
        if export.endswith(words):
            return _ARNS[kind].format(name=export.lower())
    return export.lower()


def _resolve_sub(value: Any, template: Template) -> str:
    text, given = (value, {}) if isinstance(value, str) else value
    known = {name: resolve_references(inner, template) for name, inner in given.items()}
    parts = text.split("${")
    out = parts[0]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        out += (known[name] if name in known else _resolve_placeholder(name, template)) + rest
    return out


def _resolve_placeholder(name: str, template: Template) -> str:
    owner, _, attribute = name.partition(".")
    return _build_arn(owner, template) if attribute == "Arn" else _resolve_ref(owner, template)


_INTRINSICS = {
    "Ref": _resolve_ref,
    "Fn::GetAtt": lambda value, template: _build_arn(value[0], template),
    "Fn::ImportValue": lambda value, template: _resolve_import(resolve_references(value, template)),
    "Fn::Sub": _resolve_sub,
    "Fn::Join": lambda value, template: value[0].join(
        as_list(resolve_references(value[1], template))
    ),
    "Fn::Split": lambda value, template: resolve_references(value[1], template).split(value[0]),
}

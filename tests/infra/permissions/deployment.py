"""One example deployment: names, ARNs, policies and variables as CloudFormation would make them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from zlib import crc32

from deploy.stacks import STACKS
from tests.infra.cloudformation import Template, as_list, load_templates

ACCOUNT, REGION = "123456789012", "eu-central-1"
NAME = "mixer"

PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}

GIVEN = {
    "ImageDigest": "sha256:" + "0" * 64,
    "ConnectionArn": f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/{'0' * 8}",
    "SigningKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{'0' * 8}",
    "OtherBucketArns": "arn:aws:s3:::other-bucket",
    "OtherRepositoryArns": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/other",
}
"""Parameters of the example, so that every condition holds."""

NAMES = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Logs::LogGroup": "LogGroupName",
}
"""Properties that name a resource; all others are named after their stack."""

ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{id}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{id}}:*",
    "AWS::ECR::Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{{id}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{id}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{id}}",
    "AWS::Lambda::Version": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{id}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{id}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{id}}",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{id}}-Ab",
    "AWS::CodeBuild::Project": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{{id}}",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{id}}",
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{id}}",
    "AWS::CloudWatch::Dashboard": f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{id}}",
    "AWS::Scheduler::Schedule": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{{id}}",
    "AWS::CloudFront::Distribution": f"arn:aws:cloudfront::{ACCOUNT}:distribution/{{id}}",
    "AWS::CloudFront::OriginAccessControl": (
        f"arn:aws:cloudfront::{ACCOUNT}:origin-access-control/{{id}}"
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": (
        f"arn:aws:cloudfront::{ACCOUNT}:response-headers-policy/{{id}}"
    ),
}
REF_IS_ARN = {
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
    "AWS::Lambda::Version",
}


@dataclass(frozen=True)
class Role:
    """A role of a template: its policies, each a list of statements by name."""

    name: str
    policies: Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True, eq=False)
class ExampleDeployment:
    """All stacks of one deployment, resolved."""

    templates: Mapping[str, Template] = field(default_factory=load_templates)
    given: Mapping[str, str] = field(default_factory=lambda: GIVEN)
    name: str = NAME

    @cached_property
    def stack_names(self) -> dict[str, str]:
        """The stack of each template."""
        return {stack.template.removesuffix(".yml"): stack.name(self.name) for stack in STACKS}

    def list_image_changes(self) -> Iterator[tuple[str, str]]:
        """Template and name of every resource that another image changes."""
        other = replace(self, given={**self.given, "ImageDigest": "sha256:" + "1" * 64})
        for file, template in self.templates.items():
            for name, resource in template["Resources"].items():
                given = resource.get("Properties", {})
                if self.resolve(given, file) != other.resolve(given, file):
                    yield file, name

    @cached_property
    def exports(self) -> dict[str, Any]:
        """The values of all exports."""
        return {
            self.resolve(output["Export"]["Name"], file): self.resolve(output["Value"], file)
            for file, template in self.templates.items()
            for output in template["Outputs"].values()
            if "Export" in output
        }

    def list_roles(self) -> Iterator[Role]:
        """Every role with all policies that are attached to it."""
        for file, template in self.templates.items():
            for name, resource in template["Resources"].items():
                if resource["Type"] == "AWS::IAM::Role":
                    yield Role(f"{file}.{name}", dict(self._list_policies(file, name)))

    def _list_policies(self, file: str, role: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        resources = self.templates[file]["Resources"]
        for policy in resources[role]["Properties"].get("Policies", []):
            yield policy["PolicyName"], self._resolve_statements(policy, file)
        for name, resource in resources.items():
            properties = resource.get("Properties", {})
            owners = as_list(properties.get("Roles", properties.get("RoleName", [])))
            if resource["Type"].startswith("AWS::IAM::") and {"Ref": role} in owners:
                yield name, self._resolve_statements(properties, file)

    def _resolve_statements(self, policy: Mapping[str, Any], file: str) -> list[dict[str, Any]]:
        statements: list[dict[str, Any]] = self.resolve(policy["PolicyDocument"]["Statement"], file)
        return statements

    def list_functions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Command and resolved properties of every function."""
        for file, template in self.templates.items():
            for name, resource in template["Resources"].items():
                if resource["Type"] == "AWS::Lambda::Function":
                    properties = self.resolve(resource["Properties"], file)
                    found = {**properties, "Arn": self.arn(file, name), "Name": f"{file}.{name}"}
                    yield properties["ImageConfig"]["Command"][0], found

    def arn(self, file: str, name: str) -> str:
        """The ARN of a resource."""
        kind = self.templates[file]["Resources"][name]["Type"]
        return ARNS[kind].format(id=self.physical_id(file, name))

    def physical_id(self, file: str, name: str) -> str:
        """The name that CloudFormation gives a resource."""
        resource = self.templates[file]["Resources"][name]
        kind = resource["Type"]
        if kind == "AWS::Lambda::Version":
            function = resource["Properties"]["FunctionName"]["Ref"]
            described = self.resolve(resource["Properties"]["Description"], file)
            return f"{self.physical_id(file, function)}:{crc32(described.encode())}"
        own = resource.get("Properties", {}).get(NAMES.get(kind, ""))
        if own is not None:
            return str(self.resolve(own, file))
        if kind == "AWS::SecretsManager::Secret":
            return f"{name}-EXAMPLE"
        full = f"{self.stack_names[file]}-{name}-EXAMPLE"
        return full.lower() if kind in {"AWS::S3::Bucket", "AWS::ECR::Repository"} else full

    def resolve(self, value: Any, file: str) -> Any:
        """A value with its references replaced; entries without a value are dropped."""
        if isinstance(value, list):
            return [each for each in (self.resolve(v, file) for v in value) if each is not None]
        if not isinstance(value, dict):
            return value
        name = next(iter(value), "")
        if len(value) == 1 and (name == "Ref" or name.startswith("Fn::")):
            return self._resolve_intrinsic(name, value[name], file)
        found = {key: self.resolve(inner, file) for key, inner in value.items()}
        return {key: inner for key, inner in found.items() if inner is not None}

    def _resolve_intrinsic(self, name: str, value: Any, file: str) -> Any:
        """A function of CloudFormation; some take their arguments unresolved."""
        if name == "Fn::Sub":
            return self._resolve_sub(value, file)
        if name == "Fn::GetAtt":
            return self._resolve_attribute(value[0], value[1], file)
        if name == "Fn::If":
            return self.resolve(value[1] if self.holds(value[0], file) else value[2], file)
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": lambda given: self._resolve_ref(given, file),
            "Fn::ImportValue": lambda given: self.exports[given],
            "Fn::Join": lambda given: given[0].join(map(str, as_list(given[1]))),
            "Fn::Split": lambda given: given[1].split(given[0]),
            "Fn::Select": lambda given: given[1][int(given[0])],
        }
        return functions.get(name, str)(self.resolve(value, file))

    def holds(self, condition: str, file: str) -> bool:
        """Whether a condition of a template holds in the example."""
        return self._evaluate(self.templates[file]["Conditions"][condition], file)

    def _evaluate(self, rule: Mapping[str, Any], file: str) -> bool:
        ((name, value),) = rule.items()
        if name == "Fn::Not":
            return not self._evaluate(value[0], file)
        one, other = self.resolve(value, file)
        return str(one) == str(other)

    def _resolve_ref(self, name: str, file: str) -> Any:
        if name == "AWS::NoValue":
            return None
        if name == "AWS::StackName":
            return self.stack_names[file]
        if name in PSEUDO:
            return PSEUDO[name]
        template = self.templates[file]
        if name in template.get("Parameters", {}):
            return self.given.get(name, template["Parameters"][name].get("Default", ""))
        kind = template["Resources"][name]["Type"]
        return self.arn(file, name) if kind in REF_IS_ARN else self.physical_id(file, name)

    def _resolve_attribute(self, name: str, attribute: str, file: str) -> str:
        resource = self.templates[file]["Resources"][name]
        if attribute == "Arn":
            return self.arn(file, name)
        if attribute == "RepositoryUri":
            repository = self.physical_id(file, name)
            return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}"
        scheme = "https://" if attribute.endswith("Endpoint") else ""
        return f"{scheme}{resource['Type']}.{name}.{attribute}"

    def _resolve_sub(self, value: Any, file: str) -> str:
        text, given = (value, {}) if isinstance(value, str) else value
        known = {name: self.resolve(inner, file) for name, inner in given.items()}
        parts = text.split("${")
        out = parts[0]
        for part in parts[1:]:
            name, _, rest = part.partition("}")
            owner, _, attribute = name.partition(".")
            if name in known:
                found = known[name]
            elif attribute:
                found = self._resolve_attribute(owner, attribute, file)
            else:
                found = self._resolve_ref(name, file)
            out += str(found) + rest
        return out

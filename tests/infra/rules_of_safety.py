"""What every template must keep to, whatever the code does: privacy, names, parameters, alarms.

Each rule takes all templates and returns what is wrong, a sentence each.
"""

import json
import re
from pathlib import Path

import yaml

from deploy.stacks import STACKS
from deploy.templates import TemplateLoader
from tests.infra.cloudformation import (
    as_list,
    iterate_texts,
    list_resources,
    list_statements,
    resolve_references,
)

BUCKET, FUNCTION, LOGS = "AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::Logs::LogGroup"

NAMING = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::IAM::Role": "RoleName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::ApiGatewayV2::Api": "Name",
}
"""Properties by which a resource would take a name that the account has only once."""

WITHOUT_DEFAULT = {"ImageDigest"}
NEW_ACCOUNT_MB = 3_008
"""The most memory of a function in new accounts (Lambda quotas)."""

NAMELESS = {
    "cloudfront:CreateDistribution",
    "cloudfront:CreateOriginAccessControl",
    "cloudfront:CreateResponseHeadersPolicy",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "lambda:ListFunctions",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "polly:DescribeVoices",
    "polly:SynthesizeSpeech",
    "secretsmanager:GetRandomPassword",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Actions that know no resource, or need none (Service Authorization Reference)."""


def check_parameters(found):
    """Each is described, bounded, used, and has a default that its own bounds allow."""
    problems = []
    for file, template in found.items():
        used = set(
            iterate_texts([template["Resources"], template["Outputs"], template.get("Conditions")])
        )
        for name, one in template["Parameters"].items():
            where = f"{file}.{name}"
            if not str(one.get("Description", "")).endswith("."):
                problems.append(f"{where} has no description")
            if not _has_bounds(one):
                problems.append(f"{where} takes anything")
            if "Default" not in one and name not in WITHOUT_DEFAULT:
                problems.append(f"{where} has no default")
            if "Default" in one and not _is_default_valid(one):
                problems.append(f"{where}: its default is not allowed")
            if not any(name == text or f"${{{name}}}" in text for text in used):
                problems.append(f"{where} is never used")
    return problems


def _has_bounds(one):
    bounds = {"AllowedValues"} | ({"MinValue"} if one["Type"] == "Number" else {"AllowedPattern"})
    return bool(bounds & set(one))


def _is_default_valid(one):
    default = one["Default"]
    if "AllowedValues" in one:
        return default in one["AllowedValues"]
    if one["Type"] == "Number":
        return one.get("MinValue", default) <= default <= one.get("MaxValue", default)
    return re.search(one.get("AllowedPattern", ""), str(default)) is not None


def check_new_accounts(found):
    """Defaults deploy in an account that has just been opened."""
    problems = []
    for file, template in found.items():
        for name, one in template["Parameters"].items():
            if name.endswith("MemoryMb") and one["Default"] > NEW_ACCOUNT_MB:
                problems.append(f"{file}.{name}: new accounts have {NEW_ACCOUNT_MB} MB at most")
            if name == "ReservedConcurrency" and one["Default"] != 0:
                problems.append(f"{file}.{name}: new accounts can reserve nothing")
    for file, name, properties, _ in list_resources(found, FUNCTION):
        if not isinstance(properties.get("ReservedConcurrentExecutions", {}), dict):
            problems.append(f"{file}.{name} reserves concurrency in every account")
        if not isinstance(properties["MemorySize"], dict):
            problems.append(f"{file}.{name}: memory is no parameter")
    return problems


def check_names(found):
    """Nothing takes a name that a second copy would want too, and nobody's account is named."""
    problems = []
    for file, name, properties, template in list_resources(found):
        kind = template["Resources"][name]["Type"]
        own = properties.get(NAMING.get(kind, ""))
        if own is not None and "AWS::StackName" not in json.dumps(own):
            problems.append(f"{file}.{name} has a name of its own")
        written = " ".join(iterate_texts(properties))
        if re.search(r"\b\d{12}\b|arn:aws:", written):
            problems.append(f"{file}.{name} names an account or a partition")
    for file, template in found.items():
        for name, output in template["Outputs"].items():
            export = output.get("Export", {}).get("Name", {"Fn::Sub": "${AWS::StackName}"})
            if "${AWS::StackName}" not in export.get("Fn::Sub", ""):
                problems.append(f"{file}: the export {name} would clash with a second copy's")
            if not output.get("Description"):
                problems.append(f"{file}: the output {name} has no description")
    return problems


def check_imports(found):
    """What a stack imports, the stack that it names exports."""
    sources = {"InfraStackName": "MixerInfraStack", "SpeechStackName": "PollySpeechAPI"}
    exported = {
        (file, output["Export"]["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}-"))
        for file, template in found.items()
        for output in template["Outputs"].values()
        if "Export" in output
    }
    problems = []
    for file, template in found.items():
        for value in _list_imports(template["Resources"]):
            ((parameter, key),) = re.findall(r"^\$\{(\w+StackName)\}-(\w+)$", value["Fn::Sub"])
            if (sources[parameter], key) not in exported:
                problems.append(f"{file} imports {key}, which {sources[parameter]} does not export")
    return problems


def _list_imports(value):
    """Every argument of Fn::ImportValue."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from [inner] if key == "Fn::ImportValue" else _list_imports(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _list_imports(inner)


def check_exports(found):
    """An export does not depend on a condition: while a stack imports it, it cannot be removed."""
    problems = []
    for file, template in found.items():
        for name, output in template["Outputs"].items():
            value = output["Value"]
            owner = value.get("Ref") or (value.get("Fn::GetAtt") or [""])[0]
            conditions = [output, template["Resources"].get(owner, {})]
            if "Export" in output and any("Condition" in each for each in conditions):
                problems.append(f"{file}: the export {name} comes and goes with a condition")
    return problems


MAX_BODY_BYTES, MAX_OBJECT_BYTES = 51_200, 1_000_000
"""Of a template that is passed in a call, or by a bucket (CloudFormation quotas)."""


def check_sizes(found):
    """make deploy passes the first template in a call, the others by a bucket, without comments."""
    bodies = {Path(each.template).stem: each.read_template() for each in STACKS}
    sizes = {file: len(body.encode()) for file, body in bodies.items()}
    problems = [
        f"{file} is passed with another meaning"
        for file, body in bodies.items()
        if yaml.load(body, TemplateLoader) != found[file]  # noqa: S506 - a safe loader
    ]
    limits = dict.fromkeys(bodies, MAX_OBJECT_BYTES) | {"MixerInfraStack": MAX_BODY_BYTES}
    large = [file for file, size in sizes.items() if size > limits[file]]
    return problems + [f"{file} is too large to pass" for file in large]


def check_retained(found):
    """What outlives its stack goes with a stack that could not be created."""
    return [
        f"{file}.{name} would be left by a first deployment that fails"
        for file, name, _, template in list_resources(found)
        if template["Resources"][name].get("DeletionPolicy") == "Retain"
    ]


def check_buckets(found):
    """Versioned, encrypted, private, reached over TLS alone."""
    problems = []
    for file, name, properties, template in list_resources(found, BUCKET):
        where = f"{file}.{name}"
        if properties.get("VersioningConfiguration") != {"Status": "Enabled"}:
            problems.append(f"{where} keeps no versions")
        if "BucketEncryption" not in properties:
            problems.append(f"{where} is not encrypted")
        block = properties.get("PublicAccessBlockConfiguration", {})
        if len(block) < 4 or not all(value is True for value in block.values()):
            problems.append(f"{where} can be made public")
        problems += _policy_problems(where, name, template)
    return problems


def _policy_problems(where, name, template):
    of_bucket = [
        one
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::S3::BucketPolicy"
        and resource["Properties"]["Bucket"] == {"Ref": name}
        for one in resource["Properties"]["PolicyDocument"]["Statement"]
    ]
    if not any(_denies_plain_text(one, name) for one in of_bucket):
        yield f"{where} answers without TLS"
    if any(one["Effect"] == "Allow" and _is_anybody(one["Principal"]) for one in of_bucket):
        yield f"{where} lets everybody in"


def _denies_plain_text(one, name):
    objects, bucket = {"Fn::Sub": f"${{{name}.Arn}}/*"}, {"Fn::GetAtt": [name, "Arn"]}
    return (
        one["Effect"] == "Deny"
        and one["Principal"] == "*"
        and one["Action"] == "s3:*"
        and one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and bucket in one["Resource"]
        and objects in one["Resource"]
    )


def _is_anybody(principal):
    return principal == "*" or (isinstance(principal, dict) and principal.get("AWS") == "*")


def check_roles(found):
    """A role for each function, its resources named, no action with a star."""
    problems, owners = [], {}
    for file, name, properties, _ in list_resources(found, FUNCTION):
        owners.setdefault((file, str(properties["Role"])), []).append(name)
    problems += [f"{each} share a role" for each in owners.values() if len(each) > 1]
    for file, name, properties, template in list_resources(found, "AWS::IAM::Role"):
        if "ManagedPolicyArns" in properties:
            problems.append(f"{file}.{name} takes over a policy that somebody else writes")
        for one in list_statements(properties):
            problems += _statement_problems(f"{file}.{name}", one, template)
    for file, name, properties, template in list_resources(found, *POLICIES):
        for one in properties["PolicyDocument"]["Statement"]:
            problems += _statement_problems(f"{file}.{name}", one, template)
    return problems


POLICIES = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy")


def _statement_problems(where, one, template):
    actions = as_list(one["Action"])
    yield from (f"{where}: {action} is a whole family" for action in actions if "*" in action)
    if "*" in as_list(resolve_references(one["Resource"], template)):
        nameless = [action for action in actions if action not in NAMELESS]
        yield from (f"{where}: {action} on everything" for action in nameless)


def check_functions(found):
    """From the image by digest, traced, logged, with a place for what fails."""
    problems = []
    for file, name, properties, template in list_resources(found, FUNCTION):
        where = f"{file}.{name}"
        image = json.dumps(properties.get("Code", {}))
        if properties.get("PackageType") != "Image" or "@${ImageDigest}" not in image:
            problems.append(f"{where} runs no image by its digest")
        if properties.get("TracingConfig") != {"Mode": "Active"}:
            problems.append(f"{where} is not traced")
        group = properties.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref")
        if template["Resources"].get(group, {}).get("Type") != LOGS:
            problems.append(f"{where} logs to nowhere of ours")
        is_authorizer = properties["ImageConfig"]["Command"] == ["authorizer.handler"]
        if "DeadLetterConfig" not in properties and not is_authorizer:
            problems.append(f"{where} loses what fails")
        missing = {"Timeout", "EphemeralStorage", "Architectures"} - set(properties)
        problems += [f"{where} leaves {each} to chance" for each in sorted(missing)]
        watched = _list_alarmed_metrics(template, name)
        alarms = {"Errors", "Throttles", "Duration"} - watched
        problems += [f"{where}: no alarm looks at {each}" for each in sorted(alarms)]
    return problems


def _list_alarmed_metrics(template, function):
    """The metrics of a function at which an alarm looks that tells somebody."""
    alarms = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"]["AlarmActions"]
    ]
    mine = [alarm for alarm in alarms if f'{{"Ref": "{function}"}}' in json.dumps(alarm)]
    return {text for alarm in mine for text in iterate_texts(alarm)}


def check_logs(found):
    """No log is kept for ever."""
    return [
        f"{file}.{name} is kept for ever"
        for file, name, properties, _ in list_resources(found, LOGS)
        if properties.get("RetentionInDays") != {"Ref": "LogRetentionDays"}
    ]


def check_api(found):
    """One HTTP API, with the stage prod, limits, an access log and CORS."""
    apis = [p for _, _, p, _ in list_resources(found, "AWS::ApiGatewayV2::Api")]
    stages = [p for _, _, p, _ in list_resources(found, "AWS::ApiGatewayV2::Stage")]
    if len(apis) != 1 or len(stages) != 1:
        return ["there is not one HTTP API with one stage"]
    limits = stages[0].get("DefaultRouteSettings", {})
    checks = {
        "the stage is not prod": stages[0]["StageName"] == "prod",
        "requests are not throttled": {"ThrottlingRateLimit", "ThrottlingBurstLimit"}
        <= set(limits),
        "there is no access log": "AccessLogSettings" in stages[0],
        "pages may not call": "AllowOrigins" in apis[0].get("CorsConfiguration", {}),
    }
    return [problem for problem, is_well in checks.items() if not is_well]


def check_metrics(found):
    """What alarms and graphs look at of our own metrics is this deployment's alone."""
    problems = []
    for file, name, properties, _ in list_resources(found, "AWS::CloudWatch::Alarm"):
        names_seen = {each["Name"] for each in properties.get("Dimensions", [])}
        if properties.get("Namespace") == "Mixer" and "deployment" not in names_seen:
            problems.append(f"{file}.{name} looks at every deployment of the account")
    for file, name, properties, _ in list_resources(found, "AWS::CloudWatch::Dashboard"):
        body = properties["DashboardBody"]["Fn::Sub"][0]
        lines = re.findall(r'\["Mixer",[^\]]*', body)
        strays = [each for each in lines if '"deployment", "${InfraStackName}"' not in each]
        problems += [f"{file}.{name} draws every deployment: {each}" for each in strays]
    return problems


def check_first_cleanup(found):
    """As deployed, the clean-up deletes nothing."""
    template = found["SanitationStack"]
    (function,) = (p for _, _, p, _ in list_resources({"": template}, FUNCTION))
    given = function["Environment"]["Variables"].get("SANITATION_MODE")
    mode = template["Parameters"].get("Mode", {}).get("Default")
    return [] if (given, mode) == ({"Ref": "Mode"}, "dry-run") else ["the first run deletes"]


RULES = (
    check_parameters,
    check_new_accounts,
    check_names,
    check_imports,
    check_exports,
    check_sizes,
    check_retained,
    check_buckets,
    check_roles,
    check_functions,
    check_logs,
    check_api,
    check_metrics,
    check_first_cleanup,
)

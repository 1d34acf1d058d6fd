"""What AWS's services do by themselves with our roles, as data with its source."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra.cloudformation import as_list
from tests.infra.definition import list_states, load_definition
from tests.infra.permissions.deployment import ACCOUNT, REGION, ExampleDeployment
from tests.infra.permissions.recorder import Request
from tests.infra.permissions.scenes import ROLES, VERSIONS

HANDLERS = json.loads(Path(__file__).with_name("handlers.json").read_text(encoding="utf-8"))
"""Actions of CloudFormation's handlers by resource type and operation.

From the schemas of the CloudFormation registry, field `handlers`, as of 2026-08-07 (stored in
pulumi/pulumi-aws-native, commit 43eed3b, aws-cloudformation-schema/). Left out are actions for
properties that the templates do not set: VPC, EFS, KMS keys, layers, code signing, capacity
providers, provisioned concurrency, replication of secrets, permission boundaries and managed
policies, S3 features that the page's bucket does not use, data protection and index policies of
logs, connection groups of CloudFront, integrations with a role, definitions and APIs from S3.
"""

PIPELINE_STACKS = ("PollySpeechAPI", "MixerAppStack", "StoryStack", "SanitationStack")
PERSON_STACKS = (*PIPELINE_STACKS, "WebDemoStack")

ONLY_READ = {
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
}
"""Types that the pipeline's role may only read: a person changes permissions."""

NEVER_TOUCHED = {"AWS::SecretsManager::Secret", "AWS::SecretsManager::ResourcePolicy"}
"""Types that the pipeline's role does not touch: it deploys new images."""

PASSED_TO = {
    "AWS::Lambda::Function": "lambda.amazonaws.com",
    "AWS::StepFunctions::StateMachine": "states.amazonaws.com",
    "AWS::Scheduler::Schedule": "scheduler.amazonaws.com",
}

LOGGING = ("logs:CreateLogStream", "logs:PutLogEvents")
TRACING = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")


def list_service_calls(deployment: ExampleDeployment) -> Iterator[Request]:
    """Every request that a service makes with one of our roles."""
    yield from _list_lambda_calls(deployment)
    yield from _list_machine_calls(deployment)
    yield from _list_scheduler_calls(deployment)
    yield from _list_build_calls(deployment)
    yield from _list_pipeline_calls(deployment)
    yield from _list_deploy_calls(deployment, "MixerInfraStack.DeployRole", PIPELINE_STACKS)
    yield from _list_deploy_calls(deployment, "MixerInfraStack.OperatorRole", PERSON_STACKS)


def _list_lambda_calls(deployment: ExampleDeployment) -> Iterator[Request]:
    source = "Lambda guide: execution role, X-Ray, asynchronous invocation"
    for command, properties in deployment.list_functions():
        role = ROLES[command]
        group = properties["LoggingConfig"]["LogGroup"]
        stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:2026/x"
        for action in LOGGING:
            yield Request(role, action, stream, source)
        for action in TRACING:
            yield Request(role, action, "*", source)
        queue = properties.get("DeadLetterConfig", {}).get("TargetArn")
        if queue:
            yield Request(role, "sqs:SendMessage", queue, source)


def _list_machine_calls(deployment: ExampleDeployment) -> Iterator[Request]:
    role = "StoryStack.StoryMachineRole"
    machine = deployment.arn("StoryStack", "StoryMachine")
    execution = machine.replace(":stateMachine:", ":execution:")
    names = {name: deployment.arn("StoryStack", version) for name, version in VERSIONS.items()}
    source = "Step Functions guide: IAM policies for Distributed Map, X-Ray, logging"
    for state in list_states(load_definition(names)):
        if state["Type"] == "Task":
            function = state["Parameters"]["FunctionName"]
            yield Request(role, "lambda:InvokeFunction", function, "IaC/story.asl.json")
    yield Request(role, "states:StartExecution", machine, source)
    for form in (f"{execution}/map:1", f"{execution}:1"):
        for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
            yield Request(role, f"states:{action}", form, source)
    for action in (*TRACING, "xray:GetSamplingRules", "xray:GetSamplingTargets"):
        yield Request(role, action, "*", source)
    for action in (
        *("CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups"),
        *("DescribeResourcePolicies", "GetLogDelivery", "ListLogDeliveries"),
        *("PutResourcePolicy", "UpdateLogDelivery"),
    ):
        yield Request(role, f"logs:{action}", "*", source)


def _list_scheduler_calls(deployment: ExampleDeployment) -> Iterator[Request]:
    role, source = (
        "SanitationStack.ScheduleRole",
        "EventBridge Scheduler guide: execution role, DLQ",
    )
    function = deployment.arn("SanitationStack", "SanitationFunction")
    yield Request(role, "lambda:InvokeFunction", function, source)
    queue = deployment.arn("SanitationStack", "SanitationFailures")
    yield Request(role, "sqs:SendMessage", queue, source)


def _list_build_calls(deployment: ExampleDeployment) -> Iterator[Request]:
    bucket = deployment.arn("MixerInfraStack", "ArtifactBucket")
    group = deployment.physical_id("MixerInfraStack", "BuildLogGroup")
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:1"
    source = "CodeBuild guide: service role, S3 source and artifacts, CloudWatch Logs"
    for role in ("BuildRole", "SmokeRole"):
        for action in LOGGING:
            yield Request(f"MixerInfraStack.{role}", action, stream, source)
        for action in ("s3:GetObject", "s3:GetObjectVersion"):
            yield Request(f"MixerInfraStack.{role}", action, f"{bucket}/source.zip", source)
        for action in ("s3:GetBucketAcl", "s3:GetBucketLocation"):
            yield Request(f"MixerInfraStack.{role}", action, bucket, source)
    build = "MixerInfraStack.BuildRole"
    yield Request(build, "s3:PutObject", f"{bucket}/builds/1/built.zip", source)
    yield Request(build, "s3:ListBucket", bucket, source)
    repository = deployment.arn("MixerInfraStack", "ImageRepository")
    push = ".ci/push; ECR guide: IAM permissions for pushing an image"
    for action in (
        *("BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload"),
        *("DescribeImages", "InitiateLayerUpload", "PutImage", "UploadLayerPart"),
    ):
        yield Request(build, f"ecr:{action}", repository, push)
    yield Request(build, "ecr:GetAuthorizationToken", "*", push)
    for file in PIPELINE_STACKS:
        stack = _stack_arn(deployment, file)
        yield Request(build, "cloudformation:DescribeStacks", stack, ".ci/parameters")


def _stack_arn(deployment: ExampleDeployment, file: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{deployment.stack_names[file]}/1"


def _list_pipeline_calls(deployment: ExampleDeployment) -> Iterator[Request]:
    role = "MixerInfraStack.PipelineRole"
    source = "CodePipeline guide: permissions of the actions' types"
    bucket = deployment.arn("MixerInfraStack", "ArtifactBucket")
    for action in ("GetObject", "GetObjectVersion", "PutObject"):
        yield Request(role, f"s3:{action}", f"{bucket}/pipeline/Source/1", source)
    for action in ("GetBucketLocation", "GetBucketVersioning"):
        yield Request(role, f"s3:{action}", bucket, source)
    connection = deployment.resolve({"Ref": "ConnectionArn"}, "MixerInfraStack")
    yield Request(role, "codeconnections:UseConnection", connection, source)
    for name in ("PipelineBuildProject", "SmokeProject"):
        project = deployment.arn("MixerInfraStack", name)
        for action in ("BatchGetBuilds", "StartBuild"):
            yield Request(role, f"codebuild:{action}", project, source)
    for file in PIPELINE_STACKS:
        for action in (
            *("CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet"),
            *("DescribeStackEvents", "DescribeStacks", "ExecuteChangeSet"),
        ):
            yield Request(role, f"cloudformation:{action}", _stack_arn(deployment, file), source)
    passed = (("iam:PassedToService", "cloudformation.amazonaws.com"),)
    yield Request(
        role, "iam:PassRole", deployment.arn("MixerInfraStack", "DeployRole"), source, passed
    )


# ---- CloudFormation's handlers -----------------------------------------------------------------


def _list_deploy_calls(
    deployment: ExampleDeployment, role: str, files: tuple[str, ...]
) -> Iterator[Request]:
    changed = set(deployment.list_image_changes())
    for file in files:
        for name, resource in deployment.templates[file]["Resources"].items():
            kind = resource["Type"]
            for operation in _choose_operations(role, kind, is_changed=(file, name) in changed):
                for action in HANDLERS[kind][operation]:
                    yield from _ask(deployment, role, (file, name), action, operation)
            if kind == "AWS::Lambda::Function":
                yield from _list_image_calls(deployment, role)
            if kind == "AWS::ApiGatewayV2::Stage":
                yield from _list_access_log_calls(role)


def _choose_operations(role: str, kind: str, *, is_changed: bool) -> tuple[str, ...]:
    """The operations that CloudFormation does with a role on resources of a type.

    With the pipeline's role, on anything that a new image changes.
    """
    if is_changed or not role.endswith("DeployRole"):
        return tuple(HANDLERS[kind])
    if kind in NEVER_TOUCHED:
        return ()
    return ("read",) if kind in ONLY_READ else tuple(HANDLERS[kind])


def _ask(
    deployment: ExampleDeployment, role: str, place: tuple[str, str], action: str, operation: str
) -> Iterator[Request]:
    file, name = place
    kind = deployment.templates[file]["Resources"][name]["Type"]
    source = f"{kind} {operation}"
    if action == "iam:PassRole":
        passed = (("iam:PassedToService", PASSED_TO[kind]),)
        properties = deployment.resolve(
            deployment.templates[file]["Resources"][name]["Properties"], file
        )
        owner = properties.get("Role") or properties.get("RoleArn")
        owner = owner or properties["Target"]["RoleArn"]
        yield Request(role, action, owner, source, passed)
        return
    yield Request(role, action, _find_resource(deployment, file, name, action), source)


OWNERS = {
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SecretsManager::ResourcePolicy": "SecretId",
    "AWS::IAM::RolePolicy": "RoleName",
    "AWS::Lambda::Permission": "FunctionName",
    "AWS::Lambda::EventInvokeConfig": "FunctionName",
}
"""Types that are changed through another resource, and the property that names it."""

API_PATHS = {
    "AWS::ApiGatewayV2::Api": "",
    "AWS::ApiGatewayV2::Stage": "/a1/stages",
    "AWS::ApiGatewayV2::Route": "/a1/routes",
    "AWS::ApiGatewayV2::Integration": "/a1/integrations",
    "AWS::ApiGatewayV2::Authorizer": "/a1/authorizers",
}


def _find_resource(deployment: ExampleDeployment, file: str, name: str, action: str) -> str:
    """The ARN that an action of a resource's handler is asked of."""
    resource = deployment.templates[file]["Resources"][name]
    kind = resource["Type"]
    if kind in API_PATHS:
        return _build_api_arn(API_PATHS[kind], action)
    if kind in OWNERS:
        owner = as_list(resource["Properties"][OWNERS[kind]])[0]["Ref"]
        return deployment.arn(file, owner)
    return deployment.arn(file, name).removesuffix(":*")


def _build_api_arn(path: str, action: str) -> str:
    apis = f"arn:aws:apigateway:{REGION}::/apis"
    if action.endswith(":POST"):
        return f"{apis}{path}"
    if action.endswith(":PUT"):
        return f"arn:aws:apigateway:{REGION}::/tags/x"
    return f"{apis}{path}/1" if path else f"{apis}/a1"


def _list_image_calls(deployment: ExampleDeployment, role: str) -> Iterator[Request]:
    source = "Lambda guide: permissions for functions from container images"
    repository = deployment.arn("MixerInfraStack", "ImageRepository")
    for action in ("BatchGetImage", "GetDownloadUrlForLayer", "GetRepositoryPolicy"):
        yield Request(role, f"ecr:{action}", repository, source)


def _list_access_log_calls(role: str) -> Iterator[Request]:
    source = "API Gateway guide: permissions for access logs of HTTP APIs"
    for action in (
        *("CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups"),
        *("DescribeResourcePolicies", "GetLogDelivery", "ListLogDeliveries"),
        *("PutResourcePolicy", "UpdateLogDelivery"),
    ):
        yield Request(role, f"logs:{action}", "*", source)


# ---- What must stay denied ---------------------------------------------------------------------


def list_forbidden(deployment: ExampleDeployment) -> Iterator[Request]:
    """Requests that must be denied, so that no role grows unnoticed."""
    output = deployment.arn("MixerInfraStack", "OutputBucket")
    foreign = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:somebody-elses"
    role_arn = deployment.arn("StoryStack", "StoryRole")
    wanted: Mapping[str, list[tuple[str, str]]] = {
        "MixerAppStack.MixerRole": [
            ("s3:GetObject", f"{output}/{folder}/x")
            for folder in ("spending", "story_index", "stories", "speaking")
        ],
        "StoryStack.StoryMixRole": [
            ("s3:GetObject", f"{output}/{folder}/x")
            for folder in ("story_index", "feed_keys", "speaking/generative", "speaking/standard")
        ],
        "SanitationStack.SanitationRole": [
            ("lambda:GetFunction", foreign),
            ("lambda:DeleteFunction", deployment.arn("StoryStack", "StoryFunction")),
            ("s3:GetObject", f"{output}/uploads/x"),
        ],
        "MixerInfraStack.DeployRole": [
            ("iam:PutRolePolicy", role_arn),
            ("iam:DeleteRole", role_arn),
            ("lambda:UpdateFunctionCode", foreign),
        ],
    }
    for role, asked in wanted.items():
        for action, resource in asked:
            yield Request(role, action, resource, "must stay denied")


def to_json(request: Request, without: str = "") -> dict[str, Any]:
    """A request as the evaluator reads it; `without` names a statement to leave out."""
    return {
        "role": request.role,
        "action": request.action,
        "resource": request.resource,
        "context": dict(request.context),
        "without": without,
    }

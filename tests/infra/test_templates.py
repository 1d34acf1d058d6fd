"""The templates keep to the rules, and every rule notices what breaks it."""

import json
from copy import deepcopy

import pytest

from mixer.devserver import local
from tests.infra import rules_of_code, rules_of_safety
from tests.infra.cloudformation import list_resources, load_templates

RULES = (*rules_of_code.RULES, *rules_of_safety.RULES)
TEMPLATES = load_templates()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_templates_keep_to(rule):
    assert rule(TEMPLATES) == []


def test_every_stack_is_there():
    assert set(TEMPLATES) >= {
        "MixerInfraStack",
        "PollySpeechAPI",
        "MixerAppStack",
        "SanitationStack",
        "StoryStack",
        "WebDemoStack",
    }


def test_dashboard_is_json():
    body = TEMPLATES["MixerAppStack"]["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    assert json.loads(body["Fn::Sub"][0])["widgets"]


def test_page_may_play_audio_and_music_and_send_files():
    headers = TEMPLATES["WebDemoStack"]["Resources"]["Headers"]["Properties"]
    security = headers["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    policy, buckets = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    rules = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert {"${Audio}", "${Music}"} <= set(rules["media-src"].split())
    assert {"${Api}", "${Audio}"} <= set(rules["connect-src"].split())
    assert "MusicBucketDomain" in json.dumps(buckets["Music"])
    assert "unsafe" not in policy


def properties(found, path):
    file, name = path.split(".")
    return found[file]["Resources"][name]["Properties"]


def statement(found, path, sid):
    (policy,) = properties(found, path)["Policies"]
    (one,) = (s for s in policy["PolicyDocument"]["Statement"] if s["Sid"] == sid)
    return one


def with_idle_permission(found):
    statement(found, "SanitationStack.SanitationRole", "PruneImages")["Action"].append(
        "ecr:PutImage"
    )


def with_permission_on_everything(found):
    statement(found, "PollySpeechAPI.SpeechRole", "KeepChunks")["Resource"] = "*"


def with_family_of_actions(found):
    statement(found, "PollySpeechAPI.SpeechRole", "Synthesize")["Action"] = "polly:*"


def with_foreign_folder(found):
    statement(found, "MixerAppStack.MixerRole", "KeepMixes")["Resource"] = {
        "Fn::Sub": "arn:${AWS::Partition}:s3:::bucket/elsewhere/*"
    }


def with_wrong_handler(found):
    function = properties(found, "SanitationStack.SanitationFunction")
    function["ImageConfig"]["Command"] = ["sanitation.main"]


def with_exchanged_handlers(found):
    function = properties(found, "MixerAppStack.MixerFunction")
    function["ImageConfig"]["Command"] = ["polly_handler.handler"]


def rename_variable(found, path, old, new):
    variables = properties(found, path)["Environment"]["Variables"]
    variables[new] = variables.pop(old)


def with_renamed_variable(found):
    rename_variable(found, "SanitationStack.SanitationFunction", "SANITATION_MODE", "CLEAN_UP_MODE")


def with_renamed_bucket_variable(found):
    rename_variable(found, "SanitationStack.SanitationFunction", "OUTPUT_BUCKET", "BUCKET_NAME")


def with_public_bucket(found):
    block = properties(found, "MixerInfraStack.OutputBucket")["PublicAccessBlockConfiguration"]
    block["RestrictPublicBuckets"] = False


def with_everybody_in_bucket(found):
    policy = properties(found, "MixerInfraStack.OutputBucketPolicy")["PolicyDocument"]
    policy["Statement"].append(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    )


def with_plain_text_bucket(found):
    del found["MixerInfraStack"]["Resources"]["MusicBucketPolicy"]


def without_versions(found):
    del properties(found, "WebDemoStack.PageBucket")["VersioningConfiguration"]


def without_encryption(found):
    del properties(found, "MixerInfraStack.MusicBucket")["BucketEncryption"]


def with_fixed_name(found):
    properties(found, "MixerInfraStack.OutputBucket")["BucketName"] = "mixer-audio"


def with_fixed_export(found):
    output = found["MixerInfraStack"]["Outputs"]["OutputBucketName"]
    output["Export"] = {"Name": {"Fn::Sub": "mixer-OutputBucketName"}}


def with_someones_account(found):
    properties(found, "PollySpeechAPI.SpeechFunction")["KmsKeyArn"] = (
        "arn:aws:kms:us-east-1:111122223333:key/a"
    )


def without_export(found):
    del found["MixerInfraStack"]["Outputs"]["RepositoryUri"]["Export"]


def with_export_on_condition(found):
    found["PollySpeechAPI"]["Resources"]["Authorizer"]["Condition"] = "ChecksTokens"


def with_bucket_left_behind(found):
    found["MixerInfraStack"]["Resources"]["OutputBucket"]["DeletionPolicy"] = "Retain"


def without_description(found):
    del found["SanitationStack"]["Parameters"]["AgeDays"]["Description"]


def without_pattern(found):
    del found["SanitationStack"]["Parameters"]["Policy"]["AllowedPattern"]


def without_default(found):
    del found["MixerInfraStack"]["Parameters"]["OldVersionDays"]["Default"]


def with_impossible_default(found):
    found["SanitationStack"]["Parameters"]["AgeDays"]["Default"] = 0


def with_too_much_memory(found):
    found["MixerAppStack"]["Parameters"]["MemoryMb"]["Default"] = 10_240


def with_reserved_concurrency(found):
    properties(found, "MixerAppStack.MixerFunction")["ReservedConcurrentExecutions"] = 10


def with_tag_instead_of_digest(found):
    sub = properties(found, "MixerAppStack.MixerFunction")["Code"]["ImageUri"]["Fn::Sub"]
    sub[0] = "${Repository}:latest"


def without_retention(found):
    del properties(found, "PollySpeechAPI.SpeechLogGroup")["RetentionInDays"]


def without_alarm(found):
    del found["MixerAppStack"]["Resources"]["MixerThrottlesAlarm"]


def without_trace(found):
    del properties(found, "MixerAppStack.MixerFunction")["TracingConfig"]


def without_dead_letters(found):
    del properties(found, "MixerAppStack.MixerFunction")["DeadLetterConfig"]


def with_open_route(found):
    route = properties(found, "MixerAppStack.MixStoryRoute")
    route["AuthorizationType"] = "NONE"


def with_unknown_route(found):
    properties(found, "PollySpeechAPI.VoicesRoute")["RouteKey"] = "GET /voice"


def without_throttling(found):
    del properties(found, "PollySpeechAPI.ProdStage")["DefaultRouteSettings"]


def with_everybodys_metric_in_alarm(found):
    del properties(found, "SanitationStack.FailedTwiceAlarm")["Dimensions"][0]


def with_everybodys_metric_in_dashboard(found):
    body = properties(found, "MixerAppStack.Dashboard")["DashboardBody"]["Fn::Sub"]
    body[0] = body[0].replace('"deployment", "${InfraStackName}", ', "")


def with_deleting_first_run(found):
    found["SanitationStack"]["Parameters"]["Mode"]["Default"] = "delete"


MUTATIONS = {
    with_idle_permission: rules_of_code.check_actions,
    with_permission_on_everything: rules_of_safety.check_roles,
    with_family_of_actions: rules_of_safety.check_roles,
    with_foreign_folder: rules_of_code.check_folders,
    with_wrong_handler: rules_of_code.check_handlers,
    with_exchanged_handlers: rules_of_code.check_handlers,
    with_renamed_variable: rules_of_code.check_variables,
    with_renamed_bucket_variable: rules_of_code.check_variables,
    with_public_bucket: rules_of_safety.check_buckets,
    with_everybody_in_bucket: rules_of_safety.check_buckets,
    with_plain_text_bucket: rules_of_safety.check_buckets,
    without_versions: rules_of_safety.check_buckets,
    without_encryption: rules_of_safety.check_buckets,
    with_fixed_name: rules_of_safety.check_names,
    with_fixed_export: rules_of_safety.check_names,
    with_someones_account: rules_of_safety.check_names,
    without_export: rules_of_safety.check_imports,
    with_export_on_condition: rules_of_safety.check_exports,
    with_bucket_left_behind: rules_of_safety.check_retained,
    without_description: rules_of_safety.check_parameters,
    without_pattern: rules_of_safety.check_parameters,
    without_default: rules_of_safety.check_parameters,
    with_impossible_default: rules_of_safety.check_parameters,
    with_too_much_memory: rules_of_safety.check_new_accounts,
    with_reserved_concurrency: rules_of_safety.check_new_accounts,
    with_tag_instead_of_digest: rules_of_safety.check_functions,
    without_retention: rules_of_safety.check_logs,
    without_alarm: rules_of_safety.check_functions,
    without_trace: rules_of_safety.check_functions,
    without_dead_letters: rules_of_safety.check_functions,
    with_open_route: rules_of_code.check_routes,
    with_unknown_route: rules_of_code.check_routes,
    without_throttling: rules_of_safety.check_api,
    with_everybodys_metric_in_alarm: rules_of_safety.check_metrics,
    with_everybodys_metric_in_dashboard: rules_of_safety.check_metrics,
    with_deleting_first_run: rules_of_safety.check_first_cleanup,
}


@pytest.mark.parametrize(("mutate", "rule"), MUTATIONS.items(), ids=lambda each: each.__name__)
def test_broken_template_is_noticed(mutate, rule):
    broken = deepcopy(TEMPLATES)
    mutate(broken)
    assert rule(broken)


@pytest.mark.parametrize("file", ["PollySpeechAPI", "MixerAppStack"])
def test_stories_are_handed_to_the_function_that_takes_them_in(file):
    function = TEMPLATES["StoryStack"]["Resources"]["StoryFunction"]["Properties"]
    assert function["ImageConfig"]["Command"] == ["stories.handler"]
    name = function["FunctionName"]["Fn::Sub"].replace("AWS::StackName", "StoryStackName")
    others = [each["Properties"] for each in TEMPLATES[file]["Resources"].values()]
    variables = [each.get("Environment", {}).get("Variables", {}) for each in others]
    assert {"Fn::Sub": name} in [each.get("STORY_FUNCTION") for each in variables]
    assert any(f":function:{name}" in str(each.get("Policies")) for each in others)


def test_local_server_has_the_routes_of_the_cloud():
    routes = list_resources(TEMPLATES, "AWS::ApiGatewayV2::Route")
    assert {properties["RouteKey"] for _, _, properties, _ in routes} == {
        *local.SPEECH_ROUTES,
        *local.MIX_ROUTES,
        *local.PREVIEW_ROUTES,
        *local.STORY_ROUTES,
        *local.PUBLIC_ROUTES,
        "GET /stories/{story_id}/{listening}",  # mixer.devserver.listeners
    }

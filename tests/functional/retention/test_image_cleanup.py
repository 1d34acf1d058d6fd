"""The clean-up against ECR and Lambda: no image that anybody runs is ever deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mixer.retention import TargetReport
from mixer.retention.aws_account import RESERVE_S, Deadline
from mixer.retention.plan import Reason
from tests.functional.retention.cleanup_world import (
    ACCOUNT,
    REPOSITORY,
    CleanupWorld,
    build_failing_handler,
    build_refusal,
)

OTHER_ACCOUNT = "210987654321"


@pytest.fixture
def running(world: CleanupWorld) -> str:
    """The digest of an image that a function runs, without which Lambda is not believed."""
    digest = world.push("running", 90)
    world.make_function("mixer", digest)
    return digest


def rules(**said: object) -> dict[str, object]:
    return {"repositories": [{"repository": REPOSITORY, "keep_newest": 0, "max_share": 1, **said}]}


def of(report: Any) -> TargetReport:
    return next(one for one in report.targets if one.target == f"ecr://{REPOSITORY}")


def test_old_images_go_and_needed_ones_stay(world: CleanupWorld, running: str) -> None:
    staying = {
        running,
        world.push("latest", 90, "latest", "build-9"),
        world.push("release", 90, "release-1"),
        world.push("young", 3),
        world.push("newest", 20, "build-3"),
    }
    world.push("old", 40, "build-2")
    world.push("untagged", 90)
    report, _ = world.clean(rules(keep_newest=2, keep_tags=["release-*"]))
    assert world.digests() == staying
    assert of(report).deleted[Reason.UNTAGGED].items == 1
    assert of(report).deleted[Reason.OLD_IMAGE].items == 1


def test_every_version_and_alias_of_every_function_keeps_its_image(world: CleanupWorld) -> None:
    digests = [world.push(f"build-{number}", 90 - number) for number in range(6)]
    functions = world.account.functions
    world.make_function("mix", digests[0])
    functions.publish_version(FunctionName="mix")
    second = world.deploy("mix", digests[1])
    functions.create_alias(FunctionName="mix", Name="live", FunctionVersion=second)
    world.deploy("mix", digests[2])
    functions.update_function_code(FunctionName="mix", ImageUri=world.uri(digests[3]))
    world.make_function("speech", digests[4])
    world.clean(rules())
    assert world.digests() == set(digests[:5])


def test_all_pages_of_lambda_and_ecr_are_read(world: CleanupWorld, running: str) -> None:
    names = [f"function-{number}" for number in range(5)]
    used = {running}
    for name in names:
        digest = world.push(name, 90)
        world.make_function(name, digest)
        used.add(digest)
    for number in range(7):
        world.push(f"old-{number}", 90)

    def functions_by_two(real: Callable[..., Any], Marker: str = "0", **arguments: Any) -> Any:  # noqa: N803
        everything = real(**arguments)["Functions"]
        start = int(Marker)
        page = {"Functions": everything[start : start + 2]}
        return page if start + 2 >= len(everything) else {**page, "NextMarker": str(start + 2)}

    def images_by_three(real: Callable[..., Any], **arguments: Any) -> Any:
        if "imageIds" in arguments:
            return real(**arguments)
        start = int(arguments.pop("nextToken", "0"))
        everything = real(**arguments)["imageDetails"]
        page = {"imageDetails": everything[start : start + 3]}
        return page if start + 3 >= len(everything) else {**page, "nextToken": str(start + 3)}

    world.intercept(
        functions={"list_functions": functions_by_two}, ecr={"describe_images": images_by_three}
    ).clean(rules())
    assert world.digests() == used


def test_any_number_of_images_goes_in_batches(world: CleanupWorld, running: str) -> None:
    for number in range(250):
        world.push(f"old-{number}", 90)
    sizes: list[int] = []

    def note(real: Callable[..., Any], **arguments: Any) -> Any:
        sizes.append(len(arguments["imageIds"]))
        return real(**arguments)

    world.intercept(ecr={"batch_delete_image": note}).clean(rules())
    assert sizes == [100, 100, 50]
    assert world.digests() == {running}


# --- what cannot be known ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "handlers",
    [
        {"list_functions": build_failing_handler(build_refusal("AccessDeniedException", 403))},
        {"list_functions": lambda _real, **_: {"Functions": []}},
        {"list_functions": lambda _real, **_: {}},
        {
            "get_function": build_failing_handler(
                None, build_refusal("ResourceNotFoundException", 404)
            )
        },
        {"get_function": lambda _real, **_: {"Code": {"ImageUri": "mixer:latest"}}},
        {"get_function": lambda _real, **_: {"Code": {"ResolvedImageUri": "mixer@sha256:"}}},
    ],
)
def test_an_empty_or_failing_answer_from_lambda_protects_everything(
    world: CleanupWorld, running: str, handlers: dict[str, Callable[..., Any]]
) -> None:
    world.make_function("second", world.push("second", 90))
    everything = {running, world.push("second", 90), world.push("old", 90)}
    report, plans = world.intercept(functions=handlers).clean(rules())
    assert world.digests() == everything
    assert {verdict.reason for verdict in plans[0].verdicts} == {Reason.USE_UNKNOWN}
    assert of(report).warnings
    assert report.failed


def test_functions_without_images_count_as_an_empty_answer(world: CleanupWorld) -> None:
    old = world.push("old", 90)
    world.clean(rules())
    assert world.digests() == {old}


def test_a_manifest_list_that_cannot_be_read_protects_everything(
    world: CleanupWorld, running: str
) -> None:
    everything = {running, world.push("part", 90)}
    everything.add(world.push_list("list", 90, list(everything), "latest"))
    no_manifest = {"batch_get_image": lambda _real, **_: {"images": [], "failures": []}}
    report, _ = world.intercept(ecr=no_manifest).clean(rules())
    assert world.digests() == everything
    assert report.failed


# --- manifest lists ---------------------------------------------------------------------------


def test_parts_of_a_kept_list_stay_and_other_lists_go_before_their_parts(
    world: CleanupWorld, running: str
) -> None:
    parts = [world.push(f"part-{number}", 90) for number in range(3)]
    kept = world.push_list("kept list", 90, parts[:2], "latest")
    old = world.push_list("old list", 90, parts[1:], "build-1")
    order: list[set[str]] = []

    def note(real: Callable[..., Any], **arguments: Any) -> Any:
        order.append({image["imageDigest"] for image in arguments["imageIds"]})
        return real(**arguments)

    world.intercept(ecr={"batch_delete_image": note}).clean(rules())
    assert world.digests() == {running, kept, parts[0], parts[1]}
    assert order == [{old}, {parts[2]}]


def test_parts_of_a_list_that_could_not_be_deleted_stay(world: CleanupWorld, running: str) -> None:
    part = world.push("part", 90)
    listed = world.push_list("list", 90, [part], "build-1")
    alone = world.push("alone", 90)

    def fail_the_list(real: Callable[..., Any], **arguments: Any) -> Any:
        wanted = [one for one in arguments["imageIds"] if one["imageDigest"] != listed]
        answer = real(**{**arguments, "imageIds": wanted}) if wanted else {"imageIds": []}
        failure = {"failureCode": "KmsError", "failureReason": "no key"}
        return {**answer, "failures": [{"imageId": {"imageDigest": listed}, **failure}]}

    report, _ = world.intercept(ecr={"batch_delete_image": fail_the_list}).clean(rules())
    assert world.digests() == {running, part, listed}
    assert alone not in world.digests()
    assert (of(report).failed, of(report).spared) == (1, 1)
    assert "KmsError" in of(report).failures[0].why


# --- between listing and deleting -------------------------------------------------------------


def test_an_image_tagged_since_the_listing_is_spared(world: CleanupWorld, running: str) -> None:
    rolled_back_to = world.push("old", 90)
    world.push("older", 95)

    def tag_first(real: Callable[..., Any], **arguments: Any) -> Any:
        if "imageIds" in arguments:
            world.push("old", 90, "latest")
        return real(**arguments)

    report, _ = world.intercept(ecr={"describe_images": tag_first}).clean(rules())
    assert world.digests() == {running, rolled_back_to}
    assert of(report).spared == 1


def test_an_image_deployed_since_the_listing_is_spared(world: CleanupWorld, running: str) -> None:
    rolled_back_to = world.push("old", 90)
    world.push("older", 95)
    asked = 0

    def deploy_second(real: Callable[..., Any], **arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 2:
            world.deploy("mixer", rolled_back_to)
        return real(**arguments)

    world.account.functions.publish_version(FunctionName="mixer")
    world.intercept(functions={"list_functions": deploy_second}).clean(rules())
    assert world.digests() == {running, rolled_back_to}


def test_an_image_gone_since_the_listing_does_not_keep_the_others(
    world: CleanupWorld, running: str
) -> None:
    vanishing = world.push("vanishing", 90)
    world.push("old", 90)

    def vanish_first(real: Callable[..., Any], **arguments: Any) -> Any:
        if len(arguments.get("imageIds", [])) == 2:
            world.account.ecr.batch_delete_image(
                repositoryName=REPOSITORY, imageIds=[{"imageDigest": vanishing}]
            )
        return real(**arguments)

    report, _ = world.intercept(ecr={"describe_images": vanish_first}).clean(rules())
    assert world.digests() == {running}
    assert (of(report).spared, report.failed) == (1, False)


# --- trouble ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("running")
def test_a_refused_batch_is_reported_image_by_image(world: CleanupWorld) -> None:
    for number in range(120):
        world.push(f"old-{number}", 90)
    no = build_failing_handler(build_refusal("AccessDeniedException", 403))
    report, _ = world.intercept(ecr={"batch_delete_image": no}).clean(rules())
    assert len(world.digests()) == 101
    assert of(report).failed == 100


def test_throttling_of_ecr_and_lambda_is_waited_out(world: CleanupWorld, running: str) -> None:
    world.push("old", 90)
    report, _ = world.throttle("DescribeImages", "GetFunction").clean(rules())
    assert not report.failed
    assert world.digests() == {running}


@pytest.mark.usefixtures("running")
def test_at_the_deadline_images_are_left_for_the_next_run(world: CleanupWorld) -> None:
    old = world.push("old", 90)
    described = 0

    def count(real: Callable[..., Any], **arguments: Any) -> Any:
        nonlocal described
        described += "imageIds" in arguments
        return real(**arguments)

    deadline = Deadline(remaining_s=lambda: RESERVE_S if described else 600)
    report, _ = world.intercept(ecr={"describe_images": count}).clean(rules(), deadline=deadline)
    assert old in world.digests()
    assert (of(report).left, report.unfinished, report.failed) == (1, True, False)


@pytest.mark.usefixtures("running")
def test_above_the_ceiling_no_image_goes(world: CleanupWorld) -> None:
    world.push("old", 90)
    report, _ = world.clean(rules(max_share=0.4))
    assert len(world.digests()) == 2
    assert report.stopped


# --- whose repository -------------------------------------------------------------------------


def share(world: CleanupWorld, principal: object) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "ecr:BatchGetImage"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.account.ecr.set_repository_policy(repositoryName=REPOSITORY, policyText=text)


@pytest.mark.parametrize(
    ("principal", "told", "goes"),
    [
        ({"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}, {}, False),
        ({"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}, {"clean_shared": True}, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {}, True),
        ({"Service": "lambda.amazonaws.com"}, {}, True),
        ("*", {}, False),
    ],
)
@pytest.mark.usefixtures("running")
def test_a_repository_shared_with_other_accounts_is_skipped_unless_told_otherwise(
    world: CleanupWorld, principal: object, told: dict[str, object], goes: bool
) -> None:
    old = world.push("old", 90)
    share(world, principal)
    world.clean(rules(**told))
    assert (old not in world.digests()) == goes


@pytest.mark.parametrize(
    ("wrong", "named", "why"),
    [
        ({"repository": "nowhere"}, "ecr://nowhere", "the repository does not exist"),
        ({"repository": f"{OTHER_ACCOUNT}.dkr.ecr/x:1"}, f"ecr://{OTHER_ACCOUNT}", "repository"),
        ({"repository": "other", "keep_newest": -1}, "ecr://other", "keep_newest"),
        ({"repository": "other", "age_days": "nan"}, "ecr://other", "age_days"),
        ({"repository": "other", "keep_tag": "x"}, "ecr://other", "keep_tag"),
    ],
)
def test_a_wrong_repository_is_refused_by_name_and_the_others_are_cleaned(
    world: CleanupWorld, running: str, wrong: object, named: str, why: str
) -> None:
    world.push("old", 90)
    document = {"repositories": [wrong, *rules()["repositories"]]}
    report, _ = world.clean(document)
    refused = next(one for one in report.targets if one.refused)
    assert refused.target.startswith(named)
    assert why in refused.refused
    assert world.digests() == {running}

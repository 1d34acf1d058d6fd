"""The clean-up against S3: what goes, what stays, and what happens when things go wrong."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import sanitation
from mixer.cli import cli
from mixer.errors import BadOption, StoreFailed
from mixer.retention import Mode, TargetReport
from mixer.retention.aws_account import RESERVE_S, Deadline
from mixer.retention.plan import Reason
from mixer.retention.run import ScheduledRun
from mixer.stories.budget import PREFIX
from tests.functional.retention.cleanup_world import (
    ACCOUNT,
    BUCKET,
    NOW,
    REGION,
    REPOSITORY,
    CleanupWorld,
    build_deadline,
    build_failing_handler,
    build_refusal,
)

ONE_BUCKET = {"buckets": [{"bucket": BUCKET}]}


def of(world_report: Any, target: str = f"s3://{BUCKET}") -> TargetReport:
    return next(one for one in world_report.targets if one.target == target)


def count_deleted(report: TargetReport) -> int:
    return sum(tally.items for tally in report.deleted.values())


# --- what goes and what stays -----------------------------------------------------------------


def test_old_objects_go_and_everything_else_stays(world: CleanupWorld) -> None:
    for key in ("mixed/old.mp3", "narration_chunks/old.mp3", "uploads/old.txt"):
        world.put(key, 11, Tagging="made-by=mixer")
    staying = {
        "mixed/young.mp3": 9,
        "mixed/in_use/old.mp3": 99,
        "mixed/keep-1.mp3": 99,
        "music/old.mp3": 99,
        "other.txt": 99,
    }
    for key, age_days in staying.items():
        world.put(key, age_days, Tagging="made-by=mixer")
    world.clean({"buckets": [{"bucket": BUCKET, "keep": ["*/keep-*"]}]})
    assert world.keys() == set(staying)


def test_what_callers_spent_goes_after_three_days(world: CleanupWorld) -> None:
    for day, age_days in (("2026-11-16", 4), ("2026-11-19", 1)):
        world.put(f"{PREFIX}{day}/0123456789abcdef/000000001680-aa", age_days, b"")
    world.clean(ONE_BUCKET)
    assert world.keys() == {f"{PREFIX}2026-11-19/0123456789abcdef/000000001680-aa"}


def test_what_lies_elsewhere_is_kept_as_not_ours_without_looking_inside(
    world: CleanupWorld,
) -> None:
    world.put("music/a.mp3", 99)
    world.put("music/b.mp3", 99)
    world.put("readme.txt", 99)
    _, plans = world.clean(ONE_BUCKET)
    assert {(v.item.name, v.reason) for v in plans[0].verdicts} == {
        ("music/", Reason.NOT_OURS),
        ("readme.txt", Reason.NOT_OURS),
    }


def test_old_versions_and_delete_markers_go(world: CleanupWorld) -> None:
    world.put("mixed/gone.mp3", 30)
    world.put("mixed/gone.mp3", 20)
    world.mark_deleted("mixed/gone.mp3", 15)
    world.put("mixed/here.mp3", 30)
    world.put("mixed/here.mp3", 20)
    world.put("mixed/here.mp3", 1)
    world.clean(ONE_BUCKET)
    left = [(key, version) for key, version in world.versions() if key == "mixed/here.mp3"]
    assert world.keys() == {"mixed/here.mp3"}
    assert len(left) == 2, "the one superseded a day ago is young as an old version"


def test_unfinished_uploads_are_aborted(world: CleanupWorld) -> None:
    s3 = world.account.s3
    s3.create_multipart_upload(Bucket=BUCKET, Key="mixed/book.mp3")
    s3.create_multipart_upload(Bucket=BUCKET, Key="music/song.mp3")
    report, _ = world.clean(ONE_BUCKET)
    uploads = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert [upload["Key"] for upload in uploads] == ["music/song.mp3"]
    assert of(report).deleted[Reason.ABANDONED_UPLOAD].items == 1


def test_an_ended_story_goes_whole_and_a_running_one_keeps_its_chunks(world: CleanupWorld) -> None:
    for name in ("request.json", "script.json", "segments/1.mp3", "result.json"):
        world.put(f"stories/ended/{name}", 11, b"{}")
    script = json.dumps({"chapters": [{"chunks": [{"key": "narration_chunks/named.mp3"}]}]})
    timeline = json.dumps({"clips": ["narration_chunks/placed.mp3"]})
    running = {"request.json": b"{}", "script.json": script.encode()}
    for name, body in {**running, "timeline.json": timeline.encode()}.items():
        world.put(f"stories/running/{name}", 11, body)
    for chunk in ("named", "placed", "forgotten"):
        world.put(f"narration_chunks/{chunk}.mp3", 40)
    world.clean(ONE_BUCKET)
    assert world.keys() == {
        "narration_chunks/named.mp3",
        "narration_chunks/placed.mp3",
        "stories/running/request.json",
        "stories/running/script.json",
        "stories/running/timeline.json",
    }


@pytest.mark.parametrize("broken", ["no json", "refused"])
def test_an_unreadable_script_protects_all_chunks_and_is_reported(
    world: CleanupWorld, broken: str
) -> None:
    world.put("stories/running/script.json", 2, b"{" if broken == "no json" else b"{}")
    world.put("narration_chunks/a.mp3", 40)
    world.put("mixed/a.mp3", 40)
    no = {"get_object": build_failing_handler(build_refusal("AccessDenied", 403))}
    world_now = world.intercept(s3=no) if broken == "refused" else world
    report, _ = world_now.clean(ONE_BUCKET)
    assert world.keys() == {"stories/running/script.json", "narration_chunks/a.mp3"}
    assert of(report).warnings
    assert report.failed


def test_a_second_run_deletes_nothing_more(world: CleanupWorld) -> None:
    for number in range(5):
        world.put(f"mixed/{number}.mp3", 8 + number)
    first, _ = world.clean(ONE_BUCKET)
    second, _ = world.clean(ONE_BUCKET)
    assert (count_deleted(of(first)), count_deleted(of(second))) == (2, 0)


def test_every_page_of_a_listing_is_read(
    world: CleanupWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    for number in range(11):
        world.put(f"mixed/{number:02}.mp3", 20)
        world.put(f"mixed/{number:02}.mp3", 15)
    report, _ = world.clean(ONE_BUCKET)
    assert count_deleted(of(report)) == 22
    assert world.keys() == set()


def test_every_page_of_unfinished_uploads_is_read(world: CleanupWorld) -> None:
    s3 = world.account.s3
    for number in range(5):
        s3.create_multipart_upload(Bucket=BUCKET, Key=f"mixed/{number}.mp3")

    def two_at_once(real: Callable[..., Any], **arguments: Any) -> Any:
        after = (arguments.pop("KeyMarker", ""), arguments.pop("UploadIdMarker", ""))
        uploads = sorted(real(**arguments)["Uploads"], key=lambda one: one["Key"])
        rest = [one for one in uploads if (one["Key"], one["UploadId"]) > after]
        page, last = rest[:2], rest[:2][-1]
        markers = {"NextKeyMarker": last["Key"], "NextUploadIdMarker": last["UploadId"]}
        return {"Uploads": page, "IsTruncated": len(rest) > 2, **markers}

    world.intercept(s3={"list_multipart_uploads": two_at_once}).clean(ONE_BUCKET)
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


# --- the plan and the deed --------------------------------------------------------------------


def test_a_run_deletes_exactly_what_the_dry_run_told(world: CleanupWorld) -> None:
    for number in range(6):
        world.put(f"mixed/{number}.mp3", 7 + number)
        world.put(f"narration_chunks/{number}.mp3", 8 + number)
    world.put("mixed/5.mp3", 11)
    world.mark_deleted("narration_chunks/5.mp3", 12)
    used = world.push("used", 50)
    world.make_function("mixer", used)
    for number in range(6):
        world.push(f"image-{number}", 20 + number)
    before, images = world.versions(), world.digests()

    _, told = world.clean(mode=Mode.DRY_RUN)
    assert (world.versions(), world.digests()) == (before, images)
    world.clean(mode=Mode.DELETE)

    repository, bucket = ([v.row() for v in plan.deletions] for plan in told)
    assert {(row["name"], row["version_id"]) for row in bucket} == before - world.versions()
    assert {row["name"] for row in repository} == images - world.digests()
    assert len(bucket) == 7
    assert len(repository) == 3


def test_an_object_refreshed_with_identical_bytes_before_its_deletion_is_not_lost(
    world: CleanupWorld,
) -> None:
    world.put("narration_chunks/a.mp3", 40)
    world.put("narration_chunks/b.mp3", 40)

    def refresh_first(real: Callable[..., Any], **arguments: Any) -> Any:
        world.refresh("narration_chunks/a.mp3")
        return real(**arguments)

    world.intercept(s3={"delete_objects": refresh_first}).clean(ONE_BUCKET)
    assert world.keys() == {"narration_chunks/a.mp3"}
    body = world.account.s3.get_object(Bucket=BUCKET, Key="narration_chunks/a.mp3")["Body"]
    assert body.read() == b"sound"


@pytest.mark.parametrize("status", ["", "Suspended"])
def test_without_versions_what_was_touched_since_the_listing_is_spared(
    world: CleanupWorld, status: str
) -> None:
    world.make_bucket("plain", versioned=False)
    if status:
        world.set_versioning("plain", status)
    for name in ("a", "b", "c", "d"):
        world.put(f"mixed/{name}.mp3", 40, bucket="plain")

    def touch_first(real: Callable[..., Any], **arguments: Any) -> Any:
        world.refresh("mixed/a.mp3", "plain")
        world.put("mixed/c.mp3", 0, b"another sound", bucket="plain")
        return real(**arguments)

    meddled = world.intercept(s3={"list_objects_v2": touch_first})
    report, _ = meddled.clean({"buckets": [{"bucket": "plain"}]})
    assert world.keys("plain") == {"mixed/a.mp3", "mixed/c.mp3"}
    assert of(report, "s3://plain").spared == 2


def test_a_never_versioned_bucket_makes_deletion_conditional_on_the_listed_content(
    world: CleanupWorld,
) -> None:
    world.make_bucket("plain", versioned=False)
    world.put("mixed/a.mp3", 40, bucket="plain")
    seen: list[Any] = []

    def refuse(_real: Callable[..., Any], **arguments: Any) -> Any:
        seen.extend(arguments["Delete"]["Objects"])
        errors = [{"Key": "mixed/a.mp3", "Code": "PreconditionFailed", "Message": "changed"}]
        return {"Errors": errors}

    meddled = world.intercept(s3={"delete_objects": refuse})
    report, _ = meddled.clean({"buckets": [{"bucket": "plain"}]})
    etag = world.account.s3.head_object(Bucket="plain", Key="mixed/a.mp3")["ETag"]
    assert seen == [{"Key": "mixed/a.mp3", "ETag": etag}]
    assert (of(report, "s3://plain").spared, report.failed) == (1, False)


# --- when things go wrong ---------------------------------------------------------------------


def test_a_batch_that_is_refused_does_not_stop_the_others(world: CleanupWorld) -> None:
    world.put_many((f"mixed/{number:04}.mp3" for number in range(1_001)), 20)
    no = build_failing_handler(build_refusal("AccessDenied", 403))
    document = {"buckets": [{"bucket": BUCKET, "max_share": 1}]}
    report, _ = world.intercept(s3={"delete_objects": no}).clean(document)
    outcome = of(report)
    assert (count_deleted(outcome), outcome.failed, len(world.keys())) == (1, 1_000, 1_000)
    assert "AccessDenied" in outcome.failures[0].why
    assert report.failed


def test_items_are_reported_one_by_one_and_passing_troubles_tried_again(
    world: CleanupWorld,
) -> None:
    for name in ("fine", "locked", "busy"):
        world.put(f"mixed/{name}.mp3", 20)
    troubles = [
        [{"Key": "mixed/locked.mp3", "Code": "AccessDenied", "Message": "locked"}],
        [{"Key": "mixed/busy.mp3", "Code": "InternalError", "Message": "try again"}],
    ]
    asked: list[list[str]] = []

    def some_fail(real: Callable[..., Any], **arguments: Any) -> Any:
        asked.append(sorted(one["Key"] for one in arguments["Delete"]["Objects"]))
        errors = [error for group in troubles for error in group]
        failing = {error["Key"] for error in errors}
        arguments["Delete"]["Objects"] = [
            one for one in arguments["Delete"]["Objects"] if one["Key"] not in failing
        ]
        troubles.clear()
        return {**real(**arguments), "Errors": errors}

    report, _ = world.intercept(s3={"delete_objects": some_fail}).clean(ONE_BUCKET)
    assert asked == [["mixed/busy.mp3", "mixed/fine.mp3", "mixed/locked.mp3"], ["mixed/busy.mp3"]]
    assert world.keys() == {"mixed/locked.mp3"}
    outcome = of(report)
    assert (count_deleted(outcome), outcome.failed) == (2, 1)
    assert outcome.failures[0].name == "mixed/locked.mp3"


def test_one_key_that_spoils_a_request_does_not_keep_the_others(world: CleanupWorld) -> None:
    for number in range(7):
        world.put(f"mixed/{number}.mp3", 20)

    def refuse_third(real: Callable[..., Any], **arguments: Any) -> Any:
        if any(one["Key"] == "mixed/3.mp3" for one in arguments["Delete"]["Objects"]):
            raise build_refusal("MalformedXML")
        return real(**arguments)

    report, _ = world.intercept(s3={"delete_objects": refuse_third}).clean(ONE_BUCKET)
    assert world.keys() == {"mixed/3.mp3"}
    assert (count_deleted(of(report)), of(report).failed) == (6, 1)


def test_a_listing_that_breaks_off_deletes_nothing_there_and_the_rest_is_cleaned(
    world: CleanupWorld,
) -> None:
    world.make_bucket("second", versioned=True)
    world.put("mixed/a.mp3", 20)
    world.put("mixed/a.mp3", 20, bucket="second")

    def break_off(real: Callable[..., Any], **arguments: Any) -> Any:
        if arguments["Bucket"] == BUCKET and arguments["Prefix"] == "stories/":
            raise build_refusal("AccessDenied", 403)
        return real(**arguments)

    document = {"buckets": [{"bucket": BUCKET}, {"bucket": "second"}]}
    report, _ = world.intercept(s3={"list_object_versions": break_off}).clean(document)
    assert (world.keys(), world.keys("second")) == ({"mixed/a.mp3"}, set())
    assert "AccessDenied" in of(report).trouble
    assert report.failed


def test_throttling_is_waited_out(world: CleanupWorld) -> None:
    world.put("mixed/a.mp3", 20)
    report, _ = world.throttle("ListObjectVersions", "DeleteObjects").clean(ONE_BUCKET)
    assert (world.keys(), report.failed) == (set(), False)


def test_throttling_that_never_ends_is_reported(world: CleanupWorld) -> None:
    world.put("mixed/a.mp3", 20)
    report, _ = world.throttle("DeleteObjects", times=100, attempts=2).clean(ONE_BUCKET)
    assert of(report).failed == 1
    assert "SlowDown" in of(report).failures[0].why


def test_a_run_does_not_wait_for_a_throttled_service_past_its_deadline(
    world: CleanupWorld,
) -> None:
    world.put("mixed/a.mp3", 20)
    throttled = world.throttle("DeleteObjects", times=100, attempts=12)
    refused: list[object] = []

    def note(**event: object) -> None:
        refused.append(event)

    throttled.account.s3.meta.events.register("needs-retry.s3.DeleteObjects", note)
    deadline = Deadline(remaining_s=lambda: RESERVE_S if refused else 600)
    report, _ = throttled.clean(ONE_BUCKET, deadline=deadline)
    assert (of(report).left, report.unfinished, report.failed) == (1, True, False)
    assert world.keys() == {"mixed/a.mp3"}


def test_a_run_stops_before_its_deadline_and_the_next_one_goes_on(world: CleanupWorld) -> None:
    world.put_many((f"mixed/{number:04}.mp3" for number in range(1_001)), 20)
    document = {"buckets": [{"bucket": BUCKET, "max_share": 1}]}
    deletes = 0

    def count(real: Callable[..., Any], **arguments: Any) -> Any:
        nonlocal deletes
        answer = real(**arguments)
        deletes += 1
        return answer

    deadline = Deadline(remaining_s=lambda: RESERVE_S - 1 if deletes else 600)
    first, _ = world.intercept(s3={"delete_objects": count}).clean(document, deadline=deadline)
    assert (count_deleted(of(first)), of(first).left, first.failed) == (1_000, 1, False)
    assert first.unfinished
    world.clean(document)
    assert world.keys() == set()


def test_without_time_to_list_nothing_is_deleted(world: CleanupWorld) -> None:
    world.put("mixed/a.mp3", 20)
    report, _ = world.clean(ONE_BUCKET, deadline=build_deadline(600, 600, RESERVE_S))
    assert world.keys() == {"mixed/a.mp3"}
    assert (report.unfinished, report.failed) == (True, False)


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "named", "why"),
    [
        ({"bucket": "no-such-bucket"}, "s3://no-such-bucket", "the bucket does not exist"),
        ({"bucket": "other", "age_days": 0}, "s3://other", "age_days"),
        ({"bucket": "other", "age_days": -3}, "s3://other", "age_days"),
        ({"bucket": "other", "age_days": "ten"}, "s3://other", "age_days"),
        ({"bucket": "other", "age_days": True}, "s3://other", "age_days"),
        ({"bucket": "other", "age_day": 3}, "s3://other", "age_day"),
        ({"bucket": "other", "prefixes": [{"prefix": "mixed"}]}, "s3://other", "mixed"),
        ({"bucket": "other", "prefixes": [{"prefix": "stories/1/"}]}, "s3://other", "whole"),
        ({"age_days": 3}, "policy.buckets[0]", "bucket"),
        ("other", "policy.buckets[0]", "object"),
    ],
)
def test_a_wrong_target_is_refused_by_name_and_the_others_are_cleaned(
    world: CleanupWorld, wrong: object, named: str, why: str
) -> None:
    world.put("mixed/a.mp3", 20)
    report, _ = world.clean({"buckets": [wrong, {"bucket": BUCKET}]})
    assert why in of(report, named).refused
    assert world.keys() == set()
    assert report.failed


def test_a_refused_target_is_not_cleaned_by_the_rules_of_its_double(world: CleanupWorld) -> None:
    world.put("mixed/keep-me.mp3", 50)
    protecting = {"bucket": BUCKET, "keep": ["mixed/keep-*"], "agedays": 30}
    report, _ = world.clean({"buckets": [protecting, {"bucket": BUCKET}]})
    assert [target.refused is not None for target in report.targets] == [True, True]
    assert world.keys() == {"mixed/keep-me.mp3"}


@pytest.mark.parametrize("nothing", [{}, {"buckets": []}, {"buckets": [], "repositories": []}])
def test_a_policy_that_would_clean_nothing_is_refused(world: CleanupWorld, nothing: object) -> None:
    report, _ = world.clean(nothing)
    assert "names none" in of(report, "policy").refused
    assert report.failed


def test_a_bucket_of_somebody_else_is_refused(world: CleanupWorld) -> None:
    world.put("mixed/a.mp3", 20)
    foreign = build_failing_handler(build_refusal("AccessDenied", 403))
    report, _ = world.intercept(s3={"get_bucket_versioning": foreign}).clean(ONE_BUCKET)
    assert "another account" in of(report).refused
    assert world.keys() == {"mixed/a.mp3"}


def test_every_call_demands_that_the_bucket_is_ours(world: CleanupWorld) -> None:
    world.put("mixed/a.mp3", 20)
    world.put("narration_chunks/a.mp3", 20)
    world.put("stories/s/script.json", 1, b"{}")
    world.account.s3.create_multipart_upload(Bucket=BUCKET, Key="mixed/book.mp3")
    owners: list[tuple[str, str | None]] = []

    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        owners.append((model.name, params["headers"].get("x-amz-expected-bucket-owner")))

    events = world.account.s3.meta.events
    events.register("before-call.s3", note)
    world.clean(ONE_BUCKET)
    events.unregister("before-call.s3", note)
    assert {name for name, _ in owners} >= {
        "AbortMultipartUpload",
        "DeleteObjects",
        "GetObject",
        "ListMultipartUploads",
        "ListObjectVersions",
    }
    assert {owner for _, owner in owners} == {ACCOUNT}


# --- the handler ------------------------------------------------------------------------------


class LambdaContext:
    """What Lambda hands over, with ten minutes to go."""

    invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:sanitation"

    def get_remaining_time_in_millis(self) -> int:
        return 600_000


def handle(world: CleanupWorld, event: dict[str, object], **environ: str) -> Any:
    run = ScheduledRun(
        {"OUTPUT_BUCKET": BUCKET, **environ},
        account=world.account,
        sns=world.session.client("sns"),
        now=NOW,
        deadline=Deadline(sleep=lambda _s: None),
    )
    return run.answer(event)


def metric(printed: str, name: str) -> float:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]
    return next(line[name][0] for line in lines if name in line)


def test_unless_told_otherwise_the_handler_only_tells(
    world: CleanupWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTPUT_BUCKET", BUCKET)
    world.put("mixed/a.mp3", 20)
    told = sanitation.handler({}, LambdaContext())
    assert (told["mode"], world.keys()) == ("dry-run", {"mixed/a.mp3"})
    monkeypatch.setenv("SANITATION_MODE", "delete")
    told = sanitation.handler({}, LambdaContext())
    assert (told["mode"], world.keys()) == ("delete", set())


def test_counts_and_bytes_by_reason_are_reported_and_counted(
    world: CleanupWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put("mixed/a.mp3", 20, b"12345")
    world.put("mixed/b.mp3", 2, b"123")
    told = handle(world, {"mode": "delete"})
    target = told["targets"][0]
    assert target["deleted"] == {"older than its threshold": {"items": 1, "bytes": 5}}
    assert target["kept"] == {"young": {"items": 1, "bytes": 3}}
    printed = capsys.readouterr().out
    assert metric(printed, "ItemsDeleted") == 1
    assert metric(printed, "BytesDeleted") == 5
    assert metric(printed, "SavedUsdPerMonth") == pytest.approx(5 / 2**30 * 0.023)
    assert metric(printed, "Failed") == 0
    reasons = [json.loads(line) for line in printed.splitlines() if '"reason":' in line]
    counted = {
        (one["outcome"], one["reason"], one["Items"][0]) for one in reasons if "Items" in one
    }
    assert counted == {("kept", "young", 1), ("to_delete", "expired", 1), ("deleted", "expired", 1)}


def test_above_the_ceiling_a_run_stops_and_counts_it(
    world: CleanupWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(10):
        world.put(f"mixed/{number}.mp3", 20 if number < 6 else 1)
    told = handle(world, {"mode": "delete"}, SANITATION_MAX_SHARE="0.5")
    assert "6 of 10" in told["targets"][0]["stopped"]
    assert len(world.keys()) == 10
    printed = capsys.readouterr().out
    assert (metric(printed, "Stopped"), metric(printed, "Failed")) == (1, 1)
    handle(world, {"mode": "delete", "max_share": 0.6}, SANITATION_MAX_SHARE="0.5")
    assert len(world.keys()) == 4


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"OUTPUT_BUCKET": ""}, "OUTPUT_BUCKET"),
        ({"SANITATION_MODE": "remove"}, "SANITATION_MODE"),
        ({"SANITATION_POLICY": "{"}, "policy"),
        ({"SANITATION_POLICY": '{"bukets": []}'}, "policy"),
        ({"SANITATION_AGE_DAYS": "soon"}, f"s3://{BUCKET}"),
    ],
)
def test_a_wrong_environment_deletes_nothing_and_says_what_is_wrong(
    world: CleanupWorld, environ: dict[str, str], named: str
) -> None:
    world.put("mixed/a.mp3", 20)
    told = handle(world, {}, **{"SANITATION_MODE": "delete", **environ})
    assert told["targets"][0]["target"] == named
    assert told["targets"][0]["refused"]
    assert told["failed"]
    assert world.keys() == {"mixed/a.mp3"}


def test_the_policy_in_the_environment_names_buckets_and_repositories(world: CleanupWorld) -> None:
    world.make_bucket("second", versioned=True)
    world.put("drafts/a.mp3", 3, bucket="second")
    world.make_function("mixer", world.push("used", 50))
    world.push("old", 50)
    policy = {
        "buckets": [{"bucket": "second", "prefixes": [{"prefix": "drafts/", "age_days": 2}]}],
        "repositories": [{"repository": REPOSITORY, "keep_newest": 0}],
    }
    told = handle(world, {"mode": "delete"}, SANITATION_POLICY=json.dumps(policy))
    assert [one["target"] for one in told["targets"]] == ["ecr://mixer", "s3://second"]
    assert world.keys("second") == set()
    assert len(world.digests()) == 1


def test_a_message_is_sent_when_a_topic_is_named(world: CleanupWorld) -> None:
    sns, sqs = world.session.client("sns"), world.session.client("sqs")
    topic = sns.create_topic(Name="clean-up")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox")
    world.put("mixed/a.mp3", 20)
    handle(world, {"mode": "delete"}, SANITATION_TOPIC_ARN=topic)
    sent = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert sent["Subject"] == "Mixer clean-up (delete): OK, 1 deleted"
    assert json.loads(sent["Message"])["mode"] == "delete"


def test_a_message_that_cannot_be_sent_does_not_undo_the_run(world: CleanupWorld) -> None:
    world.put("mixed/a.mp3", 20)
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:no-such-topic"
    told = handle(world, {"mode": "delete"}, SANITATION_TOPIC_ARN=topic)
    assert (told["failed"], world.keys()) == (False, set())


# --- the command line -------------------------------------------------------------------------


def sanitize_command(*arguments: str) -> None:
    cli.main(["sanitize", *arguments], standalone_mode=False)


def test_the_command_prints_the_plan_and_deletes_only_when_told(
    world: CleanupWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put("mixed/a.mp3", 20)
    sanitize_command("--bucket", BUCKET, "--dry-run")
    printed = capsys.readouterr().out
    assert "mixed/a.mp3" in printed
    assert "1 to delete, 0 stay, 0 deleted" in printed
    assert world.keys() == {"mixed/a.mp3"}
    sanitize_command("--bucket", BUCKET, "--delete")
    assert world.keys() == set()


def test_the_command_tells_every_item_as_json(
    world: CleanupWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put("mixed/a.mp3", 20)
    world.put("mixed/b.mp3", 3)
    sanitize_command("--bucket", BUCKET, "--format", "json", "--age-days", "15")
    told = json.loads(capsys.readouterr().out)
    rows = told["plans"][f"s3://{BUCKET}"]
    assert [(row["name"], row["action"], row["reason"]) for row in rows] == [
        ("mixed/a.mp3", "delete", "older than its threshold"),
        ("mixed/b.mp3", "keep", "young"),
    ]


def test_the_command_reads_a_policy_file_and_fails_when_a_target_is_refused(
    world: CleanupWorld, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put("mixed/a.mp3", 20)
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"buckets": [{"bucket": BUCKET}, {"bucket": "nowhere"}]}))
    with pytest.raises(StoreFailed):
        sanitize_command("--policy", str(policy), "--delete")
    assert "s3://nowhere" in capsys.readouterr().out
    assert world.keys() == set()


def test_a_policy_file_that_is_no_text_is_named(world: CleanupWorld, tmp_path: Any) -> None:
    world.put("mixed/a.mp3", 20)
    policy = tmp_path / "policy.json"
    policy.write_bytes(b'{"buckets": "\xff"}')
    with pytest.raises(BadOption, match=r"policy\.json is not UTF-8 text"):
        sanitize_command("--policy", str(policy), "--delete")
    assert world.keys() == {"mixed/a.mp3"}

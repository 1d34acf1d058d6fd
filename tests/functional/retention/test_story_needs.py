"""What stories need stays: uploads, chunks, segments, index entries, and code that still runs."""

import json
from datetime import timedelta

import pytest

from mixer.retention import Mode
from tests.functional.retention.cleanup_world import (
    ACCOUNT,
    BUCKET,
    NOW,
    REGION,
    REPOSITORY,
    CleanupWorld,
    build_refusal,
)

STORY = "stories/" + "a" * 32 + "/"
CHUNK = "narration_chunks/" + "1" * 40 + ".mp3"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:stories"


def list_keys(world):
    return world.keys()


def put_json(world, key, age_days, value):
    world.put(key, age_days, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("name", "content", "needed"),
    [
        ("request.json", {"text_key": "uploads/a/book.epub"}, "uploads/a/book.epub"),
        ("request.json", {"music": "uploads/a/bed.mp3"}, "uploads/a/bed.mp3"),
        ("request.json", {"options": {"cover": "uploads/a/c.jpg"}}, "uploads/a/c.jpg"),
        ("request.json", {"kind": "mix", "chunk_keys": [CHUNK]}, CHUNK),
        ("sounds.json", {"sounds": [{"source": "uploads/a/bell.wav"}]}, "uploads/a/bell.wav"),
        ("script.json", {"keys": {CHUNK: 1}}, CHUNK),
        ("timeline.json", {"clips": [CHUNK]}, CHUNK),
    ],
)
def test_object_that_a_running_story_names_stays(world: CleanupWorld, name, content, needed):
    world.put(needed, 11)
    world.put("uploads/other.wav", 11)
    put_json(world, STORY + "script.json", 0.05, {})
    put_json(world, STORY + name, 0.05, content)
    world.clean()
    assert needed in list_keys(world)
    assert "uploads/other.wav" not in list_keys(world)


def test_uploads_stay_while_a_running_story_is_not_planned(world: CleanupWorld):
    world.put("uploads/bell.wav", 11)
    put_json(world, STORY + "request.json", 0.05, {})
    world.clean()
    assert "uploads/bell.wav" in list_keys(world)


def test_story_that_is_never_planned_keeps_no_uploads(world: CleanupWorld):
    world.put("uploads/bell.wav", 11)
    put_json(world, STORY + "request.json", 3, {})
    world.clean()
    assert "uploads/bell.wav" not in list_keys(world)


def test_story_that_a_feed_names_stays_with_its_chunks(world: CleanupWorld):
    for name in ("request.json", "result.json", "story.mp3", "published/feed"):
        world.put(STORY + name, 400, b"{}")
    put_json(world, STORY + "script.json", 400, {"keys": {CHUNK: 1}})
    world.put(CHUNK, 400)
    world.put("stories/" + "b" * 32 + "/result.json", 400, b"{}")
    run = world.clean()
    assert {STORY + "story.mp3", STORY + "published/feed", CHUNK} <= {*list_keys(world)}
    assert not [key for key in list_keys(world) if key.startswith("stories/b")]
    assert "named by a podcast feed" in str(run)


@pytest.mark.parametrize("content", [{"uploads": ["uploads/bell.wav"]}, "damaged"])
def test_upload_that_a_project_names_stays_at_any_age(world: CleanupWorld, content):
    put_json(world, "projects/ann/lamp/000000001.json", 400, content)
    if content == "damaged":
        world.put("projects/ann/lamp/000000001.json", 400, b"{damaged")
    world.put("projects/ann/gone/000000002.json", 400, b"{}")
    world.put("projects/ann/lamp/texts/a.txt", 400)
    for name in ("bell.wav", "other.wav"):
        world.put(f"uploads/{name}", 11)
    world.clean()
    assert {key for key in list_keys(world) if "uploads" not in key} == {
        "projects/ann/gone/000000002.json",
        "projects/ann/lamp/000000001.json",
        "projects/ann/lamp/texts/a.txt",
    }
    assert "uploads/bell.wav" in list_keys(world)
    assert ("uploads/other.wav" in list_keys(world)) is (content == "damaged")


def test_upload_that_a_project_names_during_a_run_stays(world: CleanupWorld):
    world.put("uploads/bell.wav", 11)
    looked = []

    def save(real, **arguments):
        looked.append(arguments["Prefix"])
        if arguments["Prefix"] == "projects/" and looked.count("projects/") == 2:
            body = json.dumps({"uploads": ["uploads/bell.wav"]}).encode()
            key = "projects/ann/lamp/000000001.json"
            world.account.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return real(**arguments)

    world.intercept(s3={"list_objects_v2": save}).clean()
    assert looked.count("projects/") == 2
    assert "uploads/bell.wav" in list_keys(world)


OLD = ["request.json", "text.txt", "script.json", "plan.json", "result.json", "batches/0000.json"]


def test_story_that_is_started_again_during_a_run_stays_whole(world: CleanupWorld):
    for name in OLD:
        world.put(STORY + name, 11, b"{}")
    for number in range(20):
        world.put(f"stories/{number:032}/result.json", 11, b"{}")
    started = []

    def start_again(real, **arguments):
        if arguments["Prefix"].startswith(STORY) and not started:
            started.append(1)
            world.account.s3.delete_object(Bucket=BUCKET, Key=STORY + "result.json")
            world.account.s3.put_object(Bucket=BUCKET, Key=STORY + "attempts/2", Body=b"{}")
        return real(**arguments)

    world.intercept(s3={"list_objects_v2": start_again}).clean()
    kept = {STORY + name for name in OLD}
    assert kept <= list_keys(world)
    assert not any(key.startswith("stories/0") for key in list_keys(world))


def test_upload_that_a_new_story_names_during_a_run_stays(world: CleanupWorld):
    world.put("uploads/bell.wav", 11)
    created = []

    def create(real, **arguments):
        if arguments["Prefix"] == "stories/" and not created:
            created.append(1)
            body = json.dumps({"music": "uploads/bell.wav"}).encode()
            world.account.s3.put_object(Bucket=BUCKET, Key=STORY + "request.json", Body=body)
        return real(**arguments)

    world.intercept(s3={"list_objects_v2": create}).clean()
    assert "uploads/bell.wav" in list_keys(world)


def test_segments_of_a_rendered_story_stay_at_any_threshold(world: CleanupWorld):
    put_json(world, STORY + "request.json", 0.2, {})
    put_json(world, STORY + "segments.json", 0.01, {})
    for key, age_days in {"segments/new.mp3": 0.1, "segments/old.mp3": 5}.items():
        world.put(key, age_days)
    rules = [{"prefix": "segments/", "age_days": 0.05}, {"prefix": "stories/"}]
    world.clean({"buckets": [{"bucket": BUCKET, "prefixes": rules}]})
    assert "segments/new.mp3" in list_keys(world)
    assert "segments/old.mp3" not in list_keys(world)


def test_index_entry_stays_with_its_story(world: CleanupWorld):
    entries = [f"story_index/c/000-{letter * 32}" for letter in "ab"]
    for entry in entries:
        world.put(entry, 11)
    world.put(STORY + "result.json", 11, b"{}")
    world.put(STORY + "keep-me", 11)
    world.clean({"buckets": [{"bucket": BUCKET, "keep": ["stories/*/keep-*"]}]})
    assert {each for each in entries if each in list_keys(world)} == {entries[0]}


def test_signature_is_no_image_and_goes_and_stays_with_its_image(world: CleanupWorld):
    images = [world.push(f"image {number}", 40 - number, f"v{number}") for number in range(6)]
    digests = [
        {image, world.push(f"signature {number}", 40 - number, image.replace(":", "-") + ".sig")}
        for number, image in enumerate(images)
    ]
    world.make_function("mixer", images[0])
    world.clean({"repositories": [{"repository": REPOSITORY, "keep_newest": 3, "max_share": 1}]})
    assert world.digests() == digests[0] | digests[3] | digests[4] | digests[5]


# ---- Versions of functions ---------------------------------------------------------------------


def publish(world: CleanupWorld, count: int) -> list[str]:
    """Publish versions of one function, each of another image; their ARNs."""
    arns = []
    world.make_function("stories-mix", world.push("first", 90, "first"))
    for number in range(count):
        version = world.deploy("stories-mix", world.push(f"version {number}", 90, f"b{number}"))
        arns.append(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:stories-mix:{version}")
    return arns


def clean_versions(world: CleanupWorld, called: list[str], days: float, **more):
    """Clean up so many days later, under a state machine that calls some versions."""
    answer = {"definition": json.dumps({"States": called})}
    between = world.intercept(states={"describe_state_machine": lambda _real, **_: answer}, **more)
    policy = {"functions": "stories-*", "state_machine": MACHINE, "max_share": 1}
    return between.clean({"functions": [policy]}, now=NOW + timedelta(days=days))


def list_versions(world: CleanupWorld) -> set[str]:
    found = world.account.functions.list_versions_by_function(FunctionName="stories-mix")
    return {each["FunctionArn"] for each in found["Versions"] if each["Version"] != "$LATEST"}


def test_old_versions_go_and_the_called_and_newest_stay(world: CleanupWorld):
    arns = publish(world, 4)
    clean_versions(world, [arns[1]], 5)
    assert list_versions(world) == set(arns)
    clean_versions(world, [arns[1]], 60)
    assert list_versions(world) == {arns[1], arns[3]}


def test_unreadable_state_machine_keeps_every_version(world: CleanupWorld):
    arns = publish(world, 3)
    report, _ = clean_versions(world, [], 60)
    assert list_versions(world) == set(arns)
    assert report.failed


def test_version_that_is_called_by_now_stays(world: CleanupWorld):
    arns = publish(world, 3)
    answers = iter([[arns[2]], [arns[0]]])

    def describe(_real, **_):
        return {"definition": json.dumps(next(answers))}

    policy = {"functions": "stories-*", "state_machine": MACHINE, "max_share": 1}
    between = world.intercept(states={"describe_state_machine": describe})
    between.clean({"functions": [policy]}, now=NOW + timedelta(days=60))
    assert list_versions(world) == {arns[0], arns[2]}


# ---- Functions that may not be read ------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "deleted"), [("function:mixer-*", True), ("function:*", False), (None, False)]
)
def test_function_that_may_not_be_read_counts_unless_the_repository_excludes_it(
    world: CleanupWorld, pattern, deleted
):
    world.make_function("mixer-speech", world.push("used", 50, "used"))
    world.make_function("foreign", world.push("foreign", 50, "foreign"))
    if pattern:
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:{pattern}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "ecr:BatchGetImage",
            "Condition": {"ArnLike": {"aws:SourceArn": [arn]}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        world.account.ecr.set_repository_policy(repositoryName=REPOSITORY, policyText=policy)

    def read(real, **arguments):
        if arguments["FunctionName"] == "foreign":
            raise build_refusal("AccessDeniedException", 403)
        return real(**arguments)

    between = world.intercept(functions={"get_function": read})
    repository = {"repository": REPOSITORY, "keep_newest": 0, "max_share": 1}
    between.clean({"repositories": [repository]}, mode=Mode.DELETE)
    assert (len(world.digests()) == 1) == deleted

"""The plan of a bucket: which objects, versions and uploads to delete, and why. Pure.

The first rule that applies decides: outside every prefix, the object's story, exceptions, chunks of
living stories, then age. A version ages from when it stopped being the latest: so only the oldest
versions of a key are deleted, and a run may stop anywhere and be repeated.

The rule for stories, shared with the story service:

- everything under `stories/{id}/` is one folder, deleted or kept as a whole;
- a story has ended when `stories/{id}/result.json` exists;
- without it, the story is running while anything in its folder is younger than `running_days`,
  and abandoned after that;
- a story is living as long as its folder stays. Its chunks are the strings in its `script.json`
  and `timeline.json` that start with `narration_chunks/`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import translate
from itertools import groupby

from mixer.retention.inventory import BucketListing, Folder, ObjectVersion, Upload
from mixer.retention.plan import Reason, RetentionPlan, Verdict, build_limit
from mixer.retention.policy import CHUNKS, STORIES, BucketPolicy

BucketItem = ObjectVersion | Upload | Folder

SPARED_OBJECTS = 1_000
"""Without a configured share, so many may be deleted even if they exceed half."""

IN_USE = re.compile(r"(^|/)in_use/")
"""A folder of this name protects its content at any level."""

RESULT = "result.json"
SCRIPTS = ("script.json", "timeline.json")
"""The files that name a story's chunks."""


@dataclass(frozen=True, slots=True)
class Story:
    """A listed story's folder; `touched` is the last write to any of its keys, in UTC."""

    ended: bool
    touched: datetime
    guarded: bool

    def is_running(self, now: datetime, running_days: float) -> bool:
        """Whether a worker may still be writing to it."""
        return not self.ended and now - self.touched <= timedelta(days=running_days)


def plan_bucket(
    listing: BucketListing, policy: BucketPolicy, now: datetime
) -> RetentionPlan[BucketItem]:
    """Decide on everything in a bucket at a moment in UTC.

    The listing must be complete: stories are judged by all their files.
    """
    judge = BucketJudge.of(listing, policy, now)
    return RetentionPlan(
        target=policy.name,
        now=now,
        verdicts=(
            *(Verdict(folder, Reason.NOT_OURS) for folder in listing.other_folders),
            *judge.judge_objects(listing.versions),
            *(Verdict(upload, judge.judge_upload(upload)) for upload in listing.uploads),
        ),
        limit=build_limit(policy.max_share, SPARED_OBJECTS),
        warnings=tuple(f"{policy.name}/{key} cannot be read" for key in listing.unreadable),
    )


def find_living_stories(
    listing: BucketListing, policy: BucketPolicy, now: datetime
) -> frozenset[str]:
    """Find the stories whose scripts must be read: those that stay, if any chunk would go."""
    judge = BucketJudge.of(listing, policy, now)
    chunks = (version for version in listing.versions if version.key.startswith(CHUNKS))
    if not any(verdict.deletes for verdict in judge.judge_objects(chunks)):
        return frozenset()
    reasons = ((identity, judge.judge_story(story)) for identity, story in judge.stories.items())
    return frozenset(identity for identity, reason in reasons if not reason.deletes)


@dataclass(frozen=True, slots=True)
class BucketJudge:
    """Decides on one key at a time."""

    policy: BucketPolicy
    now: datetime
    is_exception: Callable[[str], object]
    stories: Mapping[str, Story]
    named_chunks: frozenset[str]
    chunks_unknown: bool

    @classmethod
    def of(cls, listing: BucketListing, policy: BucketPolicy, now: datetime) -> "BucketJudge":
        """Build the judge for one listing at one moment."""
        matches_exception = _compile_patterns(policy.keep)
        guarded = frozenset(
            version.key
            for version in listing.versions
            if story_id(version.key)
            and (IN_USE.search(version.key) or matches_exception(version.key))
        )
        return cls(
            policy=policy,
            now=now,
            is_exception=matches_exception,
            stories=find_stories(listing.versions, guarded),
            named_chunks=listing.named_chunks,
            chunks_unknown=bool(listing.unreadable),
        )

    def judge_objects(self, versions: Iterable[ObjectVersion]) -> Iterator[Verdict[ObjectVersion]]:
        """Return a verdict for each version, in the listing's order."""
        for key, history in groupby(versions, key=lambda version: version.key):
            reason = self.find_key_reason(key)
            if reason:
                yield from (Verdict(version, reason) for version in history)
            else:
                yield from self.judge_by_age(key, history)

    def find_key_reason(self, key: str) -> Reason | None:
        """Find the reason that holds for all versions of a key, if any."""
        if self.age_days(key) is None:
            return Reason.NOT_OURS
        story = self.stories.get(story_id(key))
        if story:
            return self.judge_story(story)
        return self.find_protection(key)

    def find_protection(self, key: str) -> Reason | None:
        """Find why a key outside of stories stays at any age."""
        if IN_USE.search(key):
            return Reason.IN_USE_FOLDER
        if self.is_exception(key):
            return Reason.EXCEPTION
        if key.startswith(CHUNKS) and self.chunks_unknown:
            return Reason.STORY_UNREADABLE
        return Reason.NAMED_BY_STORY if key in self.named_chunks else None

    def judge_story(self, story: Story) -> Reason:
        """Return the reason that holds for a story's whole folder."""
        if story.guarded:
            return Reason.EXCEPTION
        if story.is_running(self.now, self.policy.running_days):
            return Reason.STORY_RUNNING
        if not self.is_old(story.touched, self.story_days):
            return Reason.STORY_YOUNG
        return Reason.STORY_ENDED if story.ended else Reason.STORY_ABANDONED

    def judge_by_age(
        self, key: str, history: Iterable[ObjectVersion]
    ) -> Iterator[Verdict[ObjectVersion]]:
        """Judge the unprotected versions of a key, newest first."""
        age_days = self.age_days(key) or self.policy.age_days
        superseded: datetime | None = None
        for version in history:
            old = self.is_old(superseded or version.modified, age_days)
            yield Verdict(version, _deletion_reason(version) if old else Reason.YOUNG)
            superseded = version.modified

    def judge_upload(self, upload: Upload) -> Reason:
        """Return the reason that decides on an unfinished multipart upload."""
        if self.age_days(upload.key) is None:
            return Reason.NOT_OURS
        story = self.stories.get(story_id(upload.key))
        if story and story.is_running(self.now, self.policy.running_days):
            return Reason.STORY_RUNNING
        if IN_USE.search(upload.key):
            return Reason.IN_USE_FOLDER
        if self.is_exception(upload.key):
            return Reason.EXCEPTION
        old = self.is_old(upload.initiated, self.policy.upload_days)
        return Reason.ABANDONED_UPLOAD if old else Reason.YOUNG

    def age_days(self, key: str) -> float | None:
        """Return the threshold of the longest matching prefix; None outside of all."""
        rules = [rule for rule in self.policy.prefixes if key.startswith(rule.prefix)]
        if not rules:
            return None
        return max(rules, key=lambda rule: len(rule.prefix)).age_days or self.policy.age_days

    @property
    def story_days(self) -> float:
        """Return the threshold of story folders; the bucket's if stories are not cleaned."""
        return self.age_days(STORIES) or self.policy.age_days

    def is_old(self, since: datetime, age_days: float) -> bool:
        """Whether more than so many days have passed."""
        return self.now - since > timedelta(days=age_days)


def _compile_patterns(patterns: Iterable[str]) -> Callable[[str], object]:
    """Compile shell patterns to a predicate on keys."""
    expressions = [translate(pattern) for pattern in patterns]
    if not expressions:
        return lambda _key: None
    return re.compile("|".join(expressions)).match


def _deletion_reason(version: ObjectVersion) -> Reason:
    if version.is_marker:
        return Reason.OLD_MARKER
    return Reason.EXPIRED if version.is_latest else Reason.OLD_VERSION


def story_id(key: str) -> str:
    """Return the story of a key; empty outside of story folders."""
    if not key.startswith(STORIES):
        return ""
    identity, slash, _ = key[len(STORIES) :].partition("/")
    return identity if slash else ""


def find_stories(
    versions: Iterable[ObjectVersion], guarded_keys: frozenset[str]
) -> Mapping[str, Story]:
    """Find the story folders of a listing."""
    stories: dict[str, Story] = {}
    for version in versions:
        identity = story_id(version.key)
        if identity:
            here = _story_from_version(version, identity, guarded_keys)
            stories[identity] = _merge_stories(stories.get(identity, here), here)
    return stories


def _story_from_version(
    version: ObjectVersion, identity: str, guarded_keys: frozenset[str]
) -> Story:
    is_result = _relative_key(version.key, identity) == RESULT
    return Story(
        ended=is_result and version.is_latest and not version.is_marker,
        touched=version.modified,
        guarded=version.key in guarded_keys,
    )


def _merge_stories(one: Story, other: Story) -> Story:
    return Story(
        ended=one.ended or other.ended,
        touched=max(one.touched, other.touched),
        guarded=one.guarded or other.guarded,
    )


def find_script_keys(versions: Iterable[ObjectVersion], living: frozenset[str]) -> Iterator[str]:
    """Find the keys of living stories' scripts and timelines."""
    for version in versions:
        identity = story_id(version.key)
        readable = version.is_latest and not version.is_marker
        if identity in living and readable and _relative_key(version.key, identity) in SCRIPTS:
            yield version.key


def _relative_key(key: str, identity: str) -> str:
    return key.removeprefix(f"{STORIES}{identity}/")


def parse_chunk_keys(content: bytes) -> frozenset[str] | None:
    """Parse the chunk keys of a JSON document; None when it cannot be read.

    Objects are dropped while parsing, so that a book's script takes little memory.
    """
    found: set[str] = set()

    def drop(members: list[tuple[str, object]]) -> None:
        for _, value in members:
            found.update(_chunk_keys(value))

    try:
        found.update(_chunk_keys(json.loads(content, object_pairs_hook=drop)))
    except (ValueError, RecursionError):
        return None
    return frozenset(found)


def _chunk_keys(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(CHUNKS):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _chunk_keys(element)

"""Which objects, versions and uploads of a bucket go, and why.

The first rule that holds decides: outside every prefix, the story that an object belongs to,
exceptions, living stories' chunks, and only then the age.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import translate
from itertools import groupby

from mixer.retention.inventory import BucketListing, ObjectVersion, Upload
from mixer.retention.plan import Reason, Verdict
from mixer.retention.policy import CHUNKS, STORIES, BucketPolicy
from mixer.retention.stories import Story, find_stories, story_id

IN_USE = re.compile(r"(^|/)in_use/")
"""A folder of this name protects what lies in it, wherever it is."""


@dataclass(frozen=True, slots=True)
class BucketJudge:
    """Everything that a verdict on one key depends on."""

    policy: BucketPolicy
    now: datetime
    is_exception: Callable[[str], object]
    stories: Mapping[str, Story]
    named_chunks: frozenset[str]
    chunks_unknown: bool

    @classmethod
    def of(cls, listing: BucketListing, policy: BucketPolicy, now: datetime) -> "BucketJudge":
        """The judge for one listing at one moment."""
        excepted = _compile_patterns(policy.keep)
        guarded = frozenset(
            version.key
            for version in listing.versions
            if story_id(version.key) and (IN_USE.search(version.key) or excepted(version.key))
        )
        return cls(
            policy=policy,
            now=now,
            is_exception=excepted,
            stories=find_stories(listing.versions, guarded),
            named_chunks=listing.named_chunks,
            chunks_unknown=bool(listing.unreadable),
        )

    def judge_objects(self, versions: Iterable[ObjectVersion]) -> Iterator[Verdict[ObjectVersion]]:
        """A verdict for each version, in the listing's order."""
        for key, history in groupby(versions, key=lambda version: version.key):
            reason = self.find_key_reason(key)
            if reason:
                yield from (Verdict(version, reason) for version in history)
            else:
                yield from self.judge_by_age(key, history)

    def find_key_reason(self, key: str) -> Reason | None:
        """The reason that holds for all versions of a key, if there is one."""
        if self.age_days(key) is None:
            return Reason.NOT_OURS
        story = self.stories.get(story_id(key))
        if story:
            return self.judge_story(story)
        return self.find_protection(key)

    def find_protection(self, key: str) -> Reason | None:
        """Why a key outside of stories stays whatever its age."""
        if IN_USE.search(key):
            return Reason.IN_USE_FOLDER
        if self.is_exception(key):
            return Reason.EXCEPTION
        if key.startswith(CHUNKS) and self.chunks_unknown:
            return Reason.STORY_UNREADABLE
        return Reason.NAMED_BY_STORY if key in self.named_chunks else None

    def judge_story(self, story: Story) -> Reason:
        """What becomes of a story's folder, whole."""
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
        """Verdicts on the versions of a key that nothing protects, the newest first."""
        age_days = self.age_days(key) or self.policy.age_days
        superseded: datetime | None = None
        for version in history:
            old = self.is_old(superseded or version.modified, age_days)
            yield Verdict(version, _deletion_reason(version) if old else Reason.YOUNG)
            superseded = version.modified

    def judge_upload(self, upload: Upload) -> Reason:
        """What becomes of an unfinished multipart upload."""
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
        """The threshold of the longest prefix that covers a key; None outside of all."""
        rules = [rule for rule in self.policy.prefixes if key.startswith(rule.prefix)]
        if not rules:
            return None
        return max(rules, key=lambda rule: len(rule.prefix)).age_days or self.policy.age_days

    @property
    def story_days(self) -> float:
        """The threshold of story folders; the bucket's own where stories are not cleaned."""
        return self.age_days(STORIES) or self.policy.age_days

    def is_old(self, since: datetime, age_days: float) -> bool:
        """Whether more than so many days have passed."""
        return self.now - since > timedelta(days=age_days)


def _compile_patterns(patterns: Iterable[str]) -> Callable[[str], object]:
    """A test whether a key matches any of some shell patterns."""
    expressions = [translate(pattern) for pattern in patterns]
    if not expressions:
        return lambda _key: None
    return re.compile("|".join(expressions)).match


def _deletion_reason(version: ObjectVersion) -> Reason:
    if version.is_marker:
        return Reason.OLD_MARKER
    return Reason.EXPIRED if version.is_latest else Reason.OLD_VERSION

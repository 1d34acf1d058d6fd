"""The retention policy: what operators configure for each target."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

CHUNKS = "narration_chunks/"
INDEX = "story_index/"
LISTENING = "listening/"
PROJECTS = "projects/"
SEGMENTS = "segments/"
SPENDING = "spending/"
STORIES = "stories/"
UPLOADS = "uploads/"
OUR_PREFIXES = (
    *(CHUNKS, LISTENING, "mixed/", SEGMENTS, "speaking/", STORIES, INDEX, UPLOADS, SPENDING),
)
"""Mixer's folders in its output bucket, cleaned by default."""

AGE_DAYS = {SPENDING: 3, LISTENING: 3}
"""A caller's entries count on their own day (UTC) only; the rest is for questions. What listeners
get is needed while a story is made, and until its links expire."""

MAX_DAYS = 36_500
"""A hundred years; more is a typing error."""


def _reject_bool(number: object) -> object:
    """JSON's `true` is not a number, although Python's `True` is."""
    if isinstance(number, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic reports ValueError only
    return number


Days = Annotated[
    float,
    BeforeValidator(_reject_bool),
    Field(gt=0, le=MAX_DAYS, allow_inf_nan=False),
]
Share = Annotated[float, BeforeValidator(_reject_bool), Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, BeforeValidator(_reject_bool), Field(ge=0)]


class PolicyModel(BaseModel):
    """Frozen; refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PrefixRule(PolicyModel):
    """A folder to clean, with its closing slash; `age_days` overrides the bucket's threshold."""

    prefix: str
    age_days: Days | None = None

    @field_validator("prefix")
    @classmethod
    def _check_folder(cls, prefix: str) -> str:
        if not prefix.endswith("/") or prefix.startswith("/"):
            raise ValueError(
                f"“{prefix}” is not a folder: it must end with / and not start with it"
            )
        if prefix.startswith(STORIES) and prefix != STORIES:
            raise ValueError(f"“{prefix}” is inside a story, and a story is deleted as a whole")
        return prefix


class BucketPolicy(PolicyModel):
    """What to clean in a bucket: objects and unfinished uploads above an age, in `prefixes`.

    Attributes:
        keep: exceptions, shell patterns on whole keys such as `mixed/keep-*`.
        running_days: a story without a result is running while anything in it is younger.
        max_share: limit of one run, 0 to 1; the default when None spares small buckets.
    """

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefixes: Annotated[tuple[PrefixRule, ...], Field(min_length=1)] = tuple(
        PrefixRule(prefix=prefix, age_days=AGE_DAYS.get(prefix)) for prefix in OUR_PREFIXES
    )
    age_days: Days = 10
    keep: tuple[str, ...] = ()
    running_days: Days = 14
    upload_days: Days = 1
    max_share: Share | None = None

    @property
    def name(self) -> str:
        """The target's name in reports."""
        return f"s3://{self.bucket}"


class RepositoryPolicy(PolicyModel):
    """What to clean in an ECR repository (named without registry).

    Attributes:
        age_days: images neither pushed nor pulled for longer than this are deleted.
        keep_newest: number of newest images to keep; parts of manifest lists do not count.
        keep_tags: shell patterns of tags to keep; `latest` stays in any case.
        clean_shared: clean it although its policy admits accounts whose functions are unknown.
        max_share: limit of one run, 0 to 1; the default when None.
    """

    repository: Annotated[
        str, Field(max_length=256, pattern=r"^[a-z0-9]+([._/-]+[a-z0-9]+)*$", min_length=2)
    ]
    age_days: Days = 10
    keep_tags: tuple[str, ...] = ()
    keep_newest: Count = 3
    clean_shared: bool = False
    max_share: Share | None = None

    @property
    def name(self) -> str:
        """The target's name in reports."""
        return f"ecr://{self.repository}"


class FunctionPolicy(PolicyModel):
    """Old versions of functions, deleted once no running story can need them.

    Attributes:
        functions: shell pattern of the functions' names.
        state_machine: ARN of the workflow; the versions that it calls stay.
        age_days: versions superseded for longer than this are deleted, but
        running_days: no version that a story may still run.
    """

    functions: Annotated[str, Field(min_length=1, max_length=140)]
    state_machine: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:states:.+:stateMachine:.+$")]
    age_days: Days = 10
    running_days: Days = 21
    max_share: Share | None = None

    @property
    def name(self) -> str:
        """The target's name in reports."""
        return f"lambda://{self.functions}"


Target = BucketPolicy | RepositoryPolicy | FunctionPolicy


@dataclass(frozen=True, slots=True)
class Refusal:
    """A target that is not cleaned, and why."""

    target: str
    why: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The valid targets, and the refused ones."""

    buckets: tuple[BucketPolicy, ...] = ()
    repositories: tuple[RepositoryPolicy, ...] = ()
    functions: tuple[FunctionPolicy, ...] = ()
    refusals: tuple[Refusal, ...] = ()

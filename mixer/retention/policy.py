"""The retention policy: operators' configuration, validated before anything is listed.

Each target is validated on its own; an invalid one is refused by name and the others are cleaned.
Therefore every guard belongs to a target, and a misspelt word elsewhere cannot lose one.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

CHUNKS = "narration_chunks/"
STORIES = "stories/"
SPENDING = "spending/"
OUR_PREFIXES = (
    *(CHUNKS, "mixed/", "segments/", "speaking/", STORIES, "story_index/", "uploads/", SPENDING),
)
"""Mixer's folders in its output bucket, cleaned by default."""

SPENDING_DAYS = 3
"""A caller's entries count on their own day (UTC) only; the rest is for questions."""

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
                f"{prefix!r} is not a folder: it must end with / and not start with it"
            )
        if prefix.startswith(STORIES) and prefix != STORIES:
            raise ValueError(f"{prefix!r} is inside a story, and a story is deleted as a whole")
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
        PrefixRule(prefix=prefix, age_days=SPENDING_DAYS if prefix == SPENDING else None)
        for prefix in OUR_PREFIXES
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
    refusals: tuple[Refusal, ...] = ()


Fields = Mapping[str, object]
"""Values for several targets, such as `age_days`; a target ignores fields it lacks."""

NO_FIELDS: Fields = {}

Target = BucketPolicy | RepositoryPolicy

_GROUPS: Mapping[str, tuple[str, str, type[Target]]] = {
    "buckets": ("bucket", "s3", BucketPolicy),
    "repositories": ("repository", "ecr", RepositoryPolicy),
}
"""Per group: the field that names a target, the scheme of its name in reports, and its model."""

_KNOWN_GROUPS = ", ".join(_GROUPS)


def read_policy(
    document: object, common: Fields = NO_FIELDS, override: Fields = NO_FIELDS
) -> Policy:
    """Validate a parsed policy document with `buckets` and `repositories`.

    `common` fills fields that a target leaves open; `override` replaces them in every target.
    """
    if not isinstance(document, Mapping):
        return Policy(refusals=(Refusal("policy", "it must be a JSON object"),))
    unknown = [
        Refusal("policy", f"unknown key {key!r}; known are {_KNOWN_GROUPS}")
        for key in document
        if key not in _GROUPS
    ]
    outcomes = [
        _check_target(group, index, entry, common, override)
        for group in _GROUPS
        for index, entry in enumerate(_entries(document.get(group, [])))
    ]
    if not unknown and not outcomes:
        return Policy(refusals=(Refusal("policy", f"it names none of {_KNOWN_GROUPS}"),))
    return _reject_duplicates([*unknown, *outcomes])


def _entries(group: object) -> Sequence[object]:
    """List the entries of a group; anything but a list becomes one refused entry."""
    return group if isinstance(group, list | tuple) else [group]


def _check_target(
    group: str, index: int, entry: object, common: Fields, override: Fields
) -> Target | Refusal:
    naming, scheme, model = _GROUPS[group]
    if not isinstance(entry, Mapping):
        return Refusal(f"policy.{group}[{index}]", "it must be a JSON object in a list")
    try:
        return model.model_validate(
            {
                **_select_known_fields(model, common),
                **entry,
                **_select_known_fields(model, override),
            }
        )
    except ValidationError as error:
        named = entry.get(naming)
        return Refusal(
            f"{scheme}://{named}" if named else f"policy.{group}[{index}]", _format_error(error)
        )


def _select_known_fields(model: type[PolicyModel], fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name in model.model_fields}


def _format_error(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']} (got {wrong['input']!r})"
        for wrong in error.errors()
    )


def _reject_duplicates(outcomes: Sequence[Target | Refusal]) -> Policy:
    """Refuse targets that are named twice: which rules were meant is unclear.

    Refused entries count: one may protect something.
    """
    times = Counter(each.target if isinstance(each, Refusal) else each.name for each in outcomes)
    named = dict.fromkeys(each.name for each in outcomes if not isinstance(each, Refusal))
    doubles = [Refusal(name, "it is named twice") for name in named if times[name] > 1]
    return Policy(
        buckets=tuple(t for t in outcomes if isinstance(t, BucketPolicy) and times[t.name] == 1),
        repositories=tuple(
            t for t in outcomes if isinstance(t, RepositoryPolicy) and times[t.name] == 1
        ),
        refusals=(*(t for t in outcomes if isinstance(t, Refusal)), *doubles),
    )


def parse_policy(text: str, common: Fields = NO_FIELDS, override: Fields = NO_FIELDS) -> Policy:
    """Parse and validate a policy document as JSON text."""
    try:
        document = json.loads(text)
    except ValueError as error:
        return Policy(refusals=(Refusal("policy", f"it is not JSON: {error}"),))
    return read_policy(document, common, override)


_VARIABLES = {
    "age_days": "SANITATION_AGE_DAYS",
    "keep_newest": "SANITATION_KEEP_NEWEST",
    "max_share": "SANITATION_MAX_SHARE",
}
"""Environment variables that fill fields which a target leaves open."""


def read_environment_policy(environ: Mapping[str, str], override: Fields = NO_FIELDS) -> Policy:
    """Read the policy from a Lambda's environment.

    `SANITATION_POLICY` is a policy document; without it, the usual folders of `OUTPUT_BUCKET` and
    the repositories in the comma-separated `SANITATION_REPOSITORIES` are cleaned.
    """
    common = {
        field: environ[variable]
        for field, variable in _VARIABLES.items()
        if environ.get(variable, "").strip()
    }
    text = environ.get("SANITATION_POLICY", "").strip()
    if text:
        return parse_policy(text, common, override)
    if not environ.get("OUTPUT_BUCKET"):
        return Policy(refusals=(Refusal("OUTPUT_BUCKET", "it is not set"),))
    repositories = environ.get("SANITATION_REPOSITORIES", "").split(",")
    return build_default_policy([environ["OUTPUT_BUCKET"]], repositories, common, override)


def build_default_policy(
    buckets: Iterable[str],
    repositories: Iterable[str],
    common: Fields = NO_FIELDS,
    override: Fields = NO_FIELDS,
) -> Policy:
    """Build the default rules for some buckets and repositories."""
    document = {
        "buckets": [{"bucket": name} for name in buckets],
        "repositories": [{"repository": n.strip()} for n in repositories if n.strip()],
    }
    return read_policy(document, common, override)

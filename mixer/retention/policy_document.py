"""Read a policy document, and validate it before anything is listed.

Each target is validated on its own; an invalid one is refused by name and the others are cleaned.
Therefore every guard belongs to a target, and a misspelt word elsewhere cannot lose one.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError

from mixer.retention.policy import (
    BucketPolicy,
    FunctionPolicy,
    Policy,
    PolicyModel,
    Refusal,
    RepositoryPolicy,
    Target,
)

Fields = Mapping[str, object]
"""Values for several targets, such as `age_days`; a target ignores fields it lacks."""

NO_FIELDS: Fields = {}

_GROUPS: Mapping[str, tuple[str, str, type[Target]]] = {
    "buckets": ("bucket", "s3", BucketPolicy),
    "repositories": ("repository", "ecr", RepositoryPolicy),
    "functions": ("functions", "lambda", FunctionPolicy),
}
"""Per group: the field that names a target, the scheme of its name in reports, and its model."""

_KNOWN_GROUPS = ", ".join(_GROUPS)


def read_policy(
    document: object, common: Fields = NO_FIELDS, override: Fields = NO_FIELDS
) -> Policy:
    """Validate a parsed policy document with `buckets`, `repositories` and `functions`.

    `common` fills fields that a target leaves open; `override` replaces them in every target.
    """
    if not isinstance(document, Mapping):
        return Policy(refusals=(Refusal("policy", "it must be a JSON object"),))
    unknown = [
        Refusal("policy", f"unknown key “{key}”; known are {_KNOWN_GROUPS}")
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
        f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']} (got “{wrong['input']}”)"
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
        functions=tuple(
            t for t in outcomes if isinstance(t, FunctionPolicy) and times[t.name] == 1
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

    `SANITATION_POLICY` is a policy document. Without it, the usual folders of `OUTPUT_BUCKET`, the
    repositories in the comma-separated `SANITATION_REPOSITORIES`, and the versions of
    `SANITATION_FUNCTIONS` that `SANITATION_STATE_MACHINE` does not call are cleaned.
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
    document = build_default_document([environ["OUTPUT_BUCKET"]], repositories)
    functions, machine = (
        environ.get(name, "") for name in ("SANITATION_FUNCTIONS", "SANITATION_STATE_MACHINE")
    )
    if functions:
        document["functions"] = [{"functions": functions, "state_machine": machine}]
    return read_policy(document, common, override)


def build_default_policy(
    buckets: Iterable[str],
    repositories: Iterable[str],
    override: Fields = NO_FIELDS,
) -> Policy:
    """Build the default rules for some buckets and repositories."""
    return read_policy(build_default_document(buckets, repositories), override=override)


def build_default_document(
    buckets: Iterable[str], repositories: Iterable[str]
) -> dict[str, list[dict[str, str]]]:
    """Build the policy document with the default rules."""
    return {
        "buckets": [{"bucket": name} for name in buckets],
        "repositories": [{"repository": n.strip()} for n in repositories if n.strip()],
    }

"""With whom a repository policy shares: whoever might run its images from another account."""

import json

import pytest

from mixer.retention.image_plan import EVERYONE, UNREADABLE, find_shared_accounts

OURS, THEIRS = "123456789012", "210987654321"


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: object, **said: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": "ecr:BatchGetImage", **said}


def source(account: str) -> dict[str, object]:
    arn = f"arn:aws:lambda:eu-west-1:{account}:function:*"
    return {"StringLike": {"aws:sourceArn": arn}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (policy(), ()),
        (policy(allow({"AWS": OURS})), ()),
        (policy(allow({"AWS": f"arn:aws:iam::{OURS}:role/build"})), ()),
        (policy(allow({"AWS": THEIRS})), (THEIRS,)),
        (policy(allow({"AWS": [f"arn:aws:iam::{n}:root" for n in (OURS, THEIRS)]})), (THEIRS,)),
        (policy(allow("*")), (EVERYONE,)),
        (policy(allow({"AWS": "*"})), (EVERYONE,)),
        (policy(allow("*", Condition={"StringEquals": {"aws:PrincipalAccount": OURS}})), ()),
        (
            policy(allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
            (EVERYONE,),
        ),
        (policy(allow({"Service": "lambda.amazonaws.com"})), ()),
        (policy(allow({"Service": "lambda.amazonaws.com"}, Condition=source(OURS))), ()),
        (policy(allow({"Service": "lambda.amazonaws.com"}, Condition=source(THEIRS))), (THEIRS,)),
        (policy({**allow({"AWS": THEIRS}), "Effect": "Deny"}), ()),
        (policy({"Effect": "Allow", "NotPrincipal": {"AWS": OURS}}), (EVERYONE,)),
        (json.dumps({"Statement": allow({"AWS": THEIRS})}), (THEIRS,)),
        (policy("odd"), (UNREADABLE,)),
        ("no json", (UNREADABLE,)),
        ("[]", (UNREADABLE,)),
    ],
)
def test_whoever_is_let_in_from_outside_is_named(text: str, expected: tuple[str, ...]) -> None:
    assert find_shared_accounts(text, OURS) == expected

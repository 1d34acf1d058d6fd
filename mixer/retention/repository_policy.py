"""With whom a repository's policy shares it.

Another account's functions cannot be seen from here, so that an image may be in use although
nobody here uses it. Pure: the policy's text goes in. In doubt a statement counts as sharing.

A service principal alone shares nothing: for a function of another account Lambda also wants
that account among the principals. Its condition may name other accounts, which then count.
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions
"""

import json
import re
from collections.abc import Iterator, Mapping

EVERYONE = "everyone"
UNREADABLE = "a policy that cannot be read"

ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
"""An AWS account id, on its own or within an ARN."""


def find_shared_accounts(policy_text: str, account_id: str) -> tuple[str, ...]:
    """The accounts besides ours that a repository policy lets in, in order.

    Args:
        policy_text: the policy as JSON.
        account_id: ours, 12 digits.
    """
    try:
        statements = json.loads(policy_text)["Statement"]
    except (ValueError, KeyError, TypeError):
        return (UNREADABLE,)
    found = {name for one in _as_list(statements) for name in _find_principals(one, account_id)}
    return tuple(sorted(found - {account_id}))


def _find_principals(statement: object, account_id: str) -> Iterator[str]:
    """Whom one statement lets in, our own account included."""
    if not isinstance(statement, Mapping):
        yield UNREADABLE
        return
    if statement.get("Effect") != "Allow":
        return
    conditioned = set(ACCOUNT.findall(json.dumps(statement.get("Condition", {}))))
    principal = statement.get("Principal", "*")
    named = principal if isinstance(principal, Mapping) else {"AWS": principal}
    for kind, names in named.items():
        if kind == "Service":
            yield from conditioned
        else:
            yield from _find_accounts(names, conditioned, account_id)


def _find_accounts(names: object, condition_accounts: set[str], account_id: str) -> Iterator[str]:
    for name in map(str, _as_list(names)):
        found = ACCOUNT.findall(name)
        if found:
            yield from found
        else:
            yield from ([account_id] if condition_accounts == {account_id} else [EVERYONE])


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]

"""`make deploy`: every stack in its order, the image, the page, the first token."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3

from delivery import callers, change_sets, image, page, preflight
from delivery.change_sets import Outputs, Wanted
from delivery.desk import Desk
from delivery.errors import Stopped
from delivery.stacks import (
    INFRA,
    ROOT,
    SPEECH,
    STACKS,
    WEB,
    Stack,
    Wishes,
    check_wishes,
    names,
)

FIRST_CALLER = "owner"
SENTENCE = "The lamp went out at nine. Nobody in the village noticed."

SHOWN_EARLIER = "$MIXER_TOKEN"
"""The variable in which a user keeps a token that is not shown again."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is deployed where.

    Attributes:
        name: what the names of its stacks begin with.
        session: whose account and region.
        wishes: parameters that somebody gave.
        source: the checkout whose commit is deployed.
    """

    name: str
    session: boto3.Session
    wishes: Wishes
    source: Path = ROOT


def deploy(what: Deployment, desk: Desk) -> None:
    """Take an account, empty or not, to the service of this commit.

    Raises:
        Stopped: somebody did not agree, or AWS could not do it. Running it again goes on from
            where it stopped.
    """
    _preflight(what.session, desk)
    commit = image.committed(what.source)
    _check_wishes(what)
    infra = _stack(what, INFRA, {}, desk)
    digest = image.built(what.source, commit, _builder(what, infra), desk)
    told = {INFRA: infra}
    for stack in STACKS[1:]:
        told[stack] = _stack(what, stack, {"ImageDigest": digest}, desk)
    _publish_page(what, told, desk)
    _tell(told, _token(what, told[SPEECH]), desk)


def _preflight(session: boto3.Session, desk: Desk) -> None:
    region = session.region_name
    if not region:
        raise Stopped("No region is chosen; set AWS_REGION, such as eu-central-1.")
    account = preflight.Account(
        sts=session.client("sts"),
        functions=session.client("lambda"),
        polly=session.client("polly"),
        quotas=session.client("service-quotas"),
    )
    desk.say("Preflight")
    desk.table(preflight.look(account, region))


def _check_wishes(what: Deployment) -> None:
    client = what.session.client("cloudformation")
    declared = {each.short: change_sets.declared(client, each.body()) for each in STACKS}
    check_wishes(what.wishes, declared)
    doors = [each for each in STACKS if "AuthMode" in declared[each.short]]
    before = {each: change_sets.parameters_of(client, each.name(what.name)) for each in doors}
    _check_doors(what, before)


def _check_doors(what: Deployment, before: Mapping[Stack, Mapping[str, str]]) -> None:
    """Routes of all stacks must ask for tokens, or none: a template cannot see another's choice."""
    modes = {
        stack.short: what.wishes.for_stack(stack).get("AuthMode", now.get("AuthMode", "token"))
        for stack, now in before.items()
    }
    if len(set(modes.values())) > 1:
        told = ", ".join(f"{short} {mode}" for short, mode in modes.items())
        raise Stopped(f"AuthMode differs ({told}); give it once, for all: AuthMode=token.")


def _stack(what: Deployment, stack: Stack, more: Mapping[str, str], desk: Desk) -> Outputs:
    client, body = what.session.client("cloudformation"), stack.body()
    known = {**names(what.name), **more, **what.wishes.for_stack(stack)}
    its = change_sets.declared(client, body)
    given = {key: value for key, value in known.items() if key in its}
    return change_sets.bring_about(client, Wanted(stack.name(what.name), body, given), desk)


def _builder(what: Deployment, infra: Outputs) -> image.Builder:
    return image.Builder(
        s3=what.session.client("s3"),
        codebuild=what.session.client("codebuild"),
        ecr=what.session.client("ecr"),
        infra=infra,
    )


def _publish_page(what: Deployment, told: Mapping[Stack, Outputs], desk: Desk) -> None:
    s3, cloudfront = what.session.client("s3"), what.session.client("cloudfront")
    wanted = page.files(what.source / "web", told[SPEECH]["ApiUrl"])
    page.publish(wanted, page.Site(s3, cloudfront, told[WEB]), desk)


def _token(what: Deployment, speech: Outputs) -> str | None:
    """A token for the first caller, where tokens are asked for and nobody has one."""
    if "AuthorizerId" not in speech:
        return None
    client = what.session.client("secretsmanager")
    return callers.first_token(client, speech["TokensSecretArn"], FIRST_CALLER)


def _tell(told: Mapping[Stack, Outputs], token: str | None, desk: Desk) -> None:
    desk.say("\nReady")
    urls = [(key, url) for outputs in told.values() for key, url in outputs.items() if "Url" in key]
    desk.table(sorted(urls))
    if token:
        desk.say(f"\nThe token of {FIRST_CALLER}, shown this once and kept nowhere: {token}")
    asks = "AuthorizerId" in told[SPEECH]
    desk.say("\nTry it:")
    desk.say(curl_line(told[SPEECH]["SynthesizeUrl"], (token or SHOWN_EARLIER) if asks else None))


def curl_line(url: str, token: str | None) -> str:
    """A command that narrates two sentences.

    Args:
        url: of the route.
        token: of the caller, or the variable that holds it; None where nobody is asked for one.
    """
    header = f'-H "Authorization: Bearer {token}" ' if token else ""
    told = f'{{"text": "{SENTENCE}"}}'
    return f"curl -s {header}-H 'Content-Type: application/json' -d {shlex.quote(told)} {url}"

"""The commands behind `make deploy`, `make destroy`, `make smoke` and `make token`."""

import re
import shlex
import sys
from datetime import UTC, datetime

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from deploy.errors import DeploymentError
from mixer.cli import StrictCommand


def _validate_name(_: click.Context, __: click.Parameter, given: str) -> str:
    """A name that every resource's name can begin with: buckets' are the shortest."""
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", given):
        raise click.BadParameter("use up to 20 lower-case letters, digits and hyphens")
    return given


NAME = click.option(
    "--name",
    default="mixer",
    show_default=True,
    callback=_validate_name,
    help="Prefix of the names of all stacks.",
)
YES = click.option("--yes", is_flag=True, help="Confirm everything without asking.")


ROLE = click.option(
    "--role",
    envvar="ROLE",
    default="",
    help="ARN of CloudFormation's role, if the one of the infra stack is gone.",
)


@click.group()
def main() -> None:
    """Deploys Mixer to AWS, looks after it, takes it away."""


@main.command(cls=StrictCommand)
@NAME
@YES
@ROLE
@click.option(
    "--parameters",
    envvar="PARAMETERS",
    default="",
    help="Parameters of the templates: 'AuthMode=none …'.",
)
def deploy(name: str, yes: bool, role: str, parameters: str) -> None:
    """Make the service of this commit, or bring it up to date."""
    from deploy.deployment import Deployment
    from deploy.deployment import deploy as deploy_service
    from deploy.stacks import parse_parameters
    from deploy.terminal import open_terminal

    given = parse_parameters(shlex.split(parameters))
    deployment = Deployment(name, boto3.Session(), given, role=role)
    deploy_service(deployment, open_terminal(yes=yes))


@main.command(cls=StrictCommand)
@NAME
@YES
@ROLE
@click.option("--audio/--keep-audio", default=None, help="Whether to delete audio and music too.")
def destroy(name: str, yes: bool, role: str, audio: bool | None) -> None:
    """Take the service away; audio and music only when you say so."""
    from deploy.removal import destroy as destroy_service
    from deploy.terminal import open_terminal

    delete_audio = False if yes and audio is None else audio
    terminal = open_terminal(yes=yes)
    destroy_service(name, boto3.Session(), terminal, audio=delete_audio, role=role)


@main.command(cls=StrictCommand)
@NAME
@click.option("--speech-stack", envvar="SPEECH_STACK", help="Name of the speech stack.")
@click.option("--mixer-stack", envvar="MIXER_STACK", help="Name of the mixing stack.")
def smoke(name: str, speech_stack: str | None, mixer_stack: str | None) -> None:
    """Narrate a sentence with what is deployed, and measure it."""
    from deploy.smoke import Service, run_smoke_test
    from deploy.stacks import MIXER, SPEECH
    from deploy.terminal import open_terminal

    service = Service(speech_stack or SPEECH.name(name), mixer_stack or MIXER.name(name))
    now = datetime.now(UTC)
    text = f"This sentence was written on {now:%A} at {now:%H:%M:%S}, to check the service."
    run_smoke_test(service, boto3.Session(), text, open_terminal(yes=False))


@main.command(cls=StrictCommand)
@NAME
@click.argument("caller")
def token(name: str, caller: str) -> None:
    """Make one more token for a caller, and show it once."""
    from deploy.callers import create_token
    from deploy.change_sets import read_outputs
    from deploy.stacks import SPEECH

    session = boto3.Session()
    speech = read_outputs(session.client("cloudformation"), SPEECH.name(name))
    made = create_token(session.client("secretsmanager"), speech["TokensSecretArn"], caller)
    click.echo(made)


def run() -> None:
    """Run a command; what stops it is one sentence."""
    try:
        main()
    except (DeploymentError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"deploy: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    run()

"""Which images the account's Lambda functions run.

An alias points to a version, and every version is listed, so that versions cover aliases and
their weighted routing too. One answer that fails or misses makes the whole unknown: then nothing
may be deleted. An empty answer counts as one that misses, since at least the clean-up itself runs
from an image.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mixer.retention.inventory import Uses
from mixer.retention.retries import Retrier, describe_error

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import FunctionConfigurationTypeDef

DIGEST = re.compile(r"sha256:[0-9a-f]{64}$")
"""How a resolved image's address must end; anything else is an answer that misses."""


def read_uses(client: "LambdaClient", retrier: Retrier) -> Uses:
    """The digests of all versions of all functions in the client's region.

    Raises:
        OutOfTime: the deadline came first.
    """
    digests: set[str] = set()
    try:
        for version in _list_image_versions(client, retrier):
            digest = _resolve_digest(client, retrier, version)
            if not digest:
                return Uses(
                    unknown=f"Lambda does not say which image {_qualified_name(version)} runs"
                )
            digests.add(digest)
    except (ClientError, BotoCoreError) as error:
        return Uses(
            unknown=f"Lambda could not be asked which images are in use ({describe_error(error)})"
        )
    if not digests:
        return Uses(unknown="Lambda lists no function that runs an image, which cannot be")
    return Uses(frozenset(digests))


def _list_image_versions(
    client: "LambdaClient", retrier: Retrier
) -> "Iterator[FunctionConfigurationTypeDef]":
    """Every version, `$LATEST` included, of every function that runs a container image."""
    marker = ""
    while True:
        page = retrier.call(
            lambda marker=marker: client.list_functions(  # type: ignore[misc]
                FunctionVersion="ALL", **({"Marker": marker} if marker else {})
            )
        )
        functions = page.get("Functions", [])
        yield from (version for version in functions if version.get("PackageType") == "Image")
        marker = page.get("NextMarker", "")
        if not marker:
            return


def _resolve_digest(
    client: "LambdaClient", retrier: Retrier, version: "FunctionConfigurationTypeDef"
) -> str:
    """The digest to which a version's image was resolved; empty where Lambda does not say."""
    answer = retrier.call(
        lambda: client.get_function(
            FunctionName=version["FunctionName"], Qualifier=version["Version"]
        )
    )
    found = DIGEST.search(answer.get("Code", {}).get("ResolvedImageUri", ""))
    return found.group() if found else ""


def _qualified_name(version: "FunctionConfigurationTypeDef") -> str:
    return f"{version['FunctionName']}:{version['Version']}"

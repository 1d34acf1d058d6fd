"""A smoke test: narrate, mix, fetch and measure one sentence with the deployed service.

The pipeline runs it after each deployment, and rolls back if it fails. It invokes the functions as
the gateway does, so it needs no token; it also checks that the gateway serves the API's description
to all and refuses other calls without a token.
"""

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import urllib3

from deploy import change_sets
from deploy.errors import DeploymentError
from deploy.terminal import Terminal
from mixer.sound.analysis import measure

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

CALLER = "smoke-test"
TARGET_LUFS, TOLERANCE_LU = -18.0, 1.5
"""The target of the preset `story`; a short sentence is measured less exactly than a story."""

SHORTEST_S, LONGEST_S = 1.0, 30.0
TIMEOUT_S = 30.0
REFUSED_STATUSES = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """The measurements of the test."""

    duration_s: float
    loudness_lufs: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Service:
    """Names of the two stacks that narrate and mix."""

    speech_stack: str
    mixer_stack: str


def run_smoke_test(
    service: Service, session: boto3.Session, text: str, terminal: Terminal
) -> SmokeResult:
    """Narrate a text with the deployed service, and check the audio.

    Raises:
        DeploymentError: the audio is missing or wrong.
    """
    client = session.client("cloudformation")
    speech = change_sets.read_outputs(client, service.speech_stack)
    mixer = change_sets.read_outputs(client, service.mixer_stack)
    _check_gateway(speech)
    functions = session.client("lambda")
    speech_answer = _call_function(
        functions, speech["SpeechFunctionName"], "/synthesize", {"text": text}
    )
    wanted = {"chunk_keys": speech_answer["chunk_keys"], "bucket": speech_answer["bucket"]}
    mixed = _call_function(functions, mixer["MixerFunctionName"], "/mixstory", wanted)
    result = _measure_audio(_fetch_audio(mixed["download_url"]))
    terminal.print_line(
        f"smoke: {len(text)} characters became {result.duration_s:.2f} s of sound at "
        f"{result.loudness_lufs:.1f} LUFS, {result.size_bytes:,} bytes"
    )
    return result


def _check_gateway(speech: Mapping[str, str]) -> None:
    described = urllib3.request("GET", speech["OpenApiUrl"], timeout=TIMEOUT_S).status
    if described != HTTPStatus.OK:
        raise DeploymentError(f"{speech['OpenApiUrl']} returned {described}.")
    status = urllib3.request("POST", speech["SynthesizeUrl"], body=b"{}", timeout=TIMEOUT_S).status
    if status not in (
        REFUSED_STATUSES if speech["AuthMode"] == "token" else {HTTPStatus.BAD_REQUEST}
    ):
        raise DeploymentError(
            f"{speech['SynthesizeUrl']} answered a request without a token with {status}."
        )


def _call_function(
    functions: "LambdaClient", function: str, path: str, request: object
) -> dict[str, Any]:
    """Invoke a function with a request that the gateway has admitted."""
    answer = functions.invoke(
        FunctionName=function, Payload=json.dumps(build_event(path, request)).encode()
    )
    payload = json.loads(answer["Payload"].read())
    if answer.get("FunctionError") or payload.get("statusCode") != HTTPStatus.OK:
        raise DeploymentError(f"{function} returned for {path}: {json.dumps(payload)[:500]}")
    body: dict[str, Any] = json.loads(payload["body"])
    return body


def build_event(path: str, request: object) -> dict[str, Any]:
    """Build a request as the gateway sends it (HTTP API, payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": f"POST {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "stage": "$default",
            "requestId": CALLER,
            "http": {"method": "POST", "path": path},
            "authorizer": {"lambda": {"caller": CALLER}},
        },
        "body": json.dumps(request),
        "isBase64Encoded": False,
    }


def _fetch_audio(url: str) -> bytes:
    answer = urllib3.request("GET", url, timeout=TIMEOUT_S)
    if answer.status != HTTPStatus.OK:
        raise DeploymentError(f"The link to the finished audio returned {answer.status}.")
    return answer.data


def _measure_audio(sound: bytes) -> SmokeResult:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "smoke.mp3"
        path.write_bytes(sound)
        measured = measure(path)
    loudness_lufs = -math.inf if measured.loudness_lufs is None else measured.loudness_lufs
    result = SmokeResult(measured.duration_s, loudness_lufs, len(sound))
    if not SHORTEST_S <= result.duration_s <= LONGEST_S:
        raise DeploymentError(f"One sentence became {result.duration_s:.2f} s of sound.")
    if abs(result.loudness_lufs - TARGET_LUFS) > TOLERANCE_LU:
        raise DeploymentError(
            f"Its loudness is {result.loudness_lufs:.1f} LUFS, not {TARGET_LUFS:.0f}."
        )
    return result

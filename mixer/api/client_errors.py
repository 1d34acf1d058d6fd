"""Errors in the shape of the protocol whose route was called, so that its clients can read them.

OpenAI: `{"error": {"message", "type", "param", "code"}}`. ElevenLabs: `{"detail": {"status",
"message"}}`, and for invalid bodies 422 with a list of fields. All other routes: our own shape.
"""

from collections.abc import Mapping
from typing import Any

ELEVENLABS_PATHS = ("/v1/text-to-speech/", "/v1/voices", "/v2/voices")
OPENAI_PATHS = ("/v1/audio/", "/v1/models")
CLIENT_PATHS = (*ELEVENLABS_PATHS, *OPENAI_PATHS)

INVALID, SERVER = 422, 500
UNAUTHORIZED, NOT_FOUND, TOO_MANY = 401, 404, 429

OPENAI_TYPES = {UNAUTHORIZED: "authentication_error", TOO_MANY: "rate_limit_error"}
OPENAI_CODES = {UNAUTHORIZED: "invalid_api_key", TOO_MANY: "rate_limit_exceeded"}
OPENAI_FIELDS = {"text": "input"}
"""Its names for fields of ours."""

ELEVENLABS_STATUS = {UNAUTHORIZED: "invalid_api_key", TOO_MANY: "quota_exceeded"}
UNKNOWN_VOICE = "unknown_voice"


def shape_error(path: str, status: int, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Convert the status and body of an error of ours for the protocol of a path."""
    if path.startswith(ELEVENLABS_PATHS):
        return _shape_elevenlabs(status, body)
    if path.startswith(OPENAI_PATHS):
        return status, {"error": _shape_openai(status, body)}
    return status, dict(body)


def _shape_openai(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    kind = "server_error" if status >= SERVER else "invalid_request_error"
    field, message = body["details"].get("field"), body["error"]
    own_name = OPENAI_FIELDS.get(field, field)
    return {
        "message": message.replace(f"{field}: ", f"{own_name}: ", 1) if field else message,
        "type": OPENAI_TYPES.get(status, kind),
        "param": own_name,
        "code": OPENAI_CODES.get(status, body["code"]),
        "request_id": body["request_id"],
    }


def _shape_elevenlabs(status: int, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    fields = body["details"].get("fields")
    if fields:
        problems = [
            {"loc": ["body", *each["field"].split(".")], "msg": each["problem"], "type": "value"}
            for each in fields
        ]
        return INVALID, {"detail": problems}
    is_voice = body["code"] == UNKNOWN_VOICE
    word = "voice_not_found" if is_voice else ELEVENLABS_STATUS.get(status, body["code"])
    detail = {"status": word, "message": body["error"], "request_id": body["request_id"]}
    return NOT_FOUND if is_voice else status, {"detail": detail}

"""All errors for users. Each message says what happened, which input caused it and what to do.

The caller can fix every BadInput. `code` is for programs; statuses and exit codes are chosen at the
boundary.
"""

import traceback
from collections.abc import Mapping, Sequence
from typing import ClassVar

MAX_MESSAGE_CHARS = 2_000
"""Messages quote names from files and requests, which may have any length."""


def format_usd(usd: float) -> str:
    """Format money for a message: to the cent, or if need be to its millionth.

    Amounts that nothing costs are written as powers of ten.
    """
    if 0 < usd < 1e-6 or not usd < 1e12:  # noqa: PLR2004 - see above
        return f"${usd:g}"
    whole, _, cents = f"{usd:,.6f}".rstrip("0").partition(".")
    return f"${whole}.{cents:0<2}"


def locate_error(error: BaseException) -> list[str]:
    """List where an error was raised, for logs: without its message, which may quote a text."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


class MixerError(Exception):
    """An error that a sentence can explain: which input caused it, with JSON values as details.

    `billed_chars` counts the characters of speech that were, or may have been, charged in vain.
    """

    code: ClassVar[str] = "internal"
    billed_chars = 0

    def __init__(self, message: str, **details: object) -> None:
        is_long = len(message) > MAX_MESSAGE_CHARS
        super().__init__(f"{message[:MAX_MESSAGE_CHARS]}…" if is_long else message)
        self.details: Mapping[str, object] = details


class MixerWarning(UserWarning):
    """What deserves attention before something is spoken or paid for; it goes on all the same."""


class BadInput(MixerError):
    """The request is invalid; the caller can fix it."""

    code = "bad_input"


class UnreadableText(BadInput):
    """The story is empty, blank, or not text."""

    code = "unreadable_text"


class TextTooLong(BadInput):
    """The text is longer than this interface allows."""

    code = "text_too_long"


class UnknownVoice(BadInput):
    """The engine does not have this voice."""

    code = "unknown_voice"


class UnknownModel(BadInput):
    """No model of this name is offered to clients of other protocols."""

    code = "model_not_found"


class BadOption(BadInput):
    """An option is out of range or conflicts with another."""

    code = "bad_option"


class ObjectTooLarge(BadInput):
    """A chunk, a piece of music, or all of them together exceed the size limit."""

    code = "object_too_large"


class UnplayableAudio(BadInput):
    """FFmpeg finds no sound in an input file."""

    code = "unplayable_audio"


class UnusablePicture(BadInput):
    """A cover is not a picture, is broken, or is too large."""

    code = "unusable_picture"


class Unauthorized(MixerError):
    """Not signed in: the token is missing or not accepted."""

    code = "unauthorized"


class Forbidden(MixerError):
    """The caller may not use what the request names."""

    code = "forbidden"


class NotFound(MixerError):
    """An object key or a file is not there."""

    code = "not_found"


class Conflict(MixerError):
    """The request conflicts with the existing state."""

    code = "conflict"


class KeyReused(Conflict):
    """The Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"


class StoryEnded(Conflict):
    """The story has ended and cannot be cancelled any more."""

    code = "story_ended"


class ProjectChanged(Conflict):
    """The project has another state, `current`, than the one that was changed."""

    code = "project_changed"

    def __init__(self, message: str, current: object, **details: object) -> None:
        super().__init__(message, **details)
        self.current = current


class StoryCancelled(MixerError):
    """The story was cancelled while it was running; what is finished is kept."""

    code = "cancelled"


class StoryPlanned(MixerError):
    """Only the plan was requested; the story has ended with it."""

    code = "planned"


class TooExpensive(MixerError):
    """The plan costs more than the caller or the server allows; nothing was spent."""

    code = "too_expensive"


class CapReached(MixerError):
    """The caller has reached the daily spending limit; try again after `retry_after_s`."""

    code = "cap_reached"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class SpeechFailed(MixerError):
    """The engine could not synthesize some passages; their beginnings are in reading order."""

    code = "speech_failed"

    def __init__(self, message: str, passages: Sequence[str] = ()) -> None:
        super().__init__(message, passages=list(passages))
        self.passages = tuple(passages)


class SpeechUnavailable(SpeechFailed):
    """The speech service failed repeatedly; it may work later."""


class NothingSpoken(MixerError):
    """The chosen voice cannot read anything of this text."""

    code = "nothing_spoken"


class StoreFailed(MixerError):
    """An object could not be stored or fetched: a full disk, a refusal, a lost connection."""

    code = "store_failed"


class DamagedObject(StoreFailed):
    """An object does not hold what was put there; it can be made again."""


class RenderFailed(MixerError):
    """FFmpeg failed; the message ends with its last lines."""

    code = "render_failed"


class Misconfigured(MixerError):
    """The server's settings are invalid; the caller can do nothing about it."""

    code = "misconfigured"


class OutOfTime(MixerError):
    """The deadline passed; what is finished is kept for the next try."""

    code = "out_of_time"

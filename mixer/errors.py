"""Every error that a user can meet, as one small tree.

MixerError
├── BadInput                the caller can mend it
│   ├── UnreadableText      not text, or empty
│   ├── TextTooLong
│   ├── UnknownVoice
│   ├── BadOption           an option out of its range
│   ├── ObjectTooLarge      a chunk, or all of them, larger than this way of asking allows
│   ├── UnplayableAudio     a chunk or a piece of music that FFmpeg cannot read
│   └── UnusablePicture     a cover that is none, is broken, or is too large
├── Unauthorized            nobody knows who is asking
├── Forbidden               the caller may not use this
├── NotFound                an object key or a file that is not there
├── Conflict                it does not go with what is there already
│   ├── KeyReused           an Idempotency-Key that stands for another request
│   └── StoryEnded          there is nothing left to cancel
├── StoryCancelled          somebody has cancelled the story that is worked on
├── StoryPlanned            only the plan was asked for, and it is there
├── TooExpensive            the plan costs more than the caller or the server allows
├── CapReached              the caller has spent what the server allows for a day
├── SpeechFailed            the engine could not say some passages
│   └── SpeechUnavailable   the service is at fault, and later it may work
├── NothingSpoken           the voice cannot read anything of this text
├── StoreFailed             a full disk, a folder that is not ours, a bucket that refuses
├── RenderFailed            FFmpeg stopped in the middle
├── Misconfigured           the server's own settings do not fit; the caller can do nothing
└── OutOfTime               the deadline came first; what is finished is kept

Each says what happened, which input caused it and what to do. `code` is the word for programs;
which HTTP status or exit code follows from it is decided at the boundary, in one table there.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class MixerError(Exception):
    """Something went wrong that a sentence can explain.

    Args:
        message: one sentence for a person, naming the input that caused it.
        details: what a program may want to know, JSON values only.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.details: Mapping[str, object] = details


class BadInput(MixerError):
    """The request cannot be carried out as it stands; the caller can mend it."""

    code = "bad_input"


class UnreadableText(BadInput):
    """The story holds no text: it is empty, blank, or not text at all."""

    code = "unreadable_text"


class TextTooLong(BadInput):
    """The text is longer than this way of asking allows."""

    code = "text_too_long"


class UnknownVoice(BadInput):
    """No such voice with this engine."""

    code = "unknown_voice"


class BadOption(BadInput):
    """An option is out of its range or does not go with another."""

    code = "bad_option"


class ObjectTooLarge(BadInput):
    """A chunk, a piece of music, or all of them together, larger than this way of asking allows."""

    code = "object_too_large"


class UnplayableAudio(BadInput):
    """FFmpeg finds no sound in an audio file that was handed in."""

    code = "unplayable_audio"


class UnusablePicture(BadInput):
    """A file that was handed in as a cover is no picture, is broken, or is too large."""

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
    """The request does not go with what is there already."""

    code = "conflict"


class KeyReused(Conflict):
    """An Idempotency-Key that stands for another request already."""

    code = "idempotency_key_reused"


class StoryEnded(Conflict):
    """A story that has ended cannot be cancelled any more."""

    code = "story_ended"


class StoryCancelled(MixerError):
    """The story was cancelled while it was worked on; what is finished is kept."""

    code = "cancelled"


class StoryPlanned(MixerError):
    """The plan was all that was asked for; the story has ended with it."""

    code = "planned"


class TooExpensive(MixerError):
    """The plan costs more than the caller or the server allows; nothing was spent."""

    code = "too_expensive"


class CapReached(MixerError):
    """The caller has spent what the server allows for a day; nothing more was spent.

    Args:
        message: one sentence for a person.
        retry_after_s: when it may be tried again.
    """

    code = "cap_reached"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class SpeechFailed(MixerError):
    """The engine could not say some passages; what it did say is kept.

    Args:
        message: one sentence for a person.
        passages: the beginnings of the passages that failed, in reading order.
    """

    code = "speech_failed"

    def __init__(self, message: str, passages: Sequence[str] = ()) -> None:
        super().__init__(message, passages=list(passages))
        self.passages = tuple(passages)


class SpeechUnavailable(SpeechFailed):
    """The speech service did not answer as it should, again and again; later it may."""


class NothingSpoken(MixerError):
    """The chosen voice cannot read anything of this text."""

    code = "nothing_spoken"


class StoreFailed(MixerError):
    """An object could not be kept or fetched: a full disk, a refusal, a lost connection."""

    code = "store_failed"


class RenderFailed(MixerError):
    """FFmpeg stopped in the middle; the end of what it said is in the message."""

    code = "render_failed"


class Misconfigured(MixerError):
    """The server's own settings do not fit; the caller can do nothing about it."""

    code = "misconfigured"


class OutOfTime(MixerError):
    """The deadline came before the end; what is finished is kept for the next try."""

    code = "out_of_time"

"""What an engine accepts and honours, as data: the planner's side of a speech engine.

Source of Polly's figures: the limits and supported-tags pages of its developer guide, and the
service model (`TextLengthExceededException`). They have changed before.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What one call may hold: characters outside tags, and characters in all.

    `tags` are the SSML elements that change the sound; others are not sent.
    """

    billed_chars: int
    total_chars: int
    tags: frozenset[str]


COMMON_TAGS = frozenset({"speak", "p", "s", "break", "sub", "lang", "w"})
"""Honoured by all four engines of Polly."""

POLLY_BILLED_CHARS = 3_000
POLLY_TOTAL_CHARS = 6_000

POLLY_LIMITS = {
    "standard": EngineLimits(
        POLLY_BILLED_CHARS,
        POLLY_TOTAL_CHARS,
        COMMON_TAGS | {"emphasis", "mark", "phoneme", "prosody", "say-as", "amazon:effect"},
    ),
    "neural": EngineLimits(
        POLLY_BILLED_CHARS,
        POLLY_TOTAL_CHARS,
        COMMON_TAGS | {"mark", "phoneme", "prosody", "say-as", "amazon:domain", "amazon:effect"},
    ),
    "long-form": EngineLimits(
        POLLY_BILLED_CHARS,
        POLLY_TOTAL_CHARS,
        COMMON_TAGS | {"mark", "phoneme", "prosody", "say-as", "amazon:effect"},
    ),
    "generative": EngineLimits(
        POLLY_BILLED_CHARS,
        POLLY_TOTAL_CHARS,
        COMMON_TAGS | {"phoneme", "prosody", "say-as"},
    ),
}
"""By the engine's name in Polly's API."""

EMBEDDED_LIMITS = EngineLimits(
    POLLY_BILLED_CHARS,
    POLLY_TOTAL_CHARS,
    frozenset({"speak", "p", "s", "break", "sub", "say-as", "prosody"}),
)
"""The embedded voice takes any length; Polly's limits keep its chunks the same as in the cloud."""

LIMITS = {"embedded": EMBEDDED_LIMITS, **POLLY_LIMITS}
"""By the name of the engine in requests."""

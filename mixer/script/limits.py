"""What an engine accepts and honours, as data: the planner's side of a speech engine.

Source of Polly's figures: the limits and supported-tags pages of its developer guide, and the
service model (`TextLengthExceededException`). They have changed before.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What one call may hold: characters outside tags, and characters in all.

    `tags` are the SSML elements that change the sound; others are not sent. `refused` are
    attributes of these that do not: `prosody pitch`, or one value: `amazon:effect name=whispered`.
    `reads_latin_only`: other scripts are silent.
    """

    billed_chars: int
    total_chars: int
    tags: frozenset[str]
    refused: frozenset[str] = frozenset()
    reads_latin_only: bool = False

    def find_unsupported(self, tag: str, attributes: Iterable[tuple[str, str]]) -> str:
        """What of an element the engine does not honour; empty where it honours all of it."""
        if tag not in self.tags:
            return f"<{tag}>"
        for name, value in attributes:
            if f"{tag} {name}" in self.refused:
                return f"{name} of <{tag}>"
            if f"{tag} {name}={value}" in self.refused:
                return f'{name}="{value}" of <{tag}>'
        return ""


COMMON_TAGS = frozenset({"speak", "p", "s", "break", "sub", "lang", "w"})
"""Honoured by all four engines of Polly."""

STANDARD_PROSODY = frozenset({"prosody pitch", "prosody amazon:max-duration"})
STANDARD_EFFECTS = frozenset(
    {
        "amazon:effect name=whispered",
        "amazon:effect phonation",
        "amazon:effect vocal-tract-length",
    }
)
"""What only the standard engine honours (supported-tags page)."""

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
        STANDARD_PROSODY | STANDARD_EFFECTS,
    ),
    "long-form": EngineLimits(
        POLLY_BILLED_CHARS,
        POLLY_TOTAL_CHARS,
        COMMON_TAGS | {"mark", "phoneme", "prosody", "say-as", "amazon:effect"},
        STANDARD_PROSODY | STANDARD_EFFECTS,
    ),
    "generative": EngineLimits(
        POLLY_BILLED_CHARS,
        POLLY_TOTAL_CHARS,
        COMMON_TAGS | {"phoneme", "prosody", "say-as"},
        STANDARD_PROSODY,
    ),
}
"""By the engine's name in Polly's API."""

EMBEDDED_LIMITS = EngineLimits(
    POLLY_BILLED_CHARS,
    POLLY_TOTAL_CHARS,
    frozenset({"speak", "p", "s", "break", "sub", "say-as", "prosody"}),
    STANDARD_PROSODY | {"prosody volume"},
    reads_latin_only=True,
)
"""The embedded voice takes any length; Polly's limits keep its chunks the same as in the cloud."""

HTTP_LIMITS = EngineLimits(
    POLLY_BILLED_CHARS,
    10 * POLLY_BILLED_CHARS,
    frozenset({"speak", "p", "s", "break", "sub", "prosody", "direction"}),
    STANDARD_PROSODY | {"prosody volume"},
)
"""A server gets plain text: only its words count. `direction` goes into its `instructions`."""

LIMITS = {
    "embedded": EMBEDDED_LIMITS,
    "kokoro": EMBEDDED_LIMITS,
    "http": HTTP_LIMITS,
    **POLLY_LIMITS,
}
"""By the name of the engine in requests."""

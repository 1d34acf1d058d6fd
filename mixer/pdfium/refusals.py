"""Why a PDF is not read: what crosses the border instead of a sentence."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """A reason; some are accompanied by a number."""

    LOCK = "lock"
    DAMAGE = "damage"
    PAGES = "pages"
    LARGE_PART = "large part"
    REPEATED_PARTS = "repeated parts"
    CHARACTERS = "characters"


class PdfRefused(Exception):
    """A PDF is not read."""

    def __init__(self, reason: RefusalReason, number: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.number = reason, number

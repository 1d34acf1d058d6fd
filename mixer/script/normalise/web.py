"""Web and mail addresses, read the way people read them out.

The scheme, `www.` and a final slash are left out; every other sign is named. Languages that name
no signs (`web`) keep their addresses as written.
"""

import re
from collections.abc import Iterator, Mapping

from mixer.script.normalise.language import Language
from mixer.script.normalise.rule import NormalisationRule, compile_rule

DOMAINS = "com|org|net|edu|gov|mil|info|app|dev|io|co.uk|ac.uk|org.uk|gov.uk".replace(".", r"\.")
"""Endings that mark an address even without `www.` or a scheme.

Country codes that are also words (`it`, `is`, `me`) are not among them: a full stop without a
space after it is a common slip.
"""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}\.){{1,8}}"
_TAIL = r"(?::\d{1,5})?(?:[/?#][^\s<>\"“”\[\]]{0,2000})?"
_ADDRESS = (
    rf"(?<![\w@./-])(?:https?://(?:www\.)?|www\.){_HOST}[A-Za-z]{{2,24}}(?![\w@]){_TAIL}"
    rf"|(?<![\w@./-]){_HOST}(?:{DOMAINS})(?![\w@]|\.\w|-\w){_TAIL}"
)
_MAIL = rf"(?<![\w.+%-])[A-Za-z0-9][\w.+%-]{{0,63}}@{_HOST}[A-Za-z]{{2,24}}(?![\w@])"
_ADDRESS_PREFIX = re.compile(r"^(?:https?://)?(?:www\.)?")
_SIGN = re.compile(r"([^\w]|_)")
_TRAILING = ".,;:!?'’)]}*_~"


def build_rules(language: Language) -> Iterator[NormalisationRule]:
    """Mail and web addresses."""
    signs = language.spellings("web")
    if not signs:
        return

    def expand_mail(match: re.Match[str]) -> str:
        return _name_signs(match[0], signs)

    def expand_address(match: re.Match[str]) -> str:
        address, after = _split_punctuation(match[0])
        return _name_signs(_ADDRESS_PREFIX.sub("", address).rstrip("/"), signs) + after

    yield compile_rule(_MAIL, expand_mail, "@")
    yield compile_rule(_ADDRESS, expand_address, ".", hint=r"\.[A-Za-z]")


def _split_punctuation(address: str) -> tuple[str, str]:
    trimmed = address.rstrip(_TRAILING)
    return trimmed, address[len(trimmed) :]


def _name_signs(address: str, signs: Mapping[str, str]) -> str:
    parts = (signs.get(part, part) for part in _SIGN.split(address))
    return " ".join(part for part in parts if part)

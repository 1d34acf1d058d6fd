"""Restricts webhooks to servers on the internet. Pure.

Webhook URLs come from callers, and requests to them leave from inside a private network. So names
and numbers that lead to local, private, link-local or multicast addresses are refused in any
notation, and a name's addresses are checked again before each request.
"""

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from mixer.errors import BadInput

SERVERS = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("2000::/3"))
"""All of IPv4, and all of IPv6 that is given to servers (RFC 4291, IANA's registry of address
space); outside lie ways to write IPv4 addresses (::ffff:0:0/96), translators, links and sites."""

RELAYS = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "2001::/32", "2002::/16", "3fff::/20")))
"""In use nowhere, or routed to an address inside the address: anycast of 6to4 (RFC 7526), Teredo,
6to4, documentation (RFC 9637). Not all Python versions know them."""

DNS_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
MAX_HOST_CHARS = 253
"""Limit of a host name (RFC 1035)."""

PRIVATE_SUFFIXES = ("local", "internal", "localhost", "localdomain", "lan", "home", "arpa", "onion")
"""Last labels that never lead to the internet (RFC 6761, RFC 6762, and by custom)."""


LOCALHOST_NAMES = ("localhost", "127.0.0.1", "::1")


def validate_webhook_url(url: str, *, allows_localhost: bool = False) -> str:
    """Validate a webhook URL as far as possible without the network, or raise BadInput.

    `allows_localhost` also admits http URLs of this machine, for trying out.
    """
    parts = _split_url(url)
    if allows_localhost and is_localhost_url(url):
        return url
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme != "https" or not host or "@" in parts.netloc or parts.fragment:
        raise _webhook_error("it must be an https URL without a user name or password")
    if literal := _parse_ip(host):
        check_public_addresses([str(literal)])
    elif "[" in parts.netloc or not _is_domain_name(host):
        raise _webhook_error("only servers on the public internet are allowed")
    return url


def is_localhost_url(url: str) -> bool:
    """Check for an http URL of this machine, by one of its usual names."""
    parts = _split_url(url)
    is_plain = parts.scheme == "http" and "@" not in parts.netloc and not parts.fragment
    return is_plain and parts.hostname in LOCALHOST_NAMES


def check_public_addresses(addresses: Sequence[str]) -> None:
    """Raise BadInput if an address of a name is not public, or there is none."""
    if not addresses or not all(map(is_public_address, addresses)):
        raise _webhook_error("only servers on the public internet are allowed")


def is_public_address(address: str) -> bool:
    """Check whether an IP address is on the internet."""
    found = _parse_ip(address)
    if found is None or not found.is_global or found.is_multicast:
        return False
    return any(found in each for each in SERVERS) and not any(found in each for each in RELAYS)


def _split_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _webhook_error("it is not a URL") from error
    if port == 0 or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>'):
        raise _webhook_error("it is not a URL")
    return parts


def _parse_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an IP address in its usual form; None for anything else, including zones."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_domain_name(host: str) -> bool:
    """Check for a domain name; if it ends with a number, it is an address in disguise."""
    labels = host.split(".")
    last = labels[-1]
    return (
        len(labels) > 1
        and len(host) <= MAX_HOST_CHARS
        and all(DNS_LABEL.fullmatch(each) for each in labels)
        and last not in PRIVATE_SUFFIXES
        and not last[0].isdigit()
    )


def _webhook_error(reason: str) -> BadInput:
    return BadInput(f"webhook: {reason}.", field="webhook")

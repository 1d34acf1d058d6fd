"""The authorizer Lambda, and the bearer tokens that it knows.

The authorizer answers API Gateway (payload format 2.0, simple responses). With AUTH_MODE `token`,
the bearer token must belong to a named caller; with `none`, every caller is `anonymous`. While the
secret cannot be read, the function fails and the gateway answers 500. On the routes of clients of
other protocols, an unknown caller is admitted without a name: the gateway would answer 403 in a
shape of its own, so the function of the route answers 401 in that of the protocol.

The secret is a JSON object, `{"anna": ["<digest>", "<digest>"]}`, with up to two valid tokens each,
so that tokens can be rotated. It holds SHA-256 digests and cannot be used to call. Tokens are long
and random, so a plain digest is enough.
"""

import hmac
import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from mixer.api.client_errors import CLIENT_PATHS
from mixer.errors import Misconfigured
from mixer.settings import Auth, load_auth

ANONYMOUS = "anonymous"
"""The caller where no authentication is required."""

FRESH_S = 300.0
"""How long a secret is cached: a revoked token stops working within minutes."""

STALE_S = 3_600.0
"""How much longer it may be used while Secrets Manager does not answer."""

RETRY_S = 10.0
"""Pause after a failed read, which takes seconds and delays every request."""

KEY_HEADER = "xi-api-key"
"""Holds the token of clients that speak ElevenLabs' protocol."""

MAX_TOKEN_CHARS = 1_024
"""Longer tokens are refused without a digest."""

DIGEST = re.compile(r"[0-9a-f]{64}")

Callers = Mapping[str, tuple[str, ...]]
"""Digests of valid tokens by caller."""


def parse_callers(secret: str) -> Callers:
    """Parse the secret; its content is never quoted.

    Raises:
        Misconfigured: the secret has the wrong form.
    """
    try:
        written = json.loads(secret)
        callers = {
            str(name): tuple(str(digest).lower() for digest in digests)
            for name, digests in written.items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise Misconfigured("The secret of tokens is not a JSON object of lists.") from error
    for name, digests in callers.items():
        if not name or not all(DIGEST.fullmatch(digest) for digest in digests):
            raise Misconfigured(f"A token of “{name}” is not a hexadecimal SHA-256 digest.")
    return callers


def find_holder(callers: Callers, token: str) -> str | None:
    """Find the caller with a token, or None, in constant time."""
    if not token or len(token) > MAX_TOKEN_CHARS:
        return None
    digest = digest_token(token)
    found = None
    for name, digests in callers.items():
        for known in digests:
            if hmac.compare_digest(known, digest):
                found = name
    return found


def digest_token(token: str) -> str:
    """Compute the digest that the secret holds for a token."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


def parse_bearer(authorization: str) -> str:
    """Parse an Authorization header; empty if it holds no bearer token."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class TokenRegistry:
    """The callers of a secret, cached for some minutes.

    Safe for many threads: one reads, the others wait. `now` is a monotonic clock in seconds.
    """

    def __init__(
        self, read_secret: Callable[[], str], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._read_secret = read_secret
        self._now = now
        self._lock = threading.Lock()
        self._callers: Callers | None = None
        self._next_s = self._last_s = now()

    def load_callers(self) -> Callers:
        """Load the callers.

        Raises:
            Exception: the secret cannot be read, and the cached one is too old.
        """
        with self._lock:
            now_s = self._now()
            if self._callers is not None and now_s < self._next_s:
                return self._callers
            try:
                self._callers = parse_callers(self._read_secret())
                self._next_s, self._last_s = now_s + FRESH_S, now_s + FRESH_S + STALE_S
            except Exception:
                if self._callers is None or now_s > self._last_s:
                    raise
                self._next_s = min(now_s + RETRY_S, self._last_s)
            return self._callers


def build_authorizer(
    tokens: Mapping[str, Sequence[str]],
) -> Callable[[Mapping[str, Any], object], dict[str, Any]]:
    """Build an authorizer that knows the tokens themselves, by caller."""
    secret = json.dumps({name: [*map(digest_token, each)] for name, each in tokens.items()})
    registry = TokenRegistry(lambda: secret)
    return lambda event, _context: authorize_request(event, Auth(), registry)


def answer_authorizer_event(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one question of the gateway: authorize the request of an event."""
    auth = load_auth(os.environ)
    registry = _load_registry(auth.tokens_secret) if auth.mode == "token" else None
    return authorize_request(event, auth, registry)


def authorize_request(
    event: Mapping[str, Any], auth_settings: Auth, registry: TokenRegistry | None
) -> dict[str, Any]:
    """Authorize a request; the registry is None where the mode requires no token."""
    if auth_settings.mode == "none":
        return _allow_caller(ANONYMOUS)
    token = parse_bearer(_header_value(event, "authorization")) or _header_value(event, KEY_HEADER)
    caller = find_holder(registry.load_callers(), token) if registry and token else None
    if caller:
        return _allow_caller(caller)
    return {"isAuthorized": _route_path(event).startswith(CLIENT_PATHS), "context": {}}


def _route_path(event: Mapping[str, Any]) -> str:
    """The path of the route that asks, such as `/v1/voices`; empty if it is unknown."""
    key = event.get("routeKey") if isinstance(event, Mapping) else ""
    return str(key).partition(" ")[2]


def _allow_caller(caller: str) -> dict[str, Any]:
    return {"isAuthorized": True, "context": {"caller": caller}}


def _header_value(event: Mapping[str, Any], name: str) -> str:
    headers = event.get("headers") if isinstance(event, Mapping) else None
    pairs = headers.items() if isinstance(headers, Mapping) else ()
    return next((str(v) for k, v in pairs if str(k).lower() == name), "")


@cache
def _load_registry(secret: str) -> TokenRegistry:
    from mixer.aws import read_secret

    return TokenRegistry(lambda: read_secret(secret))

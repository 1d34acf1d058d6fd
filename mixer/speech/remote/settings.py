"""The settings of servers that the operator names, never a request.

`ENGINE_URL` and what is known of that speech server; `MODEL_URL` of a language model.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar
from urllib.parse import urlsplit

from mixer.errors import Misconfigured

FORMATS = ("mp3", "flac", "wav", "opus", "aac", "pcm")
"""`response_format` of the protocol; `pcm` is 16 bits at 24 kHz without a header."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """A server's address; its variables begin with `prefix`, and messages call it `title`.

    Attributes:
        url: its base, up to `/v1`.
        key: sent as a bearer token, and nowhere else; not shown.
        timeout_s: of one call, from connecting to the last byte.
    """

    prefix: ClassVar[str]
    title: ClassVar[str]

    url: str
    key: str = field(default="", repr=False)
    timeout_s: float = 300.0

    @property
    def host(self) -> str:
        """The server as messages name it: never with what may be secret in its address."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


@dataclass(frozen=True, slots=True)
class RemoteSettings(ServerSettings):
    """A server that speaks `/v1/audio/speech`.

    Attributes:
        model: its name of the model.
        voices: names with a language each, which may be empty; none asks the server.
        format: of its audio.
        max_chars: of one call's text.
        parallelism: calls at once.
        tries: of a call that fails in passing.
        usd_per_million_chars: 0 for a server of one's own.
        takes_instructions: whether it accepts `instructions`.
    """

    prefix: ClassVar[str] = "ENGINE"
    title: ClassVar[str] = "speech server"

    model: str = "tts-1"
    voices: tuple[tuple[str, str], ...] = ()
    format: str = "mp3"
    max_chars: int = 3_000
    parallelism: int = 2
    tries: int = 4
    usd_per_million_chars: float = 0.0
    takes_instructions: bool = False

    @property
    def version(self) -> str:
        """Changes with what shapes the sound of a voice; part of a chunk's key."""
        parts = "\n".join((self.url, self.model, self.format))
        return f"http-{sha256(parts.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class ModelSettings(ServerSettings):
    """A language model that speaks `/v1/chat/completions`; `max_chars` may be sent for one book."""

    prefix: ClassVar[str] = "MODEL"
    title: ClassVar[str] = "language model"

    timeout_s: float = 60.0
    model: str = "default"
    max_chars: int = 200_000


def load_remote(environ: Mapping[str, str]) -> RemoteSettings | None:
    """Load the settings of the server; None where there is none.

    Raises:
        Misconfigured: names the variable that is invalid.
    """
    url = _read_url(environ, "ENGINE_URL", "speech server", "http://127.0.0.1:8880/v1")
    if not url:
        return None
    names = ("ENGINE_KEY", "ENGINE_MODEL", "ENGINE_FORMAT")
    texts = {_field(name): environ[name].strip() for name in names if environ.get(name)}
    if texts.get("format", FORMATS[0]) not in FORMATS:
        raise _misconfigured(environ, "ENGINE_FORMAT", f"one of {', '.join(FORMATS)}")
    return RemoteSettings(
        url=url,
        voices=_parse_voices(environ),
        max_chars=_parse_count(environ, "ENGINE_MAX_CHARS", 3_000),
        parallelism=_parse_count(environ, "ENGINE_PARALLELISM", 2),
        tries=_parse_count(environ, "ENGINE_TRIES", 4),
        timeout_s=_parse_number(environ, "ENGINE_TIMEOUT_S", 300.0),
        usd_per_million_chars=_parse_number(environ, "ENGINE_USD_PER_MILLION_CHARS", 0.0),
        takes_instructions=environ.get("ENGINE_INSTRUCTIONS", "").lower() in ("1", "yes", "true"),
        **texts,
    )


def load_model(environ: Mapping[str, str]) -> ModelSettings | None:
    """Load the settings of the language model; None where there is none.

    Raises:
        Misconfigured: names the variable that is invalid.
    """
    url = _read_url(environ, "MODEL_URL", "language model", "http://127.0.0.1:11434/v1")
    if not url:
        return None
    return ModelSettings(
        url,
        environ.get("MODEL_KEY", "").strip(),
        _parse_number(environ, "MODEL_TIMEOUT_S", 60.0),
        environ.get("MODEL_NAME", "").strip() or "default",
        _parse_count(environ, "MODEL_MAX_CHARS", 200_000),
    )


def _field(variable: str) -> str:
    return variable.removeprefix("ENGINE_").lower()


def _read_url(environ: Mapping[str, str], variable: str, server: str, example: str) -> str:
    url = environ.get(variable, "").strip().rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
        key = variable.replace("_URL", "_KEY")
        message = f"such as {example}; a key goes into {key}."
        raise Misconfigured(
            f"{variable} must be the address of a {server} up to /v1, {message}", variable=variable
        )
    return url


def _parse_voices(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Parse `alloy, nova:en-US`."""
    listed = re.split(r"[,\s]+", environ.get("ENGINE_VOICES", "").strip())
    pairs = (each.partition(":") for each in listed if each)
    return tuple((name, language) for name, _, language in pairs)


def _parse_count(environ: Mapping[str, str], name: str, default: int) -> int:
    value = _parse_number(environ, name, default)
    if value != int(value) or value < 1:
        raise _misconfigured(environ, name, "a whole number above 0")
    return int(value)


def _parse_number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise _misconfigured(environ, name, "a number of at least 0")
    return float(text)


def _misconfigured(environ: Mapping[str, str], name: str, wanted: str) -> Misconfigured:
    return Misconfigured(f"{name} is “{environ[name]}”; it must be {wanted}.", variable=name)

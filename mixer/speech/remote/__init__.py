"""Servers that the operator names: `/v1/audio/speech` as an engine, and the language model."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.speech.remote.client import RemoteClient
    from mixer.speech.remote.engine import RemoteEngine
    from mixer.speech.remote.settings import (
        ModelSettings,
        RemoteSettings,
        ServerSettings,
        load_model,
        load_remote,
    )

__getattr__ = export_lazily(__name__)

"""Any server that speaks `/v1/audio/speech`, as an engine."""

from mixer.speech.remote.engine import RemoteEngine
from mixer.speech.remote.settings import RemoteSettings, load_remote

__all__ = ["RemoteEngine", "RemoteSettings", "load_remote"]

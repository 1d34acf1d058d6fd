"""Ports for servers that tests start on this machine."""

import socket


def find_free_port() -> int:
    """A port of 127.0.0.1 that no server listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

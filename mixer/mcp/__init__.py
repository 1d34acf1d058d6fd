"""Narrating as tools for agents, by the Model Context Protocol."""

from mixer.mcp.jobs import Narrations
from mixer.mcp.server import build_server

__all__ = ["Narrations", "build_server"]

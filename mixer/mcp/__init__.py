"""Tools for agents, by the Model Context Protocol."""

from mixer.mcp.jobs import Narrations
from mixer.mcp.tools import build_server

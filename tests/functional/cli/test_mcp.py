"""`mixer mcp` over standard input and output, asked by the SDK's own client."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEXT = "The lamp went out at nine. The sea was calm."


OUTSIDE = "/etc/hostname"
FOREIGN = f"---\n{{}}: {OUTSIDE}\n---\n{TEXT}"


async def call(client, tool, **arguments):
    """The answer of a tool, or its error as text."""
    result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    return text if result.is_error else json.loads(text)


async def use_server(folder):
    from mcp.client import Client  # two seconds, in each process that collects tests
    from mcp.client.stdio import StdioServerParameters, stdio_client

    command = ["-m", "mixer", "mcp", "--out", str(folder / "out"), "--store", str(folder / "store")]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    server = StdioServerParameters(
        command=sys.executable, args=[*command, "--max-cost-usd", "0.5"], env=environment
    )
    async with Client(stdio_client(server)) as client:
        answers = {
            "tools": {tool.name for tool in (await client.list_tools()).tools},
            "voices": await call(client, "voices"),
            "estimate": await call(client, "estimate", text=TEXT),
            "plan": await call(client, "plan", text=TEXT),
            "bad_option": await call(client, "plan", text=TEXT, options={"rate": 900}),
            "bad_name": await call(client, "narrate", text=TEXT, name="../x"),
            "bad_story": await call(client, "status", story="none"),
            "bad_music": await call(client, "narrate", text=TEXT, name="x", music="none.mp3"),
            "long_name": await call(client, "narrate", text=TEXT, name="日" * 100),
            "foreign_lexicon": await call(client, "plan", text=FOREIGN.format("lexicon")),
            "foreign_cover": await call(client, "plan", text=FOREIGN.format("cover")),
            "hidden_cover": await call(client, "plan", text=TEXT, options={"cover": OUTSIDE}),
            "long_engine": await call(client, "voices", engine="x" * 9_000),
            "uncapped": await call(
                client, "narrate", text=TEXT, name="x", options={"engine": "neural"}
            ),
            "beyond_the_cap": await call(
                client,
                "narrate",
                text=TEXT,
                name="x",
                options={"engine": "neural"},
                max_cost_usd=0.6,
            ),
        }
        begun = await call(client, "narrate", text=TEXT, name="lamp", options={"voice": "Ben"})
        begun_s = time.monotonic()
        while (status := await call(client, "status", story=begun["story"]))["state"] != "done":
            assert "error" not in status, status
            assert time.monotonic() - begun_s < 300
            await asyncio.sleep(0.2)
        return {**answers, "done": status}


def test_tools_by_the_client_of_the_sdk(tmp_path):
    answers = asyncio.run(use_server(tmp_path))
    assert answers["tools"] == {"plan", "estimate", "narrate", "status", "voices"}
    assert answers["voices"]["voices"][0]["id"] == "Ada"
    assert answers["estimate"]["cost_usd"]["embedded"] == 0
    assert answers["estimate"]["cost_usd"]["generative"] > 0
    assert answers["plan"]["chunks"][0]["text"].startswith("The lamp")
    assert "rate: must be at most 200" in answers["bad_option"]
    assert "not a valid file name" in answers["bad_name"]
    assert "no narration" in answers["bad_story"]
    assert "not in the music folder" in answers["bad_music"]
    assert "not a valid file name" in answers["long_name"]
    assert "lexicon: /etc/hostname is outside the story's folder" in answers["foreign_lexicon"]
    assert "cover: /etc/hostname is outside the story's folder" in answers["foreign_cover"]
    assert "cover: “/etc/hostname” is not in the music folder" in answers["hidden_cover"]
    assert len(answers["long_engine"]) < 2_100
    assert "set the most that it may cost" in answers["uncapped"]
    assert "$0.60 is more than the $0.50" in answers["beyond_the_cap"]
    assert (tmp_path / "out" / "lamp.mp3").stat().st_size > 10_000
    assert answers["done"]["files"][0].endswith("lamp.mp3")


OPENING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "x", "version": "1"},
}
CLIENT_MISTAKES = [
    {"method": "prompts/get", "params": {"name": "../../x"}},
    {"method": "resources/read", "params": {"uri": "file:///etc/passwd"}},
    {"method": "tools/call", "params": {"name": "none", "arguments": {}}},
    {"method": "tools/call", "params": {"name": "plan", "arguments": {"text": [1]}}},
    {"method": "completion/complete", "params": {}},
    {"method": "none"},
]


def test_mistakes_of_a_client_are_answered_and_leave_no_trace_in_the_log(tmp_path):
    messages = [
        {"id": 0, "method": "initialize", "params": OPENING},
        {"method": "notifications/initialized"},
        *({"id": number, **each} for number, each in enumerate(CLIENT_MISTAKES, start=1)),
    ]
    command = [
        sys.executable,
        "-m",
        "mixer",
        "mcp",
        "--out",
        str(tmp_path),
        "--store",
        str(tmp_path),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        for each in messages:
            server.stdin.write(json.dumps({"jsonrpc": "2.0", **each}).encode() + b"\n")
        server.stdin.flush()
        answers = [json.loads(server.stdout.readline()) for each in messages if "id" in each]
        _, log = server.communicate(timeout=60)
    assert {each["id"] for each in answers} == set(range(len(CLIENT_MISTAKES) + 1))
    assert all("error" in each or each["result"]["isError"] for each in answers if each["id"])
    assert (server.returncode, log) == (0, b"")

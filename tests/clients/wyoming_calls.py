"""Speaks through wyoming-openai, the bridge of Home Assistant's voice protocol.

python wyoming_calls.py URL TOKEN
"""

import asyncio
import os
import socket
import subprocess
import sys

from wyoming.audio import AudioChunk, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.tts import Synthesize, SynthesizeVoice

TEXT = "The lamp went out at nine. The sea was calm."
TRIES = 120


def find_free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def speak(port):
    """Ask the bridge for a text; returns its samples."""
    for _ in range(TRIES):
        try:
            async with AsyncTcpClient("127.0.0.1", port) as client:
                voice = SynthesizeVoice(name="nova")
                await client.write_event(Synthesize(text=TEXT, voice=voice).event())
                sound = b""
                while (event := await client.read_event()) is not None:
                    if AudioChunk.is_type(event.type):
                        sound += AudioChunk.from_event(event).audio
                    if AudioStop.is_type(event.type):
                        return sound
        except OSError:
            await asyncio.sleep(0.5)
    raise SystemExit("wyoming-openai did not start.")


def main(url, token):
    port = find_free_port()
    options = {
        "WYOMING_URI": f"tcp://127.0.0.1:{port}",
        "TTS_OPENAI_URL": f"{url}/v1",
        "TTS_OPENAI_KEY": token,
        "TTS_MODELS": "mixer",
        "TTS_VOICES": "alloy nova",
    }
    command = [sys.executable, "-m", "wyoming_openai"]
    with subprocess.Popen(command, env={**os.environ, **options}) as bridge:
        try:
            sound = asyncio.run(speak(port))
        finally:
            bridge.terminate()
    assert len(sound) > 50_000, len(sound)
    print(f"wyoming-openai: Synthesize, {len(sound)} bytes of samples")


if __name__ == "__main__":
    main(*sys.argv[1:])

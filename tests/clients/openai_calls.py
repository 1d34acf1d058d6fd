"""Each speech call and option of OpenAI's SDK for Python, against a running server.

python openai_calls.py URL TOKEN     # prints one line per call; exits with 1 if one fails
"""

import asyncio
import base64
import json
import sys
import tempfile
from pathlib import Path

import openai

TEXT = "The lamp went out at nine."
MAGIC = {"mp3": b"\xff\xf3", "opus": b"OggS", "aac": b"\xff\xf1", "flac": b"fLaC", "wav": b"RIFF"}


def check_calls(client):
    """Yield the name of each call that worked."""
    speech = client.audio.speech
    fixed = {"model": "tts-1", "voice": "alloy", "input": TEXT}
    for name, magic in MAGIC.items():
        content = speech.create(**fixed, response_format=name).content
        assert content.startswith(magic), (name, content[:8])
        yield f"audio.speech.create {name}"
    plain = speech.create(**fixed, response_format="pcm").read()
    fast = speech.create(**fixed, response_format="pcm", speed=2.0).content
    assert len(fast) < 0.8 * len(plain)
    yield "speed"
    named = speech.create(**{**fixed, "voice": {"id": "Ben"}}, instructions="Warmly.").content
    assert named != speech.create(**fixed).content
    yield "voice object, instructions"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speech.mp3")
        with speech.with_streaming_response.create(**fixed) as answer:
            answer.stream_to_file(path)
        with speech.with_streaming_response.create(**fixed, stream_format="audio") as answer:
            assert b"".join(answer.iter_bytes(512)) == path.read_bytes()
    yield "with_streaming_response, stream_format audio"
    with speech.with_streaming_response.create(**fixed, stream_format="sse") as answer:
        lines = [each for each in answer.iter_lines() if each]
    events = [json.loads(each.removeprefix("data: ")) for each in lines]
    assert base64.b64decode(events[0]["audio"]).startswith(MAGIC["mp3"])
    assert events[-1]["type"] == "speech.audio.done"
    yield "stream_format sse"
    story = speech.create(**{**fixed, "model": "mixer-story"}, extra_body={"preset": "podcast"})
    assert story.content[:3] == b"ID3"
    yield "mixer-story with extra_body"
    assert {"mixer", "tts-1"} <= {each.id for each in client.models.list()}
    assert client.models.retrieve("mixer").owned_by == "mixer"
    yield "models.list, models.retrieve"


def check_errors(client, url):
    """Yield the name of each error that has the SDK's own class."""
    fixed = {"model": "tts-1", "voice": "alloy", "input": TEXT}
    cases = [
        (client, {**fixed, "voice": "Zed"}, openai.BadRequestError),
        (client, {**fixed, "model": "mixr"}, openai.NotFoundError),
        (client, {**fixed, "input": ""}, openai.BadRequestError),
        (openai.OpenAI(base_url=url, api_key="wrong"), fixed, openai.AuthenticationError),
    ]
    for caller, body, kind in cases:
        try:
            caller.audio.speech.create(**body)
        except kind as error:
            assert error.body["message"], error
            yield kind.__name__
        else:
            raise AssertionError(f"no {kind.__name__}: {body}")


async def speak_asynchronously(url, token):
    async with openai.AsyncOpenAI(base_url=url, api_key=token) as client:
        speech = client.audio.speech.with_streaming_response
        async with speech.create(model="mixer", voice="nova", input=TEXT) as answer:
            return b"".join([block async for block in answer.iter_bytes()])


def main(url, token):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0)
    for name in check_calls(client):
        print(f"openai (Python) {openai.__version__}: {name}", flush=True)
    for name in check_errors(client, f"{url}/v1"):
        print(f"openai (Python) {openai.__version__}: {name}", flush=True)
    assert asyncio.run(speak_asynchronously(f"{url}/v1", token)).startswith(MAGIC["mp3"])
    print(f"openai (Python) {openai.__version__}: AsyncOpenAI", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Each speech call and option of ElevenLabs' SDK for Python, against a running server.

python elevenlabs_calls.py URL TOKEN     # prints one line per call; exits with 1 if one fails
"""

import asyncio
import base64
import sys
from importlib.metadata import version

from elevenlabs.client import AsyncElevenLabs, ElevenLabs
from elevenlabs.core import ApiError
from elevenlabs.types import VoiceSettings

TEXT = "The lamp went out at nine."
VOICE, GEORGE = "Ada", "JBFqnCBsd6RMkjVDRZzb"
OUTPUTS = {
    **{f"mp3_{name}": b"\xff" for name in ("22050_32", "24000_48", "44100_64", "44100_128")},
    **{f"opus_48000_{kbps}": b"OggS" for kbps in (32, 96)},
    **{f"wav_{rate}": b"RIFF" for rate in (16_000, 48_000)},
    **{f"{codec}_8000": b"" for codec in ("pcm", "ulaw", "alaw")},
}


def check_speech(client):
    """Yield the name of each call that worked."""
    speech = client.text_to_speech
    for name, magic in OUTPUTS.items():
        content = b"".join(speech.convert(VOICE, text=TEXT, output_format=name))
        assert len(content) > 1000 and content.startswith(magic), (name, content[:8])
        yield f"convert {name}"
    pcm = b"".join(speech.stream(VOICE, text=TEXT, output_format="pcm_16000"))
    settings = VoiceSettings(speed=1.2, stability=0.5, similarity_boost=0.7, style=0.1)
    options = {"model_id": "eleven_flash_v2_5", "language_code": "en", "seed": 7}
    context = {"previous_text": "It was late.", "next_text": "We slept."}
    fast = speech.stream(
        VOICE,
        text=TEXT,
        output_format="pcm_16000",
        voice_settings=settings,
        optimize_streaming_latency=3,
        enable_logging=False,
        apply_text_normalization="auto",
        **options,
        **context,
    )
    assert 1000 < len(b"".join(fast)) < len(pcm)
    yield "stream with all options"
    timed = speech.convert_with_timestamps(VOICE, text=TEXT)
    assert "".join(timed.alignment.characters) == TEXT
    assert base64.b64decode(timed.audio_base_64)
    yield "convert_with_timestamps"
    blocks = list(speech.stream_with_timestamps(VOICE, text=TEXT))
    found = [each.alignment.characters for each in blocks if each.alignment]
    assert "".join(char for part in found for char in part) == TEXT
    yield "stream_with_timestamps"
    assert b"".join(speech.convert(GEORGE, text=TEXT, output_format="pcm_8000"))
    yield "a voice of theirs, by its id"


def check_lists_and_errors(client, url):
    """Yield the name of each call that worked."""
    assert client.voices.get_all().voices[0].voice_id == VOICE
    assert client.voices.search().total_count >= 5
    assert client.voices.get(VOICE).name == VOICE
    yield "voices.get_all, search, get"
    assert any(each.model_id == "mixer" for each in client.models.list())
    yield "models.list"
    strange = ElevenLabs(base_url=url, api_key="wrong")
    cases = [(client, "Zed", TEXT, 404), (client, VOICE, "", 400), (strange, VOICE, TEXT, 401)]
    for caller, voice, text, status in cases:
        try:
            b"".join(caller.text_to_speech.convert(voice, text=text))
        except ApiError as error:
            assert error.status_code == status and error.body["detail"]["message"], error
            yield f"ApiError {status}"
        else:
            raise AssertionError(f"no error {status}")


async def speak_asynchronously(url, token):
    client = AsyncElevenLabs(base_url=url, api_key=token)
    return b"".join([each async for each in client.text_to_speech.stream(VOICE, text=TEXT)])


def main(url, token):
    client, name = ElevenLabs(base_url=url, api_key=token), f"elevenlabs {version('elevenlabs')}"
    for call in (*check_speech(client), *check_lists_and_errors(client, url)):
        print(f"{name}: {call}", flush=True)
    assert asyncio.run(speak_asynchronously(url, token)).startswith(b"\xff")
    print(f"{name}: AsyncElevenLabs", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

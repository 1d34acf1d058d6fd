"""Amazon Polly on localhost: its wire protocol, its refusals, its limits, and real MP3.

For tests that must not trust our own idea of what Polly takes:

    with StrictPolly(faults=Faults(throttled=0.2)) as polly:
        engine = PollyEngine(polly.client())

or by hand, for any client that can be given an endpoint:

    python -m tests.emulators.strict_polly --port 0

It speaks REST-JSON as botocore reads it: POST /v1/speech, GET /v1/voices, and the four lexicon
operations. What it does not do: check signatures (it only wants one), encode Ogg, mu-law and A-law,
and synthesis tasks. Where Polly's documentation is silent it is the stricter of two readings.
"""

import argparse
import functools
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tests.emulators.polly_audio import tone_mp3, tone_pcm
from tests.emulators.polly_http import PollyServer
from tests.emulators.polly_lexicons import Lexicons
from tests.emulators.polly_meter import CUT, CUT_BODY, HANG, Counts, Faults, Latency, Meter
from tests.emulators.polly_speech import PollyRequest, speech_marks
from tests.emulators.polly_tables import ALLOWANCES, VOICES, Allowance, ListedVoice, Refusal

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_polly import PollyClient

    from mixer.speech.engine import SpeechEngine

__all__ = ["CUT", "CUT_BODY", "HANG", "Allowance", "Counts", "Faults", "Latency", "StrictPolly"]

PAGE_VOICES = 20
STOP_TIMEOUT_S = 5.0


class StrictPolly:
    """A server on 127.0.0.1; a context manager that stops it with all its threads.

    Args:
        voice: speaks instead of the tones; an engine whose suffix is mp3, such as the embedded
            one. Whoever made it closes it.
        latency: how long calls take.
        faults: which calls fail.
        allowances: by engine; None for an account's default.
        voices: what the region has.
        page_voices: voices on a page of DescribeVoices.
        port: 0 for any free one.
    """

    def __init__(
        self,
        *,
        voice: "SpeechEngine | None" = None,
        latency: Latency | None = None,
        faults: Faults | None = None,
        allowances: Mapping[str, Allowance] | None = None,
        voices: Sequence[ListedVoice] = VOICES,
        page_voices: int = PAGE_VOICES,
        port: int = 0,
    ) -> None:
        self.latency = latency or Latency()
        self.voices = voices
        self.page_voices = page_voices
        self.lexicons = Lexicons()
        self.meter = Meter({**ALLOWANCES, **(allowances or {})}, faults or Faults())
        self.stopping = threading.Event()
        self._voice = voice
        self._server = PollyServer(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def counts(self) -> Counts:
        """What has happened since the start or the last reset."""
        return self.meter.counts

    def reset(self, faults: Faults | None = None, latency: Latency | None = None) -> None:
        """Begin anew with full buckets; lexicons stay."""
        self.latency = latency or Latency()
        self.meter.reset(faults or Faults())

    def client(self, *, connections: int = 80, read_timeout_s: float = 30.0) -> "PollyClient":
        """A client of this server, with credentials that mean nothing. Whoever asks closes it."""
        from mixer.speech.polly.client import create_polly_client

        return create_polly_client(
            endpoint_url=self.endpoint_url,
            connections=connections,
            read_timeout_s=read_timeout_s,
            session=polly_session(),
        )

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every call and every thread; safe to call twice."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(STOP_TIMEOUT_S)
        self._server.cut_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def build_body(self, request: PollyRequest) -> bytes:
        """The answer's body."""
        if request.output == "json":
            return speech_marks(request.reading, request.mark_types)
        if request.output == "pcm":
            return tone_pcm(request.text, request.reading.duration_s, request.rate_hz)
        if request.output != "mp3":
            raise Refusal("NotImplementedException", f"This server encodes no {request.output}")
        if self._voice is not None:
            return self._synthesize(self._voice, request.text)
        length_s, rate_hz = request.reading.duration_s, request.rate_hz
        return tone_mp3(request.text, length_s, rate_hz, request.voice.id)

    def _synthesize(self, voice: "SpeechEngine", text: str) -> bytes:
        from mixer.speech.engine import VoiceSettings

        first = voice.voices()[0]
        return voice.synthesize(text, VoiceSettings(first.id, first.engines[0])).audio


@functools.cache
def polly_session() -> "boto3.Session":
    """One for all clients: reading the service model is what takes a client's time."""
    import boto3

    return boto3.Session("test", "test", region_name="us-east-1")


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0)
    with StrictPolly(port=parser.parse_args().port) as polly:
        print(polly.endpoint_url, flush=True)  # noqa: T201
        try:
            polly.stopping.wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()

"""A process that answers one /synthesize request, for tests that kill it.

    python -m tests.functional.stories.synthesis_process POLLY_URL STORE_FOLDER < body.json

The handler is the Lambda's own; the folder store outlives the process as S3 would.
"""

import json
import sys
from pathlib import Path

from mixer.api.endpoints import build_speech_endpoint
from mixer.speech.polly.client import create_polly_client
from mixer.store.folder import FolderStore
from tests.functional.clouds import CloudOverFolder, build_settings, session
from tests.functional.lambdas import FakeContext, event_v2


def main() -> None:
    polly_url, folder = sys.argv[1:]
    chosen, store = build_settings(), FolderStore(Path(folder))
    polly = create_polly_client(endpoint_url=polly_url, session=session())
    services = CloudOverFolder(settings=chosen, polly=polly, folder=store)
    answer = build_speech_endpoint(services)(event_v2(sys.stdin.read()), FakeContext())
    print(json.dumps(answer))  # noqa: T201


if __name__ == "__main__":
    main()

"""A process that answers one /synthesize request, for tests that kill it.

    python -m tests.functional.synthesis_process POLLY_URL STORE_FOLDER < body.json

The handler is the Lambda's own; the folder store outlives the process as S3 would.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from mixer.speech.polly.client import create_polly_client
from mixer.store.folder import FolderStore
from mixer.store.s3 import create_s3_client
from mixer.stories.budget import DailyBudget
from polly_handler import build_endpoint, build_speech_service
from tests.functional.clouds import build_settings, session
from tests.functional.lambdas import FakeContext, event_v2


def main() -> None:
    polly_url, folder = sys.argv[1:]
    chosen, store = build_settings(), FolderStore(Path(folder))
    polly = create_polly_client(endpoint_url=polly_url, session=session())
    work = replace(
        build_speech_service(chosen, polly=polly, s3=create_s3_client(session=session())),
        store=store,
        budget=DailyBudget(store, chosen.max_daily_usd),
    )
    answer = build_endpoint(chosen, lambda: work)(event_v2(sys.stdin.read()), FakeContext())
    print(json.dumps(answer))  # noqa: T201


if __name__ == "__main__":
    main()

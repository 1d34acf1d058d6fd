"""A process that answers one /synthesize request, for tests that kill it.

    python -m tests.functional.speaking_process POLLY_URL STORE_FOLDER < body.json

The handler is the Lambda's own; the folder store outlives the process as S3 would.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from mixer.jobs.spending import Spending
from mixer.speech.polly.client import polly_client
from mixer.store.folder import FolderStore
from mixer.store.s3 import s3_client
from polly_handler import endpoint, synthesizer
from tests.functional.clouds import deployment, session
from tests.functional.lambdas import Context, version_2


def main() -> None:
    polly_url, folder = sys.argv[1:]
    chosen, store = deployment(), FolderStore(Path(folder))
    polly = polly_client(endpoint_url=polly_url, session=session())
    work = replace(
        synthesizer(chosen, polly=polly, s3=s3_client(session=session())),
        store=store,
        spending=Spending(store, chosen.max_daily_usd),
    )
    answer = endpoint(chosen, lambda: work)(version_2(sys.stdin.read()), Context())
    print(json.dumps(answer))  # noqa: T201


if __name__ == "__main__":
    main()

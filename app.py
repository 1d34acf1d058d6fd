"""The Mixer Lambda: POST /mixstory, and the API's description.

Handler: `app.handler`. Which buckets it may use is in the environment (mixer/settings.py). Nothing
is loaded or connected before the first request; what that needs stays for the next ones.
"""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from mixer.errors import MixerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from mixer.http.calls import Context
    from mixer.http.routing import Endpoint
    from mixer.jobs.assembly import Assembler
    from mixer.settings import Settings

DEFAULT_PATH = "/mixstory"


def handler(event: Any, context: "Context") -> dict[str, Any]:  # noqa: ANN401 - see mixer.http.events
    """Answer one event."""
    try:
        endpoint = _endpoint()
    except MixerError as error:
        from mixer.http.answers import bare_refusal

        return bare_refusal(error, context.aws_request_id)
    return endpoint(event, context)


@cache
def _endpoint() -> "Endpoint":
    from mixer.jobs.fetching import remove_leftovers
    from mixer.settings import settings
    from mixer.store.s3 import s3_client

    chosen = settings(os.environ)
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        remove_leftovers()

    @cache
    def work() -> "Assembler":
        return assembler(chosen, s3=s3_client())

    return endpoint(chosen, work)


def endpoint(settings: "Settings", work: "Callable[[], Assembler]") -> "Endpoint":
    """The handler for some settings; other entry points bring other stores.

    Args:
        settings: of the deployment.
        work: who mixes, asked for when the first request comes.
    """
    from mixer.http.docs import add_docs
    from mixer.http.mixing import add_mix_routes
    from mixer.http.routing import Api, Endpoint
    from mixer.http.whole import description

    api = Api(settings.allowed_origins)
    add_mix_routes(api, work)
    add_docs(api, lambda: description(settings.auth.mode))
    return Endpoint(api, settings, DEFAULT_PATH)


def assembler(settings: "Settings", *, s3: "S3Client") -> "Assembler":
    """Mixes from the allowed buckets into the output bucket.

    Args:
        settings: of the deployment.
        s3: from `s3_client`.
    """
    from mixer.jobs.assembly import Assembler
    from mixer.store.s3 import S3Store

    output = S3Store(s3, settings.output_bucket)
    others = sorted(settings.allowed_buckets - {settings.output_bucket})
    return Assembler(
        stores={settings.output_bucket: output, **{name: S3Store(s3, name) for name in others}},
        music=S3Store(s3, settings.music_bucket),
        output=output,
        link=lambda key: output.url(key, settings.url_lifetime_s),
        link_lifetime_s=settings.url_lifetime_s,
        max_object_bytes=settings.max_object_bytes,
        max_input_bytes=settings.max_input_bytes,
    )

"""The Mixer Lambda: POST /mixstory, and the API's description.

Handler: `app.handler`. Which buckets it may use is in the environment (mixer/settings.py). Nothing
is loaded or connected before the first request; what that needs stays for the next ones.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from mixer.http.entry import answered, endpoint_with, settings_of_process

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
    return answered(_endpoint, event, context)


@cache
def _endpoint() -> "Endpoint":
    from mixer.store.s3 import s3_client

    chosen = settings_of_process()

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
    from mixer.http.mixing import add_mix_routes

    return endpoint_with(settings, DEFAULT_PATH, lambda api: add_mix_routes(api, work))


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

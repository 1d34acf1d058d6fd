"""The HTTP API: events in, routes and validation, responses out.

Importing it loads no route: an error while a module loads would leave the caller without an answer.
"""

from mixer.api.auth import (
    answer_authorizer_event,
    build_authorizer,
    digest_token,
    parse_callers,
)
from mixer.api.client_errors import shape_error
from mixer.api.endpoints import (
    build_mix_endpoint,
    build_preview_endpoint,
    build_speech_endpoint,
    build_story_endpoint,
)
from mixer.api.events import InvocationContext
from mixer.api.handlers import (
    answer_mix_request,
    answer_speech_request,
    answer_story_event,
    answer_story_mix_event,
    run_speech_step,
)

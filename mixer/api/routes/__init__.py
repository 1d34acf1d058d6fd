"""The routes by function: speech (other protocols too), casts, mixes, stories, projects, feeds."""

from typing import TYPE_CHECKING

from mixer.lazy import export_lazily

if TYPE_CHECKING:
    from mixer.api.routes.cast import add_cast_route
    from mixer.api.routes.clients import ClientServices
    from mixer.api.routes.elevenlabs import add_client_routes
    from mixer.api.routes.feeds import FeedDependencies, add_feed_routes
    from mixer.api.routes.library import add_library_routes, build_capabilities
    from mixer.api.routes.mix import add_mix_routes
    from mixer.api.routes.speech import SpeechServices, add_speech_routes
    from mixer.api.routes.stories import StoryDependencies, add_story_routes
    from mixer.api.routes.versions import (
        EditDependencies,
        add_preview_routes,
        add_version_routes,
    )

__getattr__ = export_lazily(__name__)

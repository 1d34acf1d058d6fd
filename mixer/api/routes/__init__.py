"""The routes, by function: speech, mix, and stories with the library."""

from mixer.api.routes.library import add_library_routes, build_capabilities
from mixer.api.routes.mix import add_mix_routes
from mixer.api.routes.speech import SpeechServices, add_speech_routes
from mixer.api.routes.stories import StoryDependencies, add_story_routes

__all__ = [
    "SpeechServices",
    "StoryDependencies",
    "add_library_routes",
    "add_mix_routes",
    "add_speech_routes",
    "add_story_routes",
    "build_capabilities",
]

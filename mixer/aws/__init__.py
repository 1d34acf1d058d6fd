"""AWS services that only stories use; boto3 is imported late."""

from mixer.aws.secrets import SigningVault, open_signing_key, read_secret
from mixer.aws.stories import (
    StoryFunction,
    open_event_bus,
    open_listening_function,
    open_state_machine,
    open_story_function,
)

"""Tells a bus of Amazon EventBridge that a story has ended; rules there send it on."""

import json
from typing import TYPE_CHECKING, Any

from mixer.errors import StoreFailed
from mixer.stories.model import StoredRequest

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE, DETAIL_TYPE = "mixer", "Story ended"


def open_event_bus(name: str) -> "EventBus":
    """A bus of this account, by its name."""
    import boto3

    return EventBus(boto3.client("events"), name)


class EventBus:
    """Tells a bus.

    Args:
        client: of EventBridge; whoever made it closes it.
        name: of the bus.
    """

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def notify(self, notice: dict[str, Any], request: StoredRequest) -> None:
        """Send the news, whoever has asked for the story.

        Raises:
            StoreFailed: the bus did not take them.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        del request
        entry: PutEventsRequestEntryTypeDef = {
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(notice, ensure_ascii=False),
            "EventBusName": self._name,
        }
        try:
            answer = self._client.put_events(Entries=[entry])
        except (BotoCoreError, ClientError) as error:
            raise StoreFailed(f"The event bus {self._name} cannot be reached: {error}") from error
        if answer["FailedEntryCount"]:
            raise StoreFailed(f"The event bus {self._name} rejected the event.")

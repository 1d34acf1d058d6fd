"""Sends notices of ended stories to Amazon EventBridge."""

import json
from typing import TYPE_CHECKING, Any

from mixer.errors import StoreFailed

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE, DETAIL_TYPE = "mixer", "Story ended"


def open_event_bus(name: str) -> "EventBus":
    """Open a bus of this account by name."""
    import boto3

    return EventBus(boto3.client("events"), name)


class EventBus:
    """Sends notices to a bus; the client is closed by its creator."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def notify(self, notice: dict[str, Any], request: object) -> None:
        """Send a notice for any caller's story; raises StoreFailed if the bus rejects it."""
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

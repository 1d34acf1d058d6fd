"""Stories are begun although their function sleeps or the account is busy."""

import io
import json

import pytest
from botocore.exceptions import ClientError

from mixer.aws.stories import WAITS_S, StoryFunction
from mixer.errors import StoreFailed
from mixer.stories.model import StoryKind
from mixer.stories.request import StoryRequest

REQUEST = StoryRequest(StoryKind.SPEECH, "anna", {}, text="A lamp.")


class Functions:
    """Lambda that rejects the first calls with some codes."""

    def __init__(self, *codes):
        self.codes = list(codes)

    def invoke(self, **_):
        if self.codes:
            raise ClientError({"Error": {"Code": self.codes.pop(0), "Message": "no"}}, "Invoke")
        return {"Payload": io.BytesIO(json.dumps({"story_id": "s"}).encode())}


@pytest.mark.parametrize(
    "codes",
    [
        (),
        ("CodeArtifactUserPendingException",),
        ("TooManyRequestsException", "ResourceNotReadyException", "ResourceConflictException"),
    ],
)
def test_call_that_is_rejected_for_now_is_tried_again(codes):
    waits_s = []
    function = StoryFunction(Functions(*codes), "f", sleep=waits_s.append)
    assert function.invoke(REQUEST) == "s"
    assert waits_s == list(WAITS_S[: len(codes)])


@pytest.mark.parametrize("codes", [("AccessDeniedException",), ("ServiceException",) * 9])
def test_call_that_fails_for_good_is_reported(codes):
    function = StoryFunction(Functions(*codes), "f", sleep=lambda _s: None)
    with pytest.raises(StoreFailed, match="cannot start a story"):
        function.invoke(REQUEST)

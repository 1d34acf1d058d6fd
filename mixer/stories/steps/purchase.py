"""What a story pays for, within the limits of its request, the server and the day.

Near the daily cap a story may lack chunks that another story or request of the caller is paying
for. Reserving only the rest would not do: if the payer failed, its reservation would be gone, and
the cap could be passed. So the story waits until the chunks are there or the payer has ended. Two
stories that reserve at the same moment may refuse each other: then both wait, at random.
"""

import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from mixer.errors import CapReached, TooExpensive, format_usd
from mixer.script import Chunk
from mixer.stories.folder import RESULT, SCRIPT, StoryFolder
from mixer.stories.model import StoredScript
from mixer.stories.slots import choose_poll_s
from mixer.stories.speech_planner import SpeechPlanner
from mixer.stories.status import load_progress

MAX_WAIT_S = 6 * 3_600.0
"""From the beginning of an attempt: a payer whose execution was stopped from outside never ends."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What the missing chunks cost, and the entry that reserves it.

    `wait_s` is 0, or nothing is reserved yet, and it may be tried again after so many seconds.
    """

    price_usd: float
    reservation: str = ""
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class Purchase:
    """The missing chunks of a story, by key, and how they are priced."""

    planner: SpeechPlanner
    folder: StoryFolder
    caller: str
    max_cost_usd: float | None
    missing: Mapping[str, Chunk]
    price: Callable[[Collection[Chunk]], float]

    @property
    def price_usd(self) -> float:
        """The price of all missing chunks."""
        return self.price(self.missing.values())

    def reserve(self) -> Payment:
        """Reserve the price; raises TooExpensive or CapReached if it exceeds a limit."""
        usd, most_usd = self.price_usd, self.planner.max_request_usd
        if self.max_cost_usd is not None and usd > self.max_cost_usd:
            raise TooExpensive(
                f"This would cost about {format_usd(usd)}, more than max_cost_usd "
                f"({format_usd(self.max_cost_usd)}); nothing was spent.",
                cost_usd=usd,
            )
        if usd > most_usd:
            raise TooExpensive(
                f"This would cost about {format_usd(usd)}, more than the {format_usd(most_usd)} "
                "that one story may cost here; nothing was spent.",
                cost_usd=usd,
                limit_usd=most_usd,
            )
        story = self.folder.story_id
        return Payment(usd, self.planner.budget.reserve(self.caller, usd, story))

    @contextmanager
    def hold(
        self,
        chunk_keys: Sequence[str],
        look_up: Callable[[], "Purchase"],
        pause: Callable[[float], None],
    ) -> Iterator[Payment]:
        """Reserve the price and hold the chunks for a block, after others that hold some of them.

        What is missing is looked up again if another request held one, or a story pays for it at
        the daily cap; `pause` waits for either.
        """
        purchase, is_held = self, False
        while not is_held:
            with ExitStack() as claim:
                payment = purchase._claim(claim, chunk_keys, look_up, pause)
                if not payment.wait_s:
                    is_held = True
                    yield payment
            if not is_held:
                pause(payment.wait_s)
                purchase = look_up()

    def _claim(
        self,
        claim: ExitStack,
        chunk_keys: Sequence[str],
        look_up: Callable[[], "Purchase"],
        pause: Callable[[float], None],
    ) -> Payment:
        def reserve(must_look_up: bool) -> Payment:
            return (look_up() if must_look_up else self).reserve()

        hold = self.planner.budget.hold_payment
        paying = hold(self.caller, chunk_keys, list(self.missing), reserve, pause)
        try:
            return claim.enter_context(paying)
        except CapReached as error:
            return self._wait_for(self._list_story_chunks(), error)

    def reserve_or_wait(self) -> Payment:
        """Reserve the price; at the daily cap, wait for others that pay for the same chunks."""
        try:
            return self.reserve()
        except CapReached as error:
            claimed = self.planner.budget.list_claimed_chunks(self.caller)
            return self._wait_for(claimed | self._list_story_chunks(), error)

    def _wait_for(self, paid: Set[str], error: CapReached) -> Payment:
        """Choose when to try again; raises the error if what others pay for does not help."""
        rest = [chunk for key, chunk in self.missing.items() if key not in paid]
        started_at = load_progress(self.folder).started_at
        waited_s = (self.planner.now() - started_at).total_seconds() if started_at else 0.0
        if waited_s > MAX_WAIT_S or not self.planner.budget.has_room(self.caller, self.price(rest)):
            raise error
        wait_s = math.ceil(choose_poll_s(waited_s) * random.uniform(0.5, 1.0))
        return Payment(self.price_usd, wait_s=wait_s)

    def _list_story_chunks(self) -> set[str]:
        """List the chunks of other stories that pay at the moment."""
        budget, keys = self.planner.budget, set[str]()
        for story in budget.list_payers(self.caller) - {self.folder.story_id}:
            other = StoryFolder(budget.store, story)
            script = None if other.has(RESULT) else other.find(SCRIPT, StoredScript)
            keys.update(script.chunk_keys if script else ())
        return keys

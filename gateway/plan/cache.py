"""Two small bounds: how many plans are kept, and how fast new ones may come."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from gateway.plan.errors import BadInput

K = TypeVar("K")
V = TypeVar("V")


class Bounded(OrderedDict[K, V], Generic[K, V]):
    """A mapping that forgets its oldest entries past `most`: so many of them, or so much by what `weigh` says of each.

    Weighed where a client decides how large an entry is, so that a thousand large ones are not kept as if they were
    small. One that is heavier than all that may be kept is not kept, and pushes nothing out.
    """

    def __init__(self, most: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        super().__init__()
        self.most = most
        self.weight = 0
        self._weigh = weigh

    def __setitem__(self, key: K, value: V) -> None:
        weight = self._weigh(value)
        if key in self:
            self.weight -= self._weigh(self.pop(key))
        if weight > self.most:
            return
        super().__setitem__(key, value)
        self.weight += weight
        while self.weight > self.most:
            self.weight -= self._weigh(self.popitem(last=False)[1])


class Budget:
    """How many statements with a new text may be made in a minute.

    A known text costs Neo4j 2-4 ms to plan and a new one 130-190 ms, so that a client that never repeats a query
    could keep the database busy with planning alone.
    """

    def __init__(self, a_minute: int, storage: str = "memory://") -> None:
        self.a_minute = a_minute
        self._limit = RateLimitItemPerMinute(a_minute)
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage))

    def take(self, source: str) -> None:
        """Uses one of those that `source` has.

        Raises:
            BadInput: `TOO_MANY_NEW_QUERIES`.
        """
        if not self._limiter.hit(self._limit, source):
            raise BadInput(
                "TOO_MANY_NEW_QUERIES",
                f"More than {self.a_minute} new shapes of query in a minute (GATEWAY_NEW_SHAPES_PER_MINUTE). Use "
                "variables for values, and try again in a minute.",
            )

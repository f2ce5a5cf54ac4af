"""Two small bounds: how many plans are kept, and how fast new ones may come."""

from collections import OrderedDict
from typing import Generic, TypeVar

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from gateway.plan.errors import BadInput

K = TypeVar("K")
V = TypeVar("V")


class Bounded(OrderedDict[K, V], Generic[K, V]):
    """A mapping that forgets its oldest entries past `most`."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        while len(self) > self.most:
            self.popitem(last=False)


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

"""Objects of the catalogue below something that the plan does not answer, like a case: asked for together.

The resolvers of one field in a list are called one after another before any of them is answered. So what all of them
ask for is one statement, and not one for each row.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from graphql import GraphQLResolveInfo
from strawberry.dataloader import DataLoader

from gateway.plan import Asker, Planner, Shaped

_AT_ONCE: Final = 500


@dataclass(slots=True)
class Objects:
    """What one request has asked for."""

    _loaders: dict[Any, DataLoader[str, Shaped | None]] = field(default_factory=dict)
    _others: dict[str, DataLoader[Any, Any]] = field(default_factory=dict)
    _asked: dict[str, set[Any]] = field(default_factory=dict)

    def one(
        self, planner: Planner, info: GraphQLResolveInfo[Any], asker: Asker, type_name: str, identifier: str
    ) -> Awaitable[Shaped | None]:
        """An object by its global id, as far as the caller may know of it."""
        place = (type_name, *map(id, info.field_nodes))
        loader = self._loaders.get(place)
        if loader is None:
            load = partial(planner.several, info, asker, type_name)
            loader = self._loaders[place] = DataLoader(load, max_batch_size=planner.most_page)
        return loader.load(identifier)

    def asked(self, kind: str, key: Any) -> int:
        """How many different things of a kind were asked for, with this one."""
        keys = self._asked.setdefault(kind, set())
        keys.add(key)
        return len(keys)

    def read(self, kind: str, key: Any, load: Callable[[list[Any]], Awaitable[Sequence[Any]]]) -> Awaitable[Any]:
        """Something beside the catalogue by its key; `load` reads several of this kind at once, in their order."""
        loader = self._others.get(kind)
        if loader is None:
            loader = self._others[kind] = DataLoader(load, max_batch_size=_AT_ONCE)
        return loader.load(key)

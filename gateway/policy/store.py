"""Holds the policy that is in force, and replaces it while the gateway runs.

The policy is one reference: whoever took it keeps a whole, consistent policy to the end of the request. A new policy is
read, validated and its usual tables made before the reference is swapped. A bad one is reported and the last good one
stays; a gateway that never had a good one refuses everything and says so (rule `no-policy`).
"""

import logging
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

from gateway.identity.subject import Profile
from gateway.policy.engine import NoPolicy, Policy
from gateway.policy.problems import PolicyRefused, Problem
from gateway.policy.reading import FILES, read_policy
from gateway.policy.table import AccessTable
from gateway.vocabulary import Role

_log: Final = logging.getLogger(__name__)

Mark = tuple[tuple[int, int, int] | None, ...]


class PolicyStore:
    """The policy of the files in `folder`. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self._current: Policy | NoPolicy = NoPolicy()
        self._since = datetime.now(UTC)
        self._problems: tuple[Problem, ...] = ()
        self._mark: Mark | None = None
        self._lock = Lock()
        self._load(warm=False)

    @property
    def current(self) -> Policy | NoPolicy:
        """The policy in force."""
        return self._current

    @property
    def since(self) -> datetime:
        """Since when it is in force in this process."""
        return self._since

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files as they were last read; empty when they are in force."""
        return self._problems

    def table_for(self, profile: Profile) -> AccessTable:
        """The access table of a profile under the policy in force."""
        return self._current.table_for(profile)

    def reload(self) -> tuple[Problem, ...]:
        """Read the files again and put them in force if they are right. Returns what is wrong with them.

        Takes some tenths of a second, because the tables of every role are made before the swap: call it from a thread.
        """
        return self._load(warm=True)

    def refresh(self) -> bool:
        """Reload if a file changed since it was last read; true if it did. Three `stat` calls when nothing changed."""
        if self._marked() == self._mark:
            return False
        self.reload()
        return True

    def _load(self, *, warm: bool) -> tuple[Problem, ...]:
        with self._lock:
            self._mark = self._marked()  # before reading: a change during it is seen by the next refresh
            try:
                policy = Policy(read_policy(self.folder))
            except PolicyRefused as refused:
                self._problems = refused.problems
                kept = "everything is refused" if isinstance(self._current, NoPolicy) else "the last good policy stays"
                for problem in refused.problems:
                    _log.error("policy not usable, %s: %s", kept, problem)
                return self._problems
            if policy.digest != self._current.digest:
                if warm:
                    for role in Role:
                        policy.table_for(Profile(frozenset({role})))
                self._since = datetime.now(UTC)
                self._current = policy
                _log.info("policy %s in force", policy.digest)
            self._problems = ()
            return ()

    def _marked(self) -> Mark:
        return tuple(_mark_of(self.folder / name) for name in FILES)


def _mark_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino

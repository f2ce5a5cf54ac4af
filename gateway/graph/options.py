"""What this room needs to know from outside: its part of the settings, and where a Neo4j is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Address:
    """Where a Neo4j is and how to log in."""

    uri: str
    user: str
    password: SecretStr


class GraphSettings(Protocol):
    """The part of `gateway.settings.Settings` that the graph reads."""

    @property
    def state(self) -> Path:
        """Directory of everything that this gateway keeps: the database, its password, keys."""

    @property
    def cache(self) -> Path:
        """Directory of what can be fetched again; several gateways share it."""

    @property
    def neo4j_uri(self) -> str | None:
        """Address of a Neo4j that somebody else runs; None means the embedded one."""

    @property
    def neo4j_user(self) -> str:
        """User at `neo4j_uri`."""

    @property
    def neo4j_password(self) -> SecretStr | None:
        """Password at `neo4j_uri`."""

    @property
    def neo4j_database(self) -> str:
        """Name of the database."""

    @property
    def neo4j_heap(self) -> str:
        """Largest Java heap of the embedded Neo4j, as Java spells it (`512m`)."""

    @property
    def neo4j_pagecache(self) -> str:
        """Page cache of the embedded Neo4j (`128m`)."""

    @property
    def neo4j_pool_size(self) -> int:
        """Most Bolt connections that one process opens."""

    @property
    def query_timeout(self) -> float:
        """Seconds after which Neo4j ends a statement."""

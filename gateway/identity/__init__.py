"""Who is asking: from a bearer token to a Subject. Knows tokens and issuers; no Cypher, no policy, no GraphQL."""

from gateway.identity.authenticator import Authenticator, Identified, Identify
from gateway.identity.errors import InvalidToken, KeysUnavailable
from gateway.identity.person import Appointment, Lookup, Person
from gateway.identity.subject import PUBLIC, Profile, Subject

__all__ = [
    "PUBLIC",
    "Appointment",
    "Authenticator",
    "Identified",
    "Identify",
    "InvalidToken",
    "KeysUnavailable",
    "Lookup",
    "Person",
    "Profile",
    "Subject",
]

"""The authorization server: from a grant to a short token, as partners' OAuth libraries know it.

Knows clients and their keys, the keys that tokens are signed with, and the status of grants. Whether a grant counts is
`sharing`'s to say; who may fetch what with a token is for `verify` and for the data endpoint. It knows no HTTP.
"""

from gateway.oauth.clients import Client, Clients, known_clients
from gateway.oauth.errors import OAuthError, OAuthProblem
from gateway.oauth.issuing import Asked, Holder, Issued, Issuing
from gateway.oauth.keys import TokenKeys
from gateway.oauth.statuses import Statuses

__all__ = [
    "Asked",
    "Client",
    "Clients",
    "Holder",
    "Issued",
    "Issuing",
    "OAuthError",
    "OAuthProblem",
    "Statuses",
    "TokenKeys",
    "known_clients",
]

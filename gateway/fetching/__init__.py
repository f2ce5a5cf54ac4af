"""The room of fetches: who may have which rows at this moment, and that each fetch is in the log.

It decides, by a token of ours, by who has signed in, or by what is open to everybody; `delivery` reads what it allows.
It knows no HTTP.
"""

from gateway.fetching.admission import Admission, Caller, NotAdmitted
from gateway.fetching.desk import Desk, Handout
from gateway.fetching.hashing import load_secret
from gateway.fetching.quotas import Quotas
from gateway.fetching.wanted import BadWish, Wanted
from gateway.sources import Sources

__all__ = [
    "Admission",
    "BadWish",
    "Caller",
    "Desk",
    "Handout",
    "NotAdmitted",
    "Quotas",
    "Sources",
    "Wanted",
    "load_secret",
]

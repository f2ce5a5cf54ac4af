"""What a client typed into a search box, as terms that Lucene cannot misread.

The full-text indexes use the `cjk` analyser: runs of Han, Kana and Hangul become overlapping pairs, all else becomes
lower-case words. A term is a run of one script. It is always sent quoted, so that nothing in it is an operator; a
single CJK character, which pairs would never match, becomes a wildcard over pairs.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from gateway.plan.errors import BadInput

MOST_TERMS: Final = 16
LONGEST: Final = 256

_CJK: Final = (
    "\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff"
)
_WORD: Final = rf"(?:(?![{_CJK}])\w)+"
_RUN: Final = re.compile(rf"[{_CJK}]+|{_WORD}(?:(?:(?<=[^\W\d_])[.:·'’](?=[^\W\d_])|(?<=\d)[.,;'’](?=\d)){_WORD})*")
"""What the analyser keeps together: `user_id`, `3.14` and `e.g` are one word each, and no part is found alone."""

_DROPPED: Final = """
a an and are as at be but by for if in into is it no not of on or s such t that the their then there these they this
to was will with www
"""
_STOP: Final = frozenset(_DROPPED.split())
"""Words that the analyser drops from the index, so that a query may not insist on them."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a query: the Lucene clause that finds it."""

    clause: str


def terms(argument: str, query: str) -> list[Term]:
    """The terms of a query, each to be found; none at all means that nothing can match.

    Raises:
        BadInput: `QUERY_TOO_LONG`, past 256 characters or 16 terms.
    """
    if len(query) > LONGEST:
        raise BadInput("QUERY_TOO_LONG", f"{argument}: at most {LONGEST} characters, this has {len(query)}.")
    found = {run.lower(): run for run in _RUN.findall(unicodedata.normalize("NFKC", query))}
    runs = [run for lower, run in found.items() if lower not in _STOP and lower.strip("_")]
    if len(runs) > MOST_TERMS:
        raise BadInput("QUERY_TOO_LONG", f"{argument}: at most {MOST_TERMS} different words, this has {len(runs)}.")
    return [Term(f"*{run}*" if len(run) == 1 and re.match(f"[{_CJK}]", run) else f'"{run}"') for run in runs]

"""What full text means here, said without Lucene: which words a text has, and which a query asks for.

A run of Han characters is found wherever it stands inside a run of the text; any other word only as a whole,
whatever its case.
"""

import unicodedata
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

_DROPPED: Final = """
a an and are as at be but by for if in into is it no not of on or s such t that the their then there these they
this to was will with www
"""


def _kind(character: str) -> str:
    if "CJK UNIFIED" in unicodedata.name(character, ""):
        return "han"
    return "word" if character.isalnum() or character == "_" else "gap"


def runs(text: str) -> list[str]:
    """The words of a text: Han runs and other words, in lower case."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return ["".join(found) for kind, found in groupby(plain, _kind) if kind != "gap"]


def asked(query: str) -> set[str]:
    """The words that a query insists on."""
    return {run for run in runs(query) if run not in _DROPPED.split() and run.strip("_")}


def has(word: str, texts: Iterable[Any]) -> bool:
    """Whether any of the texts (None, a string, or a list of strings) has the word."""
    for text in texts:
        for one in text if isinstance(text, list) else [text or ""]:
            found = runs(one)
            if word in found or (_kind(word[0]) == "han" and any(word in run for run in found)):
                return True
    return False

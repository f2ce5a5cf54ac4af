"""The organisations that a file names, as one forest.

Every record tells a piece of it, and the pieces do not always agree.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from gateway.federation.problems import Code, Problem, excerpt

_LONGEST_SLUG: Final = 48


@dataclass(frozen=True, slots=True)
class Publisher:
    """One organisation of a source."""

    code: str
    """Unique over all sources: `<source>:<name in ASCII>-<6 hexadecimal digits of the name's digest>`."""
    name: str
    parent: str | None = None
    """Code of the organisation that it is part of."""


def name_key(name: str) -> str:
    """What two spellings of one organisation share: width, case, spaces and the kind of apostrophe do not count."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace("’", "'").replace("‘", "'")
    return " ".join(folded.split())


def publisher_code(source: str, name: str) -> str:
    """The code of an organisation within a source."""
    key = name_key(name)
    ascii_name = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:_LONGEST_SLUG].strip("-")
    return f"{source}:{slug}{'-' if slug else ''}{sha256(key.encode()).hexdigest()[:6]}"


def publisher_forest(
    source: str, chains: Iterable[tuple[str, ...]]
) -> tuple[tuple[Publisher, ...], tuple[Problem, ...]]:
    """Merge the chains (publisher first) of all records.

    Where records name different parents for one organisation, the one named most often counts, then the one named
    first; an edge that would close a cycle is left out. Both are reported. Parents come before their children in the
    result.
    """
    names: dict[str, str] = {}
    stated: dict[str, Counter[str]] = {}
    for chain in chains:
        keys = [name_key(name) for name in chain]
        for key, name in zip(keys, chain, strict=True):
            names.setdefault(key, name)
        for child, parent in pairwise(keys):
            if child != parent:
                stated.setdefault(child, Counter())[parent] += 1
    problems: list[Problem] = []
    parents: dict[str, str] = {}
    for child, candidates in stated.items():
        ranked = [parent for parent, _ in candidates.most_common()]
        if len(ranked) > 1:
            others = ", ".join(excerpt(names[parent]) for parent in ranked[1:4])
            message = f"{excerpt(names[child])} is part of {excerpt(names[ranked[0]])}, but some records say {others}"
            problems.append(Problem(Code.HIERARCHY_CONFLICT, message, field="publisher.subOrganizationOf"))
        if child in _upwards(parents, ranked[0]):
            both = f"{excerpt(names[child])} and {excerpt(names[ranked[0]])}"
            message = f"{both} are said to be part of each other; the second is left out"
            problems.append(Problem(Code.HIERARCHY_CYCLE, message, field="publisher.subOrganizationOf"))
        else:
            parents[child] = ranked[0]
    ordered = sorted(names, key=lambda key: len(_upwards(parents, key)))
    codes = {key: publisher_code(source, name) for key, name in names.items()}
    forest = tuple(
        Publisher(codes[key], names[key], codes[parents[key]] if key in parents else None) for key in ordered
    )
    return forest, tuple(problems)


def _upwards(parents: dict[str, str], key: str) -> list[str]:
    """An organisation and everything that it is part of; `parents` never holds a cycle."""
    line = [key]
    while line[-1] in parents:
        line.append(parents[line[-1]])
    return line

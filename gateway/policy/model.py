"""Checks `model.conf`: it may say in which order the columns are compared, and nothing else.

Whoever can change the matcher can change the law, silently: a pattern, a call or an `or` would read well and match more
than the lines say. So the model's form is fixed here.
"""

import re
from configparser import ConfigParser
from configparser import Error as ConfigError
from typing import Final

from gateway.policy.problems import Problem
from gateway.policy.words import MATCHED

ASKED: Final = {
    "role": "roles",
    "kind": "kinds",
    "relation": "relations",
    "state": "states",
    "share": "shares",
    "open": "opens",
    "sensitivity": "sensitivities",
    "action": "actions",
}
"""Per column of a line the word list of a request that it is looked up in. Lists, never strings: `in` on a string
would find CONDITIONAL in UNCONDITIONAL."""

_FIXED: Final = {
    "request_definition": ("r", "actions, relations, roles, kinds, states, shares, opens, sensitivities"),
    "policy_definition": ("p", f"line, {', '.join(MATCHED)}, eft"),
    "policy_effect": ("e", "some(where (p.eft == allow)) && !some(where (p.eft == deny))"),
}
_TERM: Final = re.compile(r"p\.([a-z]+) in r\.([a-z]+)")


def model_problems(file: str, text: str) -> list[Problem]:
    """What is wrong with the model; empty when it is right."""
    parser = ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read_string(text)
    except ConfigError as error:
        return [Problem(file, None, None, f"is no configuration file ({error.message.splitlines()[0]})")]
    problems = [
        Problem(file, None, None, f"[{section}] does not belong here; remove it")
        for section in parser.sections()
        if section not in _FIXED and section != "matchers"
    ]
    for section, (key, value) in _FIXED.items():
        found = dict(parser[section]) if parser.has_section(section) else {}
        if {k: " ".join(v.split()) for k, v in found.items()} != {key: value}:
            problems.append(Problem(file, None, None, f"[{section}] must be exactly: {key} = {value}"))
    found = dict(parser["matchers"]) if parser.has_section("matchers") else {}
    terms = [_TERM.fullmatch(term.strip()) for term in found.get("m", "").split("&&")]
    pairs = [(term[1], term[2]) for term in terms if term]
    if set(found) != {"m"} or len(pairs) < len(terms) or sorted(pairs) != sorted(ASKED.items()):
        wanted = " && ".join(f"p.{column} in r.{words}" for column, words in ASKED.items())
        problems.append(Problem(file, None, None, f"[matchers] must be m = {wanted}, in any order"))
    return problems

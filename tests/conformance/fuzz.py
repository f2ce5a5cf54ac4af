"""Fuzzes the GraphQL endpoint with schemathesis: valid operations of every root field with generated arguments.

Usage: python fuzz.py ADDRESS [EXAMPLES PER ROOT FIELD]. Every answer has to be well-formed GraphQL with status 200, and
no error of ours may show: neither a masked one nor a 5xx.
"""

import sys
import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.core.errors import InvalidSchema

EXAMPLES = 40


def problem_of(answer: Any, status: int) -> str | None:
    """What is wrong with an answer, if anything."""
    if status != 200:
        return f"status {status}"
    if not isinstance(answer, dict) or not {"data", "errors"} & set(answer):
        return "neither data nor errors"
    codes = [error.get("extensions", {}).get("code") for error in answer.get("errors", [])]
    return "a masked error" if "INTERNAL" in codes else None


def main(address: str, examples: int) -> int:
    """Fuzzes every root field; 1 when something was found."""
    started, cases, found = time.monotonic(), 0, 0
    try:
        schema = schemathesis.graphql.from_url(address, timeout=30)
    except InvalidSchema as refused:
        print(f"fuzzing: no schema at {address}: {refused}")
        return 1
    for result in schema.get_all_operations():
        operation: Any = result
        strategy = operation.ok().as_strategy()

        @seed(20210330)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def try_one(case: Any) -> None:
            nonlocal cases, found
            cases += 1
            response = case.call(timeout=60)
            problem = problem_of(response.json(), response.status_code)
            if problem:
                found += 1
                print(f"fuzzing: {problem}: {case.body!r:.600}: {response.text:.300}")

        try_one()
    print(f"schemathesis: {cases} cases, {found} problems, {time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else EXAMPLES))

"""Reads `reasons.yaml`: per rule one sentence in Chinese and one in English."""

from typing import Any

import yaml

from gateway.policy.problems import Problem

LANGUAGES = ("zh", "en")


def read_reasons(file: str, text: str) -> tuple[dict[str, tuple[str, str]], list[Problem]]:
    """The reasons (zh, en) by rule id, and what is wrong with the file, with line numbers."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        return {}, [Problem(file, line, None, f"is not YAML ({getattr(error, 'problem', None) or error})")]
    if not isinstance(root, yaml.MappingNode):
        return {}, [Problem(file, None, None, "must be a mapping from rule id to zh and en")]
    reasons: dict[str, tuple[str, str]] = {}
    problems: list[Problem] = []
    for key, value in root.value:
        name, line = str(key.value), key.start_mark.line + 1
        texts = _texts(value)
        if name in reasons:
            problems.append(Problem(file, line, None, f"{name!r} stands twice; keep one"))
        elif texts is None:
            problems.append(
                Problem(file, line, None, f"{name!r} needs a text under zh and one under en, and nothing else")
            )
        else:
            reasons[name] = texts
    return reasons, problems


def _texts(node: Any) -> tuple[str, str] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    found = {str(k.value): v.value.strip() for k, v in node.value if isinstance(v, yaml.ScalarNode)}
    if len(node.value) != len(LANGUAGES) or not all(found.get(language) for language in LANGUAGES):
        return None
    return found["zh"], found["en"]

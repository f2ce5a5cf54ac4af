"""The access table of one profile: every decision of the policy, made beforehand.

How decisions combine, whole: a caller stands to a row in a set of relations, `ANYONE` always among them. The policy was
asked once per (relation, class, action). Over the relations held, any DENY refuses; else any ALLOW permits;
else it is refused. The reason is that of the first line of the policy file among those that decided, so the
same question has the same reason on every day and on every replica. A class that the table does not know is refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import Final

from gateway.classes import CLASSES, ClassKey
from gateway.vocabulary import Action, NextStep, Relation


class Effect(StrEnum):
    """What a line of the policy does. Only `ALLOW` permits; only `DENY` overrules a permission from elsewhere."""

    ALLOW = "allow"
    DENY = "deny"
    REFUSE = "refuse"
    """Says why nothing permits, and what to do next. It changes no decision."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and why: the rule, the requirement of the regulation, a reason in Chinese and in English."""

    allowed: bool
    rule: str
    requirement: str
    reason_zh: str
    reason_en: str
    next: NextStep


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policy says of one (relation, class, action): the line that decided, and the decision."""

    effect: Effect
    line: int
    decision: Decision


Question = tuple[Relation, ClassKey, Action]
Relations = frozenset[Relation]

NO_RULE: Final = Decision(
    allowed=False,
    rule="no-rule",
    requirement="R30",
    reason_zh="没有任何规则允许此操作，因此予以拒绝。",
    reason_en="No rule of the policy permits this, so it is refused.",
    next=NextStep.NOTHING,
)
"""The decision where the policy is silent: what is not permitted is refused."""

NO_POLICY: Final = Decision(
    allowed=False,
    rule="no-policy",
    requirement="R30",
    reason_zh="访问策略为空或无法读取，因此拒绝一切访问。",
    reason_en="The access policy is empty or cannot be read, so everything is refused.",
    next=NextStep.NOTHING,
)
"""Every decision of a gateway that has no policy."""

UNKNOWN: Final = Decision(
    allowed=False,
    rule="not-found",
    requirement="R7",
    reason_zh="目录中没有这一条目，或者您无权知悉其是否存在。",
    reason_en="The catalogue has no such entry, or you may not know of it.",
    next=NextStep.NOTHING,
)
"""The decision on what does not exist, and on what the caller may not know of: the two must not be told apart."""

_EVERY: Final[tuple[Relations, ...]] = tuple(
    frozenset(held) for n in range(len(Relation) + 1) for held in combinations(Relation, n)
)
_RANK: Final = {Effect.DENY: 0, Effect.ALLOW: 1, Effect.REFUSE: 2}


@dataclass(frozen=True, slots=True)
class AccessTable:
    """Everything that callers of one profile may do, by class and relations. Immutable, safe to share between threads.

    `digest` names the policy that it was made from: two tables of one digest and one profile are equal.
    """

    digest: str
    fallback: Decision
    _allowed: Mapping[tuple[Action, Relations], frozenset[ClassKey]]
    _decisions: Mapping[tuple[Action, Relations], Mapping[str, Decision]]
    _matter: Mapping[Action, Relations]
    texts: Mapping[str, str] = field(default_factory=dict)
    """The policy's files, by their names: who refers to the digest can keep what it is of."""

    @classmethod
    def of(
        cls,
        digest: str,
        answers: Mapping[Question, Answer],
        fallback: Decision = NO_RULE,
        texts: Mapping[str, str] | None = None,
    ) -> "AccessTable":
        """Combine the policy's answers over every set of relations. A question without an answer is refused."""
        decisions: dict[tuple[Action, Relations], dict[str, Decision]] = {}
        for action in Action:
            for relations in _EVERY:
                held = relations | {Relation.ANYONE}
                decisions[action, relations] = {
                    key: _combined((answers.get((r, key, action)) for r in held), fallback) for key in CLASSES
                }
        allowed = {at: frozenset(k for k in CLASSES if found[k].allowed) for at, found in decisions.items()}
        matter = {
            action: frozenset(
                r for r in Relation for held in _EVERY if allowed[action, held | {r}] != allowed[action, held - {r}]
            )
            for action in Action
        }
        return cls(digest, fallback, allowed, decisions, matter, texts or {})

    def allowed(self, action: Action, relations: Relations) -> frozenset[ClassKey]:
        """The classes that may be acted on by a caller in these relations to the row (`ANYONE` is understood)."""
        return self._allowed[action, relations]

    def decide(self, class_key: str, relations: Relations, action: Action) -> Decision:
        """The decision on one row, with its reason."""
        return self._decisions[action, relations].get(class_key, self.fallback)

    def relations_that_matter(self, action: Action) -> Relations:
        """The relations that change what is allowed. A statement for this table needs to test no other."""
        return self._matter[action]


def _combined(answers: Iterable[Answer | None], fallback: Decision) -> Decision:
    found = [answer for answer in answers if answer is not None]
    return min(found, key=lambda a: (_RANK[a.effect], a.line)).decision if found else fallback

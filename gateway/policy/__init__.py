"""Who may discover, inspect and fetch what, and why: the law as lines of a file, answered by Casbin (design section 4).

A caller's profile becomes one `AccessTable`: for every access class and every relation to a row a `Decision` that names
its rule, its requirement, its reason in two languages and what can be done next. This room knows no Cypher and no
GraphQL. Whoever only reads a table imports `gateway.policy.table`, which knows no Casbin either; that is why nothing
of the engine is imported here.
"""

from gateway.policy.table import AccessTable, Answer, Decision, Effect

__all__ = ["AccessTable", "Answer", "Decision", "Effect"]

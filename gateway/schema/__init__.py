"""What clients see: one module per noun, each field with its description and a declaration of what stands behind it.

No Cypher and no rules: a type says where a value lives (`gateway.plan.mapping`), and `plan` and `policy` do the rest.
"""

from gateway.schema.build import ENTITIES, build_schema
from gateway.schema.context import Context

__all__ = ["ENTITIES", "Context", "build_schema"]

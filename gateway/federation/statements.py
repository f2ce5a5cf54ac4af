"""What an import asks of the graph before it writes. Each statement returns one record."""

from typing import Final

OURS: Final = """
MATCH (d:Dataset {source: $source}) WHERE d.origin = 'IMPORTED'
RETURN collect([d.identifier, d.recordDigest, d.status])
"""

HELD: Final = """
UNWIND $identifiers AS identifier MATCH (d:Dataset {identifier: identifier})
RETURN collect(d.identifier)
"""

HAS_JURISDICTION: Final = "RETURN EXISTS { (:Jurisdiction {code: $code}) }"

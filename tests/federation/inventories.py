"""Small inventories of our own for tests: records in the words of DCAT-US, with nothing in them that a test does not
need."""

import json
from typing import Any


def record(identifier: str = "water-quality", **changes: Any) -> dict[str, Any]:
    """A complete record; a change of None leaves the key out."""
    plain: dict[str, Any] = {
        "@type": "dcat:Dataset",
        "identifier": identifier,
        "title": f"Title of {identifier}",
        "description": "Samples of every intake, monthly.",
        "accessLevel": "public",
        "publisher": {"name": "Water Office", "subOrganizationOf": {"name": "Department of Works"}},
        "keyword": ["intake", "sample"],
        "theme": ["environment"],
        "modified": "2024-03-01",
        "accrualPeriodicity": "R/P1M",
        "license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "distribution": [{"downloadURL": "https://example.org/w.csv", "mediaType": "text/csv", "title": "All samples"}],
    }
    plain.update(changes)
    return {key: value for key, value in plain.items() if value is not None}


def inventory(*records: Any, **catalog: Any) -> bytes:
    """A file with these records."""
    return json.dumps(
        {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", **catalog, "dataset": list(records)}
    ).encode()

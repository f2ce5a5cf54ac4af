"""Where the sample inventories lie: beside the checkout, never in it."""

from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2].parent / "shared" / "data"


def sample(name: str) -> Path:
    """The path of a real file; the test is skipped, saying so, where the samples are absent."""
    path = _ROOT / name
    if not path.is_file():
        pytest.skip(f"../shared/data/{name} is not here: real inputs are not part of the project")
    return path

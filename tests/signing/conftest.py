"""One city for all tests of this folder that change nothing about it."""

import pytest

from tests.signing.city import City


@pytest.fixture(scope="session")
def city() -> City:
    """A city whose officer signs."""
    return City()


@pytest.fixture(scope="session")
def signature(city: City) -> bytes:
    """A signature that counts."""
    return city.stamped()

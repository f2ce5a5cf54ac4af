"""One city for all tests of this folder that change nothing about it."""

import pytest
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests.signing.city import City


@pytest.fixture(scope="session")
def city() -> City:
    """A city whose officer signs."""
    return City()


@pytest.fixture(scope="session")
def signature(city: City) -> bytes:
    """A signature that counts."""
    return city.stamped()


@pytest.fixture(scope="session")
def pkcs12(city: City) -> bytes:
    """The officer's key and certificate in a file, without a passphrase."""
    return serialize_key_and_certificates(b"officer", city.officer_key, city.officer, None, NoEncryption())

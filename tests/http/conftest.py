"""Two gateways on one database with the demonstration city: one as it comes, one in production mode and tight."""

import json
from collections.abc import Iterator

import pytest

from gateway.graph.state import StateDirectory
from tests.app.process import Gateway
from tests.http.served import GOOD, Served, database
from tests.identity.tokens import ES256, ISSUER, jwks

APPOINTMENTS = 2.0
SHAPES = 60
TIMEOUT = 4.0
RESPONSE = 20_000
PAGES = "https://app.example.org"
SOCKETS = 3
SUBSCRIPTIONS = 2


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """As `make run` starts it, but that tests may bring more new shapes of query, and wait less for appointments."""
    state = tmp_path_factory.mktemp("http") / "state"
    more = {"NEW_SHAPES_PER_MINUTE": "1000000", "APPOINTMENT_CACHE": str(APPOINTMENTS)}
    more |= {"PUBLIC_FETCHES_PER_MINUTE": "1000000"}
    with (
        Gateway(state, **more) as gateway,
        database(gateway.announced()) as graph,
        Served(gateway, graph, gateway.java) as found,
    ):
        yield found


@pytest.fixture(scope="session")
def strict(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """In production mode, with an issuer of its own, a time limit, small responses and few new shapes."""
    path = tmp_path_factory.mktemp("production")
    (path / "jwks.json").write_text(json.dumps(jwks(ES256)))
    address = StateDirectory(served.gateway.state).address()
    assert address is not None
    more = {
        "PRODUCTION": "true",
        "ISSUERS": json.dumps([{"iss": ISSUER, "jwks_file": str(path / "jwks.json")}]),
        "NEO4J_URI": address.uri,
        "NEO4J_PASSWORD": address.password.get_secret_value(),
        "QUERY_TIMEOUT": str(TIMEOUT),
        "MAX_RESPONSE_BYTES": str(RESPONSE),
        "NEW_SHAPES_PER_MINUTE": str(SHAPES),
        "SOCKET_ORIGINS": PAGES,
        "PUBLIC_FETCHES_PER_MINUTE": "5",
        "MAX_SOCKETS": str(SOCKETS),
        "MAX_SUBSCRIPTIONS": str(SUBSCRIPTIONS),
    }
    with (
        Gateway(path / "state", **more) as gateway,
        database(served.gateway) as graph,
        Served(gateway.announced(), graph, served.java) as found,
    ):
        yield found


@pytest.fixture(autouse=True)
def unharmed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test sent, a good query is answered afterwards, and as before."""
    yield
    for name in ("served", "strict"):
        if name in request.fixturenames:
            gateway: Served = request.getfixturevalue(name)
            assert gateway.ask(GOOD) == gateway.good

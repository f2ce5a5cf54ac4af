"""`gateway demo`: the same questions asked as five different callers, and why each gets another answer."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli import _case_tour, _fetch_tour, _lineage_tour, _log_tour
from gateway.cli._client import Client, NoAnswer, NotBelieved, address_of
from gateway.cli._console import report
from gateway.cli._pictures import draw
from gateway.cli._walks import walked
from gateway.graph.times import now
from gateway.identity.development import development_token
from gateway.lineage import USUAL_DEPTH
from gateway.lineage.export import Picture
from gateway.settings import Settings, load_settings
from gateway.vocabulary import ShareType

PUBLIC: Final = "public"
CALLERS: Final = (PUBLIC, "staff@water", "officer@gaj", "supervisor@621022", "center")
"""Who asks: everybody, two agencies, a county's supervisor and the center; but for the first, names for tokens."""

QUERY: Final = """
query Tour {
  me { name roles agency { name } }
  datasets { totalCount facets { shareType { value count } } }
  draft: dataset(identifier: "621000/gaj/hukou/rev") { title status provider { name } }
  register: dataset(identifier: "621000/gaj/hukou") {
    title
    fields(first: 2) { nodes { title shareType description access { inspect { ...Why } } } }
  }
  poverty: dataset(identifier: "621022/hx/qx_fpd") {
    title shareType openType description provider { name } access { inspect { ...Why } fetch { ...Why } }
  }
  water: search(query: "水", first: 3) {
    totalCount
    nodes { __typename ... on Dataset { title } ... on Field { name } }
  }
  base: dataset(identifier: "621000/center/renkou") { title derivedFrom(first: 5) { nodes { title shareType } } }
}
fragment Why on AccessDecision { allowed rule requirement reason { zh en } next }
"""
"""Everything that the tour shows, in one request per caller."""

_LIFETIME: Final = 600.0
_MISSING: Final = "—"

Answers = dict[str, dict[str, Any]]
"""Per caller, the `data` of the answer."""


def register(app: typer.Typer) -> None:
    """Add the command `demo`."""
    app.command("demo")(demo)


def demo(
    address: Annotated[
        str | None, typer.Option(metavar="URL", help="The gateway's GraphQL address; without it the settings' own.")
    ] = None,
) -> None:
    """Tour a running gateway with the demonstration city: who sees what and why, its log, procedures and lineage."""
    settings = load_settings()
    console = Console(highlight=False)
    try:
        with Client(address or address_of(settings)) as client:
            tourist = _Tourist(settings, client)
            for title, table in _tables(_answers(tourist)):
                console.print(f"\n{title}", style="bold")
                console.print(table)
            console.print("\n9. A change, its event in the log, its proof, and a tampered copy", style="bold")
            console.print(_rows(("what", "what comes out"), _log_tour.steps(tourist.ask, client.log_key())))
            tour = _case_tour.Tour(tourist.ask, settings)
            stops = [*tour.stops(), _fetching(tour, client), _lineage(tourist)]
            for number, (title, lines) in enumerate(stops, 10):
                console.print(f"\n{number}. {title}", style="bold")
                console.print(_rows(("what", "what comes out"), lines))
            console.print(f"\nThe same as a picture, for {_lineage_tour.DRAWN_FOR}", style="bold")
            draw(console, tourist.picture(_lineage_tour.DRAWN_FOR, _lineage_tour.IDENTIFIER))
            console.print(_lineage_tour.ELSEWHERE, style="dim", soft_wrap=True)
    except (NoAnswer, TimeoutError) as ended:
        report(str(ended))
        raise typer.Exit(1) from None


def _fetching(tour: _case_tour.Tour, client: Client) -> tuple[str, _case_tour.Lines]:
    title = "From a signed answer to rows, with a program's own key; and what stops them"
    return title, _fetch_tour.steps(tour, client.address.removesuffix("/graphql"), client.log_key())


def _lineage(tourist: "_Tourist") -> tuple[str, _case_tour.Lines]:
    return "Where a number came from and who has it, asked by three, today and as of before", _lineage_tour.steps(
        tourist.ask
    )


class _Tourist:
    """Asks a gateway in the names of the city's people."""

    def __init__(self, settings: Settings, client: Client) -> None:
        if not settings.development:
            raise NoAnswer("the tour needs the development issuer, which is off; see GATEWAY_DEVELOPMENT_ISSUER.")
        self._settings = settings
        self._client = client

    def ask(self, caller: str | None, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of a query; without a caller, as the public.

        Raises:
            NoAnswer: there is no gateway there, or not one that knows these people.
        """
        try:
            return self._client.ask(self._token(caller), query, variables)
        except NotBelieved:
            raise NoAnswer(
                f"the gateway at {self._client.address} does not believe the token of {caller}. It must have the same"
                " GATEWAY_STATE and hold the demonstration city (make seed)."
            ) from None

    def picture(self, caller: str, identifier: str) -> Picture:
        """What a dataset was made from, as far as somebody may know."""
        asked = {"direction": "UPSTREAM", "level": None, "depth": USUAL_DEPTH, "asOf": None, "knownAt": None}
        return walked(self._client, self._token(caller), identifier, asked, now())

    def _token(self, caller: str | None) -> str | None:
        settings = self._settings
        if caller is None:
            return None
        return development_token(settings.state, settings.audience, caller, lifetime=_LIFETIME)


def _answers(tourist: _Tourist) -> Answers:
    answers = {caller: tourist.ask(None if caller == PUBLIC else caller, QUERY, {}) for caller in CALLERS}
    if answers["center"]["register"] is None:
        raise NoAnswer("the demonstration city is not in that gateway's graph; the tour is about it. Load: make seed")
    return answers


def _tables(answers: Answers) -> Iterable[tuple[str, Table]]:
    """The stops of the tour."""
    yield "1. Who asks", _rows(("caller", "name", "role", "agency"), ((c, *_who(a["me"])) for c, a in answers.items()))
    yield (
        "2. How many datasets exist for each, by sharing tier (counted without what is hidden)",
        _rows(("caller", "all", *ShareType), ((c, *_counts(a["datasets"])) for c, a in answers.items())),
    )
    yield (
        "3. A draft of the police: for everybody else it does not exist",
        _rows(
            ("caller", "title", "status"), ((c, *_members(a["draft"], "title", "status")) for c, a in answers.items())
        ),
    )
    yield (
        "4. A field stricter than its dataset (公民身份号码 of 户籍人口登记信息): named, not described",
        _rows(("caller", "description", *_REASONS), ((c, *_field(a["register"])) for c, a in answers.items())),
    )
    yield (
        "5. A dataset that is not shared (防返贫监测对象 of 环县): agencies know of it, few read it",
        _rows(
            ("caller", "description", *_REASONS), ((c, *_entry(a["poverty"], "inspect")) for c, a in answers.items())
        ),
    )
    yield (
        "6. And its rows: the provider's own, and nobody's for rank",
        _rows(("caller", *_REASONS), ((c, *_entry(a["poverty"], "fetch")[1:]) for c, a in answers.items())),
    )
    yield (
        "7. A search for 水",
        _rows(("caller", "hits", "the first ones"), ((c, *_found(a["water"])) for c, a in answers.items())),
    )
    yield (
        "8. Where 常住人口基础库 comes from, one level",
        _rows(("caller", "derived from"), ((c, _origins(a["base"])) for c, a in answers.items())),
    )


_REASONS: Final = ("allowed", "why")
"""The decision, and in one column the rest of it: so the tour fits a terminal of 80 characters."""


def _rows(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    table = Table()
    for head in heads:
        # Chinese has no spaces to break at; folded it stays whole.
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _members(node: dict[str, Any] | None, *names: str) -> tuple[str, ...]:
    return tuple(_MISSING if node is None or node[name] is None else str(node[name]) for name in names)


def _who(me: dict[str, Any]) -> tuple[str, str, str]:
    agency = me["agency"]
    return me["name"] or _MISSING, ", ".join(me["roles"]), agency["name"] if agency else _MISSING


def _counts(datasets: dict[str, Any]) -> tuple[str, ...]:
    by_tier = {each["value"]: each["count"] for each in datasets["facets"]["shareType"]}
    return str(datasets["totalCount"]), *(str(by_tier.get(tier, 0)) for tier in ShareType)


def _why(decision: dict[str, Any]) -> tuple[str, ...]:
    rule = f"{decision['rule']} ({decision['requirement']}), next: {decision['next']}"
    why = f"{rule}\n{decision['reason']['zh']}\n{decision['reason']['en']}"
    return "yes" if decision["allowed"] else "no", why


def _field(dataset: dict[str, Any] | None) -> tuple[str, ...]:
    """The second field of the register: the one that is stricter."""
    return _entry(None if dataset is None else dataset["fields"]["nodes"][1], "inspect")


def _entry(node: dict[str, Any] | None, action: str) -> tuple[str, ...]:
    """A description and the decision on one action; where the caller may not know of it, there is no reason either."""
    if node is None:
        return (_MISSING,) * (1 + len(_REASONS))
    return *_members(node, "description"), *_why(node["access"][action])


def _found(search: dict[str, Any]) -> tuple[str, str]:
    hits = (hit.get("title") or f"{hit['name']} (field)" for hit in search["nodes"])
    return str(search["totalCount"]), "\n".join(hits)


def _origins(dataset: dict[str, Any] | None) -> str:
    if dataset is None:
        return _MISSING
    return "\n".join(f"{each['title']} ({each['shareType']})" for each in dataset["derivedFrom"]["nodes"])

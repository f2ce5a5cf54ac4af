"""The tallies of a graph as tests read them."""

from collections import Counter

from gateway.graph import Graph


async def tallies(graph: Graph) -> dict[str, int]:
    """The counts per agency, theme, class and tiers that are not 0; the coarser ones have to be sums of them."""
    held = {str(key): int(n) for key, n in await graph.read("MATCH (t:Tally) RETURN collect([t.key, t.n])") if n}
    found = {key.partition("|")[2]: n for key, n in held.items() if key.startswith("AGENCY_THEME|")}
    summed: Counter[str] = Counter({f"AGENCY_THEME|{key}": n for key, n in found.items()})
    for key, n in found.items():
        agency, theme, *tiers = key.split("|")
        summed["|".join(("AGENCY", agency, *tiers))] += n
        summed["|".join(("THEME", theme, *tiers))] += n
    assert held == summed
    return found

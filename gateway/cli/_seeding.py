"""Loading the demonstration city, and what is to be said then."""

from gateway.audit.event import OPERATOR, Cause
from gateway.audit.kinds import CitySeeded
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from gateway.lineage import Tiers
from gateway.policy.store import PolicyStore
from gateway.settings import Settings
from graph_seed import Delivering, load_city
from graph_seed.loading import Progress


async def seed_city(settings: Settings, graph: Graph, progress: Progress) -> int:
    """Load the city with what its agencies deliver, and put that into the log.

    Returns:
        The number of datasets.

    Raises:
        SeedRefused: the graph holds other entries.
        OSError: deliveries cannot be written.
    """
    count = await load_city(graph, progress, Delivering(settings.deliveries_folder, settings.demo_rows))
    await record_seeded(settings, graph, count)
    return count


async def record_seeded(settings: Settings, graph: Graph, datasets: int) -> None:
    """Put into the log that a city was loaded, and what follows for tiers along its lineage."""
    cause = Cause(OPERATOR, PolicyStore(settings.policy_dir).current.digest)
    async with Recorder(settings.state, settings.log_origin) as recorder, Outbox(graph, recorder) as outbox:
        await recorder.record(CitySeeded(cause=cause, datasets=datasets))
        await Tiers(graph, outbox).settle(cause)

"""What is to be said when a city was loaded."""

from gateway.audit.event import OPERATOR, Cause
from gateway.audit.kinds import CitySeeded
from gateway.audit.recorder import Recorder
from gateway.policy.store import PolicyStore
from gateway.settings import Settings


async def record_seeded(settings: Settings, datasets: int) -> None:
    """Put into the log that a city was loaded."""
    cause = Cause(OPERATOR, PolicyStore(settings.policy_dir).current.digest)
    async with Recorder(settings.state, settings.log_origin) as recorder:
        await recorder.record(CitySeeded(cause=cause, datasets=datasets))

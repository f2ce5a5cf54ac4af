"""Fictional persons and their appointments."""

import random
from dataclasses import dataclass
from typing import Final

from gateway.vocabulary import Role
from graph_seed import reading

SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN: Final = "建国文华志强秀兰晓东海燕永平玉梅立新春生桂英明德红霞国庆丽娟世杰凤琴"
_OFFICES: Final = {"CENTER": "center", "AUDITOR": "auditor", "SUPERVISOR": "supervisor"}
_EVERYWHERE: Final = (Role.STAFF, Role.OFFICER, Role.HEAD)
_CITIZENS: Final = ("citizen", "citizen2")


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody, the name they sign in with (`sub`), and the office they hold; a citizen holds none."""

    sub: str
    name: str
    agency: str | None = None
    role: Role = Role.PUBLIC


def people(seed: int) -> tuple[PersonLine, ...]:
    """The city's center, supervisor and auditor, one supervisor per county, three persons per agency, and citizens.

    A county's data center supervises its own subtree. In every agency the head is responsible (R5.2).
    """
    rnd = random.Random(seed)

    def name() -> str:
        return rnd.choice(SURNAMES) + rnd.choice(GIVEN) + rnd.choice(["", rnd.choice(GIVEN)])

    city = reading.jurisdictions()[0].adcode
    found = []
    for agency in reading.agencies():
        if agency.role:
            own = _OFFICES[agency.role] if agency.adcode == city else f"supervisor@{agency.adcode}"
            found.append(PersonLine(own, name(), agency.code, Role(agency.role)))
        found += [PersonLine(f"{r.lower()}@{agency.code}", name(), agency.code, r) for r in _EVERYWHERE]
    found += [PersonLine(sub, name()) for sub in _CITIZENS]
    return tuple(found)

"""What an import did, as a value that can be printed or compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.federation.problems import Problem

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome for one file. Every record counts once; `withdrawn` counts entries without one."""

    source: str
    digest: str
    total: int
    loaded: int = 0
    unchanged: int = 0
    updated: int = 0
    republished: int = 0
    rejected: int = 0
    withdrawn: int = 0
    agencies: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def rejections(self) -> Sequence[Problem]:
        """Why records were kept out."""
        return [problem for problem in self.problems if problem.fatal]

    @property
    def warnings(self) -> Sequence[Problem]:
        """What loaded records lost or had read another way."""
        return [problem for problem in self.problems if not problem.fatal]

    def as_json(self) -> dict[str, Any]:
        """The machine-readable report: every problem, none left out."""
        counts = ("total", "loaded", "unchanged", "updated", "republished", "rejected", "withdrawn", "agencies")
        return {
            "source": self.source,
            "digest": self.digest,
            **{name: getattr(self, name) for name in counts},
            "rejections": [problem.as_json() for problem in self.rejections],
            "warnings": [problem.as_json() for problem in self.warnings],
        }

    def as_text(self) -> str:
        """The report for a terminal: counts, the first rejections one by one, warnings by kind."""
        names = ("loaded", "updated", "unchanged", "republished", "withdrawn", "rejected")
        counts = ", ".join(f"{name} {getattr(self, name)}" for name in names)
        lines = [f"{self.source}: {self.total} records, {self.agencies} agencies", f"  {counts}"]
        for problem in self.rejections[:_SHOWN]:
            where = f"record {problem.index}" + (f" ({problem.identifier})" if problem.identifier else "")
            lines.append(f"  rejected {where}: {problem.field or 'record'} {problem.message} [{problem.code}]")
        if (more := len(self.rejections) - _SHOWN) > 0:
            lines.append(f"  … and {more} more reasons; --json FILE has them all")
        for (code, field), count in Counter((p.code, p.field_kind) for p in self.warnings).most_common(_SHOWN):
            lines.append(f"  warning {code}: {field or 'record'}, {count} time{'s' if count > 1 else ''}")
        return "\n".join(lines)

"""The one table: what was measured against what was to be reached."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `met` is None for what is only shown."""

    name: str
    value: str
    target: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Report:
    """Lines in the order of their measurement."""

    lines: list[Line] = field(default_factory=list)

    def show(self, name: str, value: str) -> None:
        """A figure without a target."""
        self._add(Line(name, value))

    def at_least(self, name: str, value: float, target: float) -> None:
        """A ratio that must not be lower."""
        self._add(Line(name, f"{value:.2f}×", f"≥ {target:.2f}×", value >= target))

    def at_most(self, name: str, value: float, target: float) -> None:
        """A ratio that must not be higher."""
        self._add(Line(name, f"{value:.2f}×", f"≤ {target:.2f}×", value <= target))

    def no_longer(self, name: str, value: float, target: float, unit: str = "s") -> None:
        """A time that must not be exceeded."""
        self._add(Line(name, f"{value:.2f} {unit}", f"≤ {target:.0f} {unit}", value <= target))

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        print(self._text(line), flush=True)

    @staticmethod
    def _text(line: Line) -> str:
        verdict = "" if line.met is None else ("reached" if line.met else "MISSED")
        return f"  {line.name:<62} {line.value:>24}  {line.target:>9}  {verdict}"

    def close(self) -> int:
        """Print the table. Returns the exit code: 1 when a target was missed."""
        asked = [line for line in self.lines if line.met is not None]
        missed = [line for line in asked if not line.met]
        print("\n" + "\n".join(self._text(line) for line in self.lines))
        print(f"\n{len(asked) - len(missed)} of {len(asked)} targets reached")
        return 1 if missed else 0

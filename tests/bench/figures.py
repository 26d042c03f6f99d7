"""A figure and its floor, measured in turns, and how the two are put in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Figure:
    """One measured quantity beside its floor, one value a round on both sides."""

    name: str
    unit: str
    bar: str
    holds: Callable[[float, float], bool] | None
    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    errors: int = 0
    note: str = ""

    @property
    def ratio(self) -> float:
        return median(self.ours) / median(self.floor)

    @property
    def verdict(self) -> str:
        """A figure with errors is no figure; one without a bar is shown for what it is."""
        if self.errors:
            return f"VOID ({self.errors} errors)"
        if self.holds is None:
            return "-"
        return "reached" if self.holds(median(self.ours), median(self.floor)) else "MISSED"

    def line(self) -> str:
        return (
            f"{self.name:<34} {median(self.ours):>10,.1f} {median(self.floor):>10,.1f} {self.unit:<6}"
            f" {self.ratio:>6.2f}  {self.bar:<22} {self.verdict}  {self.note}"
        ).rstrip()

    def as_json(self) -> dict:
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "floor": self.floor,
            "median": median(self.ours),
            "floor_median": median(self.floor),
            "ratio": self.ratio,
            "bar": self.bar,
            "verdict": self.verdict,
            "errors": self.errors,
            "note": self.note,
        }


HEADING = f"{'':<34} {'ours':>10} {'floor':>10} {'':<6} {'ratio':>6}  {'bar':<22}"


def in_turns(rounds: int, *sides: Callable[[int], None]) -> None:
    """Run the sides round by round, each round from the other end, so that drift hits all alike."""
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            side(number)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

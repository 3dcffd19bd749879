"""Which cases there are, by name, and in which order they are worth the time."""

from __future__ import annotations

from dataclasses import dataclass

SHAPES = {"small": (1, 5), "medium": (10, 20), "large": (100, 50)}
"""Size of an account -> its domains, and the streams of each."""
FLOORS = ("livestats", "requests", "cpu")
ALL = (*FLOORS, "dlt-rows", "dlt-arrow", "naive")


@dataclass(frozen=True, kw_only=True)
class Case:
    """An account, a number of days, an API's latency, and whether its call budget is in force."""

    size: str
    days: int
    latency_ms: int = 0
    budget: bool = False
    who: tuple[str, ...] = FLOORS

    @property
    def name(self) -> str:
        """As --case takes it: medium-31, medium-10-50ms-budget."""
        words = [self.size, str(self.days)]
        words += [f"{self.latency_ms}ms"] if self.latency_ms else []
        words += ["budget"] if self.budget else []
        return "-".join(words)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of(cls, text: str, who: tuple[str, ...] = FLOORS) -> Case:
        """The case of that name; ValueError says how a name is made."""
        size, *words = text.split("-")
        days, *more = words or [""]
        latency_ms = [int(w[:-2]) for w in more if w.endswith("ms") and w[:-2].isdigit()]
        known = len(latency_ms) + more.count("budget") == len(more)
        if size not in SHAPES or not days.isdigit() or not 1 <= int(days) <= 366 or not known:
            raise ValueError(
                f"there is no case {text!r}: write it like medium-31, or medium-10-50ms-budget; "
                f"sizes are {', '.join(SHAPES)}, days 1 to 366"
            )
        return cls(
            size=size,
            days=int(days),
            latency_ms=latency_ms[0] if latency_ms else 0,
            budget="budget" in more,
            who=who,
        )


_TWO = ("livestats", "requests")
MATRIX = (
    Case(size="medium", days=1, who=ALL),
    Case(size="medium", days=31, who=(*FLOORS, "dlt-rows", "dlt-arrow")),
    Case(size="medium", days=10, budget=True, who=_TWO),
    Case(size="medium", days=3, who=ALL),
    Case(size="medium", days=3, latency_ms=50, budget=True, who=_TWO),
    Case(size="medium", days=3, latency_ms=200, who=_TWO),
    Case(size="large", days=1),
    Case(size="small", days=31),
    Case(size="medium", days=3, latency_ms=200, budget=True, who=_TWO),
    Case(size="small", days=1, who=ALL),
    Case(size="medium", days=3, latency_ms=50, who=_TWO),
    Case(size="medium", days=365),
    Case(size="small", days=365),
)
"""The most telling for their time first: a time budget cuts off the end."""

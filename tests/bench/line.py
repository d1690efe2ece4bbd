"""What a benchmark line is, and the figure it ends in: one JSON line of six keys."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.ground import Ground


class Invalid(Exception):
    """What was to be timed did not do its work: its time does not count, and the line has no figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a line measured. rival: whom it was compared with; rival_value: None where that one could not be measured."""

    value: float
    rival: str | None = None
    rival_value: float | None = None

    @property
    def ratio(self) -> float:
        """value / rival_value; NaN where there is no rival's."""
        return math.nan if self.rival_value is None else self.value / self.rival_value


@dataclass(frozen=True, slots=True)
class Line:
    """One benchmark: its name (a door: other people's scripts read it), its unit, its goal and how it is measured.

    at_least, at_most: the goal; at_least_ratio: a goal for the share of the rival's value; none of them: there is none.
    measure: raises Invalid where an output is not what it must be.
    """

    name: str
    unit: str
    what: str
    measure: Callable[[Ground], Figure]
    at_least: float | None = None
    at_most: float | None = None
    at_least_ratio: float | None = None

    @property
    def goal(self) -> str:
        """The goal in words.

        >>> Line("a.b", "s", "", lambda ground: Figure(1.0), at_most=5.0).goal
        '<= 5 s'
        """
        sides = (("<=", self.at_most), (">=", self.at_least))
        words = [f"{sign} {bound:,g} {self.unit}" for sign, bound in sides if bound is not None]
        if self.at_least_ratio is not None:
            words.append(f">= {self.at_least_ratio:g} of the rival")
        return " and ".join(words)

    def reached(self, value: float, ratio: float = math.nan) -> bool:
        """Whether a value, and its ratio to the rival's where that is the goal, lie within it."""
        low = -math.inf if self.at_least is None else self.at_least
        within = low <= value <= (math.inf if self.at_most is None else self.at_most)
        return within and (self.at_least_ratio is None or ratio >= self.at_least_ratio)

    def text(self, figure: Figure, scale: float = 1.0) -> str:
        """The figure as one JSON line; `ratio` is value / rival_value. A scaled run is another name, never this one.

        >>> line = Line("a.b", "records/s", "", lambda ground: Figure(1.0))
        >>> line.text(Figure(30.0, "other", 20.0))
        '{"name": "a.b", "value": 30.0, "unit": "records/s", "rival": "other", "rival_value": 20.0, "ratio": 1.5}'
        >>> line.text(Figure(2.0), scale=0.1)
        '{"name": "a.b@0.1", "value": 2.0, "unit": "records/s", "rival": null, "rival_value": null, "ratio": null}'
        """
        rival = figure.rival_value
        return json.dumps(
            {
                "name": self.name if scale == 1.0 else f"{self.name}@{scale:g}",
                "value": _rounded(figure.value),
                "unit": self.unit,
                "rival": None if rival is None else figure.rival,
                "rival_value": None if rival is None else _rounded(rival),
                "ratio": None if rival is None else _rounded(figure.ratio),
            },
            ensure_ascii=False,
        )


def _rounded(value: float) -> float:
    """Four digits: a fifth is noise."""
    return float(f"{value:.4g}") if math.isfinite(value) else math.nan

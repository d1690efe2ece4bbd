"""The tally of a load: counts, codes, the worst records and where they lie, batch by batch, in memory that does not grow.

It can be put down as JSON and taken up again, so that a run which goes on with an interrupted one reports the whole.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely

from cim import crs as frames
from cim.city import City
from cim.types import FloatArray, Issue, Report
from loaders.judging.checks import Checked
from loaders.judging.density import Density

ISSUES_KEPT = 1_000
WORST_KEPT = 20


class Tally:
    """What a load has met so far."""

    def __init__(self, city: City, state: Mapping[str, Any] | None = None) -> None:
        self._city = city
        self._to_degrees = _fitted(city)
        self.read = self.rejected = self.repaired = self.noted = 0
        self.codes: Counter[str] = Counter()
        self.issues: list[Issue] = []
        self._worst: list[tuple[int, int, Issue]] = []
        self._density = Density(city.extent, None if state is None else state["grid"])
        if state is not None:
            self._take_up(state)

    def add(self, read: int, checked: Checked) -> None:
        """A judged batch of `read` records."""
        self.read += read
        self._count(checked.issues, {r.row for r in checked.rejected})
        self.rejected += len(checked.rejected)
        shapes = checked.frame.geometry.to_numpy()
        shapes = shapes[~shapely.is_missing(shapes)]
        if len(shapes):
            bounds = shapely.bounds(shapes)
            middle = (bounds[:, :2] + bounds[:, 2:]) / 2.0
            self._density.add(self._to_degrees(middle), rejected=False)
        self._mark_rejected([r.at for r in checked.rejected])

    def amend(self, issues: Sequence[Issue]) -> None:
        """What was found when the whole source was judged; records rejected now were counted as accepted before."""
        rejected = {issue.row for issue in issues if issue.rejected and issue.row is not None}
        self._count(issues, {row for row in rejected if row is not None})
        self.rejected += len(rejected)
        self._mark_rejected([i.at for i in issues if i.rejected])

    def report(self, dataset: str, source: str, mode: str) -> Report:
        """The tally as a report; what only the publication knows is added later."""
        return Report(
            dataset=dataset,
            source=source,
            mode=mode,
            read=self.read,
            accepted=self.read - self.rejected,
            repaired=self.repaired,
            noted=self.noted,
            rejected=self.rejected,
            issues=tuple(self.issues),
            codes=dict(self.codes),
            worst=tuple(issue for _, _, issue in self._worst),
            grid=self._density.grid(),
        )

    def state(self) -> dict[str, Any]:
        """Everything, as JSON knows it."""
        return {
            "read": self.read,
            "rejected": self.rejected,
            "repaired": self.repaired,
            "noted": self.noted,
            "codes": dict(self.codes),
            "issues": [asdict(issue) for issue in self.issues],
            "worst": [[weight, row, asdict(issue)] for weight, row, issue in self._worst],
            "grid": self._density.grid(),
        }

    def _take_up(self, state: Mapping[str, Any]) -> None:
        self.read, self.rejected = state["read"], state["rejected"]
        self.repaired, self.noted = state["repaired"], state["noted"]
        self.codes = Counter(state["codes"])
        self.issues = [_issue(one) for one in state["issues"]]
        self._worst = [(weight, row, _issue(one)) for weight, row, one in state["worst"]]

    def _count(self, issues: Sequence[Issue], rejected: set[int]) -> None:
        self.codes.update(issue.code for issue in issues)
        self.issues += issues[: max(0, ISSUES_KEPT - len(self.issues))]
        repaired = {i.row for i in issues if i.repaired is not None} - rejected
        self.repaired += len(repaired)
        self.noted += len({i.row for i in issues if i.row is not None and not i.rejected} - rejected - repaired)
        self._keep_worst(issues)

    def _keep_worst(self, issues: Sequence[Issue]) -> None:
        """Rejected records weigh most, then those that were remarked on, then the mended; several reasons add up."""
        weights: Counter[int] = Counter()
        first: dict[int, Issue] = {}
        for issue in issues:
            if issue.row is not None:
                weights[issue.row] += 100 if issue.rejected else 1 if issue.repaired is not None else 10
                first.setdefault(issue.row, issue)
        found = [(-weight, row, first[row]) for row, weight in weights.items()]
        self._worst = sorted([*self._worst, *found], key=lambda one: one[:2])[:WORST_KEPT]

    def _mark_rejected(self, places: Sequence[tuple[float, float] | None]) -> None:
        known = [place for place in places if place is not None]
        if known:
            self._density.add(np.array(known, dtype=np.float64), rejected=True)


def _issue(one: Mapping[str, Any]) -> Issue:
    at = one["at"]
    return Issue(**{**one, "at": None if at is None else (at[0], at[1])})


def _fitted(city: City) -> Any:
    """From the city frame to degrees by a quadratic fit over the extent: right to some ten metres, and quick."""
    box = city.frame_box()
    scale, middle = (
        max(box.east - box.west, box.north - box.south),
        [(box.west + box.east) / 2, (box.south + box.north) / 2],
    )
    x, y = (
        axis.ravel() for axis in np.meshgrid(np.linspace(box.west, box.east, 9), np.linspace(box.south, box.north, 9))
    )
    lonlat = frames.transform(np.column_stack([x, y]), city.crs, frames.LONLAT)

    def terms(xy: FloatArray) -> FloatArray:
        u, v = ((xy - middle) / scale).T
        return np.column_stack([np.ones_like(u), u, v, u * v, u * u, v * v])

    weights = np.linalg.lstsq(terms(np.column_stack([x, y])), lonlat, rcond=None)[0]
    return lambda xy: terms(xy) @ weights

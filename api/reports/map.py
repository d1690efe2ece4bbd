"""The map of a load's report: where its records lie and where what is wrong with them is, as inline SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from cim.types import Box

Ring = Sequence[tuple[float, float]]
WIDTH = 720.0
_THINNEST_PX = 0.7
_SMALLEST_DEG = 0.004
_CROWD = 300
_METRES_A_DEGREE = 111_320.0
_MARKS = {
    "rejected": "M-3.4-3.4 3.4 3.4M-3.4 3.4 3.4-3.4",
    "repaired": "M0-4A4 4 0 1 0 .01-4Z",
    "noted": "M0-4.2 4 3.2H-4Z",
}


def fate(issue: Mapping[str, Any]) -> str:
    """What became of the record: `rejected`, `repaired` or `noted`.

    >>> fate({"rejected": True}), fate({"repaired": "emptied"}), fate({"repaired": None})
    ('rejected', 'repaired', 'noted')
    """
    if issue.get("rejected"):
        return "rejected"
    return "noted" if issue.get("repaired") is None else "repaired"


@dataclass(frozen=True, slots=True)
class View:
    """What of the Earth the map shows (degrees), and its size in pixels. Equirectangular, true at mid-latitude."""

    box: Box
    width: float
    height: float

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Pixels from the upper left corner."""
        b = self.box
        return (lon - b.west) / (b.east - b.west) * self.width, (b.north - lat) / (b.north - b.south) * self.height


def view(box: Box, width: float = WIDTH) -> View:
    """The view of a box, grown about its middle to a shape between 10:6 and 10:9."""
    lon, lat = (box.west + box.east) / 2, (box.south + box.north) / 2
    shrink = math.cos(math.radians(lat))
    wide = max(box.east - box.west, _SMALLEST_DEG)
    high = max(box.north - box.south, _SMALLEST_DEG * shrink)
    ratio = min(max(high / (wide * shrink), 0.6), 0.9)
    wide, high = max(wide, high / (ratio * shrink)), max(high, wide * shrink * ratio)
    return View(Box(lon - wide / 2, lat - high / 2, lon + wide / 2, lat + high / 2), width, width * ratio)


def draw(report: Mapping[str, Any], extent: Box, outline: Sequence[Ring] | None) -> str | None:
    """The figure, or None where nothing of the report has a place.

    report: as the catalogue keeps it. extent: the city's, lon/lat degrees. outline: rings of lon/lat, drawn as borders.
    """
    cells = _cells(report.get("grid"))
    if not report.get("issues_left_out"):
        cells = [(box, good, 0) for box, good, _ in cells if good]  # every issue has its own mark
    issues = [issue for issue in report.get("issues", ()) if issue.get("at")]
    near = _grown(extent, 0.2)
    points = [(float(i["at"][0]), float(i["at"][1])) for i in issues]
    inside = [near.contains(*point) for point in points]
    spots = [corner for box, *_ in cells for corner in ((box.west, box.south), (box.east, box.north))]
    spots += [point for point, here in zip(points, inside, strict=True) if here]
    if not spots and not points:
        return None
    shown = view(_frame(spots, extent))
    within = [issue for issue, here in zip(issues, inside, strict=True) if here]
    parts = [
        _base(shown, extent, outline),
        _density(shown, cells),
        _borders(shown, outline, "edge"),
        _marks(shown, within),
    ]
    parts += [_graticule(shown), _scale(shown)]
    label = "数据与问题的位置 Where the records and the issues lie"
    svg = _svg(shown, "".join(parts), label)
    beyond = len(issues) - len(within)
    side = _side(shown, extent, outline, within, beyond, cells)
    return f'<figure class="map">{svg}<figcaption>{side}</figcaption></figure>'


def _svg(shown: View, inside: str, label: str) -> str:
    size = f"0 0 {shown.width:.0f} {shown.height:.0f}"
    return f'<svg viewBox="{size}" role="img" aria-label="{escape(label)}">{inside}</svg>'


def _cells(grid: Mapping[str, Any] | None) -> list[tuple[Box, int, int]]:
    """The grid's cells that hold anything: (box in degrees, accepted, rejected)."""
    if not grid:
        return []
    west, south, east, north = (float(v) for v in grid["extent"])
    columns, rows = int(grid["columns"]), int(grid["rows"])
    dx, dy = (east - west) / columns, (north - south) / rows
    found = []
    for r in range(rows):
        for c in range(columns):
            good, bad = int(grid["accepted"][r][c]), int(grid["rejected"][r][c])
            if good or bad:
                x, y = west + c * dx, south + r * dy
                found.append((Box(x, y, x + dx, y + dy), good, bad))
    return found


def _grown(box: Box, share: float) -> Box:
    dx, dy = (box.east - box.west) * share, (box.north - box.south) * share
    return Box(box.west - dx, box.south - dy, box.east + dx, box.north + dy)


def _frame(spots: Sequence[tuple[float, float]], extent: Box) -> Box:
    """What to show: where the data is, or the whole city where that is most of it."""
    if not spots:
        return _grown(extent, 0.03)
    lons, lats = [lon for lon, _ in spots], [lat for _, lat in spots]
    box = Box(min(lons), min(lats), max(lons), max(lats))
    if (
        max(
            (box.east - box.west) / (extent.east - extent.west), (box.north - box.south) / (extent.north - extent.south)
        )
        > 0.5
    ):
        whole = (min(box.west, extent.west), min(box.south, extent.south))
        return _grown(Box(*whole, max(box.east, extent.east), max(box.north, extent.north)), 0.03)
    return _grown(box, 0.08)


def _base(shown: View, extent: Box, outline: Sequence[Ring] | None) -> str:
    """The city: its divisions, or the box of its extent where none are known."""
    if outline:
        return _borders(shown, outline, "land")
    box = extent
    corners = [(box.west, box.south), (box.east, box.south), (box.east, box.north), (box.west, box.north)]
    return _borders(shown, [[*corners, corners[0]]], "land")


def _borders(shown: View, outline: Sequence[Ring] | None, style: str) -> str:
    paths = "".join(filter(None, (_path(shown, ring) for ring in outline or ())))
    return f'<path class="{style}" d="{paths}"/>' if paths else ""


def _path(shown: View, ring: Ring) -> str:
    """A ring without the points that would fall on the pixel of the one before; empty where it is out of sight."""
    kept: list[tuple[float, float]] = []
    for lon, lat in ring:
        x, y = shown.xy(lon, lat)
        if not kept or abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= _THINNEST_PX:
            kept.append((x, y))
    xs, ys = [x for x, _ in kept], [y for _, y in kept]
    if len(kept) < 3 or max(xs) < 0 or min(xs) > shown.width or max(ys) < 0 or min(ys) > shown.height:
        return ""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept) + "Z"


def _density(shown: View, cells: Sequence[tuple[Box, int, int]]) -> str:
    """Accepted records as a blue wash, deeper where there are more (by the square root); rejected as a red frame."""
    most = max((good for _, good, _ in cells), default=0)
    worst = max((bad for *_, bad in cells), default=0)
    out = []
    for box, good, bad in cells:
        x, y = shown.xy(box.west, box.north)
        right, bottom = shown.xy(box.east, box.south)
        wide, high = right - x, bottom - y
        title = f"<title>入库 accepted {good:,} · 拒收 rejected {bad:,}</title>"
        inner = ""
        if good:
            deep = (0.1 + 0.6 * math.sqrt(good / most)) * (1.0 if wide < 0.2 * shown.width else 0.4)
            place = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
            inner = f'<rect class="good" {place} opacity="{deep:.2f}"/>'
        if bad:
            place = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{max(wide - 2, 1):.1f}" height="{max(high - 2, 1):.1f}"'
            inner += f'<rect class="bad" {place} opacity="{0.35 + 0.65 * math.sqrt(bad / worst):.2f}"/>'
        out.append(f"<g>{title}{inner}</g>")
    return "".join(out)


def _marks(shown: View, issues: Sequence[Mapping[str, Any]]) -> str:
    """One mark an issue, the rejected on top; its tooltip names row, code and message."""
    order = {"noted": 0, "repaired": 1, "rejected": 2}
    found = sorted(issues, key=lambda one: order[fate(one)])
    size = 1.0 if len(found) <= _CROWD else 0.7
    out = []
    for issue in found:
        x, y = shown.xy(float(issue["at"][0]), float(issue["at"][1]))
        row = "" if issue.get("row") is None else f"行 row {issue['row']}: "
        title = escape(f"{row}{issue['code']} – {issue['message']}")
        kind = fate(issue)
        place = f'class="mark {kind}" transform="translate({x:.1f} {y:.1f}) scale({size:g})"'
        out.append(f'<path {place} d="{_MARKS[kind]}"><title>{title}</title></path>')
    return "".join(out)


def _nice(span: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is no larger than the span.

    >>> _nice(0.37), _nice(740), _nice(1.0)
    (0.2, 500.0, 1.0)
    """
    power = 10.0 ** math.floor(math.log10(span))
    return next(power * f for f in (5.0, 2.0, 1.0) if power * f <= span * (1 + 1e-9))


def _graticule(shown: View) -> str:
    """Lines of longitude and latitude, a few, with their degrees."""
    b, out = shown.box, []
    step = _nice((b.east - b.west) / 3)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    for n in range(math.ceil(b.west / step), math.floor(b.east / step) + 1):
        x, _ = shown.xy(n * step, b.south)
        out.append(f'<path class="line" d="M{x:.1f} 0V{shown.height:.1f}"/>')
        if 30 < x < shown.width - 66:
            out.append(f'<text class="degree" x="{x + 3:.1f}" y="12">{_degrees(n * step, digits, "E", "W")}</text>')
    for n in range(math.ceil(b.south / step), math.floor(b.north / step) + 1):
        _, y = shown.xy(b.west, n * step)
        out.append(f'<path class="line" d="M0 {y:.1f}H{shown.width:.1f}"/>')
        if 30 < y < shown.height - 40:
            out.append(f'<text class="degree" x="4" y="{y - 3:.1f}">{_degrees(n * step, digits, "N", "S")}</text>')
    return "".join(out)


def _degrees(value: float, digits: int, plus: str, minus: str) -> str:
    return f"{abs(value):.{digits}f}° {plus if value >= 0 else minus}"


def _scale(shown: View) -> str:
    """A bar of a round number of metres, true at the middle of the map."""
    b = shown.box
    metres_a_pixel = (
        (b.east - b.west) * _METRES_A_DEGREE * math.cos(math.radians((b.south + b.north) / 2)) / shown.width
    )
    metres = _nice(metres_a_pixel * shown.width / 5)
    long, y = metres / metres_a_pixel, shown.height - 14
    label = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    bar = f'<path class="scale" d="M14 {y - 5:.1f}V{y:.1f}H{14 + long:.1f}V{y - 5:.1f}"/>'
    return f'{bar}<text class="label" x="{20 + long:.1f}" y="{y + 1:.1f}">{label}</text>'


def _side(
    shown: View,
    extent: Box,
    outline: Sequence[Ring] | None,
    issues: Sequence[Mapping[str, Any]],
    beyond: int,
    cells: Sequence[tuple[Box, int, int]],
) -> str:
    """The legend, where in the city the map is, and what it leaves out."""
    names = {"rejected": ("拒收", "rejected"), "repaired": ("已修复", "repaired"), "noted": ("提示", "noted")}
    out = []
    if (shown.box.east - shown.box.west) < 0.6 * (extent.east - extent.west):
        small = view(_grown(extent, 0.05), 168.0)
        x, y = small.xy(shown.box.west, shown.box.north)
        right, bottom = small.xy(shown.box.east, shown.box.south)
        wide, high = max(right - x, 5.0), max(bottom - y, 5.0)
        here = f'<rect class="here" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"/>'
        inset = _svg(small, _base(small, extent, outline) + here, "在全市的位置 Where in the city")
        out.append(f'<div class="inset">{inset}<small>在全市的位置 Where in the city</small></div>')
    out.append("<ul>")
    if any(good for _, good, _ in cells):
        out.append(
            f'<li><i class="wash"></i>{_words("入库的记录，越深越密", "accepted records, deeper where denser")}</li>'
        )
    if any(bad for *_, bad in cells):
        out.append(f'<li><i class="wash bad"></i>{_words("有拒收的格网", "cells with rejected records")}</li>')
    for kind, (zh, en) in names.items():
        count = sum(fate(issue) == kind for issue in issues)
        if count:
            icon = f'<svg viewBox="-7 -7 14 14"><path class="mark {kind}" d="{_MARKS[kind]}"/></svg>'
            out.append(f"<li>{icon}<span>{zh} <small>{en}</small> {count:,}</span></li>")
    out.append("</ul>")
    if beyond:
        out.append(f"<p>另有 {beyond:,} 处在图外。<br><small>{beyond:,} more lie beyond this map.</small></p>")
    return "".join(out)


def _words(zh: str, en: str) -> str:
    return f"<span>{zh}<br><small>{en}</small></span>"

"""Addresses tied to buildings when either is published: by place, and by street and number where no place decides."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely

from cim.address.gazetteer import Gazetteer
from cim.address.parse import parse
from cim.plugins import Layer
from cim.store import address_links as links
from cim.store import address_places as places
from cim.store import divisions
from cim.store.address_links import Said
from cim.store.db import Connection
from cim.types import FloatArray, IntArray, Issue, ObjectArray, Report

MANY = 5_000
"""From so many addresses on a tree of the footprints is quicker than an index of the store."""
_SQUARE_M = 2_000.0

_UNTIED = {
    "address_says_too_little": ("no_street_or_number", "say no street and number"),
    "address_said_by_none": ("no_building_says_it", "say a street and number that no building has"),
    "address_said_by_several": ("several_buildings_say_it", "say a street and number that several buildings have"),
}
"""Code of the report -> the reason that is kept with the address, in words."""

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Said:
    """How many addresses were tied by their text, and the ids of those that several buildings say."""

    tied: int
    ambiguous: tuple[int, ...]


def settle(connection: Connection, layer: Layer, report: Report, reach_m: float) -> Report:
    """Renew the ties of what was published; the report of addresses tells how many are tied by what.

    Needs the judged delivery (`publication.judge`, or `touched` after a rollback of buildings).
    """
    if layer.name == "addresses":
        links.of_delivery(connection)
        return _tie(connection, report, reach_m)
    if layer.name == "buildings" and links.are_held(connection):
        links.about_buildings(connection, reach_m)
        renew(connection, reach_m)
        gazetteer = Gazetteer.of(divisions.held(connection).tree)
        moved = _keys(links.touched_buildings(connection), gazetteer)
        said = {(street, number) for _, street, number in moved}
        wanted = [*links.untied(connection), *links.untied_saying(connection, said)]
        links.note_untied(connection, _by_text(connection, wanted, gazetteer).ambiguous)
    return report


def renew(connection: Connection, reach_m: float, many: int = MANY) -> dict[str, int]:
    """Tie the addresses in `addressed` anew by place: {inside, near}: how many.

    From `many` on they are held against the footprints here, square by square; fewer are looked up one by one.
    """
    links.clear(connection)
    bulk = places.count(connection) >= many
    if bulk:
        _tie_points(connection, reach_m)
    links.tie_by_place(connection, reach_m, without_points=bulk)
    return links.tied(connection)


def _tie_points(connection: Connection, reach_m: float) -> None:
    ids, xy = places.points(connection)
    squares = np.floor(xy / _SQUARE_M).astype(np.int64)
    order = np.lexsort((squares[:, 0], squares[:, 1]))
    edges = np.flatnonzero(np.any(np.diff(squares[order], axis=0), axis=1)) + 1
    for here in np.split(order, edges) if len(order) else ():
        west, south = xy[here].min(axis=0) - reach_m
        east, north = xy[here].max(axis=0) + reach_m
        buildings, shapes = places.footprints(connection, west, south, east, north)
        found, distance = nearest(xy[here], shapes, reach_m)
        near = found >= 0
        triples = zip(ids[here[near]].tolist(), buildings[found[near]].tolist(), distance[near].tolist(), strict=True)
        places.tie(connection, triples)


def nearest(xy: FloatArray, shapes: ObjectArray, reach_m: float) -> tuple[IntArray, FloatArray]:
    """The shape that each point stands in or is nearest to within reach: positions (n,), -1 for none; metres (n,).

    xy: (n, 2), city frame; shapes: (m,). Among equals the first shape.

    >>> nearest(np.array([[1.0, 1.0], [5.0, 1.0], [50.0, 1.0]]), np.array([shapely.box(0, 0, 2, 2)]), 10.0)[0].tolist()
    [0, 0, -1]
    """
    found, metres = np.full(len(xy), -1), np.full(len(xy), np.nan)
    if len(xy) and len(shapes):
        tree = shapely.STRtree(shapes)
        (who, which), away = tree.query_nearest(shapely.points(xy), max_distance=reach_m, return_distance=True)
        order = np.lexsort((-which, who))  # the first shape of a point is written last, and stays
        found[who[order]], metres[who[order]] = which[order], away[order]
    return found, metres


def restore(connection: Connection, layer: Layer, dataset_id: int, report: Report, reach_m: float) -> Report:
    """Renew the ties after a dataset was taken back."""
    if layer.name == "addresses":
        links.of_dataset(connection, dataset_id)
        _tie(connection, report, reach_m)
        return report
    return settle(connection, layer, report, reach_m)


def _tie(connection: Connection, report: Report, reach_m: float) -> Report:
    counts = renew(connection, reach_m)
    untied = links.untied(connection)
    found = _by_text(connection, untied, Gazetteer.of(divisions.held(connection).tree)) if untied else _Said(0, ())
    reasons = links.note_untied(connection, found.ambiguous)
    touched = sum(report.changes.get(fate, 0) for fate in ("added", "changed", "moved"))
    told = {
        "address_near_building": (counts.get("near", 0), f"are in no building; tied to one within {reach_m:g} m"),
        "address_by_text": (found.tied, "are tied to a building by street and number alone"),
        "address_without_building": (
            max(0, touched - sum(counts.values()) - found.tied),
            f"are in no building, have none within {reach_m:g} m, and none with their street and number",
        ),
        **{code: (reasons.get(why, 0), f"of those {words}") for code, (why, words) in _UNTIED.items()},
    }
    issues = [Issue(code, f"{count:,} addresses {what}") for code, (count, what) in told.items() if count]
    codes = {code: count for code, (count, _) in told.items() if count}
    return replace(report, issues=(*report.issues, *issues), codes={**report.codes, **codes})


def _by_text(connection: Connection, untied: Iterable[Said], gazetteer: Gazetteer) -> _Said:
    """Tie addresses to the one building that has the same street and number in the same county."""
    wanted = {one.address_id: one for one in untied}
    if not wanted:
        return _Said(0, ())
    streets = sorted({one.street for one in wanted.values()})
    held = _keys(links.addressed_buildings(connection, streets), gazetteer)
    ties, several = [], []
    for one in wanted.values():
        found = held.get((one.county, one.street, one.number), set())
        if len(found) == 1:
            ties.append((one.address_id, next(iter(found))))
        elif found:
            several.append(one.address_id)
    links.tie_by_text(connection, ties)
    return _Said(len(ties), tuple(several))


def _keys(buildings: Iterable[tuple[int, str]], gazetteer: Gazetteer) -> dict[_Key, set[int]]:
    found: dict[_Key, set[int]] = {}
    for building, text in buildings:
        parsed = parse(text, gazetteer)
        if parsed.address.street and parsed.address.number:
            key = (parsed.division[:6], parsed.address.street, parsed.address.number)
            found.setdefault(key, set()).add(building)
    return found

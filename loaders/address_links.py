"""Addresses tied to buildings when either is published: by place, and by street and number where no place decides."""

from collections.abc import Iterable
from dataclasses import replace

from cim.address.gazetteer import Gazetteer
from cim.address.parse import parse
from cim.plugins import Layer
from cim.store import address_links as links
from cim.store import divisions
from cim.store.address_links import Said
from cim.store.db import Connection
from cim.types import Issue, Report

_Key = tuple[str, str, str]


def settle(connection: Connection, layer: Layer, report: Report, reach_m: float) -> Report:
    """Renew the ties of what was published; the report of addresses tells how many are tied by what.

    Needs the judged delivery (`publication.judge`, or `touched` after a rollback of buildings).
    """
    if layer.name == "addresses":
        links.of_delivery(connection)
        return _tie(connection, report, reach_m)
    if layer.name == "buildings" and links.are_held(connection):
        links.about_buildings(connection, reach_m)
        links.renew(connection, reach_m)
        gazetteer = Gazetteer.of(divisions.held(connection).tree)
        moved = _keys(links.touched_buildings(connection), gazetteer)
        said = {(street, number) for _, street, number in moved}
        _by_text(connection, [*links.untied(connection), *links.untied_saying(connection, said)], gazetteer)
    return report


def restore(connection: Connection, layer: Layer, dataset_id: int, report: Report, reach_m: float) -> Report:
    """Renew the ties after a dataset was taken back."""
    if layer.name == "addresses":
        links.of_dataset(connection, dataset_id)
        _tie(connection, report, reach_m)
        return report
    return settle(connection, layer, report, reach_m)


def _tie(connection: Connection, report: Report, reach_m: float) -> Report:
    counts = links.renew(connection, reach_m)
    untied = links.untied(connection)
    by_text = 0
    if untied:
        by_text = _by_text(connection, untied, Gazetteer.of(divisions.held(connection).tree))
    touched = sum(report.changes.get(fate, 0) for fate in ("added", "changed", "moved"))
    told = {
        "address_near_building": (counts.get("near", 0), f"are in no building; tied to one within {reach_m:g} m"),
        "address_by_text": (by_text, "are tied to a building by street and number alone"),
        "address_without_building": (
            max(0, touched - sum(counts.values()) - by_text),
            f"are in no building, have none within {reach_m:g} m, and none with their street and number",
        ),
    }
    issues = [Issue(code, f"{count:,} addresses {what}") for code, (count, what) in told.items() if count]
    codes = {code: count for code, (count, _) in told.items() if count}
    return replace(report, issues=(*report.issues, *issues), codes={**report.codes, **codes})


def _by_text(connection: Connection, untied: Iterable[Said], gazetteer: Gazetteer) -> int:
    """Tie addresses to the one building that has the same street and number in the same county; how many."""
    wanted = {one.address_id: one for one in untied}
    if not wanted:
        return 0
    streets = sorted({one.street for one in wanted.values()})
    held = _keys(links.addressed_buildings(connection, streets), gazetteer)
    ties = []
    for one in wanted.values():
        found = held.get((one.county, one.street, one.number), set())
        if len(found) == 1:
            ties.append((one.address_id, next(iter(found))))
    links.tie_by_text(connection, ties)
    return len(ties)


def _keys(buildings: Iterable[tuple[int, str]], gazetteer: Gazetteer) -> dict[_Key, set[int]]:
    found: dict[_Key, set[int]] = {}
    for building, text in buildings:
        parsed = parse(text, gazetteer)
        if parsed.address.street and parsed.address.number:
            key = (parsed.division[:6], parsed.address.street, parsed.address.number)
            found.setdefault(key, set()).add(building)
    return found

"""Retry: what is in quarantine judged again after a fix, and only that."""

import itertools
from dataclasses import replace

import pytest

from cim.store import features, history, quarantine
from cim.types import silent
from loaders.retry import retry
from tests.houses import heights, load, source, write

pytestmark = pytest.mark.db


def test_a_list_of_what_ended_is_not_tried_again_as_if_it_were_new(database, city, tmp_path):
    load(database, city, write(tmp_path / "a.gpkg", ["h0", "h1"], height_m=[5.0, 6.0]))
    path = tmp_path / "gone.csv"
    path.write_text("id\nh1\nh99\n", encoding="utf-8")
    lenient = replace(city, limits=replace(city.limits, max_rejected_share=1.0))
    load(database, lenient, path, mode="terminate")
    assert retry(database, source(path), lenient, silent, itertools.count().__next__) == []


def test_the_quarantine_is_tried_again_after_a_fix_and_only_it(database, city, tmp_path):
    path = write(tmp_path / "a.gpkg", ["h0", "h1", "h2", "h3", "h3", "h5"], height_m=[5.0, 450.0, 5.0, 6.0, 7.0, -1.0])
    loose = replace(city, limits=replace(city.limits, max_rejected_share=0.5))
    assert load(database, loose, path).rejected == 3
    (same,) = retry(database, source(path), loose, silent, itertools.count().__next__)
    assert (same.accepted, same.version) == (0, None)
    fixed = replace(loose, limits=replace(loose.limits, building_height_m=(1.0, 500.0)))
    path.unlink()  # the file is not needed
    (report,) = retry(database, source(path), fixed, silent, itertools.count().__next__)
    assert (report.read, report.accepted, report.rejected, dict(report.changes)) == (3, 1, 2, {"added": 1})
    assert heights(database) == {"h0": 5.0, "h1": 450.0, "h2": 5.0, "h3": 6.0}
    with database.begin() as connection:
        left = [one.record.codes for page in quarantine.open_of(connection, "houses") for one in page]
        h1 = next(f for f in features.items(connection, "buildings") if f["properties"]["id"] == "h1")
        (state,) = history.lineage(connection, "buildings", h1["id"])["states"]
    assert sorted(left) == [("duplicate_key",), ("height_out_of_range",)]
    assert (state["source_row"], state["mode"]) == (2, "retry")
    assert state["location"] == str(path)

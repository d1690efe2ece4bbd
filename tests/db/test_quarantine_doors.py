"""The quarantine's doors: every record that was set aside is listed, whole, page by page, over HTTP and on the terminal."""

import io
import json
from dataclasses import replace

import pytest
import shapely

from api.arguments import parser
from api.commands import quarantine as command
from api.terminal import Terminal
from cim.errors import BadInput, Unknown
from tests.houses import load, write

pytestmark = pytest.mark.db


@pytest.fixture
def version(database, city, tmp_path):
    """Six houses delivered, of which four are out: a height twice, a key twice; the id of the version."""
    path = write(
        tmp_path / "a.gpkg", ["h0", "h1", "h2", "h2", "h2", "h5"], height_m=[5.0, 450.0, 5.0, 6.0, 7.0, -1.0], note="甲"
    )
    return load(database, replace(city, limits=replace(city.limits, max_rejected_share=0.9)), path).version


def test_records_that_were_set_aside_are_listed_whole_and_page_by_page(client, version, tmp_path):
    door = f"/catalogue/houses/versions/{version}/quarantine"
    assert door in [link["href"].removeprefix(str(client.base_url)) for link in _links(client, version)]
    whole = client.get(door).json()
    assert (whole["numberMatched"], whole["numberReturned"], whole["crs"]) == (4, 4, "EPSG:4547")
    told = {one["row"]: one for one in whole["records"]}
    assert {row: one["codes"] for row, one in told.items()} == {
        2: ["height_out_of_range"], 4: ["duplicate_key"], 5: ["duplicate_key"], 6: ["height_out_of_range"]
    }  # fmt: skip
    record = told[2]["record"]
    assert (record["id"], record["height_m"], record["note"]) == ("h1", 450.0, "甲")
    assert shapely.from_wkt(record["geometry"]).area == pytest.approx(100.0)
    assert (told[2]["resolved_at"], told[2]["resolved_in"]) == (None, None)
    assert str(tmp_path) not in json.dumps([one["reason"] for one in told.values()])
    paged, following = [], f"{door}?limit=1&code=duplicate_key"
    while following:
        page = client.get(following).json()
        paged += page["records"]
        assert page["numberMatched"] == 2
        following = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert [one["row"] for one in paged] == [4, 5]


def test_a_quarantine_of_no_version_is_unknown_and_a_strange_parameter_refused(client, version):
    for path, status in ((f"houses/versions/{version + 9}", 404), (f"roads/versions/{version}", 404)):
        assert client.get(f"/catalogue/{path}/quarantine").status_code == status
    for query in ("limit=0", "limit=1001", "codes=x", "after=-1", "code=%00"):
        assert client.get(f"/catalogue/houses/versions/{version}/quarantine?{query}").status_code == 400


def test_the_command_lists_what_is_out_and_writes_it_whole(database, settings, version, tmp_path):
    def said(*arguments):
        stream = io.StringIO()
        assert command.run(settings, parser().parse_args(["quarantine", *map(str, arguments)]), Terminal(stream)) == 0
        return stream.getvalue()

    assert said().split() == ["4", "houses"]
    assert f"version {version} row 2: height_out_of_range: " in said("houses")
    assert "4 records of houses are out, whole in" in said("houses", "--out", tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["row"]: line["record"]["id"] for line in lines} == {2: "h1", 4: "h2", 5: "h2", 6: "h5"}
    with pytest.raises(Unknown, match="no dataset named 'roads'"):
        said("roads")
    with pytest.raises(BadInput, match="of one dataset"):
        said("--out", tmp_path / "all.jsonl")


def _links(client, version):
    return client.get(f"/catalogue/houses/versions/{version}").json()["links"]

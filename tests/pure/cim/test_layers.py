"""The layers: each is whole, says which system of the city's notice needs it, and stands in docs/layers.md as it is."""

import re
from pathlib import Path

import pytest

from cim.city import parse
from cim.layers import GROUPS, LAYERS
from data_samples.generate.themes.samples import SAMPLES

CHECKOUT = Path(__file__).resolve().parents[3]
DOCUMENT = (CHECKOUT / "docs" / "layers.md").read_text(encoding="utf-8")
DATA_CLASSES = {"时空基础", "资源调查", "规划管控", "工程建设项目", "公共专题", "物联感知", "CIM成果"}
SYSTEMS = [f"{family}{n}" for family, most in (("A", 11), ("B", 5), ("C", 8), ("D", 17)) for n in range(1, most + 1)]


def rows(heading: str) -> dict[str, list[str]]:
    """The table under a heading: first cell -> the others."""
    part = DOCUMENT.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    return {row[0].strip("`"): row[1:] for row in cells[2:]}


def test_each_layer_is_whole() -> None:
    for name, layer in LAYERS.items():
        columns = {column.name: column for column in layer.columns}
        assert layer.name == name
        assert layer.group in GROUPS, name
        assert layer.data_class in DATA_CLASSES, name
        assert len(columns) == len(layer.columns), f"{name}: two columns share a name"
        assert layer.geometry in ("raster", "points") or set(layer.key.split("+")) <= set(columns), name
        named = {layer.legend, layer.stated_area, *(one for pair in layer.ascending for one in pair)} - {None}
        assert named <= set(columns), name
        assert layer.legend is None or columns[layer.legend].choices, name
        needed = {"cone": {"azimuth_deg", "fov_deg", "range_m"}, "disc": {"radius_m"}, None: set()}[layer.reach]
        assert needed <= set(columns), name
        assert re.fullmatch("#[0-9a-f]{6}", layer.colour), name
        for column in layer.columns:
            assert len(column.words) in (0, len(column.choices)), f"{name}.{column.name}"
            assert len(column.colours) in (0, len(column.choices)), f"{name}.{column.name}"
            assert column.kind in ("text", "integer", "real", "time", "json"), f"{name}.{column.name}"
            assert len({zh for zh, _ in column.words}) == len(column.words), f"{name}.{column.name}"


def test_the_classes_of_the_risk_survey_are_complete_as_far_as_they_are_sourced() -> None:
    choices = {(n, c.name): c.choices for n, layer in LAYERS.items() for c in layer.columns}
    assert [len(choices[key]) for key in (("hazard_factors", "hazard"), ("exposed_elements", "class"))] == [6, 6]
    assert len(choices["capacities", "class"]) == 3
    same = {choices[layer, "hazard"] for layer in ("hazard_factors", "disasters", "risk_dangers")}
    assert len(same) == 1
    for layer in (
        "hazard_factors",
        "exposed_elements",
        "capacities",
    ):  # counted 23, 27, 16 by the survey, but not listed
        assert choices[layer, "kind"] == ()


def test_the_document_tells_every_layer_as_it_is() -> None:
    told = rows("The layers")
    assert list(told) == list(LAYERS)
    city = parse((CHECKOUT / "city.toml").read_text(encoding="utf-8"))
    for name, layer in LAYERS.items():
        columns = ", ".join(f"{c.name} ({c.unit})" if c.unit else c.name for c in layer.columns)
        heights = ", 3-D" if layer.z else ""
        samples = ", ".join(s.name for s in city.sources if s.source.layer == name) or "–"
        assert told[name] == [
            f"{layer.title} {layer.title_en}",
            f"{layer.geometry}{heights}",
            layer.data_class,
            " ".join(layer.systems) or "–",
            columns,
            samples,
        ], name


def test_the_document_tells_of_every_system_which_layers_it_needs() -> None:
    told = rows("The systems")
    assert list(told) == SYSTEMS
    for system in SYSTEMS:
        needed = [name for name, layer in LAYERS.items() if system in layer.systems]
        found = re.findall(r"`(\w+)`", told[system][1])
        assert found == needed, system
        assert needed or told[system][1], f"{system}: nothing, and no reason"
    assert {system for layer in LAYERS.values() for system in layer.systems} <= set(SYSTEMS)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_sample_is_a_source_of_the_city_file(name: str) -> None:
    city = parse((CHECKOUT / "city.toml").read_text(encoding="utf-8"))
    source = next(s.source for s in city.sources if s.source.location == f"data_samples/datong/{name}")
    assert source.layer == SAMPLES[name].layer
    assert source.encoding == ("gbk" if SAMPLES[name].gbk else None)

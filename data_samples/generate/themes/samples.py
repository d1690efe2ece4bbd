"""The files of the thematic samples: which layer each holds, what makes it, and in which form it is delivered."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cim.layers import LAYERS
from data_samples.generate import write
from data_samples.generate.themes import culture, flood, pipes, safety, services, streets, survey
from data_samples.generate.themes.item import Items, Maker, lonlat, marked

_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Sample:
    """One file: its layer, what makes it, and its form, which its name's ending says.

    A table is in UTF-8 under the columns' own names, or in GBK under the layer's Chinese titles.
    """

    layer: str
    make: Maker
    gbk: bool = False

    def write(self, path: Path, seed: int) -> int:
        """Write the file; returns how many records it has."""
        items = self.make(seed)
        if path.suffix == ".csv":
            _table(path, items, self.layer, gbk=self.gbk)
        elif path.suffix == ".gpkg":
            write.lines_gpkg(path, [i.shape for i in items], [marked(i.properties) for i in items], self.layer)
        else:
            write.geojson(path, [write.feature(i.shape, i.properties, _DIGITS) for i in items], path.stem)
        return len(items)


def _table(path: Path, items: Items, layer: str, *, gbk: bool) -> None:
    """Points as rows: the columns that any of them has, in the layer's order, then the place, then the marks."""
    titles = {column.name: column.title for column in LAYERS[layer].columns}
    own = [name for name in titles if any(name in item.properties for item in items)]
    marks = [] if gbk else ["is_synthetic", "source"]
    header = [titles[name] for name in own] + ["经度", "纬度"] if gbk else [*own, "lon", "lat", *marks]
    rows = [
        [_cell(item.properties.get(name)) for name in own]
        + [f"{lon:.7f}", f"{lat:.7f}"]
        + [_cell(marked(item.properties)[name]) for name in marks]
        for item, (lon, lat) in zip(items, np.asarray(lonlat(items)), strict=True)
    ]
    write.table_csv(path, header, rows, "gbk" if gbk else "utf-8")


def _cell(value: Any) -> Any:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


SAMPLES: dict[str, Sample] = {
    "pipes.geojson": Sample("pipes", pipes.pressed),
    "pipes_drainage.gpkg": Sample("pipes", pipes.drains),
    "pipe_points.csv": Sample("pipe_points", pipes.wells, gbk=True),
    "components.geojson": Sample("components", streets.components),
    "bridges.geojson": Sample("bridges", streets.bridges),
    "green_spaces.geojson": Sample("green_spaces", streets.green_spaces),
    "squares.geojson": Sample("squares", streets.squares),
    "cameras.geojson": Sample("cameras", streets.cameras),
    "base_stations.geojson": Sample("base_stations", streets.base_stations),
    "enterprises.csv": Sample("enterprises", safety.enterprises, gbk=True),
    "major_hazards.geojson": Sample("major_hazards", safety.major_hazards),
    "hidden_dangers.csv": Sample("hidden_dangers", safety.hidden_dangers, gbk=True),
    "tailings_ponds.geojson": Sample("tailings_ponds", safety.tailings_ponds),
    "hydrants.csv": Sample("hydrants", streets.hydrants),
    "reservoirs.geojson": Sample("reservoirs", flood.reservoirs),
    "river_reaches.geojson": Sample("river_reaches", flood.river_reaches),
    "gauging_stations.geojson": Sample("gauging_stations", flood.gauging_stations),
    "hazard_factors.geojson": Sample("hazard_factors", survey.hazard_factors),
    "exposed_elements.csv": Sample("exposed_elements", survey.exposed_elements),
    "capacities.csv": Sample("capacities", survey.capacities),
    "disasters.csv": Sample("disasters", survey.disasters),
    "risk_dangers.csv": Sample("risk_dangers", survey.risk_dangers),
    "geological_hazards.geojson": Sample("geological_hazards", survey.geological_hazards),
    "forest_grids.geojson": Sample("forest_grids", survey.forest_grids),
    "shelters.geojson": Sample("shelters", services.shelters),
    "rescue_teams.geojson": Sample("rescue_teams", services.rescue_teams),
    "relief_stores.geojson": Sample("relief_stores", services.relief_stores),
    "schools.csv": Sample("schools", services.schools, gbk=True),
    "hospitals.csv": Sample("hospitals", services.hospitals, gbk=True),
    "service_halls.geojson": Sample("service_halls", services.service_halls),
    "care_homes.geojson": Sample("care_homes", services.care_homes),
    "industrial_parks.geojson": Sample("industrial_parks", services.industrial_parks),
    "heritage_zones.geojson": Sample("heritage_zones", culture.heritage_zones),
    "scenic_spots.geojson": Sample("scenic_spots", culture.scenic_spots),
}

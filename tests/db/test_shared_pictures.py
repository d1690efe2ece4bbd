"""Pictures that many bodies show: kept in the store once, from the file to the tile."""

import base64
import itertools
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from cim.boundary import PICTURE
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.bodies import reading
from cim.types import silent
from loaders import pipeline
from loaders.formats.pictures import reduced
from tests import glb
from tests.city_models import CORNERS, cube, document
from tests.sample_city import Even, Slope
from tests.tile_colours import quarters, shown
from tilesets.buildings.content import content
from tilesets.buildings.site import Site
from tilesets.buildings.standing import stand
from tilesets.gltf.placement import frame_at

pytestmark = pytest.mark.db
X, Y, Z = 439876.0, 4439760.0, 1040.0
MIGRATION = Path(__file__).parents[2] / "cim/store/migrations/versions/0011_pictures.sql"


def street(folder: Path, count: int = 3) -> Path:
    """Houses in a row, 20 m from each other, each with the same picture on its southern wall."""
    wall = {"": {"values": [[[[None]], [[None]], [[0, 0, 1, 2, 3]], *[[[None]]] * 3]]}}
    objects, corners = {}, []
    for number in range(count):
        boundaries = [[[[8 * number + k for k in ring] for ring in face] for face in cube()["boundaries"][0]]]
        objects[f"h{number}"] = {"type": "Building", "geometry": [cube(texture=wall, boundaries=boundaries)]}
        corners += [[x + 20_000 * number, y, z] for x, y, z in CORNERS]
    paints = {"textures": [{"type": "PNG", "image": "q.png"}], "vertices-texture": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    path = folder / "street.city.json"
    path.write_text(json.dumps(document(appearance=paints, CityObjects=objects, vertices=corners)))
    return path


def test_a_picture_that_many_bodies_show_is_kept_once_and_sent_once(database, city, tmp_path):
    clock = itertools.count().__next__

    def load(side: int, **told: bool) -> dict[str, int]:
        (tmp_path / "q.png").write_bytes(quarters(side=side))
        source = NamedSource("street", Source(str(path), "buildings"))
        return dict(pipeline.load(database, source, path, city, silent, clock, **told).changes)

    def held() -> list[tuple[str, str]]:
        sql = "SELECT appearance->'textures'->0->>'cim_picture', hash FROM cim.body, cim.picture ORDER BY id, hash"
        with database.begin() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    path = street(tmp_path)
    assert (load(64, preview=True), held()) == ({"added": 3}, [])
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM cim.picture")).scalar_one() == 0
    assert load(64) == {"added": 3}
    first = held()
    assert [len(set(row)) for row in first] == [1, 1, 1]
    with reading(database) as found:
        rows = found.within(0, 1 << 48)
    texts = [body.appearance["textures"][0][PICTURE] for body in rows.boundary]
    assert texts[0] == reduced("q.png", quarters(side=64)).packed
    assert len({id(one) for one in texts}) == 1
    standing, _ = stand(rows, Site("EPSG:4547", Slope(), Even()))
    made = content(standing, frame_at(X, Y, "EPSG:4547"), refined=True)
    assert glb.parse(made.data).chunk.count(base64.b64decode(texts[0])) == 1
    at = [[X + 20 * k + x, Y, Z + z] for k in range(3) for x, z in ((2, 0.7), (7, 2.3))]
    assert shown(made.data, at) == ["lower left", "upper right"] * 3

    assert load(32) == {"changed": 3}
    assert load(64) == {"changed": 3}
    assert len({name for _, name in held()}) == 2


def test_a_body_that_two_sources_tell_of_keeps_its_pictures(database, city, tmp_path):
    clock = itertools.count().__next__
    for name in ("surveyed", "drawn"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "q.png").write_bytes(quarters(side=64 if name == "surveyed" else 32))
        path = street(tmp_path / name)
        pipeline.load(database, NamedSource(name, Source(str(path), "buildings")), path, city, silent, clock)
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM cim.body WHERE role = 2")).scalar_one() == 3
        assert connection.execute(text("SELECT count(*) FROM cim.picture")).scalar_one() == 2
    with reading(database) as found:
        rows = found.within(0, 1 << 48)
    texts = [body.appearance["textures"][0][PICTURE] for body in rows.boundary]
    assert len(set(texts)) == 1
    assert texts[0] in [reduced("q.png", quarters(side=side)).packed for side in (64, 32)]  # whichever goes first


def test_pictures_that_bodies_held_themselves_are_taken_apart(database, city, tmp_path):
    path = street(tmp_path)
    (tmp_path / "q.png").write_bytes(quarters())
    source = NamedSource("street", Source(str(path), "buildings"))
    pipeline.load(database, source, path, city, silent, itertools.count().__next__)
    packed = reduced("q.png", quarters()).packed
    pictures = "SELECT array_agg(hash || encode(webp, 'hex')) FROM cim.picture"
    state = f"SELECT id, appearance, ({pictures}) FROM cim.body ORDER BY id"
    with database.begin() as connection:
        now = connection.execute(text(state)).all()
        inside = "jsonb_set(appearance, '{textures,0,cim_picture}', to_jsonb(CAST(:packed AS text)))"
        held = f"UPDATE cim.body SET appearance = {inside}"
        connection.execute(text(held), {"packed": packed})
        connection.execute(text("DROP TABLE cim.picture"))
    with database.begin() as connection:
        connection.exec_driver_sql(MIGRATION.read_text(encoding="utf-8").replace("%", "%%"))
        assert connection.execute(text(state)).all() == now

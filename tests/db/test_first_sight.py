"""Sources that no city file names: the command says what it takes them for, loads what is clear and refuses what is not."""

import hashlib
import io
import tomllib
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
import shapely
from sqlalchemy import text

from api.arguments import parser
from api.commands import load
from api.terminal import Terminal
from cim import source_entry
from cim.errors import BadInput
from cim.plugins import Anchor
from tests.houses import load as deliver
from tests.las_files import slope, write_las
from tests.mesh_files import gabled, obj
from tests.raster_files import heights, plane
from tests.web_host import web_host

pytestmark = pytest.mark.db
X, Y = 439_000.0, 4_440_000.0


def run(settings, *arguments) -> tuple[int, str]:
    stream = io.StringIO()
    code = load.run(settings, parser().parse_args(["load", *map(str, arguments)]), Terminal(stream))
    return code, stream.getvalue()


def rows(database, sql):
    with database.begin() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def houses(path: Path, count=3, **columns) -> Path:
    shapes = [shapely.box(X + 20 * i, Y, X + 20 * i + 9, Y + 9) for i in range(count)]
    data = {"编号": [f"k{i}" for i in range(count)], "层数": [3] * count, "备注": ["甲"] * count, **columns}
    gpd.GeoDataFrame(data, geometry=shapes, crs="EPSG:4547").to_file(path)
    return path


def addresses(count=40) -> str:
    return "编号,详细地址,备注,经度,纬度\n" + "".join(
        f"a{i},和阳街{i}号,甲,{113.28 + i / 5e3},40.09\n" for i in range(count)
    )


def test_a_file_alone_is_told_loaded_and_written_as_an_entry(settings, database, tmp_path):
    code, said = run(settings, houses(tmp_path / "房屋.gpkg"))
    assert code == 0, said
    for line in (
        "GeoPackage",
        "EPSG:4547, as the file says",
        "buildings: 编号 is its id; 层数 is its storeys",
        "left       备注",
    ):
        assert line in said
    assert rows(database, "SELECT count(*), min(storeys) FROM cim.body") == [(3, 3)]
    entry = tomllib.loads(said[said.index("[[source]]") : said.index("\n\n", said.index("[[source]]"))])["source"][0]
    permanent = source_entry.parse(entry, 0)
    assert (permanent.name, permanent.source.layer) == ("房屋", "buildings")
    assert permanent.source.columns == {"id": "编号", "storeys": "层数"}
    assert run(settings, tmp_path / "房屋.gpkg")[1].count("unchanged") == 1
    code, said = run(settings, tmp_path / "房屋.gpkg", "--mode", "terminate")
    assert (code, "3 ended" in said) == (0, True), said
    assert "[[source]]" not in said  # nothing that should stand in a city file


def test_what_is_said_on_the_command_line_wins(settings, database, tmp_path):
    path = tmp_path / "点.csv"
    path.write_bytes(addresses().encode("gbk"))
    code, said = run(settings, path)
    assert (code, "states no CRS" in said) == (1, True)
    assert "GCJ-02" in said
    code, said = run(
        settings, path, "--crs", "EPSG:4326", "--layer", "landmarks", "--name", "marks", "--column", "name=详细地址",
        "--constant", "source=office",
    )  # fmt: skip
    assert code == 0, said
    assert "gb18030, 41 of 41 lines" in said
    found = rows(database, "SELECT layer, count(*), min(f.source) FROM cim.feature f GROUP BY layer")
    assert found == [("landmarks", 40, "office")]


def test_a_preview_says_the_same_and_changes_nothing(settings, database, tmp_path):
    code, said = run(settings, houses(tmp_path / "a.gpkg"), "--preview")
    assert code == 0
    assert "preview  a: 3 read, 3 accepted" in said
    assert rows(database, "SELECT count(*) FROM cim.body") == [(0,)]


def test_where_a_mesh_model_stands_is_said_on_the_command_line_and_told(settings, database, tmp_path):
    path = obj(tmp_path / "house.obj", {"a": gabled(0.0, 0.0, 0.0)})
    placed = ["--anchor", f"x={X},y={Y},z=1040", "--crs", "EPSG:4547"]
    code, said = run(settings, path, *placed)
    assert (code, "--up y or z" in said) == (1, True)
    code, said = run(settings, path, "--up", "z", *placed, "--preview")
    assert (code, rows(database, "SELECT count(*) FROM cim.body")) == (0, [(0,)]), said
    assert "anchor     x 439000, y 4440000, z 1040" in said
    assert "up         z, as stated" in said
    entry = source_entry.parse(tomllib.loads(said[said.index("[[source]]") : said.index("  preview")])["source"][0], 0)
    assert (entry.source.anchor, entry.source.up) == (Anchor(X, Y, 1040.0), "z")
    assert run(settings, path, "--up", "z", *placed)[0] == 0
    assert rows(database, "SELECT round(ST_XMin(footprint)::numeric, 3) FROM cim.body") == [(X,)]
    code, said = run(settings, houses(tmp_path / "a.gpkg"), "--up", "z")
    assert (code, "is said of mesh models" in said) == (1, True)


def test_an_anchor_or_an_axis_of_what_is_no_mesh_model_is_refused_and_nothing_is_loaded(
    settings, database, city, tmp_path
):
    code, said = run(settings, heights(tmp_path / "dem.tif", plane(20, 20)), "--layer", "dem", "--up", "z")
    assert (code, "dem.tif: is geotiff; the axis that points up (--up) is said of mesh models only" in said) == (
        1,
        True,
    )
    for stated in ({"anchor": Anchor(X, Y)}, {"up": "y"}):  # as the city file states them, or options of a named source
        with pytest.raises(BadInput, match=r"a.gpkg: is GeoPackage; .* is said of mesh models only"):
            deliver(database, city, houses(tmp_path / "a.gpkg"), **stated)
    assert rows(database, "SELECT count(*) FROM cim.dataset") == [(0,)]


@pytest.mark.parametrize(
    "told", ["lon=113", "x=1,y=2,lon=3", "x=1,y=nan", "x=1,y=b", "x=1,x=2,y=3", "x=1,y=2,up=3", "x"]
)
def test_an_anchor_that_is_none_is_refused_before_anything_is_read(capsys, told):
    with pytest.raises(SystemExit):
        parser().parse_args(["load", "a.glb", "--anchor", told])
    assert "--anchor" in capsys.readouterr().err.splitlines()[-1]


def test_of_an_archive_what_is_clear_is_loaded_and_the_rest_is_told(settings, database, tmp_path):
    inner = houses(tmp_path / "houses.gpkg")
    with zipfile.ZipFile(tmp_path / "交付.zip", "w") as archive:
        archive.write(inner, "矢量/建筑.gpkg")
        archive.writestr("矢量/门牌.csv", addresses())
        archive.writestr("unclear.csv", "a,b,lon,lat\n1,2,113.3,40.1\n")
        archive.writestr("说明.pdf", "%PDF-1.4")
    code, said = run(settings, tmp_path / "交付.zip", "--crs", "EPSG:4326")
    assert code == 3
    assert "not read   说明.pdf" in said
    assert "refused    unclear.csv" in said
    assert "the file says EPSG:4547" in said, "what is stated for all does not overrule what one says of itself"
    assert rows(database, "SELECT name, layer FROM cim.dataset") == [("门牌", "addresses")]
    code, said = run(settings, f"zip://矢量/建筑.gpkg::{tmp_path / '交付.zip'}")
    assert code == 0
    found = rows(database, "SELECT location, checksum FROM cim.dataset_version v WHERE state = 'published' ORDER BY id")
    assert [location.split("::")[0] for location, _ in found] == ["zip://矢量/门牌.csv", "zip://矢量/建筑.gpkg"]
    assert not list((settings.data / "deliveries").iterdir())
    where = "SELECT DISTINCT f.location FROM cim.source_file f"
    assert sorted(Path(one).name for (one,) in rows(database, where)) == ["建筑.gpkg", "门牌.csv"]


def test_what_lies_at_an_address_keeps_the_address_and_the_checksum_of_what_came(settings, database, tmp_path):
    content = addresses().encode()
    with web_host() as host:
        host.files["/open/地名.csv"] = content
        url = f"{host.url}/open/%E5%9C%B0%E5%90%8D.csv?key=secret"
        host.breaks = [100]
        assert run(settings, url, "--crs", "EPSG:4326")[0] == 0
        code, said = run(settings, f"{host.url}/open/none.csv")
    assert code == 1
    assert "answers 404" in said
    assert rows(database, "SELECT location, checksum FROM cim.dataset_version") == [
        (url, hashlib.sha256(content).hexdigest())
    ]
    assert rows(database, "SELECT name FROM cim.dataset") == [("地名",)]


def test_what_is_said_of_a_named_source_is_not_passed_over_for_a_place(settings, database, tmp_path):
    for option in (["--retry"], ["--file", "other.gpkg"]):
        with pytest.raises(BadInput, match=rf"^{option[0]} is said of a source by its name"):
            run(settings, houses(tmp_path / "a.gpkg"), *option)


def test_a_folder_of_many_files_is_many_datasets_and_a_pattern_is_one(settings, database, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("part_1", "part_2"):
        houses(folder / f"{name}.gpkg", 编号=[f"{name}{i}" for i in range(3)])
    code, said = run(settings, folder)
    assert code == 0, said
    assert rows(database, "SELECT name FROM cim.dataset ORDER BY name") == [("part_1",), ("part_2",)]
    code, said = run(settings, folder / "part_*.gpkg", "--name", "parts")
    assert code == 0, said
    assert "parts: 6 read" in said


def test_a_name_that_is_taken_is_refused(settings, database, tmp_path):
    code, said = run(settings, houses(tmp_path / "roads.gpkg"))
    assert code == 1
    assert "the city file has a source of this name" in said
    path = tmp_path / "mine.csv"
    path.write_text(addresses())
    assert run(settings, path, "--crs", "EPSG:4326")[0] == 0
    code, said = run(settings, path, "--crs", "EPSG:4326", "--layer", "landmarks", "--column", "name=详细地址")
    assert code == 1
    assert "a dataset of this name holds" in said


def test_points_and_sheets_are_recognised_too(settings, database, tmp_path):
    write_las(tmp_path / "scan.laz", *slope(200), crs="EPSG:4547")
    book = openpyxl.Workbook()
    for line in [["大同市门牌"], ["编号", "详细地址", "经度", "纬度"], ["a1", "和阳街1号", 113.3, 40.09]]:
        book.active.append(line)
    book.save(tmp_path / "门牌.xlsx")
    code, said = run(settings, tmp_path / "scan.laz", tmp_path / "门牌.xlsx", "--preview")
    assert code == 3, "the sheet has no CRS"
    assert "point_clouds: points with heights" in said
    code, said = run(settings, tmp_path / "scan.laz", tmp_path / "门牌.xlsx", "--crs", "EPSG:4547")
    assert code == 3
    code, said = run(settings, tmp_path / "门牌.xlsx", "--crs", "EPSG:4326")
    assert code == 0, said
    assert "the names of the columns stand in row 2" in said
    assert rows(database, "SELECT name, layer FROM cim.dataset ORDER BY name") == [
        ("scan", "point_clouds"),
        ("门牌", "addresses"),
    ]


def test_pixels_and_points_out_of_an_archive_keep_the_location_as_it_was_written(settings, database, tmp_path):
    write_las(tmp_path / "scan.laz", *slope(200), crs="EPSG:4547")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(heights(tmp_path / "ground.tif", plane(20, 20)), "高程/ground.tif")
        archive.write(tmp_path / "scan.laz", "scan.laz")
    with web_host() as host:
        host.files["/all.zip"] = (tmp_path / "all.zip").read_bytes()
        code, said = run(settings, f"{host.url}/all.zip")
    assert code == 0, said
    written = {one["name"]: one["location"] for one in tomllib.loads(_entries(said))["source"]}
    assert written == {
        "ground": f"zip://高程/ground.tif::{host.url}/all.zip",
        "scan": f"zip://scan.laz::{host.url}/all.zip",
    }
    assert dict(rows(database, _LOCATIONS)) == written


_LOCATIONS = "SELECT d.name, v.location FROM cim.dataset_version v JOIN cim.dataset d ON d.id = v.dataset_id"


def _entries(said: str) -> str:
    """The entries of the city file among what a command said."""
    blocks = [block for block in said.split("\n\n") if block.startswith("[[source]]")]
    return "\n".join(blocks)

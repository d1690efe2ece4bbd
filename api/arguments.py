"""What the command line takes: every verb of `cim` with its options, in groups."""

import argparse
from collections.abc import Callable

from cim import __version__
from cim.layers import LAYERS
from cim.plugins import Anchor
from cim.source_entry import MODES, UPS, anchor_of

Verb = Callable[[str, str], argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    """The parser of the command `cim`."""
    found = argparse.ArgumentParser(prog="cim", description="A city information model: load, build, serve, watch.")
    found.add_argument("--version", action="version", version=f"cim {__version__}")
    verbs = found.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    for group in (_whole, _loading, _remembering, _exporting, _serving, _simulating, _looking):
        group(verb)
    return found


def _whole(verb: Verb) -> None:
    one = verb("up", "from nothing to a running city: database, load, build, serve")
    one.add_argument("--detach", action="store_true", help="return when the server answers")
    verb("down", "stop the server and the private database of this data folder")


def _loading(verb: Verb) -> None:
    one = verb("load", "load sources of the city file, or files, folders, archives and addresses, into the store")
    one.add_argument(
        "source",
        nargs="*",
        help="names in the city file (default: all of them), or what it does not name: a path, a URL",
    )
    one.add_argument("--retry", action="store_true", help="judge only what is in quarantine again, by the rules of now")
    one.add_argument("--preview", action="store_true", help="say what would change, and change nothing")
    one.add_argument(
        "--mode", choices=MODES, help="what the delivery is: the whole dataset, more of it, or what has gone"
    )
    one.add_argument("--valid-from", metavar="DAY", help="since when the world is as delivered (default: a correction)")
    one.add_argument("--file", help="another file (or pattern) for the one source named")
    one.add_argument("--crs", help="the CRS of that file")
    one.add_argument(
        "--anchor",
        type=_anchor,
        metavar="KEY=NUMBER,...",
        help="where the origin of a mesh model stands: lon and lat, or x and y of its CRS; z and turn_deg if known",
    )
    one.add_argument("--up", choices=UPS, help="the axis of a mesh model that points up")
    group = one.add_argument_group("of what the city file does not name", "what is not said is looked for, and told")
    group.add_argument("--layer", choices=sorted(LAYERS), metavar="LAYER", help=f"one of {', '.join(LAYERS)}")
    group.add_argument("--name", help="the dataset it becomes (default: the file's name)")
    group.add_argument("--encoding", help="of its text, such as gbk")
    group.add_argument("--table", help="which table or sheet of it")
    for option, metavar, text in (
        ("--column", "TARGET=SOURCE", "which of its columns is the layer's TARGET"),
        ("--constant", "TARGET=VALUE", "what holds for all of its records"),
    ):
        group.add_argument(option, action="append", default=[], type=_pair, metavar=metavar, help=text)


def _pair(text: str) -> tuple[str, str]:
    """Two words with a sign between them.

    >>> _pair("name=路名")
    ('name', '路名')
    """
    name, sign, value = text.partition("=")
    if not name or not sign or not value:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=VALUE")
    return name, value


def _anchor(text: str) -> Anchor:
    """An anchor in the words of the city file.

    >>> _anchor("x=439000,y=4440000,turn_deg=12.5")
    Anchor(x=439000.0, y=4440000.0, z=None, turn_deg=12.5, is_lonlat=False)
    """
    pairs = [_pair(part.strip()) for part in text.split(",")]
    if len(dict(pairs)) < len(pairs):
        raise argparse.ArgumentTypeError(f"{text!r}: says something twice")
    try:
        return anchor_of(dict(pairs), "the command line")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _remembering(verb: Verb) -> None:
    one = verb("versions", "the versions of datasets, what each brought and took back")
    one.add_argument("dataset", nargs="?", help="one dataset (default: all)")
    one = verb("quarantine", "the records that are still out of a dataset, with the reasons")
    one.add_argument("dataset", nargs="?", help="one dataset (default: how many each has)")
    one.add_argument("--out", metavar="FILE", help="write them all, whole, to this file: one JSON object a line")
    one = verb("diff", "what changed from one version to another: counts, and a GeoJSON file of the features")
    one.add_argument("first", type=int, help="a version, as `cim versions` lists it")
    one.add_argument("second", type=int, help="another version of the same dataset")
    one.add_argument("--out", help="write the features that differ to this GeoJSON file")
    one = verb("rollback", "let a dataset be again what an earlier version made it; remembered as a version of its own")
    one.add_argument("dataset", help="the dataset")
    one.add_argument("--to", type=int, help="the version to go back to (default: the one before the present)")
    one = verb("grid", "cut the divisions of the store into unit grids, and load those")
    one.add_argument("code", nargs="*", help="codes of divisions; all of the finest level if none is given")
    one.add_argument(
        "--size", type=float, default=100.0, help="side of a grid in metres (default: 100, about a hectare)"
    )
    one = verb("contours", "draw contour lines of the loaded elevation models, and load those")
    one.add_argument("--interval", type=float, default=20.0, help="metres between contours (default: 20)")
    one.add_argument("--step", type=float, help="metres between sampled heights (default: as fine as the finest model)")
    one = verb("heights", "measure buildings that nobody measured: a loaded surface model over the ground")
    one.add_argument(
        "--percentile", type=float, default=50.0, help="of the pixels within a footprint (default: 50, the median)"
    )
    one = verb("forms", "infer the roof forms that nobody tells, of the old town's buildings, and load those")
    one.add_argument("--all", action="store_true", help="of the coarse model's buildings too")
    verb("protection", "tie the loaded tables of protected buildings to buildings: their era and grade")
    verb("roofs", "measure roofs: planes fitted to the loaded point clouds and surface models over the buildings")


def _exporting(verb: Verb) -> None:
    one = verb("export", "write layers and datasets as files of other programs, with a manifest that leads back")
    one.add_argument("--to", required=True, metavar="FOLDER|FILE.zip", help="a new folder, or a new archive")
    one.add_argument("--layer", action="append", help="a layer as the model shows it (again for more; default: all)")
    one.add_argument("--dataset", action="append", help="a dataset as its published version made it (again for more)")
    one.add_argument("--version", dest="version_id", type=int, metavar="ID", help="another version of the one dataset")
    one.add_argument(
        "--format",
        action="append",
        help="gpkg (default), parquet, fgb, geojson, geojsonseq, csv, shp, cityjson, cityjsonseq (again for more)",
    )
    one.add_argument("--crs", help="EPSG code, or GCJ-02 (default: the city frame)")
    one.add_argument("--encoding", help="of text in csv (utf-8-sig, gbk, gb18030) and shp (gbk, utf-8)")
    one.add_argument("--bbox", metavar="W,S,E,N", help="only what meets this box, in degrees")
    one.add_argument("--at", metavar="DAY", help="as the world was then (default: now)")
    one.add_argument("--as-known-at", metavar="TIME", help="by what the model held then (default: now)")
    one.add_argument("--by", metavar="WHO", help="who writes it, for the manifest")


def _serving(verb: Verb) -> None:
    one = verb("build", "build tiles, terrain and imagery, only where their inputs changed")
    one.add_argument("product", nargs="*", help="terrain, imagery, city or greens; all of them if none is given")
    one.add_argument("--changed", action="store_true", help="only bring up to date what was built before")
    one.add_argument("--rejected", action="store_true", help="of the city, try only the buildings left out once more")
    one.add_argument("--whole", action="store_true", help="make the city anew, whatever is held of it")
    one.add_argument("--workers", type=int, metavar="N", help="local processes (default: one a processor)")
    one.add_argument("--keep", metavar="NAME", help="keep the city as it is now, at /tiles3d/NAME/tileset.json")
    one.add_argument("--forget", metavar="NAME", help="let a city that was kept under a name go")
    one.add_argument(
        "--implicit", metavar="FOLDER", help="then write the city as an implicit tileset to this new folder"
    )
    one = verb("serve", "serve over HTTP on CIM_PORT")
    one.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")


def _simulating(verb: Verb) -> None:
    one = verb("simulate", "play sensors, a vehicle and an incident into a running service")
    one.add_argument("--url", help="the service (default: this machine on CIM_PORT)")
    one.add_argument("--seed", type=int, default=1, help="same seed, same readings")
    one.add_argument("--speed", type=float, default=1.0, help="seconds played per second; 0 plays as fast as it goes")
    one.add_argument("--duration", type=float, default=None, help="seconds to play (default: until Ctrl-C)")
    one.add_argument("--fixes", default="data_samples/datong/vehicles.csv", help="CSV of vehicle fixes to drive along")
    one.add_argument("--backfill", type=float, default=0.0, help="seconds of history to send first")


def _looking(verb: Verb) -> None:
    one = verb("geocode", "a CSV file of addresses, once more with positions, scores and reasons")
    one.add_argument("file", help="a CSV file with a header row")
    one.add_argument("--address-column", metavar="NAME", help="where the address stands (default: 地址, or address)")
    one.add_argument("--out", metavar="FILE", help="the file to write (default: FILE with .geocoded.csv)")
    one.add_argument("--encoding", help="of both files (default: UTF-8 if the file is that, else GB 18030)")
    one.add_argument("--first", action="store_true", help="of several equally good places take the first")
    one = verb("offsets", "hold footprints against the orthophotos: how far they lie apart, cell by cell")
    one.add_argument("dataset", nargs="*", help="datasets of buildings (default: all that are no derived ones)")
    one.add_argument("--reach", type=float, default=8.0, help="metres that are looked at each way (default: 8)")
    one = verb(
        "validate",
        "hold L3 bodies as drawn, or those of files, to ISO 19107; exit code 0: all are valid, 1: some are not",
    )
    one.add_argument("path", nargs="*", help="CityJSON, CityGML, glTF, OBJ or COLLADA files (default: the store)")
    one.add_argument("--out", metavar="FILE", help="write every finding to this JSON file")
    one = verb("clean", "remove rasters of the data folder that no version names, present or past")
    one.add_argument("--preview", action="store_true", help="say what would be removed, and remove nothing")
    verb("status", "datasets, their versions and counts, and the server")
    verb("doctor", "what is here, what is missing, and the command that mends it")
    one = verb("bench", "measure this checkout beside rivals, one JSON line each (minutes, at full size)")
    one.add_argument("line", nargs="*", help="names of lines; all of them if none is given")
    one.add_argument("--list", action="store_true", help="the lines, their goals and what they measure")
    one.add_argument("--scale", type=float, default=1.0, help="share of the full size, for a quick look (default: 1)")

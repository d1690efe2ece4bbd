"""What the command line takes: every verb of `cim` with its options, in groups."""

import argparse
from collections.abc import Callable

from cim import __version__
from cim.source_entry import MODES

Verb = Callable[[str, str], argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    """The parser of the command `cim`."""
    found = argparse.ArgumentParser(prog="cim", description="A city information model: load, build, serve, watch.")
    found.add_argument("--version", action="version", version=f"cim {__version__}")
    verbs = found.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    for group in (_whole, _loading, _remembering, _serving, _simulating, _looking):
        group(verb)
    return found


def _whole(verb: Verb) -> None:
    one = verb("up", "from nothing to a running city: database, load, build, serve")
    one.add_argument("--detach", action="store_true", help="return when the server answers")
    verb("down", "stop the server and the private database of this data folder")


def _loading(verb: Verb) -> None:
    one = verb("load", "load sources of the city file into the store")
    one.add_argument("source", nargs="*", help="names in the city file; all of them if none is given")
    one.add_argument("--retry", action="store_true", help="judge only what is in quarantine again, by the rules of now")
    one.add_argument("--preview", action="store_true", help="say what would change, and change nothing")
    one.add_argument(
        "--mode", choices=MODES, help="what the delivery is: the whole dataset, more of it, or what has gone"
    )
    one.add_argument("--valid-from", metavar="DAY", help="since when the world is as delivered (default: a correction)")
    one.add_argument("--file", help="another file (or pattern) for the one source named")
    one.add_argument("--crs", help="the CRS of that file")


def _remembering(verb: Verb) -> None:
    one = verb("versions", "the versions of datasets, what each brought and took back")
    one.add_argument("dataset", nargs="?", help="one dataset (default: all)")
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


def _serving(verb: Verb) -> None:
    one = verb("build", "build tiles, terrain and imagery, only where their inputs changed")
    one.add_argument("product", nargs="*", help="terrain, imagery or city; all of them if none is given")
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
    verb("status", "datasets, their versions and counts, and the server")
    verb("doctor", "what is here, what is missing, and the command that mends it")
    one = verb("bench", "measure this checkout beside rivals, one JSON line each (minutes, at full size)")
    one.add_argument("line", nargs="*", help="names of lines; all of them if none is given")
    one.add_argument("--list", action="store_true", help="the lines, their goals and what they measure")
    one.add_argument("--scale", type=float, default=1.0, help="share of the full size, for a quick look (default: 1)")

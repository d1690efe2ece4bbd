"""The objects of an OSM PBF that belong to a table, as libosmium finds them, in a process of its own.

    python -m loaders.formats.osm_objects FILE TABLE

A damaged map can crash libosmium, so it does not live where a load does (docs/adr/018). The process writes pickled lists
of objects, and in the end a text: empty, or why it could not go on. Without a TABLE it counts what can be read.
"""

import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import BinaryIO

import osmium
from osmium.filter import KeyFilter
from osmium.geom import WKBFactory
from osmium.osm import Area, Node, Relation, Way

from loaders.formats.osm_tags import TABLES, Table

Thing = tuple[str, bytes | None, dict[str, str], str]
"""an object's id such as `way/12`, its geometry as well-known binary, its tags; and why it has no geometry"""

_LOCATIONS = "sparse_file_array"  # where nodes lie: in a temporary file, so that memory does not grow with the map
_SENT_AT_ONCE = 2_000
_CUT_OFF = "nodes of it are not in the file, as happens at the edge of an extract, or it has only one"
_NO_AREA = "no area can be made of it: a ring is open or crosses itself"


class Unreadable(Exception):
    """Why libosmium could not go on."""


def objects(path: str, table: str) -> Iterator[Thing]:
    """The objects of a table as they come; at the end the closed ways and multipolygons that no area came of.

    Raises Unreadable where the map is damaged or not sorted; the process is gone when the iterator is.
    """
    with subprocess.Popen([sys.executable, "-m", __name__, path, table], stdout=subprocess.PIPE) as process:
        try:
            while True:
                said = _received(process)
                if isinstance(said, str):
                    if said:
                        raise Unreadable(said)
                    return
                yield from said
        finally:
            process.kill()


def count(path: str) -> tuple[int, int, int]:
    """How many nodes, ways and relations can be read before the damage."""
    done = subprocess.run([sys.executable, "-m", __name__, path], stdout=subprocess.PIPE, check=False)
    nodes, ways, relations = (int(word) for word in done.stdout.split()) if done.returncode == 0 else (0, 0, 0)
    return nodes, ways, relations


def _received(process: "subprocess.Popen[bytes]") -> "list[Thing] | str":
    assert process.stdout is not None
    try:
        said: list[Thing] | str = pickle.load(process.stdout)
    except (EOFError, pickle.UnpicklingError):
        code = process.wait()
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"libosmium ended with {name}: the file is damaged"
    return said


def found(path: str, table: Table) -> Iterator[Thing]:
    """The same, read here."""
    keys = KeyFilter(*table.keys)
    things = osmium.FileProcessor(path).with_locations(_LOCATIONS)
    if table.shape != "line":
        things = things.with_areas(keys)
    write = WKBFactory()
    waiting: dict[str, tuple[dict[str, str], str]] = {}
    met: set[int] = set()
    for thing in things.with_filter(keys):
        tags = {tag.k: tag.v for tag in thing.tags}
        if not table.takes(tags):
            continue
        if isinstance(thing, Area):
            id = f"{'way' if thing.from_way() else 'relation'}/{thing.orig_id()}"
            waiting.pop(id, None)
            if not thing.from_way():
                met.add(thing.orig_id())
            yield id, bytes.fromhex(write.create_multipolygon(thing)), tags, ""
        elif isinstance(thing, Node):
            if table.shape == "point":
                yield f"node/{thing.id}", bytes.fromhex(write.create_point(thing)), tags, ""
        elif isinstance(thing, Way):
            line = _line(thing, write)
            if table.shape == "line":
                yield f"way/{thing.id}", line, tags, _CUT_OFF
            elif thing.is_closed():
                waiting[f"way/{thing.id}"] = tags, _NO_AREA if line else _CUT_OFF
        elif isinstance(thing, Relation) and _is_lost(thing, tags, table, met):
            waiting[f"relation/{thing.id}"] = tags, f"{_NO_AREA}, or a way of it is not in the file"
    for id, (tags, why) in waiting.items():
        yield id, None, tags, why


def _is_lost(relation: Relation, tags: dict[str, str], table: Table, met: set[int]) -> bool:
    return table.shape != "line" and tags.get("type") == "multipolygon" and relation.id not in met


def _line(way: Way, write: WKBFactory) -> bytes | None:
    """A way's line; None where it has none."""
    try:
        return bytes.fromhex(write.create_linestring(way))
    except (RuntimeError, osmium.InvalidLocationError):
        return None


def _send(path: str, table: Table, out: BinaryIO) -> None:
    some: list[Thing] = []
    why = ""
    try:
        for thing in found(path, table):
            some.append(thing)
            if len(some) == _SENT_AT_ONCE:
                pickle.dump(some, out)
                some = []
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:  # UnicodeDecodeError among them
        why = str(error) or type(error).__name__
    pickle.dump(some, out)
    pickle.dump(why, out)


def _tally(path: str) -> dict[str, int]:
    counts = {"n": 0, "w": 0, "r": 0}
    try:
        for thing in osmium.FileProcessor(path):
            counts[thing.type_str()] += 1
    except (RuntimeError, ValueError):
        return counts  # here the damage begins
    return counts


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _send(sys.argv[1], TABLES[sys.argv[2]], sys.stdout.buffer)
    else:
        sys.stdout.write(" ".join(map(str, _tally(sys.argv[1]).values())))

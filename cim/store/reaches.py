"""What the points of a layer cover, as arrays: who covers a place, and which features of another layer nobody covers."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, text

from cim.errors import BadInput, Unknown
from cim.layers import LAYERS
from cim.reach import covers, sees
from cim.store.frame import to_frame
from cim.store.told_numbers import told
from cim.types import BoolArray, FloatArray, IntArray

MOST = 20_000
_CELLS = 1_000_000  # points x reaches looked at in one go: some 50 MB, however many there are of either
_ELSEWHERE = ("buildings", "stations", "vehicles")  # in tables of their own: here they would look as if there were none
_COLUMNS = {"cone": ("azimuth_deg", "fov_deg", "range_m"), "disc": ("radius_m",)}


@dataclass(frozen=True, slots=True, eq=False)
class Reaches:
    """The current features of a layer that say what they cover: ids (n,), places (n, 2) and numbers (n, c), city frame."""

    kind: str
    ids: IntArray
    xy: FloatArray
    numbers: FloatArray

    def hold(self, points: FloatArray) -> BoolArray:
        """(m, n) whether each point (m, 2) lies in what each of them covers; the edge counts as inside."""
        if self.kind == "cone":
            return sees(points, self.xy, *self.numbers.T)
        return covers(points, self.xy, self.numbers[:, 0])


def reaches(connection: Connection, layer: str) -> Reaches:
    """Raises Unknown for a layer nobody registered, BadInput for one whose points cover nothing or that has too many."""
    kind = LAYERS[layer].reach
    if kind is None:
        named = ", ".join(name for name, one in LAYERS.items() if one.reach is not None)
        raise BadInput(f"the features of layer {layer} cover nothing; those of {named} do")
    names = _COLUMNS[kind]
    rows = connection.execute(
        text("""
            SELECT object_id, ST_X(geom), ST_Y(geom),
                   ARRAY(SELECT properties -> n FROM unnest(CAST(:names AS text[])) WITH ORDINALITY t(n, k) ORDER BY k)
            FROM cim.current_feature
            WHERE layer = :layer AND ST_GeometryType(geom) = 'ST_Point' AND properties ?& CAST(:names AS text[])
            ORDER BY object_id LIMIT :most"""),
        {"layer": layer, "names": list(names), "most": MOST + 1},
    ).all()
    if len(rows) > MOST:
        raise BadInput(f"layer {layer} has more than {MOST} features: too many to be looked at in one request")
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    xy = np.array([(row[1], row[2]) for row in rows], dtype=np.float64).reshape(-1, 2)
    judged = [[told(layer, name, value) for name, value in zip(names, row[3], strict=True)] for row in rows]
    return Reaches(kind, ids, xy, np.array(judged, dtype=np.float64).reshape(-1, len(names)))


def covering(connection: Connection, layer: str, lonlat: tuple[float, float]) -> list[int]:
    """The ids of a layer's features that cover a place (lon/lat degrees), the nearest first. Raises as `reaches`."""
    found = reaches(connection, layer)
    point = to_frame(connection, [lonlat])
    holding = np.flatnonzero(found.hold(point)[0])
    distance = np.hypot(*(found.xy[holding] - point[0]).T)
    return [int(id) for id in found.ids[holding[np.argsort(distance, kind="stable")]]]


def gaps(connection: Connection, layer: str, of: str) -> tuple[int, list[int]]:
    """How many features `of` another layer there are, and the ids of those that nothing of `layer` covers, ascending.

    A line or an area counts as covered where a point of it (its own, on its surface) is. Raises as `reaches`.
    """
    if of not in LAYERS or LAYERS[of].geometry not in ("point", "line", "polygon") or of in _ELSEWHERE:
        raise Unknown(f"no layer named {of!r} whose features have a place in the feature table")
    found = reaches(connection, layer)
    rows = connection.execute(
        text("""
            SELECT object_id, ST_X(p), ST_Y(p) FROM (
                SELECT object_id, ST_PointOnSurface(geom) AS p FROM cim.current_feature WHERE layer = :of
            ) s ORDER BY object_id"""),
        {"of": of},
    )
    count, bare = 0, list[int]()
    for page in rows.partitions(max(_CELLS // max(len(found.ids), 1), 1)):
        xy = np.array([(row[1], row[2]) for row in page], dtype=np.float64)
        outside = np.logical_not(found.hold(xy).any(axis=1))
        bare += [int(row[0]) for row, without in zip(page, np.asarray(outside).tolist(), strict=True) if without]
        count += len(page)
    return count, bare

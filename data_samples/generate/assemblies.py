"""The table of parts that the wall, its towers and some monuments are built of.

Height and top of the city wall are sourced; every other part, size and material is invented.
"""

from collections.abc import Sequence
from typing import Any

from data_samples.generate import facts

_BOUNDS = ("u_from", "u_to", "v_from", "v_to", "low", "high")
_COLUMNS = (
    "edges",
    "sides",
    "lean_m",
    "repeat",
    "piece_m",
    "gap_m",
    "thick_m",
    "rise_m",
    "overhang_m",
    "roof_form",
    "ground",
)
HEADER = (
    *("assembly", "part", "kind"),
    *(f"{name}{unit}" for name in _BOUNDS for unit in ("", "_m")),
    *(*_COLUMNS, "material", "is_synthetic", "source", "note"),
)
Row = dict[str, Any]
_MERLONS = {"edges": "front", "piece_m": 1.7, "gap_m": 0.7, "thick_m": 0.5, "material": "brick"}
_LEAN = (facts.WALL_BASE - facts.WALL_TOP) / 2


def _inset(metres: float) -> Row:
    """In from every side by so much."""
    return {"u_from_m": metres, "u_to_m": -metres, "v_from_m": metres, "v_to_m": -metres}


def _part(part: str, kind: str, low_m: float | None, high_m: float | None, **stated: Any) -> Row:
    """One part between two heights above the base, metres; `high_m` None: as high as the building."""
    whole = {"high": 1.0} if high_m is None else {}
    return {"part": part, "kind": kind, "low_m": low_m, "high_m": high_m, **whole, **stated}


def _battlements(edges: str, at: float, low_m: float, **stated: Any) -> list[Row]:
    """A breastwork and merlons upon it, so far in from the edges."""
    place = {name: value for name, value in _inset(at).items() if name[:6] in _touched(edges)} | stated
    row = {**_MERLONS, "edges": edges, **place}
    low = {name: value for name, value in row.items() if name not in ("piece_m", "gap_m")}
    return [
        _part("breastwork", "parapet", low_m, low_m + 0.9, **low),
        _part("merlons", "parapet", low_m + 0.9, low_m + 1.8, **row),
    ]


def _touched(edges: str) -> set[str]:
    bound = {"front": "v_from", "back": "v_to_m", "left": "u_from", "right": "u_to_m"}
    return {bound[edge] for edge in edges.split()}


def _skirt(part: str, low_m: float, high_m: float, outer: float, inner: float) -> Row:
    """The roof round a storey, from its eaves in to the walls above."""
    return _part(part, "block", low_m, high_m, **_inset(outer), lean_m=inner - outer, material="tile")


def _colonnade(part: str, low_m: float, high_m: float, at: float, gap_m: float = 2.6) -> Row:
    return _part(part, "columns", low_m, high_m, **_inset(at), piece_m=0.5, gap_m=gap_m, material="timber")


def _walled(height_m: float | None, lean: float, **stated: Any) -> list[Row]:
    """A battered wall: battlements in front, a low parapet behind."""
    top = {"low": 1.0}
    joint = {"u_from_m": -0.02, "u_to_m": 0.02}
    back = {"edges": "back", "thick_m": 0.4, "v_to_m": -lean, "material": "brick", **top}
    ends = {"u_from_m": 0.35, "u_to_m": -0.35}
    body = _part(
        "body",
        "block",
        None,
        height_m,
        **{**joint, **stated},
        edges="front back",
        lean_m=lean,
        ground="sloping",
        material="brick",
    )
    rows = [{**row, **top, **ends, "high": 1.0, "v_from_m": lean} for row in _battlements("front", lean, 0.0)]
    return [body, *rows, _part("parapet", "parapet", None, 0.9, **back) | {"high": 1.0}]


def _city_wall() -> list[Row]:
    body, *rest = _walled(None, _LEAN)
    sourced = {"is_synthetic": "false", "source": facts.WALL_SOURCE, "note": "14 m high, 18 m at the base, 12 m on top"}
    return [body | sourced, *rest]


def _watch_tower() -> list[Row]:
    """A bastion before the wall, bound to the top of it, and a pavilion."""
    high, lean, back = facts.WALL_HEIGHT, 1.5, _LEAN + 0.05
    out = {"edges": "front left right", "material": "brick"}
    return [
        _part("bastion", "block", None, high, lean_m=lean, v_to_m=back, **out),
        *_battlements("front left right", lean, high),
        _part("plinth", "steps", high, high + 0.6, **_inset(3.0), lean_m=0.3, repeat=2, material="stone"),
        _colonnade("columns", high + 0.6, high + 3.0, 3.6, 1.6),
        _part("walls", "block", high + 0.6, high + 3.0, **_inset(4.4), material="timber"),
        _part("roof", "hall", high + 2.6, None, **_inset(4.0), rise_m=2.0, overhang_m=0.8, roof_form="hip_and_gable",
              material="tile"),
    ]  # fmt: skip


def _gate_tower() -> list[Row]:
    """A passage between two battered blocks, and a tower of three storeys with galleries and a hip-and-gable roof."""
    high = facts.WALL_HEIGHT
    base = {"edges": "front back", "lean_m": 2.0, "material": "brick"}
    return [
        _part("base left", "block", None, high, u_to=0.36, **base),
        _part("base right", "block", None, high, u_from=0.64, **base),
        _part("passage", "gateway", None, high, u_from=0.36, u_to=0.64, v_from_m=2.0, v_to_m=-2.0, piece_m=5.5,
              rise_m=7.5, material="brick"),
        *_battlements("front", 2.0, high),
        _part("parapet", "parapet", high, high + 0.9, edges="back", v_to_m=-2.0, thick_m=0.4, material="brick"),
        _part("terrace", "steps", high, high + 1.0, **_inset(5.5), lean_m=0.7, repeat=3, material="stone"),
        _colonnade("gallery 1", high + 1.0, high + 5.2, 6.6),
        _part("storey 1", "block", high + 1.0, high + 5.6, **_inset(8.4), material="plaster"),
        _skirt("eaves 1", high + 5.0, high + 6.6, 5.4, 8.2),
        _part("balcony", "parapet", high + 6.6, high + 7.5, **_inset(8.1), thick_m=0.15, material="timber"),
        _part("storey 2", "block", high + 5.6, high + 10.0, **_inset(9.2), material="timber"),
        _skirt("eaves 2", high + 9.6, high + 11.0, 6.9, 9.2),
        _part("hall", "hall", high + 10.4, None, **_inset(9.6), rise_m=4.6, overhang_m=2.0, roof_form="hip_and_gable",
              material="tile"),
    ]  # fmt: skip


def _corner_tower() -> list[Row]:
    """On the corner: its front and its left look out of the city and lean, the others join the wall."""
    high = facts.WALL_HEIGHT
    out = {"edges": "front left", "material": "brick"}
    return [
        _part("base", "block", None, high, lean_m=_LEAN, u_to_m=0.02, v_to_m=0.02, **out),
        *_battlements("front left", _LEAN, high),
        _part("terrace", "steps", high, high + 0.8, **_inset(5.5), lean_m=0.6, repeat=2, material="stone"),
        _colonnade("gallery", high + 0.8, high + 4.4, 6.2, 2.2),
        _part("storey 1", "block", high + 0.8, high + 4.8, **_inset(7.4), material="plaster"),
        _skirt("eaves 1", high + 4.4, high + 5.8, 5.0, 7.6),
        _part("hall", "hall", high + 5.2, None, **_inset(7.8), rise_m=4.0, overhang_m=1.6, roof_form="hip_and_gable",
              material="tile"),
    ]  # fmt: skip


def _street_tower() -> list[Row]:
    """Four piers over a crossing, two storeys and a pointed roof."""
    along = {"u_from": 0.0, "u_to": 0.38}, {"u_from": 0.62, "u_to": 1.0}
    back = {"v_from": 0.0, "v_to": 0.38}, {"v_from": 0.62, "v_to": 1.0}
    piers = [
        _part(f"pier {k}", "block", None, 4.6, **u, **v, material="brick")
        for k, (u, v) in enumerate(((u, v) for u in along for v in back), start=1)
    ]
    return [
        *piers,
        _part("deck", "block", 4.5, 6.4, material="brick"),
        _part("balustrade", "parapet", 6.4, 7.4, **_inset(0.2), thick_m=0.2, material="stone"),
        _colonnade("gallery", 6.4, 10.0, 2.0, 2.4),
        _part("storey 1", "block", 6.4, 10.4, **_inset(3.2), material="timber"),
        _skirt("eaves 1", 10.0, 11.6, 0.6, 3.6),
        _part(
            "hall",
            "hall",
            11.2,
            None,
            **_inset(4.0),
            rise_m=5.8,
            overhang_m=1.8,
            roof_form="pyramidal",
            material="tile",
        ),
    ]


def _archway() -> list[Row]:
    """Three openings between four posts, a beam and three small roofs."""
    post = {"v_from": 0.5, "v_from_m": -0.4, "v_to": 0.5, "v_to_m": 0.4}
    roof = {"v_from": 0.5, "v_from_m": -0.85, "v_to": 0.5, "v_to_m": 0.85, "roof_form": "gable", "material": "tile"}
    return [
        _part("posts", "columns", None, 7.2, **post, edges="front", piece_m=0.8, gap_m=4.0, material="timber"),
        _part("beam", "block", 6.0, 6.9, v_from=0.5, v_from_m=-0.3, v_to=0.5, v_to_m=0.3, material="timber"),
        _part("roof left", "hall", 6.9, 9.0, u_from=0.03, u_to=0.31, **roof, rise_m=1.1, overhang_m=0.5),
        _part("roof right", "hall", 6.9, 9.0, u_from=0.69, u_to=0.97, **roof, rise_m=1.1, overhang_m=0.5),
        _part("roof middle", "hall", 6.9, None, u_from=0.33, u_to=0.67, **roof, rise_m=1.4, overhang_m=0.6),
    ]


def _nine_dragon_wall() -> list[Row]:
    return [
        _part("base", "block", None, 2.1, material="stone"),
        _part("body", "block", 2.0, 6.7, u_from_m=0.35, u_to_m=-0.35, v_from_m=0.35, v_to_m=-0.35, material="glaze"),
        _part("roof", "block", 6.6, 7.6, lean_m=0.75, material="tile"),
        _part("ridge", "block", 7.5, None, u_from_m=0.7, u_to_m=-0.7, v_from=0.5, v_from_m=-0.2, v_to=0.5, v_to_m=0.2,
              material="tile"),
    ]  # fmt: skip


def _pagoda() -> list[Row]:
    return [
        _part("terrace", "steps", None, 1.5, lean_m=1.2, repeat=3, sides=8, material="stone"),
        _part("storeys", "storeys", 1.4, 30.4, **_inset(2.2), sides=8, repeat=7, lean_m=2.4, rise_m=1.2, overhang_m=1.0,
              material="brick"),
        _part("roof", "hall", 30.2, 35.2, **_inset(4.6), sides=8, rise_m=4.0, overhang_m=0.8, roof_form="pyramidal",
              material="tile"),
        _part("spire", "block", 34.6, None, u_from=0.5, u_from_m=-0.35, u_to=0.5, u_to_m=0.35, v_from=0.5, v_from_m=-0.35,
              v_to=0.5, v_to_m=0.35, sides=8, lean_m=0.18, material="tile"),
    ]  # fmt: skip


def _pavilion() -> list[Row]:
    return [
        _part("terrace", "steps", None, 0.9, lean_m=0.8, repeat=3, material="stone"),
        _colonnade("gallery", 0.9, 5.4, 1.4, 2.0),
        _part("storey 1", "block", 0.9, 5.8, **_inset(2.4), material="timber"),
        _skirt("eaves 1", 5.4, 7.0, 0.4, 2.8),
        _part(
            "hall", "hall", 6.6, None, **_inset(3.0), rise_m=5.4, overhang_m=1.4, roof_form="pyramidal", material="tile"
        ),
    ]


def _barbican_gate() -> list[Row]:
    return [
        _part("passage", "gateway", None, 12.0, piece_m=5.0, rise_m=6.6, material="brick"),
        *_battlements("front", 0.0, 12.0),
        _part("parapet", "parapet", 12.0, 12.9, edges="back", thick_m=0.4, material="brick"),
        _colonnade("gallery", 12.0, 15.6, 2.2, 2.0),
        _part("storey 1", "block", 12.0, 15.6, **_inset(3.2), material="timber"),
        _part("hall", "hall", 15.2, None, **_inset(3.0), rise_m=3.4, overhang_m=1.4, roof_form="hip_and_gable",
              material="tile"),
    ]  # fmt: skip


def rows() -> Sequence[Sequence[Any]]:
    """The rows of the file, in the order of its header; empty where nothing is stated."""
    reach = {"u_from_m": -3.05, "u_to_m": 3.05}  # into the walls that lean away from both its ends
    found = {
        "city_wall": _city_wall(),
        "watch_tower": _watch_tower(),
        "gate_tower": _gate_tower(),
        "corner_tower": _corner_tower(),
        "barbican_wall": _walled(None, 2.0),
        "barbican_leg": _walled(None, 2.0, **reach),
        "barbican_gate": _barbican_gate(),
        "street_tower": _street_tower(),
        "archway": _archway(),
        "nine_dragon_wall": _nine_dragon_wall(),
        "pagoda": _pagoda(),
        "pavilion": _pavilion(),
    }
    marks = {"is_synthetic": "true", "source": facts.SOURCE}
    table = [{"assembly": name, **marks, **row} for name, parts in found.items() for row in parts]
    return [["" if (value := row.get(name)) is None else value for name in HEADER] for row in table]

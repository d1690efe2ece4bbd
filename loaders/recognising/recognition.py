"""Recognition, pure: which layer a table of columns is, which of its columns means what, and how sure that is."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cim.errors import BadInput
from cim.layers import LAYERS, PROVENANCE, VALIDITY
from cim.plugins import Column, Layer, Source
from loaders.recognising.column_names import NAMES, OF_LAYER, UNITS, WORDS

# The project's own defaults: a column that only this layer has, or one that it requires, is evidence enough, if it is that
# much more than the next layer has. A column is taken for a number or a choice where nine values in ten are such.
ENOUGH = 1.0
APART = 1.0
_OF_ITS_OWN = 2.0
_REQUIRED = 1.0
_NOTHING_BESIDES = 1.0
_NAMED = 3.0
_FITTING_SHARE = 0.9
_TOLD = 4  # candidates that a refusal names

_UNIT = re.compile(r"^(.*?)\s*[(（\[【]\s*(.*?)\s*[)）\]】]\s*$")


@dataclass(frozen=True, slots=True)
class Table:
    """What can be seen of a source before anyone says what it is.

    name: of its file or table. geometry: `polygon`, `line`, `point`, or `none`. columns: name -> some values as text.
    stated: target column -> column, as its owner says. constants: target columns that its owner states the value of.
    """

    name: str
    geometry: str
    columns: Mapping[str, Sequence[str]]
    stated: Mapping[str, str] = field(default_factory=dict)
    constants: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a layer fits a table.

    columns: target column -> the table's column, where the names differ. same: columns of one name. left: columns that
    stay as properties. missing: required columns that nothing means. unlike: columns whose names fit, their values not,
    with the reason. why: what speaks for the layer, in words.
    """

    layer: str
    score: float
    columns: Mapping[str, str]
    same: tuple[str, ...]
    left: tuple[str, ...]
    missing: tuple[str, ...]
    unlike: Mapping[str, str]
    why: tuple[str, ...]


def place_columns(columns: Sequence[str]) -> dict[str, str]:
    """The columns that hold a point's two coordinates, {"lon": ..., "lat": ...}; empty where there are no two such.

    >>> place_columns(["id", "经度", "纬度(度)"])
    {'lon': '经度', 'lat': '纬度(度)'}
    >>> place_columns(["id", "x"])
    {}
    """
    found = {}
    for target in ("lon", "lat"):
        named = {_plain(_unit(c)[0]): c for c in reversed(columns)}
        found[target] = next((named[w] for w in map(_plain, (target, *NAMES[target])) if w in named), None)
    return {k: v for k, v in found.items() if v is not None} if all(found.values()) else {}


def fits(table: Table) -> list[Fit]:
    """Every layer of the table's geometry, the best first."""
    same_kind = [layer for layer in LAYERS.values() if layer.geometry == table.geometry]
    found = [_fit(table, layer, same_kind) for layer in same_kind]
    return sorted(found, key=lambda fit: (-fit.score, fit.layer))


def choose(table: Table, layer: str | None = None) -> Fit:
    """The layer that a table is: the one that is stated, or the one that fits clearly best.

    Raises BadInput in one sentence, with the candidates, where none fits or two fit nearly as well.
    """
    if layer is not None:
        return _fit(table, LAYERS[layer], [one for one in LAYERS.values() if one.geometry == table.geometry])
    found = fits(table)
    able = [fit for fit in found if not _lacks_more_than_its_key(fit)]
    if not able or able[0].score < ENOUGH:
        nearly = "; ".join(_nearly(fit) for fit in found[:3]) or f"no layer holds {_geometry(table.geometry)}"
        raise BadInput(
            f"{table.name}: no layer is known by its columns ({_listed(table.columns)}): {nearly}. Say --layer"
        )
    best, *others = able
    near = [fit for fit in others if best.score - fit.score < APART]
    if near:
        names = ", ".join(f"{fit.layer} ({'; '.join(fit.why) or 'its geometry'})" for fit in (best, *near)[:_TOLD])
        names += f" and {len(near) + 1 - _TOLD} more" if len(near) >= _TOLD else ""
        raise BadInput(f"{table.name}: could be one of {names}: it is not guessed at. Say --layer")
    return best


def _fit(table: Table, layer: Layer, rivals: Sequence[Layer]) -> Fit:
    columns, same, unlike, why = {}, [], {}, []
    score = 0.0
    taken = set(table.stated.values())
    if layer.geometry == "point":
        taken |= set(place_columns(list(table.columns)).values())
    for column in _targets(layer):
        found, reason = _meant(column, layer, table, taken)
        if found is None:
            if reason is not None:
                unlike[reason[0]] = reason[1]
            continue
        taken.add(found)
        if found == column.name:
            same.append(found)
        else:
            columns[column.name] = found
        if column.name in (*PROVENANCE, *VALIDITY):
            continue
        weight = _OF_ITS_OWN / max(1, sum(any(c.name == column.name for c in rival.columns) for rival in rivals))
        score += weight + _REQUIRED * (column.required and column.name not in layer.key.split("+"))
        if weight == _OF_ITS_OWN or column.required:
            why.append(f"{found} is its {column.name}" if found != column.name else f"column {found}")
    word = next((w for w in WORDS.get(layer.name, ()) if w in _plain(table.name)), None)
    if word is not None or _plain(layer.title) in _plain(table.name):
        score += _NAMED
        why.append(f"its name says {word or layer.title}")
    missing = tuple(c.name for c in _required(layer) if c.name not in {*columns, *same, *table.constants})
    score -= _OF_ITS_OWN * sum(name not in layer.key.split("+") for name in missing)
    left = tuple(name for name in table.columns if name not in taken)
    score += _NOTHING_BESIDES * (not left and not missing)
    return Fit(layer.name, score, columns, tuple(same), left, missing, unlike, tuple(why))


def _targets(layer: Layer) -> list[Column]:
    """The columns of a layer, those that identify a record first, then what every record says of itself."""
    own = sorted(layer.columns, key=lambda column: column.name not in layer.key.split("+"))
    keyless = [Column(k, "text", k, k, required=True) for k in layer.key.split("+") if k not in {c.name for c in own}]
    return [*keyless, *own, *(Column(name, "any", name, name) for name in (*PROVENANCE, *VALIDITY))]


def _required(layer: Layer) -> list[Column]:
    return [column for column in _targets(layer) if column.required or column.name in layer.key.split("+")]


def _meant(column: Column, layer: Layer, table: Table, taken: set[str]) -> tuple[str | None, tuple[str, str] | None]:
    """The table's column that means a target column, or (None, (column, why its values are not such))."""
    unlike: tuple[str, str] | None = None
    if column.name in table.stated:
        return table.stated[column.name], None
    if column.name in table.columns and column.name not in taken:
        return column.name, None  # nothing is guessed here: what does not fit is judged record by record
    for name in _called(column, layer):
        for there in table.columns:
            head, unit = _unit(there)
            if there in taken or _plain(head) != _plain(name):
                continue
            if unit and column.unit and unit.lower() not in UNITS.get(column.unit, (column.unit,)):
                unlike = (there, f"is in {unit}, {column.name} in {column.unit}")
                continue
            reason = _unfit(column, table.columns[there])
            if reason is None:
                return there, None
            unlike = (there, reason)
    return None, unlike


def _called(column: Column, layer: Layer) -> Iterator[str]:
    """The names of a target column: its own, its titles, those of the layer, those of all layers."""
    if column.kind == "any":
        return
    yield from (column.name, column.title, column.title_en)
    yield from OF_LAYER.get(layer.name, {}).get(column.name, ())
    yield from NAMES.get(column.name, ())


def _unfit(column: Column, values: Sequence[str]) -> str | None:
    """Why values cannot be a column's: as numbers or as one of its choices; None: they can."""
    given = [value.strip() for value in values if value.strip()]
    if not given:
        return None
    if column.choices:
        known = {*column.choices, *(zh for zh, _ in column.words)}
        good = [value for value in given if value in known]
        what = f"one of what {column.name} knows ({', '.join(column.choices[:4])} ...)"
    elif column.kind in ("integer", "real"):
        good = [value for value in given if _is_number(value)]
        what = "a number"
    else:
        return None
    if len(good) >= _FITTING_SHARE * len(given):
        return None
    wrong = next(value for value in given if value not in good)
    return f"holds {wrong[:20]!r}, which is not {what}"


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _unit(name: str) -> tuple[str, str | None]:
    """A heading without the unit in brackets behind it, and that unit.

    >>> _unit("高度（米）"), _unit("height")
    (('高度', '米'), ('height', None))
    """
    match = _UNIT.match(name)
    return (match.group(1), match.group(2)) if match and match.group(1) else (name, None)


def _plain(name: str) -> str:
    """A name without case, width, spaces and signs.

    >>> _plain("Ｂuilding_Levels "), _plain("building:levels")
    ('buildinglevels', 'buildinglevels')
    """
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def _lacks_more_than_its_key(fit: Fit) -> bool:
    return any(name not in LAYERS[fit.layer].key.split("+") for name in fit.missing)


def _nearly(fit: Fit) -> str:
    lacking = f"lacks {', '.join(fit.missing)}" if fit.missing else "has too little that says so"
    return f"{fit.layer} {lacking}"


def _geometry(kind: str) -> str:
    return "records without a place" if kind == "none" else f"{kind}s"


def _listed(columns: Mapping[str, Sequence[str]]) -> str:
    names = list(columns)
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")


def settled(source: Source, fit: Fit, place: Mapping[str, str]) -> Source:
    """The source as it would stand in the city file: with the layer, and the columns that go by other names.

    What its owner states of columns wins.
    """
    named = {k: v for k, v in place.items() if k != v}
    return Source(
        **{name: getattr(source, name) for name in Source.__slots__ if name not in ("layer", "columns")},
        layer=fit.layer,
        columns={**named, **fit.columns, **source.columns},
    )

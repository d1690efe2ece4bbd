"""Which layer of a file that holds several is meant: the one its owner names, or the only one that fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from cim.errors import BadSource
from cim.layers import LAYERS
from cim.plugins import Source

_KINDS = {"polygon": ("polygon", "surface"), "line": ("line", "curve"), "point": ("point",)}


@dataclass(frozen=True, slots=True)
class FileLayer:
    """A layer as its file describes it. geometry: such as `MultiPolygon Z`; None: it has none. records None: not counted."""

    name: str
    geometry: str | None
    records: int | None = None

    def __str__(self) -> str:
        kind = self.geometry or "no geometry"
        return f"{self.name} ({kind}{'' if self.records is None else f', {self.records:,} records'})"


def choose(source: Source, layers: Sequence[FileLayer]) -> FileLayer:
    """The layer to read. Raises BadSource, which lists what there is, where the choice is its owner's."""
    listed = "; ".join(map(str, layers)) or "none"
    if source.table is not None:
        for layer in layers:
            if layer.name == source.table:
                return layer
        raise BadSource(f"{source.location}: no layer {source.table!r}, which the city file names; it has: {listed}")
    if len(layers) == 1:
        return layers[0]
    fitting = [layer for layer in layers if _fits(layer, LAYERS[source.layer].geometry)]
    if len(fitting) == 1:
        return fitting[0]
    raise BadSource(
        f"{source.location}: {len(layers)} layers, {len(fitting)} of which could be {source.layer}; expected exactly "
        f'one: name it, `table = "..."`, in the city file. It has: {listed}'
    )


def _fits(layer: FileLayer, wanted: str) -> bool:
    kind = (layer.geometry or "").lower()
    if wanted == "none":
        return not kind
    return any(word in kind for word in _KINDS.get(wanted, ()))

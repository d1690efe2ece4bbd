"""Materials and textures of one CityJSON geometry: indices into the file's lists as values of their own, one a surface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cim.boundary import PICTURE
from cim.cityjson.nesting import Shells, spread
from cim.cityjson.record import Fault


@dataclass(frozen=True, slots=True)
class Palette:
    """The appearance of a whole file: definitions, and the vertices of textures as [u, v]."""

    materials: Sequence[Any] = ()
    textures: Sequence[Any] = ()
    vertices: Sequence[Any] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, member: Any) -> "Palette":
        """As the `appearance` member of a file or a feature has it; whatever is no list there counts as none, and
        no picture is taken from there."""
        told = member if isinstance(member, dict) else {}
        names = ("materials", "textures", "vertices-texture")
        materials, textures, vertices = (v if isinstance(v := told.get(name), list) else [] for name in names)
        textures = [
            {k: v for k, v in one.items() if k != PICTURE} if isinstance(one, dict) else one for one in textures
        ]
        return cls(materials, textures, vertices, {k: v for k, v in told.items() if k.startswith("default-theme-")})


def appearance(
    geometry: Mapping[str, Any], palette: Palette, kind: str, shells: Shells, sizes: Sequence[Sequence[int]]
) -> dict[str, Any]:
    """What a geometry says of how its surfaces look, with the definitions that it uses.

    sizes: of every surface how many corners each ring has as written. Raises Fault `model_mismatch` where a list is not
    nested as the surfaces are, or an index leads nowhere.
    """
    found: dict[str, Any] = {}
    materials = {
        theme: _materials(told, palette, kind, shells, len(sizes)) for theme, told in _themes(geometry, "material")
    }
    textures = {
        theme: [
            _rings(one, palette, corners)
            for one, corners in zip(spread(_object(told).get("values"), kind, shells, len(sizes)), sizes, strict=True)
        ]
        for theme, told in _themes(geometry, "texture")
    }
    if materials:
        # numbered by first use, so that what is written and read again is the same
        used = list(dict.fromkeys(v for values in materials.values() for v in values if v is not None))
        places = {place: number for number, place in enumerate(used)}
        found["materials"] = [palette.materials[place] for place in used]
        found["material"] = {t: [None if v is None else places[v] for v in vs] for t, vs in materials.items()}
    if textures:
        drawn = [ring for vs in textures.values() for v in vs if v is not None for ring in v if ring is not None]
        used = list(dict.fromkeys(ring[0] for ring in drawn))
        places = {place: number for number, place in enumerate(used)}
        found["textures"] = [palette.textures[place] for place in used]
        for ring in drawn:
            ring[0] = places[ring[0]]
        found["texture"] = textures
    return {**palette.defaults, **found} if found else {}


def _themes(geometry: Mapping[str, Any], what: str) -> list[tuple[str, Any]]:
    return list(_object(geometry.get(what)).items())


def _object(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Fault("model_mismatch", f"a {type(value).__name__} where materials or textures should be")
    return value


def _materials(told: Any, palette: Palette, kind: str, shells: Shells, count: int) -> list[int | None]:
    told = _object(told)
    values = [told["value"]] * count if "value" in told else spread(told.get("values"), kind, shells, count)
    return [None if v is None else _index(v, palette.materials, "material") for v in values]


def _rings(told: Any, palette: Palette, corners: Sequence[int]) -> list[Any] | None:
    """For every ring of a surface None, or [texture, [[u, v], ...]]; None where no ring has one."""
    if told is None:
        return None
    if not isinstance(told, list) or len(told) > len(corners):
        raise Fault("model_mismatch", "textures of more rings than a surface has")
    rings: list[Any] = []
    for one, size in zip(told, corners, strict=False):
        if not isinstance(one, list) or not one or one[0] is None:
            rings.append(None)
            continue
        if len(one) - 1 < size:
            raise Fault("model_mismatch", f"{len(one) - 1} texture vertices for a ring of {size}")
        places = [_index(v, palette.vertices, "texture vertex") for v in one[1 : size + 1]]
        rings.append([_index(one[0], palette.textures, "texture"), [palette.vertices[v] for v in places]])
    rings += [None] * (len(corners) - len(rings))
    return rings if any(ring is not None for ring in rings) else None


def _index(value: Any, listed: Sequence[Any], what: str) -> int:
    if type(value) is not int or not 0 <= value < len(listed):
        raise Fault("model_mismatch", f"{what} {str(value)[:20]} of {len(listed)}")
    return value

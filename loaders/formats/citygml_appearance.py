"""What surfaces of a CityGML building look like: materials and textures, as CityJSON has them, by what they are put on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from loaders.formats.gml_surfaces import Face, local

_NUMBERS = ("ambientIntensity", "shininess", "transparency")
_COLOURS = ("diffuseColor", "emissiveColor", "specularColor")
_TYPES = {"jpeg": "JPG", "jpg": "JPG", "png": "PNG"}

Target = tuple[str, str]
"""theme, id"""


@dataclass(slots=True)
class Looks:
    """Definitions, and by theme and id which material a surface has, and which texture a ring, with its [u, v]."""

    materials: list[dict[str, Any]] = field(default_factory=list)
    textures: list[dict[str, Any]] = field(default_factory=list)
    painted: dict[Target, int] = field(default_factory=dict)
    drawn: dict[Target, tuple[int, list[list[float]]]] = field(default_factory=dict)

    def of(self, faces: Sequence[Face], owners: Sequence[str | None]) -> dict[str, Any]:
        """The appearance of some faces, as a piece has it. owners: the semantic surface that each is of, by its id."""
        found: dict[str, Any] = {}
        for theme in sorted({theme for theme, _ in self.painted}):
            values = [
                next((self.painted[theme, id] for id in (face.id, owner) if id and (theme, id) in self.painted), None)
                for face, owner in zip(faces, owners, strict=True)
            ]
            if any(value is not None for value in values):
                found.setdefault("material", {})[theme] = values
                found["materials"] = self.materials
        for theme in sorted({theme for theme, _ in self.drawn}):
            rings = [self._rings(theme, face) for face in faces]
            if any(one is not None for one in rings):
                found.setdefault("texture", {})[theme] = rings
                found["textures"] = self.textures
        return found

    def _rings(self, theme: str, face: Face) -> list[Any] | None:
        found: list[Any] = []
        for ring, id in zip(face.rings, face.ring_ids or [None] * len(face.rings), strict=True):
            number, places = self.drawn.get((theme, id or ""), (0, []))
            found.append([number, places[: len(ring)]] if len(places) >= len(ring) else None)
        return found if any(one is not None for one in found) else None


def looks(building: Any) -> Looks:
    """Everything that stands in a building's appearances; what cannot be made out is none."""
    found = Looks()
    for appearance in building.iter():
        if local(appearance) != "Appearance":
            continue
        theme = next((one.text.strip() for one in appearance if local(one) == "theme" and one.text), "visual")
        for data in appearance.iter():
            if local(data) == "X3DMaterial":
                _material(data, theme, found)
            elif local(data) == "ParameterizedTexture":
                _texture(data, theme, found)
    return found


def _material(data: Any, theme: str, found: Looks) -> None:
    told: dict[str, Any] = {"name": f"material {len(found.materials)}"}
    for one in data:
        name, text = local(one), (one.text or "").strip()
        numbers = _numbers(text)
        if name == "name" and text:
            told["name"] = text
        elif name == "isSmooth":
            told[name] = text in ("true", "1")
        elif name in _NUMBERS and len(numbers) == 1:
            told[name] = numbers[0]
        elif name in _COLOURS and len(numbers) == 3:
            told[name] = numbers
        elif name == "target":
            found.painted[theme, text.removeprefix("#")] = len(found.materials)
    found.materials.append(told)


def _texture(data: Any, theme: str, found: Looks) -> None:
    texts = {local(one): (one.text or "").strip() for one in data}
    image = texts.get("imageURI", "")
    ending = image.rpartition(".")[2].lower()
    told = {"type": _TYPES.get(ending, "PNG"), "image": image}
    told |= {name: texts[name] for name in ("wrapMode", "textureType") if texts.get(name)}
    for listed in data.iter():
        if local(listed) != "TexCoordList":
            continue
        coordinates = [one for one in listed if local(one) == "textureCoordinates"]
        named = [(one.text or "").strip() for one in listed if local(one) == "ring"]  # 3.0; 2.0 has it as an attribute
        for place, one in enumerate(coordinates):
            ring = one.get("ring") or (named[place] if place < len(named) else "")
            numbers = _numbers(one.text or "")
            pairs = [numbers[k : k + 2] for k in range(0, len(numbers) - 1, 2)]
            found.drawn[theme, ring.removeprefix("#")] = (len(found.textures), pairs)
    found.textures.append(told)


def _numbers(text: str) -> list[float]:
    try:
        return [float(one) for one in text.split()]
    except ValueError:
        return []

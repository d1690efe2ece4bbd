"""What surfaces of CityGML look like: materials and textures, as CityJSON has them, by what they are put on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loaders.formats.gml_surfaces import Face, local

USUAL_THEME = "visual"
"""The theme of an appearance that names none."""

MOST_HELD = 512 << 20
"""About so many bytes of targets and places beside the buildings are held; the project's own bound on memory."""

_EACH = 256  # bytes that one of them takes beside its text
_NUMBERS = ("ambientIntensity", "shininess", "transparency")
_COLOURS = ("diffuseColor", "emissiveColor", "specularColor")
_TYPES = {"jpeg": "JPG", "jpg": "JPG", "png": "PNG"}
_NOT_READ = ("GeoreferencedTexture", "TexCoordGen")

Drawn = tuple[dict[str, Any], str]
"""The definition of a texture, and the places of a ring in it as they are written."""


@dataclass(slots=True)
class Looks:
    """By theme: the material of a surface by its id, and what a ring shows by its own.

    beside: the looks of the whole file, which hold where these say nothing. left: counts what is not read, by its name.
    """

    beside: "Looks | None" = None
    painted: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    drawn: dict[str, dict[str, Drawn]] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    count: int = 0
    held: int = 0

    def of(self, faces: Sequence[Face], around: Sequence[Sequence[str]]) -> dict[str, Any]:
        """The appearance of some faces, as a piece has it. around: ids of what each is in, from the inside outward."""
        found: dict[str, Any] = {}
        for theme in self._themes("painted"):
            told = [self._material(theme, face, ids) for face, ids in zip(faces, around, strict=True)]
            if any(one is not None for one in told):
                numbers = [None if one is None else _number(found, "materials", one) for one in told]
                found.setdefault("material", {})[theme] = numbers
        for theme in self._themes("drawn"):
            rings = [self._rings(theme, face, found) for face in faces]
            if any(one is not None for one in rings):
                found.setdefault("texture", {})[theme] = rings
        return found

    def add(self, theme: str, data: Any) -> None:
        """Take in one surface data of an appearance; what cannot be made out is none."""
        name = local(data)
        if name in _NOT_READ:
            self.left[name] += 1
        elif self.held > MOST_HELD:
            self.left[f"{name} beyond what is held of one file"] += 1
        elif any(local(one) == "isFront" and (one.text or "").strip() in ("false", "0") for one in data):
            self.left[f"{name} of backs"] += 1
        elif name == "X3DMaterial":
            self._add_material(data, theme)
        elif name == "ParameterizedTexture":
            self._add_texture(data, theme)

    def _themes(self, what: str) -> list[str]:
        """Of a kind of looks, here and beside."""
        sides = (self,) if self.beside is None else (self, self.beside)
        return sorted({theme for side in sides for theme in getattr(side, what)})

    def _material(self, theme: str, face: Face, around: Sequence[str]) -> dict[str, Any] | None:
        ids = (face.id or "", *around)
        own = self.painted.get(theme, {})
        found = next((own[id] for id in ids if id in own), None)
        return self.beside._material(theme, face, around) if found is None and self.beside is not None else found

    def _ring(self, theme: str, id: str) -> Drawn | None:
        found = self.drawn.get(theme, {}).get(id)
        return self.beside._ring(theme, id) if found is None and self.beside is not None else found

    def _rings(self, theme: str, face: Face, told: dict[str, Any]) -> list[Any] | None:
        found: list[Any] = []
        for ring, id in zip(face.rings, face.ring_ids or [None] * len(face.rings), strict=True):
            drawn = self._ring(theme, id) if id else None
            places = [] if drawn is None else _pairs(drawn[1])
            if drawn is None or len(places) < len(ring):
                found.append(None)
            else:
                found.append([_number(told, "textures", drawn[0]), places[: len(ring)]])
        return found if any(one is not None for one in found) else None

    def _add_material(self, data: Any, theme: str) -> None:
        told: dict[str, Any] = {"name": f"material {self.count}"}
        self.count += 1
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
                self.painted.setdefault(theme, {})[text.removeprefix("#")] = told
                self.held += _EACH

    def _add_texture(self, data: Any, theme: str) -> None:
        told = _texture({local(one): (one.text or "").strip() for one in data})
        for listed in data.iter():
            kind = local(listed)
            if kind in _NOT_READ:
                self.left[kind] += 1
            if kind != "TexCoordList":
                continue
            coordinates = [one for one in listed if local(one) == "textureCoordinates"]
            named = [(one.text or "").strip() for one in listed if local(one) == "ring"]  # 3.0; before, an attribute
            for place, one in enumerate(coordinates):
                ring = one.get("ring") or (named[place] if place < len(named) else "")
                text = one.text or ""
                self.drawn.setdefault(theme, {})[ring.removeprefix("#")] = (told, text)
                self.held += _EACH + len(text)


def looks(building: Any, beside: Looks) -> Looks:
    """Everything that stands in a building's appearances, before what stands beside all of them."""
    found = Looks(beside, left=beside.left)
    for appearance in building.iter():
        if local(appearance) == "Appearance":
            for theme, data in surface_data(appearance):
                found.add(theme, data)
    return found


def surface_data(appearance: Any) -> Iterator[tuple[str, Any]]:
    """Every surface data of an appearance, with its theme."""
    theme = next((one.text.strip() for one in appearance if local(one) == "theme" and one.text), USUAL_THEME)
    for member in appearance:
        if local(member) in ("surfaceDataMember", "surfaceData"):
            for data in member:
                yield theme, data


def _texture(texts: Mapping[str, str]) -> dict[str, Any]:
    image = texts.get("imageURI", "")
    kind = texts.get("mimeType", "").rpartition("/")[2].lower()
    ending = image.rpartition(".")[2].lower()
    told: dict[str, Any] = {"type": _TYPES.get(kind) or _TYPES.get(ending, "PNG"), "image": image}
    told |= {name: texts[name] for name in ("wrapMode", "textureType") if texts.get(name)}
    border = _numbers(texts.get("borderColor", ""))
    return told | ({"borderColor": border} if len(border) in (3, 4) else {})


def _number(found: dict[str, Any], what: str, definition: dict[str, Any]) -> int:
    """Where a definition stands in what is found; it is added where it does not."""
    listed: list[Any] = found.setdefault(what, [])
    place = next((k for k, one in enumerate(listed) if one is definition), len(listed))
    if place == len(listed):
        listed.append(definition)
    return place


def _pairs(text: str) -> list[list[float]]:
    numbers = _numbers(text)
    return [numbers[k : k + 2] for k in range(0, len(numbers) - 1, 2)]


def _numbers(text: str) -> list[float]:
    try:
        return [float(one) for one in text.split()]
    except ValueError:
        return []

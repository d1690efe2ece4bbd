"""Wavefront OBJ: objects, groups and faces of any number of corners; materials by their base colours."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cim.errors import BadSource
from loaders.formats.mesh_parts import Material, Model, Part, own_corners, refuse_many


@dataclass(slots=True)
class _Reading:
    """What has been read so far; faces by object and material."""

    corners: list[tuple[float, float, float]] = field(default_factory=list)
    faces: dict[tuple[str, str | None], list[tuple[int, ...]]] = field(default_factory=dict)
    name: str = ""
    material: str | None = None
    libraries: list[str] = field(default_factory=list)
    count: int = 0
    textured: bool = False


def read(path: Path) -> Model:
    """The model of a file. A library of materials is read where it lies beside the file, under a plain name; else it is
    passed over. Raises BadSource with the line for what is no OBJ.
    """
    reading = _Reading(name=path.stem)
    for number, words in _lines(path):
        try:
            _take(reading, words, path)
        except (ValueError, IndexError):
            raise BadSource(f"{path}: line {number}: {' '.join(words)[:60]!r} cannot be made out") from None
    materials: dict[str, Material] = {}
    for library in reading.libraries:
        found, textured = _materials(path.parent / library)
        materials |= found
        reading.textured |= textured
    at = np.array(reading.corners, dtype=np.float64).reshape(-1, 3)
    parts = []
    for (name, material), faces in reading.faces.items():
        triangles = np.array([f for f in faces if len(f) == 3], dtype=np.int64).reshape(-1, 3)
        rings = tuple(f for f in faces if len(f) > 3)
        parts.append(own_corners(Part(name, at, triangles, rings, materials.get(material or ""))))
    return Model(tuple(parts), None, textured=reading.textured)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Lines as words, comments left out, those that end in a backslash put together."""
    waiting: list[str] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            words = line.partition("#")[0].split()
            if words and words[-1].endswith("\\"):
                waiting += [*words[:-1], words[-1][:-1]]
                continue
            words, waiting = [word for word in [*waiting, *words] if word], []
            if words:
                yield number, words


def _take(reading: _Reading, words: list[str], path: Path) -> None:
    match words[0]:
        case "v":
            x, y, z = (float(word) for word in words[1:4])
            reading.corners.append((x, y, z))
        case "f":
            reading.count += 1
            refuse_many(reading.count, str(path))
            face = tuple(_corner(word, len(reading.corners)) for word in words[1:])
            if len(face) < 3:
                raise ValueError("a face of fewer than three corners")
            reading.faces.setdefault((reading.name, reading.material), []).append(face)
        case "o" | "g":
            reading.name = " ".join(words[1:]) or path.stem
        case "usemtl":
            reading.material = " ".join(words[1:])
        case "mtllib":
            library = " ".join(words[1:])
            if Path(library).name == library and library not in ("", ".", "..") and "\\" not in library:
                reading.libraries.append(library)  # nothing outside the delivery's own folder is opened


def _corner(word: str, count: int) -> int:
    """Which corner a face names: from 1 on, or backward from the last one."""
    number = int(word.partition("/")[0])
    place = number - 1 if number > 0 else count + number
    if not 0 <= place < count:
        raise ValueError("a corner that is not there")
    return place


def _materials(path: Path) -> tuple[dict[str, Material], bool]:
    """Base colours by name, and whether there are pictures; nothing where the library is not there."""
    found: dict[str, Material] = {}
    textured, name = False, ""
    if path.is_symlink() or not path.is_file():
        return found, False
    for _, words in _lines(path):
        if words[0] == "newmtl":
            name = " ".join(words[1:])
        elif words[0] == "Kd" and len(words) >= 4:
            try:
                red, green, blue = (min(max(float(word), 0.0), 1.0) for word in words[1:4])
            except ValueError:
                continue
            found[name] = (name, (red, green, blue))
        textured |= words[0].lower().startswith("map_")
    return found, textured

"""Wavefront OBJ: objects, groups and faces of any number of corners; materials by their base colours."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cim.errors import BadSource
from cim.types import FloatArray
from loaders.formats.mesh_parts import Material, Model, Part, own_corners, refuse_many
from loaders.formats.pictures import Album, Picture


@dataclass(slots=True)
class _Reading:
    """What has been read so far; faces by object and material."""

    corners: list[tuple[float, float, float]] = field(default_factory=list)
    faces: dict[tuple[str, str | None], list[tuple[int, ...]]] = field(default_factory=dict)
    places: list[tuple[float, float]] = field(default_factory=list)
    drawn: dict[tuple[str, str | None], list[tuple[int, ...]]] = field(default_factory=dict)
    name: str = ""
    material: str | None = None
    libraries: list[str] = field(default_factory=list)
    count: int = 0


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
    told, pictures = dict[str, Material](), dict[str, str]()
    for name in reading.libraries:
        found = library(path.parent, name)
        if found is not None:
            colours, named = materials(found)
            told |= colours
            pictures |= named
    at = np.array(reading.corners, dtype=np.float64).reshape(-1, 3)
    album = Album(path.parent)
    parts = []
    for (name, material), faces in reading.faces.items():
        uri = pictures.get(material or "")
        picture = None if uri is None else album.named(uri)
        if picture is not None and all(reading.drawn[name, material]):
            parts.append(_drawn(reading, (name, material), at, told.get(material or ""), picture))
            continue
        triangles = np.array([f for f in faces if len(f) == 3], dtype=np.int64).reshape(-1, 3)
        rings = tuple(f for f in faces if len(f) > 3)
        parts.append(own_corners(Part(name, at, triangles, rings, told.get(material or ""))))
    return Model(tuple(parts), None, issues=tuple(album.issues))


def _drawn(
    reading: _Reading, which: tuple[str, str | None], at: FloatArray, material: Material | None, picture: Picture
) -> Part:
    """The part of one object that shows a picture: each face with corners of its own."""
    faces, places = reading.faces[which], reading.drawn[which]
    ends = np.cumsum([0, *(len(face) for face in faces)])
    rings = [tuple(range(first, last)) for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    corner = np.array([place for face in faces for place in face], dtype=np.int64)
    uv = np.array(reading.places, dtype=np.float64)[[place for face in places for place in face]]
    triangles = np.array([ring for ring in rings if len(ring) == 3], dtype=np.int64).reshape(-1, 3)
    return Part(which[0], at[corner], triangles, tuple(r for r in rings if len(r) > 3), material, picture, uv)


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
            which = (reading.name, reading.material)
            reading.faces.setdefault(which, []).append(face)
            reading.drawn.setdefault(which, []).append(_places(words[1:], len(reading.places)))
        case "vt":
            reading.places.append((float(words[1]), float(words[2]) if len(words) > 2 else 0.0))
        case "o" | "g":
            reading.name = " ".join(words[1:]) or path.stem
        case "usemtl":
            reading.material = " ".join(words[1:])
        case "mtllib":
            reading.libraries.append(" ".join(words[1:]))


def _corner(word: str, count: int) -> int:
    """Which corner a face names: from 1 on, or backward from the last one."""
    number = int(word.partition("/")[0])
    place = number - 1 if number > 0 else count + number
    if not 0 <= place < count:
        raise ValueError("a corner that is not there")
    return place


def _places(words: list[str], count: int) -> tuple[int, ...]:
    """Which places in the picture a face names, one a corner; none where a corner has none or one that is not there."""
    found = []
    for word in words:
        told = word.split("/")
        number = int(told[1]) if len(told) > 1 and told[1] else 0
        place = number - 1 if number > 0 else count + number
        if number == 0 or not 0 <= place < count:
            return ()
        found.append(place)
    return tuple(found)


def library(folder: Path, name: str) -> Path | None:
    """The library of materials of this name; None where it is not there, or elsewhere than in the model's own folder."""
    if Path(name).name != name or name in ("", ".", "..") or "\\" in name or "\0" in name:
        return None
    path = folder / name
    return None if path.is_symlink() or not path.is_file() else path


def materials(library: Path) -> tuple[dict[str, Material], dict[str, str]]:
    """Base colours and names of pictures by name of material. Raises OSError."""
    colours, pictures, name = dict[str, Material](), dict[str, str](), ""
    for _, words in _lines(library):
        if words[0] == "newmtl":
            name = " ".join(words[1:])
        elif words[0] == "Kd" and len(words) >= 4:
            try:
                red, green, blue = (min(max(float(word), 0.0), 1.0) for word in words[1:4])
            except ValueError:
                continue
            colours[name] = (name, (red, green, blue))
        elif words[0].lower() == "map_kd" and len(words) > 1:
            pictures[name] = words[-1] if words[1].startswith("-") else " ".join(words[1:])
    return colours, pictures

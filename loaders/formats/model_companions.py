"""The files beside a model that its colours and pictures come from, found without reading its bodies."""

import json
import mmap
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

from loaders.formats import obj_parts, pictures
from loaders.formats.mesh_parts import MOST_BYTES

_LIBRARY = re.compile(rb"^[ \t]*mtllib[ \t]+([^\r\n]{1,4096})", re.MULTILINE)
_CITYJSON, _HEAD = b'"CityJSON"', 4096
_IMAGE = re.compile(rb'"image"\s*:\s*("(?:[^"\\\x00-\x1f]|\\.){1,4096}")')
_IMAGE_URI = re.compile(rb"<(?:[\w.-]+:)?imageURI[^<>]*>([^<>]{1,4096})</")
_INIT_FROM = re.compile(rb"<(?:[\w.-]+:)?init_from[^<>]*>([^<>]{1,4096})</")
_GLB_HEAD = 20  # of the file and of its first chunk, which is its JSON (glTF 2.0, 4.4)


def companions(path: Path) -> tuple[Path, ...]:
    """The libraries of an OBJ and the pictures that they, or another model, name; those that are there and would be read.

    None of a file of another ending, nor of one that is spoilt: its reader says so. Raises OSError.
    """
    ending = path.suffix.lower()
    size = path.stat().st_size if ending in _FINDERS else 0
    if size == 0 or (ending in _MESHES and size > MOST_BYTES):
        return ()
    return tuple(dict.fromkeys(_FINDERS[ending](path)))


def _of_obj(path: Path) -> Iterator[Path]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        told = [found[1].decode("utf-8", "replace").partition("#")[0] for found in _LIBRARY.finditer(data)]
    for words in told:
        library = obj_parts.library(path.parent, " ".join(words.split()))
        if library is not None:
            yield library
            yield from _there(path.parent, obj_parts.materials(library)[1].values())


def _of_gltf(path: Path) -> Iterator[Path]:
    with path.open("rb") as file:
        head = file.read(_GLB_HEAD)
        is_binary = head.startswith(b"glTF")
        text = file.read(struct.unpack_from("<I", head.ljust(_GLB_HEAD, b"\0"), 12)[0]) if is_binary else b""
        text = text if is_binary else head + file.read()
    try:
        header = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return
    images: Any = header.get("images") if isinstance(header, dict) else None
    some = [image for image in images if isinstance(image, dict)] if isinstance(images, list) else []
    yield from _there(path.parent, [str(image["uri"]) for image in some if "uri" in image])


def _of_cityjson(path: Path) -> Iterator[Path]:
    """Of a document or a sequence: whatever is an `image` in it, for its textures may stand anywhere."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if _CITYJSON not in data[:_HEAD] and not path.name.lower().endswith((".city.json", ".city.jsonl")):
            return
        yield from _there(
            path.parent, _first((_spelt(found[1]) for found in _IMAGE.finditer(data)), pictures.MOST_OF_CITY)
        )


def _in_xml(path: Path, named: "re.Pattern[bytes]", most: int) -> Iterator[Path]:
    """Of a file whose encoding has ASCII as it is: what stands in elements of one name."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        names = (unescape(found[1].decode("utf-8", "replace")) for found in named.finditer(data))
        yield from _there(path.parent, _first(names, most))


def _of_citygml(path: Path) -> Iterator[Path]:
    return _in_xml(path, _IMAGE_URI, pictures.MOST_OF_CITY)


def _of_collada(path: Path) -> Iterator[Path]:
    return _in_xml(path, _INIT_FROM, pictures.MOST_PICTURES)


def _spelt(text: bytes) -> str:
    """A text of JSON without its quotes and escapes; nothing of one that is spoilt."""
    try:
        return str(json.loads(text))
    except ValueError:
        return ""


def _first(names: Iterable[str], most: int) -> list[str]:
    """As many different names as a model has pictures at the most."""
    found: dict[str, None] = {}
    for name in names:
        found[name.strip()] = None
        if len(found) == most:
            break
    return list(found)


def _there(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        found = None if name.startswith("data:") else pictures.beside(folder, name)
        if found is not None:
            yield found


_MESHES: Mapping[str, Callable[[Path], Iterator[Path]]] = {
    ".obj": _of_obj,
    ".gltf": _of_gltf,
    ".glb": _of_gltf,
    ".dae": _of_collada,
}
_FINDERS = {
    **_MESHES,
    **dict.fromkeys((".json", ".jsonl", ".cityjsonseq"), _of_cityjson),
    **dict.fromkeys((".gml", ".xml", ".citygml"), _of_citygml),
}

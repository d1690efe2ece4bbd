"""CityJSONSeq: a header, then a building a line with its own vertices and appearance."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson
import pyarrow as pa

from cim.cityjson.exactness import Steps, whole_numbers
from cim.cityjson.writing import VERSION, Paints
from cim.exports.sheet import Loss, Sheet
from cim.exports.sheet import Written as Made
from cim.exports.targets.cityjson import OPTIONS, Building, buildings, is_degrees, metadata, transform


@dataclass(frozen=True, slots=True)
class CityJsonSeq:
    """The format. Buildings wait in a file beside it until the steps of the header's transform are known."""

    name: str = "cityjsonseq"
    title: str = "CityJSONSeq"
    suffix: str = ".city.jsonl"
    encodings: tuple[str, ...] = ("utf-8",)

    def write(self, sheet: Sheet, batches: Iterator[pa.RecordBatch], path: str, lose: Callable[[Loss], None]) -> Made:
        """One file, in memory that grows with its ids alone."""
        steps, names = None, set[str]()
        with tempfile.TemporaryFile(dir=Path(path).parent) as waiting, Path(path).open("wb") as file:
            for one in buildings(batches, lose):
                line, vertices = _feature(one, names)
                steps = Steps.near(vertices, degrees=is_degrees(sheet)) if steps is None else steps
                steps.see(vertices)
                waiting.write(len(line).to_bytes(8, "big") + len(vertices).to_bytes(8, "big") + line)
                waiting.write(np.ascontiguousarray(vertices, dtype=np.float64).tobytes())
            steps = Steps.near(np.zeros((0, 3))) if steps is None else steps
            head = {"type": "CityJSON", "version": VERSION, "metadata": metadata(sheet), "transform": transform(steps)}
            file.write(orjson.dumps({**head, "CityObjects": {}, "vertices": []}) + b"\n")
            _copy(waiting, file, steps)
        return Made((path,))


CITYJSONSEQ = CityJsonSeq()


def _feature(one: Building, names: set[str]) -> tuple[bytes, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]:
    """A line that lacks its vertices and its last brace, and the vertices (n, 3)."""
    paints = Paints()
    written = one.written(names, paints)
    told = {"type": "CityJSONFeature", "id": next(iter(written.objects)), "CityObjects": written.objects}
    if paints.member():
        told["appearance"] = paints.member()
    return orjson.dumps(told, option=OPTIONS)[:-1], written.vertices


def _copy(waiting: BinaryIO, file: BinaryIO, steps: Steps) -> None:
    """The lines, now that it is known in which steps their vertices are written."""
    waiting.seek(0)
    chosen = steps.chosen()
    while head := waiting.read(16):
        line = waiting.read(int.from_bytes(head[:8], "big"))
        xyz = np.frombuffer(waiting.read(24 * int.from_bytes(head[8:], "big")), dtype=np.float64).reshape(-1, 3)
        file.write(line + b',"vertices":' + orjson.dumps(whole_numbers(xyz, chosen, steps.origin)) + b"}\n")

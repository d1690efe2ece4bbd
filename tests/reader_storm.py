"""Damaged files in numbers: bytes flipped, cut, doubled and blanked, in files of every format that deliveries come in.

Run alone (`python -m tests.reader_storm FOLDER SEED ROUNDS`), so that a reader which kills its process kills this one:
each round must end in records or in one of the project's own errors, within its time and memory.
"""

import random
import resource
import sys
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl

from cim.city import Intake
from cim.errors import BadInput
from cim.plugins import Batch, Source
from cim.types import Box, silent
from loaders.delivery import archives
from loaders.delivery.files import recognise
from loaders.sources import point_cloud
from tests.las_files import slope, write_las, write_with_keys

_LONGEST_S = 20.0
_MOST_BYTES = 6 << 30
_CITY = (Box(112.57, 39.04, 114.57, 40.74), "EPSG:4547")

Change = Callable[[random.Random, bytearray], None]


def _flip(draw: random.Random, content: bytearray) -> None:
    for _ in range(draw.choice((1, 1, 2, 8, 40))):
        content[draw.randrange(len(content))] = draw.randrange(256)


def _flip_head(draw: random.Random, content: bytearray) -> None:
    for _ in range(draw.choice((1, 2, 4))):
        content[draw.randrange(min(500, len(content)))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))


def _flip_tail(draw: random.Random, content: bytearray) -> None:
    for _ in range(draw.choice((1, 2, 4))):
        content[-1 - draw.randrange(min(200, len(content)))] = draw.choice((0, 0x7F, 0xFF, draw.randrange(256)))


def _cut(draw: random.Random, content: bytearray) -> None:
    del content[draw.randrange(1, len(content)) :]


def _double(draw: random.Random, content: bytearray) -> None:
    at = draw.randrange(len(content))
    content[at:at] = content[at : at + draw.randrange(1, 300)]


def _blank(draw: random.Random, content: bytearray) -> None:
    at, length = draw.randrange(len(content)), draw.randrange(1, 200)
    content[at : at + length] = bytes([draw.choice((0, 0xFF, 0x22, 0x3C))]) * len(content[at : at + length])


CHANGES: tuple[Change, ...] = (_flip, _flip, _flip_head, _flip_tail, _cut, _double, _blank)


def seeds(folder: Path) -> list[Path]:
    """Whole files, one or more of each format."""
    xyz, classes = slope(400)
    lines = [f'k{i},"鼓楼 ""{i}""",{113.28 + i / 1000},40.09' for i in range(60)]
    text = "\n".join(["id,name,lon,lat", *lines])
    (folder / "a.csv").write_text(text, encoding="utf-8")
    (folder / "b.csv").write_bytes(text.replace(",", ";").encode("gbk"))
    book = openpyxl.Workbook()
    book.active.append(["大同市"])
    for line in text.splitlines():
        book.active.append(line.split(","))
    book.active.merge_cells("A1:D1")
    book.active.merge_cells("B5:B9")
    book.create_sheet("旧").sheet_state = "hidden"
    book.save(folder / "c.xlsx")
    made = [
        write_las(folder / f"d{f}.{ending}", xyz, classes, crs="EPSG:4547", point_format=f)
        for f in (1, 6) for ending in ("las", "laz")
    ]  # fmt: skip
    made.append(write_with_keys(folder / "e.las", xyz, classes, 4547))
    with zipfile.ZipFile(folder / "f.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "a.csv", "地标/a.csv")
        archive.writestr("b.csv", text)
    return [folder / name for name in ("a.csv", "b.csv", "c.xlsx", "f.zip")] + made


def damaged(draw: random.Random, path: Path, folder: Path) -> Path:
    """A copy that is spoilt: its bytes, or (of a workbook, every other time) those of one of its parts."""
    target = folder / f"spoilt{path.suffix}"
    if path.suffix == ".xlsx" and draw.random() < 0.7:
        with zipfile.ZipFile(path) as archive:
            parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
        name = draw.choice([n for n in parts if n.startswith(("xl/w", "xl/s", "xl/_", "_"))])
        draw.choice(CHANGES)(draw, parts[name])
        with zipfile.ZipFile(target, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, bytes(content))
        return target
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice((1, 1, 1, 3))):
        if content:
            draw.choice(CHANGES)(draw, content)
    target.write_bytes(bytes(content))
    return target


def read(path: Path, folder: Path) -> str:
    """What became of a file: `read`, or the code of the error."""
    source = Source(
        str(path), "landmarks", crs="EPSG:4326", city=_CITY, encoding="gbk" if path.name[0] == "b" else None
    )
    try:
        if path.suffix == ".zip":
            target = folder / "unpacked"
            archives.unpack(path, target, Intake(max_bytes=50 << 20), silent)
            _remove(target)
        elif path.suffix in (".las", ".laz"):
            source = replace(source, layer="point_clouds", crs=None)
            (cloud,) = recognise(path).read(source)
            assert sum(len(c.xyz) for c in point_cloud.points(source)) <= cloud.count  # type: ignore[union-attr]
        else:
            for batch in recognise(path).read(source):
                assert isinstance(batch, Batch)
                assert batch.frame.index.is_monotonic_increasing
    except BadInput as error:
        assert str(path.name) in str(error) or "CRS" in str(error), error
        return error.code
    return "read"


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def storm(folder: Path, seed: int, rounds: int) -> Iterator[tuple[str, str]]:
    """(ending, what became of it) for each round. Raises whatever a reader throws, with the file left in the folder."""
    draw = random.Random(seed)
    whole = seeds(folder)
    for number in range(rounds):
        path = whole[number % len(whole)]
        spoilt = damaged(draw, path, folder)
        began = time.monotonic()
        fate = read(spoilt, folder)
        assert time.monotonic() - began < _LONGEST_S, f"round {number}: {spoilt} takes too long"
        yield spoilt.suffix, fate


def main(folder: Path, seed: int, rounds: int) -> None:
    """Print how many of each ending became what."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    counts = Counter(storm(folder, seed, rounds))
    for (ending, fate), count in sorted(counts.items()):
        sys.stdout.write(f"{ending} {fate} {count}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

"""Line `load.addresses`: addresses in all ways of writing, read into parts and tied to buildings; jionlp is the rival."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from cim.address.parse import parse
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import address_links
from cim.store.db import Database
from cim.types import silent
from loaders import pipeline
from loaders.addressing.address_links import renew
from tests.address_tables import FOLDER, gazetteer, labelled
from tests.bench import footprints, placed_addresses, rivals
from tests.bench.ground import CHECKOUT, Ground, city, rows
from tests.bench.line import Figure, Invalid, Line
from tests.bench.program import timed

FULL = 200_000
LEAST_RIGHT = 0.95
_RIVALS_SHARE = 1_000


def measure(ground: Ground) -> Figure:
    """Records a second, reading and tying one after the other. Invalid where fewer than 95 % are exactly right."""
    count = ground.size(FULL)
    path = placed_addresses.kept(ground.files, count)
    _, said = timed([sys.executable, "-m", "tests.bench.address_reading", str(path)])
    found = json.loads(said)
    if found["read"] != count or found["right"] < LEAST_RIGHT * count:
        raise Invalid(f"{count:,} addresses, {found['read']:,} read, {found['right']:,} exactly right")
    tying = _tied(ground, path, count)
    ground.note(
        f"  read in {found['seconds']:.1f} s ({found['right'] / count:.2%} exactly right), tied in {tying:.1f} s"
    )
    _judge_labelled(ground)
    rate = count / (found["seconds"] + tying)
    rival = _rival(ground)
    return Figure(rate, "jionlp", rival)


def _tied(ground: Ground, path: Path, count: int) -> float:
    """Seconds to tie all addresses to as many footprints in a store, checked against the places they were made for."""
    with ground.database() as url:
        database = Database(url)
        houses = footprints.kept(ground.files, count)
        named = NamedSource("buildings", Source(str(houses), "buildings", constants={"cim_level": "L2", "lod": 1.0}))
        pipeline.load(database, named, houses, city(), silent, time.monotonic)
        points = Source(str(path), "addresses", crs=placed_addresses.CRS, columns={"lon": "x", "lat": "y"})
        pipeline.load(database, NamedSource("addresses", points), path, city(), silent, time.monotonic)
        ((id,),) = rows(url, "SELECT id FROM cim.dataset WHERE name = 'addresses'")
        began = time.perf_counter()
        with database.begin() as connection:
            address_links.of_dataset(connection, id)
            tied = sum(renew(connection, city().limits.address_reach_m).values())
        seconds = time.perf_counter() - began
        ((own,),) = rows(
            url,
            """SELECT count(*) FROM cim.address_link l
               JOIN cim.object a ON a.id = l.address_id JOIN cim.object b ON b.id = l.building_id
               WHERE substr(a.source_key, 2) = substr(b.source_key, 2)""",
        )
        database.close()
    if tied != count or own < 0.9 * count:
        raise Invalid(f"{count:,} addresses, {tied:,} tied, {own:,} to the building they were placed in")
    return seconds


def _judge_labelled(ground: Ground) -> None:
    """Say how many of the labelled addresses are exactly right, where the real table of divisions is."""
    shared = Path(os.environ.get("CIM_SHARED", CHECKOUT.parent / "shared")) / "data"
    if not shared.is_dir():
        return
    table = gazetteer(shared)
    for half in sorted(FOLDER.glob("*.tsv")):
        told = labelled(half)
        right = 0
        for row in told:
            parsed = parse(row["text"], table)
            said = {part: getattr(parsed.address, part) for part in parsed.address.__slots__}
            right += all(row[part] == value for part, value in {**said, "division": parsed.division}.items())
        ground.note(f"  {half.name}: {right} of {len(told)} labelled addresses exactly right")
        if right < LEAST_RIGHT * len(told):
            raise Invalid(f"{half.name}: {right} of {len(told)} labelled addresses exactly right")


def _rival(ground: Ground) -> float | None:
    """jionlp's texts a second over the first of the same file; how much of the labelled counties and towns it gets."""
    program = rivals.python_with("jionlp")
    if program is None:
        rivals.missing(ground, "jionlp")
        return None
    texts = [said.text for said, _, _ in placed_addresses.placed(_RIVALS_SHARE)]
    told = [row for half in sorted(FOLDER.glob("*.tsv")) for row in labelled(half)]
    seconds, _ = _jionlp(program, texts)
    _, read = _jionlp(program, [row["text"] for row in told])
    right = sum([row["county"], row["town"]] == said for row, said in zip(told, read, strict=True))
    ground.note(
        f"  jionlp: {len(texts)} texts in {seconds:.1f} s; county and town right in {right} of {len(told)} labelled"
    )
    return len(texts) / seconds


def _jionlp(program: str, texts: list[str]) -> tuple[float, list[list[str]]]:
    script = str(Path(__file__).resolve().parents[1] / "jionlp_reading.py")
    done = subprocess.run([program, script], input=json.dumps(texts), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Invalid(f"jionlp: {(done.stderr.strip().splitlines() or ['it left no word'])[-1]}")
    said = json.loads(done.stdout[done.stdout.index('{"seconds"') :])
    return float(said["seconds"]), said["read"]


LINE = Line(
    name="load.addresses",
    unit="records/s",
    what="CSV of 200,000 addresses in all writings -> parts, division, building; at least 95 % exactly right",
    measure=measure,
    at_least=20_000,
)

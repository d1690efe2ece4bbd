"""The made city of addresses in a database, and somebody who asks a server about it over one connection."""

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.db import Database
from cim.types import silent
from loaders import pipeline
from tests.bench import addresses
from tests.bench.addresses import FULL, Record
from tests.bench.ground import Ground, city, execute, rows
from tests.bench.line import Invalid

_WARM = 30  # first questions that do not count: connections, plans, the projection's grid


@dataclass(frozen=True, slots=True)
class AddressCity:
    """A loaded database, all its records, and how fast its addresses came in (records/s, reading included)."""

    url: str
    records: Sequence[Record]
    rate: float


@contextmanager
def loaded(ground: Ground) -> Iterator[AddressCity]:
    """The divisions, then the addresses, loaded as `cim load` does it, counted and vacuumed."""
    records = list(addresses.records(ground.size(FULL)))
    with ground.database() as url:
        with closing(Database(url)) as database:
            for layer, write in (
                ("division_codes", addresses.write_divisions),
                ("divisions", addresses.write_outlines),
            ):
                path = ground.files / f"{layer}.{'csv' if layer == 'division_codes' else 'geojson'}"
                write(path)
                _load(database, layer, path)
            path = ground.files / f"addresses-{len(records)}.csv"
            if not path.exists():
                addresses.write(path, len(records))
            began = time.perf_counter()
            _load(database, "addresses", path)
            rate = len(records) / (time.perf_counter() - began)
        ((held,),) = rows(url, "SELECT count(*) FROM cim.place WHERE layer = 'addresses'")
        if held != len(records):
            raise Invalid(f"{len(records):,} addresses delivered, {held:,} can be found")
        execute(url, "VACUUM ANALYZE cim.place")
        ground.settle()
        ground.note(f"  {held:,} addresses loaded at {rate:,.0f} records/s")
        yield AddressCity(url, records, rate)


def _load(database: Database, layer: str, path: Path) -> None:
    source = Source(str(path), layer, crs="EPSG:4326", encoding="utf-8")
    report = pipeline.load(database, NamedSource(layer, source), path, city(), silent, time.monotonic)
    if report.rejected:
        raise Invalid(f"{layer}: {report.rejected:,} records refused: {dict(report.codes)}")


class Asker:
    """One client with one connection; what it asked took `seconds` each, the first ones apart."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._asked = 0
        self.seconds: list[float] = []

    def ask(self, door: str, **values: Any) -> dict[str, Any]:
        """The answer of a door. Raises Invalid for anything but 200."""
        target = f"{door}?{urlencode(values)}"
        began = time.perf_counter()
        self._connection.request("GET", target)
        answer = self._connection.getresponse()
        body = answer.read()
        taken = time.perf_counter() - began
        if answer.status != 200:
            raise Invalid(f"{target}: {answer.status} {body[:200]!r}")
        self._asked += 1
        if self._asked > _WARM:
            self.seconds.append(taken)
        found: dict[str, Any] = json.loads(body)
        return found

    def percentile_ms(self, share: float) -> float:
        """So much of what was asked took no longer, in milliseconds."""
        return float(np.percentile(self.seconds, share)) * 1e3

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

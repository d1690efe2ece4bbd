"""One export in a process of its own, as `cim export` does it: its seconds, its peak memory, how many records."""

import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from cim.exports import package
from cim.exports.order import Order
from cim.store.db import Database
from cim.types import silent
from tests.bench.ground import city


def main(url: str, format: str, to: str) -> None:
    """Export the buildings; prints one JSON object."""
    database = Database(url)
    began = time.monotonic()
    order = Order(layers=("buildings",), formats=(format,))
    told = package.write(
        database, city(), order, Path(to), silent, clock=lambda: datetime.now(UTC), software="benchmark"
    )
    seconds = time.monotonic() - began
    database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"seconds": seconds, "peak_mib": peak, "records": told.entries[0].records}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

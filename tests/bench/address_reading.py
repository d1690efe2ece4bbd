"""Reading addresses in a process of its own: its seconds from the file to their parts, and how many are exactly right."""

import csv
import json
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from loaders.addressing.address_readers import Readers
from tests.bench import placed_addresses

_BATCH = 20_000


def main(arguments: Sequence[str]) -> None:
    """The process: the file of addresses. Says {"seconds", "read", "right"}; judging is not timed."""
    path = Path(arguments[0])
    seconds, read, right = 0.0, 0, 0
    table = placed_addresses.gazetteer()
    with path.open(encoding="utf-8", newline="") as file, Readers(table) as readers:
        lines = csv.reader(file)
        next(lines)
        truth = placed_addresses.placed(placed_addresses.count_of(path))
        while True:
            began = time.perf_counter()
            texts = [line[1] for line in islice(lines, _BATCH)]
            parsed = readers.read(texts)
            seconds += time.perf_counter() - began
            if not texts:
                break
            read += len(texts)
            for one, (said, _, _) in zip(parsed, truth, strict=False):
                right += (one.address, one.division) == (said.address, said.division)
    sys.stdout.write(json.dumps({"seconds": seconds, "read": read, "right": right}))


if __name__ == "__main__":
    main(sys.argv[1:])

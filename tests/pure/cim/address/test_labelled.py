"""The parser over the labelled addresses: all parts and the division exactly right; every half that lies there is judged."""

import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from cim.address.parse import parse
from tests.address_tables import FOLDER, gazetteer, labelled

LEAST = 0.95


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.tsv")), ids=lambda path: path.stem)
def test_labelled_addresses_are_read_as_a_careful_reader_reads_them(path: Path, shared: Path) -> None:
    table = gazetteer(shared)
    rows = labelled(path)
    wrong = []
    for row in rows:
        parsed = parse(row["text"], table)
        read = {**asdict(parsed.address), "division": parsed.division}
        amiss = {part: (value, row[part]) for part, value in read.items() if value != row[part]}
        if amiss:
            wrong.append(f"{row['id']} {row['kind']} {row['text']}: {amiss} (read, labelled)")
    sys.stdout.write("\n".join(wrong))
    assert len(wrong) <= (1 - LEAST) * len(rows), "\n".join(wrong)

"""Boxes of staged records, read page by page: in the order of their rows, whatever order the pages come in."""

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from cim.store import staged

pytestmark = pytest.mark.db


def test_boxes_come_by_rising_rows_and_hold_their_shapes(database, monkeypatch) -> None:
    monkeypatch.setattr(staged, "_PAGE", 3)
    rows = np.random.default_rng(5).permutation(40) + 1
    with database.begin() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE staging (source_row int8, geom geometry) ON COMMIT DROP"))
        for row in rows.tolist():
            shape = None if row == 7 else shapely.box(439_000.3 + row, 4_440_000.3, 439_002.7 + row, 4_440_009.1)
            wkb = None if shape is None else shapely.Polygon().wkb if row == 9 else shape.wkb
            connection.execute(
                text("INSERT INTO staging VALUES (:row, ST_GeomFromWKB(:wkb))"), {"row": row, "wkb": wkb}
            )
        found, boxes = staged.boxes(connection)
    expected = np.array([row for row in range(1, 41) if row not in (7, 9)])
    assert found.tolist() == expected.tolist()
    true = np.column_stack([expected - 0.7, 0.0 * expected + 0.3, expected + 1.7, 0.0 * expected + 9.1])
    assert ((boxes - true) * [-1, -1, 1, 1] >= -1e-9).all()
    assert np.abs(boxes - true).max() < 1e-3

"""What the model remembers, across datasets: what every commit touched, and where sources say different things."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.deps import STRICT, Db
from api.limits import MOST_ID
from api.responses import Json
from cim.fusion.conflict import CODES
from cim.store import changes, identity

router = APIRouter(tags=["memory"], dependencies=[STRICT])
_MOST = 10_000


@router.get("/changes")
def change_feed(
    db: Db,
    after: Annotated[
        int, Query(ge=0, le=MOST_ID, description="the last id you have seen; 0 begins with the first")
    ] = 0,
    layer: Annotated[str | None, Query(description="only of this layer")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 1_000,
) -> Json:
    """变更流:每次提交触及的要素和网格单元,按提交顺序。What every commit touched, in the order of commits: object ids and
    the keys of 64 m grid cells. Ask again with the last id. `cells` null: everything may have changed.
    `reach`: the EPSG:3857 box round all that was touched, before and after.
    """
    with db.begin() as connection:
        found = changes.since(connection, after, layers=None if layer is None else [layer], limit=limit)
        newest = changes.newest(connection)
    return Json({"changes": [asdict(one) for one in found], "newest": newest})


@router.get("/conflicts")
def conflicts(
    db: Db,
    after: Annotated[int, Query(ge=0, le=MOST_ID, description="the last building id you have seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 100,
    code: Annotated[
        Literal[CODES] | None,  # type: ignore[valid-type]
        Query(description="only buildings with a conflict of this kind"),
    ] = None,
) -> Json:
    """来源冲突:多个来源说法不一的建筑,每个属性由谁胜出及理由。Buildings whose sources say different things: who won each
    attribute, over whom, why, and of what kind (code) it is; ascending id.
    """
    with db.begin() as connection:
        return Json({"conflicts": identity.conflicts(connection, after=after, limit=limit, code=code)})

"""/catalogue/{dataset}/versions/{id}/quarantine: the records that a version did not let in, whole, with the reasons."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.deps import STRICT, Db
from api.disclosure import without_folders
from api.limits import Id, LastId, Text
from api.links import link, segment
from api.responses import Json
from cim.store import catalogue, quarantine

router = APIRouter(prefix="/catalogue", tags=["catalogue"], dependencies=[STRICT])


@router.get("/{dataset}/versions/{id}/quarantine")
def records(
    request: Request,
    db: Db,
    dataset: str,
    id: Id,
    code: Annotated[Text | None, Query(description="only records that were set aside for this reason")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    after: LastId = None,
) -> Json:
    """搁置的记录,附行号与原因 / The records that a version set aside, whole as they came. Each has its row, codes, reason,
    and the record with its geometry as WKT in the CRS of the delivery; no GeoJSON, for many are here because they have no
    sound place. `resolved_in`: the version that let a record in after all.
    """
    with db.begin() as connection:
        held = catalogue.version(connection, dataset, id)
        found = quarantine.page(connection, id, code=code, after=after, limit=limit + 1)
        matched = quarantine.count(connection, id, code=code)
    base = f"{request.base_url}catalogue/{segment(dataset)}/versions/{id}"
    links = [link("self", str(request.url), "this page"), link("version", base, "the version")]
    if len(found) > limit:
        following = request.url.include_query_params(after=found[limit - 1].id)
        links.append(link("next", str(following), "the records behind these"))
    location = [str(held["location"])]
    told = [asdict(one) | {"reason": without_folders(one.reason, location)} for one in found[:limit]]
    counts = {"numberMatched": matched, "numberReturned": len(told)}
    return Json({"dataset": dataset, "version": id, "crs": held["crs"], **counts, "records": told, "links": links})

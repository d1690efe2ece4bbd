"""Two sources that say different things of one building: of what, who stands, why, and the code it is counted by. Pure."""

from dataclasses import dataclass
from typing import Any

from cim.fusion.claims import ROOF

HEIGHT_KEPT = "fused_storeys_against_height"
HEIGHT_RECKONED = "fused_height_reckoned"
YEAR_OUTSIDE = "fused_year_outside_era"

_OTHER = "sources_differ_property"
_CODES = {
    "name": "sources_differ_name",
    "address": "sources_differ_address",
    "use": "sources_differ_use",
    "storeys": "sources_differ_storeys",
    "year": "sources_differ_year",
    **dict.fromkeys(("height_m", "eaves_m", "base_m"), "sources_differ_height"),
    **dict.fromkeys(ROOF, "sources_differ_roof"),
    **dict.fromkeys(("era", "protection_grade"), "sources_differ_protection"),
    "footprint": "sources_differ_footprint",
}

CODES = (*dict.fromkeys(_CODES.values()), _OTHER, HEIGHT_KEPT, HEIGHT_RECKONED, YEAR_OUTSIDE)
"""Every code of a conflict, in the order of the page on fusion."""


@dataclass(frozen=True, slots=True)
class Said:
    """A value and the dataset that states it; of a footprint its area, square metres."""

    dataset: str
    value: Any


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sources know different values of an attribute; `why` the one won. code: one of `CODES`.

    against: the attribute of `lost`, where it is another one than that of `won`: they do not fit each other, and both stand.
    """

    attribute: str
    won: Said
    lost: Said
    why: str
    code: str
    against: str | None = None


def code_of(attribute: str) -> str:
    """The code of a conflict over one attribute.

    >>> code_of("eaves_m"), code_of("owner")
    ('sources_differ_height', 'sources_differ_property')
    """
    return _CODES.get(attribute, _OTHER)

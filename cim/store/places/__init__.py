"""Places: what people look for by name, address, pinyin or a point."""

from cim.store.places.nearby import KINDS, RADIUS_M, Nearby, nearby, reverse
from cim.store.places.records import Place, publish, respell, restorable, stage
from cim.store.places.search import Found, Geocoder, answer, search

__all__ = [
    "KINDS",
    "RADIUS_M",
    "Found",
    "Geocoder",
    "Nearby",
    "Place",
    "answer",
    "nearby",
    "publish",
    "respell",
    "restorable",
    "reverse",
    "search",
    "stage",
]

"""Places: what people look for by name, address, pinyin or a point."""

from cim.store.places.nearby import KINDS, RADIUS_M, Nearby, nearby, reverse
from cim.store.places.records import Place, publish, respell, restorable, stage
from cim.store.places.search import Found, answer, geocode, search

__all__ = [
    "KINDS",
    "RADIUS_M",
    "Found",
    "Nearby",
    "Place",
    "answer",
    "geocode",
    "nearby",
    "publish",
    "respell",
    "restorable",
    "reverse",
    "search",
    "stage",
]

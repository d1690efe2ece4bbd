"""Places: what people look for by name, address, pinyin or a point."""

from cim.store.places.nearby import reverse
from cim.store.places.records import Place, publish, respell, restorable, stage
from cim.store.places.search import Found, geocode, search

__all__ = ["Found", "Place", "geocode", "publish", "respell", "restorable", "reverse", "search", "stage"]

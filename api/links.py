"""Links in answers: where to go on from here."""

from urllib.parse import quote


def link(rel: str, href: str, title: str, media_type: str = "application/json") -> dict[str, str]:
    """One link, as OGC API and STAC write it."""
    return {"rel": rel, "href": href, "type": media_type, "title": title}


def segment(name: object) -> str:
    """A name as one segment of an address.

    >>> segment("道路/1")
    '%E9%81%93%E8%B7%AF%2F1'
    """
    return quote(str(name), safe="")

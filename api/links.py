"""Links in answers: where to go on from here."""

import re
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


def attachment(name: str) -> str:
    """Content-Disposition of a file with this name: in ASCII first, for those that read nothing else (curl), then whole.

    >>> print(attachment("roads-v8.zip"))
    attachment; filename="roads-v8.zip"; filename*=UTF-8''roads-v8.zip
    >>> print(attachment("道路 1.gpkg"))
    attachment; filename="__ 1.gpkg"; filename*=UTF-8''%E9%81%93%E8%B7%AF%201.gpkg
    """
    plain = re.sub(r"[^\w. -]", "_", name, flags=re.ASCII)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{segment(name)}"  # RFC 6266, appendix D

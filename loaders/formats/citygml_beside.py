"""The looks that stand beside the buildings of a CityGML file, read before those: they may stand behind them."""

import mmap
from pathlib import Path

from lxml import etree

from loaders.formats.citygml_appearance import USUAL_THEME, Looks
from loaders.formats.gml_links import APPEARANCES, events, forget
from loaders.formats.gml_surfaces import local


def looks_beside(path: Path) -> Looks:
    """What the appearances at the model's own level say; nothing of a file without, which is not parsed for it.

    What stands before the place where a file breaks off is kept. Raises OSError, and BadSource for a document type.
    """
    found = Looks()
    if not _has_any(path):
        return found
    try:
        with path.open("rb") as file:
            depth, inside, theme = 0, False, USUAL_THEME
            for event, element in events(file, str(path)):
                if event == "start":
                    depth += 1
                    inside = local(element) == APPEARANCES if depth == 2 else inside
                    theme = USUAL_THEME if depth == 3 else theme
                    continue
                depth -= 1
                if inside and depth == 3:  # of an Appearance: its theme, or what holds a surface data
                    if local(element) == "theme":
                        theme = (element.text or "").strip() or USUAL_THEME
                    for data in element:
                        found.add(theme, data)
                    forget(element)
                elif depth == 1:
                    forget(element)
    except etree.XMLSyntaxError:
        pass  # told by who reads it for its buildings
    return found


def _has_any(path: Path) -> bool:
    """Whether the file says the name anywhere, in an encoding of one or two bytes a letter."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return any(data.find(APPEARANCES.encode(code)) >= 0 for code in ("utf-8", "utf-16-le", "utf-16-be"))

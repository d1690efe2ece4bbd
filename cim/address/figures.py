"""Where numbers that were read belong: by their word, by what they stand behind, and by how many they are. Pure."""

from cim.address.numbered import Series

HOUSED = frozenset(("building", "unit", "floor", "room"))
"""Parts within a building."""

Parts = dict[str, str]


def put(parts: Parts, part: str, value: str) -> bool:
    """Set a part that is not told yet; whether it was (or says the same)."""
    if parts.get(part):
        return parts[part] == value
    parts[part] = value
    return True


def shorthand(parts: Parts, series: Series, behind: str) -> str:
    """Numbers without words, such as 3-2-501: which parts they are; the last one set, or nothing if they cannot be told."""
    items = series.items
    count = len(items)
    if count == 2 and behind in HOUSED and len(items[0]) == len(items[1]) > 2:  # two rooms
        return "room" if put(parts, "room", series.ranged()) else ""
    if behind == "building":
        levels = {2: ("unit", "room"), 3: ("unit", "floor", "room")}.get(count)
    elif behind in ("unit", "floor"):
        levels = {2: ("floor", "room")}.get(count)
    elif count == 2:
        levels = ("building", "room") if len(items[1]) > 2 else ("building", "unit")
    else:
        levels = {3: ("building", "unit", "room"), 4: ("building", "unit", "floor", "room")}.get(count)
    if levels is None or any(parts.get(level) for level in levels):
        return ""
    parts.update(zip(levels, items, strict=True))
    return levels[-1]


def rooms(parts: Parts, series: Series, behind: str) -> str:
    """Numbers with the word of a room: a range where two are equally long, else what stands before the room too."""
    items = series.items
    if series.is_shorthand() and not (len(items) == 2 and len(items[0]) == len(items[1])):
        return shorthand(parts, series, behind)
    return "room" if put(parts, "room", series.ranged()) else ""


def bare(parts: Parts, series: Series, behind: str) -> str:
    """Numbers without a word: the part that they are where they stand, or nothing."""
    if len(series.items) > 1:
        if not series.is_shorthand():
            number = behind == "street" and put(parts, "number", series.numbered())
            return "number" if number else ""
        if behind == "street" and len(series.items) == 2:
            return "number" if put(parts, "number", series.numbered()) else ""
        return shorthand(parts, series, behind)
    value = series.items[0]
    if behind in ("building", "unit", "floor"):
        return "room" if put(parts, "room", value) else ""
    if behind in ("street", "community", "group", "village", "quarter"):
        return "number" if put(parts, "number", value) else ""
    if behind == "number" and len(value) > 2:
        return "room" if put(parts, "room", value) else ""
    return ""

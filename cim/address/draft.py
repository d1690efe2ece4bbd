"""What was read of a text so far: divisions, parts, names, the rest, and the name that is still open. Pure."""

from cim.address.mentions import Mention


class Draft:
    """A text and what was read of it; spans are (begin, end) in the text.

    behind: what the next element stands directly behind. relations: where a relation follows a name. certain: names that
    are surely places. asides_begin, asides_end: of telephones and words of forms, beside which people stand. pending: a
    name of which it is open what it is: (kind, begin, end).
    """

    def __init__(self, text: str) -> None:
        """text: as `written` gives it."""
        self.text = text
        self.mentions: list[Mention] = []
        self.parts: dict[str, str] = {}
        self.names: list[tuple[int, int]] = []
        self.rest: list[tuple[int, int]] = []
        self.relations: set[int] = set()
        self.certain: set[tuple[int, int]] = set()
        self.asides_begin: set[int] = set()
        self.asides_end: set[int] = set()
        self.unread = False
        self.pending: tuple[str, int, int] | None = None
        self.behind = ""

    def flush(self, *, housed: bool = False, by_building: bool = False) -> None:
        """Settle what a name is that was left open; housed: a number follows, so people live there.

        by_building: the number is a building's, before which even something called 村 is a quarter.
        """
        if self.pending is None:
            return
        kind, begin, end = self.pending
        self.pending = None
        lived_in = kind == "plain" or (by_building and kind == "unit" and self.text[end - 1] == "村")
        if housed and lived_in and not self.parts.get("quarter"):
            self.parts["quarter"] = self.text[begin:end]
            self.behind = "quarter"
            return
        self.names.append((begin, end))
        if kind in ("place", "unit"):
            self.certain.add((begin, end))

    def leave(self, begin: int, end: int) -> int:
        """Put what is not understood in the rest; where it ends."""
        self.flush()
        self.rest.append((begin, end))
        self.unread = True
        return end

"""The parts of an address, after the elements of GB/T 23705-2009 (docs/addresses.md says what each holds). Pure."""

from dataclasses import dataclass, fields

ABSENT = "无"
"""What a standard address writes where an element does not exist; an empty part says that nothing is told of it."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address in its parts, from the province down to the room; each is empty where the text says nothing of it.

    name: a named place (institution, sight, shop). rest: what was read and fits no part.
    """

    province: str = ""
    city: str = ""
    county: str = ""
    town: str = ""
    community: str = ""
    group: str = ""
    grid: str = ""
    street: str = ""
    number: str = ""
    quarter: str = ""
    building: str = ""
    unit: str = ""
    floor: str = ""
    room: str = ""
    name: str = ""
    rest: str = ""


PARTS = tuple(field.name for field in fields(Address))
"""The names of the parts, from the largest to the smallest; `name` and `rest` come last."""

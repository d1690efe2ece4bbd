"""The reader of addresses: the one place where the text of an address becomes its parts, for whoever makes places of it."""

from collections.abc import Callable
from typing import Protocol

from cim.address.parts import Address
from cim.store.db import Connection


class Reading(Protocol):
    """What was read of an address: its parts, and the code of the finest division determined, if any."""

    @property
    def address(self) -> Address:
        """The parts."""
        ...

    @property
    def division(self) -> str | None:
        """The code of the finest division that is certain."""
        ...


AddressReader = Callable[[str], Reading | None]
"""Reads one address; None: nothing is known of its parts, it is found by its whole text."""


def address_reader(connection: Connection) -> AddressReader:
    """The reader for addresses of the city that the store holds."""
    return _whole


def _whole(text: str) -> None:
    return None

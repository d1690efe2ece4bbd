"""The page for analysts names every call that they have."""

import re

from cim.twin import Twin
from tests.conftest import CHECKOUT


def test_the_page_names_every_call_of_the_twin() -> None:
    page = (CHECKOUT / "docs" / "notebook.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`twin\.(\w+)\(", page))
    assert told == {name for name in vars(Twin) if not name.startswith("_")}

"""The page on fusion: its tables tell the rules as they are."""

import re
from pathlib import Path

from api.reports.issue_codes import CODES as EXPLAINED
from cim.fusion.conflict import CODES
from cim.fusion.protection import REASONS as UNTIED
from cim.fusion.protection import RULES as TIES
from cim.inference.photo_offset import REASONS
from cim.inference.roof_forms import RULES

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "fusion.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> list[str]:
    part = PAGE.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)`", part, re.MULTILINE)


def test_every_rule_of_inference_stands_in_the_page_in_its_order_with_its_form_and_confidence() -> None:
    assert first_cells("Roof forms") == list(RULES)
    for rule, (form, confidence, _) in RULES.items():
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{rule}`"))
        assert f"| {'as shown' if form is None else form.name}" in line
        assert line.endswith(f"| {confidence:g} |")


def test_every_kind_of_conflict_stands_in_the_page_and_is_explained() -> None:
    assert first_cells("Which source wins") == list(CODES)
    assert set(CODES) <= EXPLAINED.keys()


def test_reasons_and_ties_stand_in_the_page() -> None:
    assert first_cells("Footprints against") == list(REASONS)
    assert first_cells("Era and grade") == list(TIES)
    assert all(f"`{code}`" in PAGE for code in UNTIED)

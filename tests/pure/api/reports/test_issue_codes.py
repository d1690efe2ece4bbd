"""The explanations of codes: every code of a loader has one, in both languages, and none is empty words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.reports.issue_codes import CODES
from cim import errors

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def _literals(node: ast.AST) -> Iterator[str]:
    """The string constants that an argument may turn out to be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.Tuple):
        for inner in node.elts:
            yield from _literals(inner)


_REJECTERS = ("reject", "note", "name", "repair")
_CODE_FIRST = ("Issue", "Fault", "Mistake")
_TABLES = re.compile(r"_?(WHY|DAMAGE|REASONS|FAULTS)")


def _arguments(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that may be codes: those of Issue("code", ...), reject(..., "code", ...) and the like."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = [k.value for k in call.keywords if k.arg in ("code", "codes")]
    if name.lstrip("_") in _CODE_FIRST:
        return call.args[:1] + named
    if name == "Rejected":
        return call.args[1:2] + named
    if name.lstrip("_") in _REJECTERS or name == "Stretch":
        return call.args + named
    if (
        name == "append"
        and call.args
        and ast.unparse(call.func).startswith("notes.")
        and isinstance(call.args[0], ast.Tuple)
    ):
        return call.args[0].elts[:1]
    return []


def _is_table(node: ast.Assign) -> bool:
    return any(_TABLES.fullmatch(ast.unparse(target)) for target in node.targets)


def _emitted(tree: ast.AST) -> set[str]:
    """Every code that a module names where it emits one, or as a key of a table of reasons."""
    found: set[str] = set()
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            values = _arguments(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and _is_table(node):
            values = [key for key in node.value.keys if key is not None]
        found |= {word for value in values for word in _literals(value) if _NAME.fullmatch(word)}
    return found


def test_every_code_that_a_load_can_emit_is_explained(checkout: Path) -> None:
    files = [path for folder in ("loaders", "cim") for path in sorted((checkout / folder).rglob("*.py"))]
    emitted = {code for path in files for code in _emitted(ast.parse(path.read_text(encoding="utf-8")))}
    assert {"geometry_missing", "key_missing", "storeys_against_height", "not_json", "division_gap"} <= emitted
    assert sorted(emitted - CODES.keys()) == []


def test_the_finder_of_codes_finds_every_form() -> None:
    forms = """
Issue("one", f"{x}")
Issue(code="two", message="")
verdicts.reject(bad, "three", "no geometry")
_name(verdicts, bad, text, "four", column, f"x")
Rejected(row, ("five", "six"), "reason")
Issue("seven" if x else "eight", "")
Fault("nine", f"{x}")
notes.append(("ten", "said", "done"))
_WHY = {"eleven": "some text"}
Stretch(None, raw, 5, "twelve")
other("not this", "nor_this")
names.append(("nor", "these"))
TABLE = {"nor_those": "either"}
"""
    words = "one two three four five six seven eight nine ten eleven twelve"
    assert _emitted(ast.parse(forms)) == set(words.split())


def test_every_error_that_ends_a_load_is_explained() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CimError)]
    assert len(kinds) >= 9
    assert {kind.code for kind in kinds} <= CODES.keys()


def test_what_shapely_says_of_invalid_rings_is_explained() -> None:
    said = (
        "Self-intersection",
        "Ring Self-intersection",
        "Hole lies outside shell",
        "Holes are nested",
        "Nested shells",
    )
    said += (
        "Duplicate Rings",
        "Interior is disconnected",
        "Too few points in geometry component",
        "Invalid Coordinate",
    )
    assert {words.lower().replace(" ", "_").replace("-", "_") for words in said} <= CODES.keys()


@pytest.mark.parametrize("code", CODES)
def test_an_explanation_is_short_and_each_half_is_in_its_language(code: str) -> None:
    zh, en = CODES[code]
    assert re.search("[\u4e00-\u9fff]", zh)
    assert re.fullmatch(r"[\x20-\x7e]{5,80}", en)
    assert len(zh) <= 30
